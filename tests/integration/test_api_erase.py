"""Erasing a person over the real broker and the real store, with the store's part as `store` wires it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import httpx
import msgspec
import pytest

from api.erase import Traces
from ingest.bus import Bus
from ingest.contract import (
    STREAMS,
    DeadLetter,
    Shot,
    dead_subject,
    encode,
    events_subject,
    reads_subject,
    shots_subject,
)
from model_repository.contract import ModelRef
from postprocess.clickhouse import ClickHouse
from postprocess.contract import Event, FaceMatch, FaceRead, FaceSample, Read
from postprocess.forgetter import Forgetter
from tests.support.api import Site, running_site, shot_of, vehicle_event
from tests.support.postprocess import everything

NOW_US = time.time_ns() // 1000
MODEL = ModelRef(name="faces", sha256="ab")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-erase")) as running:
        yield running


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client that leaves the loop free: the store's part answers on it."""
    with site.client() as plain:
        headers = dict(plain.headers)
    async with httpx.AsyncClient(base_url=site.api.url, headers=headers, timeout=120) as found:
        yield found


@pytest.fixture
async def bus(site: Site) -> AsyncIterator[Bus]:
    """The bus."""
    async with Bus.open(site.broker.settings, name="test") as found:
        await found.ensure_streams(*STREAMS)
        yield found


def seen(number: int, person: str, track: str) -> Read:
    """A face of somebody on a track."""
    matches = (FaceMatch(person=person, similarity=0.7),) if person else ()
    return Read(
        shot_id=f"shot-{number}", recogniser="face_embedder", camera="door-1", epoch=7, track=track,
        captured_at_us=NOW_US, read=FaceRead(score=0.9, embedding=b"x", matches=matches), model=MODEL,
    )  # fmt: skip


def told(number: int, person: str, track: str) -> Event:
    """A known face."""
    return vehicle_event(
        number, camera="door-1", at_us=NOW_US, kind="face_known", function="faces", plate="", person=person, track=track
    )


def shown(event: Event) -> Shot:
    """The picture behind an event."""
    return shot_of(event)


async def say(bus: Bus, *messages: Read | Event | Shot) -> None:
    """Into their streams."""
    for number, message in enumerate(messages):
        if isinstance(message, Read):
            await bus.publish(reads_subject(message.camera), encode(message), message_id=message.message_id)
        elif isinstance(message, Event):
            subject = events_subject(message.camera, message.kind)
            await bus.publish(subject, encode(message), message_id=message.message_id)
        else:
            subject = shots_subject(message.recogniser, message.stamp.camera)
            await bus.publish(subject, encode(message), message_id=f"{message.shot_id}.{number}")


async def test_nothing_of_a_person_is_left(site: Site, client: httpx.AsyncClient, bus: Bus) -> None:
    """Settings, streams, dead letters and tables lose Anna and her tracks; Boris keeps all of his."""
    for person in ("anna", "boris"):
        assert (await client.post("/api/v1/people", json={"id": person, "name": person})).status_code == 201
        sample = FaceSample(id="s1", person=person, embedding=b"x", model=MODEL)
        await bus.bucket("faces").put(f"{person}.s1", msgspec.json.encode(sample))
        await bus.bucket("shifts").put(f"{person}.2026-06", b"{}")
    hers, his = told(1, "anna", "a"), told(2, "boris", "b")
    letter = DeadLetter(subject="zool.reads.door-1", seq=1, reason="x", payload=encode(seen(9, "anna", "z")))
    await bus.publish(dead_subject("decide"), encode(letter), message_id="dead")
    await bus.publish(dead_subject("decide"), b"garbage", message_id="garbage")
    await say(
        bus, hers, his, seen(1, "anna", "a"), seen(2, "", "a"), seen(3, "boris", "b"), seen(4, "", ""),
        shown(hers), shown(his),
    )  # fmt: skip
    site.keep(hers, his, shots=(shown(hers), shown(his)))
    house = ClickHouse(site.store.settings)
    await Forgetter(bus, house).listen()
    answer = await client.post("/api/v1/people/anna/erase")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["finished"], report
    assert report["settings"] == {"people": 1, "faces": 1, "shifts": 1}
    assert report["messages"] == {"READS": 2, "EVENTS": 1, "DEAD": 1, "SHOTS": 1, "REDELIVER": 0}
    assert (report["store"]["events"], report["store"]["photos"]) == (1, 1)
    left = []
    for stream in ("READS", "EVENTS", "SHOTS", "DEAD"):
        left += [message.payload for message in await everything(bus, stream, "zool.>")]
    assert len(left) == 5
    assert not any(b"anna" in payload for payload in left)
    assert (await client.get("/api/v1/people/boris")).status_code == 200
    assert (await client.get("/api/v1/people/anna")).status_code == 404
    assert [one["person"] for one in (await client.get("/api/v1/events")).json()["items"]] == ["boris"]
    again = (await client.post("/api/v1/people/anna/erase")).json()
    assert (again["finished"], again["settings"]) == (True, {"people": 0, "faces": 0, "shifts": 0})
    assert sum(again["messages"].values()) == 0
    house.close()


def test_traces_follow_the_tracks() -> None:
    """What names her, and what shows the same track; garbage and strangers do not."""
    traces = Traces("anna")
    traces.learn("zool.reads.door-1", encode(seen(1, "anna", "a")))
    traces.learn("zool.events.door-1.face_known", encode(told(2, "anna", "")))
    traces.learn("zool.reads.door-1", b"garbage")
    assert traces.cameras == ("door-1",)
    assert traces.meant("zool.reads.door-1", encode(seen(3, "", "a")))
    assert traces.meant("zool.shots.face_embedder.door-1", encode(shown(told(2, "anna", "c"))))
    assert not traces.meant("zool.shots.face_embedder.door-1", encode(shown(told(5, "anna", "c"))))
    assert not traces.meant("zool.reads.door-1", encode(seen(4, "boris", "b")))
    assert not traces.meant("zool.dead.decide", b"garbage")
    assert not traces.meant("zool.detections.door-1", b"garbage")
