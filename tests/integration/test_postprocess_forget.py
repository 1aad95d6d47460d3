"""Erasing in the real engine: all of a person or a plate goes, neighbours stay, and it is told how much."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from ingest.contract import FrameStamp, Shot
from postprocess import forget as module
from postprocess.clickhouse import ClickHouse
from postprocess.contract import Event, EventPhoto, FaceMatch, FaceRead, PlateRead, Read
from postprocess.ddl import Keep
from postprocess.errors import StoreAway
from postprocess.forget import Forgotten, forget
from postprocess.looks import LOOK_COLUMNS, READ_COLUMNS, look
from postprocess.rows import EVENT_COLUMNS, PHOTO_COLUMNS
from tests.support.clickhouse import ClickHouseServer, running_clickhouse
from tests.support.vehicles import DETECTOR_REF, frame

T_US = int(time.time() - 600) * 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """One engine for all tests; each has a database of its own."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


def event(name: str, track: str, version: int = 1, *, plate: str = "", person: str = "") -> Event:
    """An event of a track, with a photo that only it names."""
    photo = EventPhoto(shot_id=f"{name}-shot", captured_at_us=T_US)
    return Event(
        event_id=name, version=version, kind="seen", camera="cam-1", opened_at_us=T_US, track=track, epoch=1,
        plate=plate, person=person, photos=(photo,),
    )  # fmt: skip


def shot(name: str, track: str) -> Shot:
    """A picture of a track."""
    return Shot(
        shot_id=name, stamp=FrameStamp(camera="cam-1", epoch=1, seq=1, captured_at_us=T_US), recogniser="r",
        track=track, label="car", box=(0, 0, 1, 1), crop=(0, 0, 1, 1), jpeg=b"jpeg", width=1, height=1,
        quality=0.5, ordinal=0,
    )  # fmt: skip


def read(name: str, track: str, said: PlateRead | FaceRead) -> Read:
    """What was read of a shot."""
    return Read(
        shot_id=name, recogniser="r", camera="cam-1", epoch=1, track=track, captured_at_us=T_US, read=said,
        model=DETECTOR_REF,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def site(server: ClickHouseServer) -> AsyncIterator[ClickHouse]:
    """A car, a person whose first event has no name yet, and a stranger in the same frame as both."""
    house = ClickHouse(msgspec.structs.replace(server.settings, database=f"zool_{time.monotonic_ns()}"))
    await house.migrate(Keep())
    face = FaceRead(score=0.9, matches=(FaceMatch(person="p7", similarity=0.8),))
    await house.insert(
        "events", EVENT_COLUMNS,
        [
            event("car", "1-1"), event("car", "1-1", 2, plate="А123ВС77"), event("unnamed", "1-2"),
            event("named", "1-2", person="p7"), event("stranger", "1-3", plate="М777ММ99"),
        ],
    )  # fmt: skip
    shots = [shot("s1", "1-1"), shot("s2", "1-2"), shot("s3", "1-3"), shot("named-shot", ""), shot("stranger-shot", "")]
    await house.insert("photos", PHOTO_COLUMNS, shots)
    reads = [
        read("s1", "1-1", PlateRead(text="А123ВС77", confidence=0.9)), read("s2", "1-2", face),
        read("s3", "1-3", PlateRead(text="М777ММ99", confidence=0.9)),
    ]  # fmt: skip
    await house.insert("reads", READ_COLUMNS, reads)
    tracks = [("1-1", "1-3"), ("1-2", "1-3"), ("1-3",), ()]
    frames = [frame(n, dict.fromkeys(one, (0.5, 0.5)), at_us=T_US + n) for n, one in enumerate(tracks)]
    await house.insert("looks", LOOK_COLUMNS, [look(one) for one in frames])
    yield house
    house.close()


async def left(house: ClickHouse, table: str, column: str) -> list[object]:
    """What a table still holds, deleted rows not even masked."""
    rows = await house.rows(f"SELECT DISTINCT {column} AS one FROM {{{{db}}}}.{table} ORDER BY one")
    return [row["one"] for row in rows]


async def test_a_plate_goes_and_neighbours_stay(server: ClickHouseServer) -> None:
    """However its letters are typed; versions without the plate go as well."""
    async with site(server) as house:
        assert await forget(house, plate="a123bc 77") == Forgotten(events=1, photos=1, reads=1, looks=1)
        assert await left(house, "events", "event_id") == ["named", "stranger", "unnamed"]
        assert await left(house, "photos", "shot_id") == ["named-shot", "s2", "s3", "stranger-shot"]
        assert await left(house, "reads", "shot_id") == ["s2", "s3"]
        assert await left(house, "looks", "seq") == [1, 2, 3]
        assert await forget(house, plate="А123ВС77") == Forgotten(events=0, photos=0, reads=0, looks=0)


async def test_a_person_goes_with_all_of_the_track(server: ClickHouseServer) -> None:
    """Also an event of the same track without a name, and a photo that only an event names."""
    async with site(server) as house:
        assert await forget(house, person="p7") == Forgotten(events=2, photos=2, reads=1, looks=1)
        assert await left(house, "events", "event_id") == ["car", "stranger"]
        assert await left(house, "photos", "shot_id") == ["s1", "s3", "stranger-shot"]
        assert await left(house, "looks", "seq") == [0, 2, 3]


async def test_nobody_is_nobody(server: ClickHouseServer) -> None:
    """Without an id nothing goes, though most events name nobody."""
    async with site(server) as house:
        assert await forget(house) == Forgotten(events=0, photos=0, reads=0, looks=0)
        assert len(await left(house, "events", "event_id")) == 4


async def test_cut_off_it_can_be_made_again(server: ClickHouseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store goes away behind the second table: the next call finds the rest."""
    async with site(server) as house:
        done, calls = module._done, list[str]()

        async def failing(own: ClickHouse, table: str) -> None:
            await done(own, table)
            calls.append(table)
            if len(calls) == 2:
                raise StoreAway("h", "killed")

        monkeypatch.setattr(module, "_done", failing)
        with pytest.raises(StoreAway):
            await forget(house, person="p7")
        monkeypatch.undo()
        assert await forget(house, person="p7") == Forgotten(events=2, photos=0, reads=1, looks=0)
        assert await left(house, "reads", "shot_id") == ["s1", "s3"]
