"""recognise over a real broker and real gRPC: shots in, reads out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from ingest.bus import Bus
from ingest.contract import STREAMS, Shot, decode, encode, resume_subject, shots_subject
from ingest.process import Health
from model_repository.contract import ModelCard, letterbox
from postprocess.config import RecogniseSettings
from postprocess.contract import Event, OtherRead, PlateRead, Read
from postprocess.ensemble import Ensemble
from postprocess.recognise import Recognise
from postprocess.recognisers.photo import PHOTO
from postprocess.recognisers.plate import PLATE
from postprocess.recognisers.unit import Crop
from postprocess.recognisers.values import array
from tests.support.nats import running_nats
from tests.support.postprocess import ScriptedTriton, everything, grave_of, program, reasons, scripted_triton, until
from tests.support.shots import jpeg, shot


class Bench:
    """What a test holds in hand."""

    def __init__(self, bus: Bus, triton: ScriptedTriton, health: Health, recognise: Recognise) -> None:
        self.bus, self.triton, self.health, self.recognise = bus, triton, health, recognise

    async def send(self, message: Shot) -> None:
        """As ingest does."""
        subject = shots_subject(message.recogniser, message.stamp.camera)
        await self.bus.publish(subject, encode(message), message_id=message.shot_id)

    async def reads(self, count: int) -> list[Read]:
        """Wait for so many reads."""

        async def there() -> bool:
            return len(await everything(self.bus, "READS", "zool.reads.*")) >= count

        await until(there, f"{count} reads")
        return [decode(m.payload, Read) for m in await everything(self.bus, "READS", "zool.reads.*")]


@contextlib.asynccontextmanager
async def bench(
    folder: Path, *, inflight_max: int = 4, per_minute_max: int = 1000, pause_s: float = 60.0
) -> AsyncIterator[Bench]:
    """Broker, scripted Triton, and the program's parts wired as `__main__` does."""
    health = Health("recognise")
    settings = RecogniseSettings(inflight_max=inflight_max, deliveries_max=2)
    async with (
        running_nats(folder) as nats,
        scripted_triton() as triton,
        Ensemble(PLATE.name, PLATE.outputs, triton.settings, deadline_s=2.0, health=health) as ensemble,
        Bus.open(nats.settings, name="test", health=health) as bus,
    ):
        await bus.ensure_streams(*STREAMS)
        grave = grave_of(bus, "recognise", health, per_minute_max=per_minute_max, pause_s=pause_s)
        await grave.listen()
        yield Bench(bus, triton, health, Recognise(bus, ensemble, PLATE, settings, grave))


async def test_a_shot_becomes_a_read(tmp_path: Path) -> None:
    """Text, places in the full frame, the model, and a thumbnail for the event."""
    async with bench(tmp_path) as b, program(b.recognise.run):
        await b.send(shot(1, jpeg()))
        (read,) = await b.reads(1)
        assert (read.read.text, read.read.region, len(read.read.char_confidence)) == ("А123ВС77", "ru", 8)
        assert read.model.name == "starter-plates"
        assert (read.shot_id, read.camera, read.epoch, read.track, read.label) == ("s1", "cam-1", 2, "2-1", "car")
        # 208×104 fills the tensor's upper half at scale 2; the crop is the frame's left half
        assert np.allclose(read.read.quad[0], (100 / 416 / 2, 100 / 208), atol=1e-4)
        assert cv2.imdecode(np.frombuffer(read.thumbnail, np.uint8), cv2.IMREAD_COLOR) is not None


async def test_a_picture_for_people_asks_nobody(tmp_path: Path) -> None:
    """Shots of the recogniser `photo` become reads with a thumbnail, Triton or not; poison is buried."""
    settings = RecogniseSettings(deliveries_max=2)
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams(*STREAMS)
        b = Bench(
            bus,
            ScriptedTriton(),
            Health("recognise"),
            Recognise(bus, None, PHOTO, settings, grave_of(bus, "recognise")),
        )
        async with program(b.recognise.run):
            await b.send(msgspec.structs.replace(shot(1, b"no picture"), recogniser="photo"))
            await b.send(msgspec.structs.replace(shot(2, jpeg()), recogniser="photo"))
            (read,) = await b.reads(1)
            assert (read.shot_id, read.recogniser, read.read, read.track) == ("s2", "photo", OtherRead(), "2-1")
            assert cv2.imdecode(np.frombuffer(read.thumbnail, np.uint8), cv2.IMREAD_COLOR) is not None

            async def buried() -> bool:
                return len(await reasons(b.bus)) == 1

            await until(buried, "the poison is buried")


async def test_poison_is_buried_and_neighbours_are_read(tmp_path: Path) -> None:
    """Garbage, no picture, 1×1 pixel: each in DEAD with its reason; the shot after them is read."""
    async with bench(tmp_path) as b, program(b.recognise.run):
        await b.bus.publish(shots_subject("plate_reader", "cam-1"), b"garbage", message_id="g")
        await b.send(shot(1, b"no picture"))
        await b.send(shot(2, jpeg(1, 1)))
        await b.send(shot(3, jpeg()))
        assert [read.shot_id for read in await b.reads(1)] == ["s3"]

        async def buried() -> bool:
            return len(await reasons(b.bus)) == 3

        await until(buried, "three dead letters")
        words = " | ".join(await reasons(b.bus))
        assert "shot of 7 bytes" in words
        assert "are no picture" in words
        assert "1×1 pixels" in words


async def test_triton_away_costs_no_shot(tmp_path: Path) -> None:
    """Killed before the shots come: health says so, and when it is back all of them are read."""
    async with bench(tmp_path) as b, program(b.recognise.run):
        await b.send(shot(0, jpeg()))
        await b.reads(1)
        await b.triton.stop()
        for number in range(1, 6):
            await b.send(shot(number, jpeg()))

        async def told() -> bool:
            return not b.health.snapshot()["components"]["plate_reader"]["ok"]  # type: ignore[index]

        await until(told, "health says that Triton is away")
        await b.triton.start()
        assert sorted(read.shot_id for read in await b.reads(6)) == [f"s{number}" for number in range(6)]
        assert await reasons(b.bus) == []


async def test_a_shot_that_triton_refuses_is_buried(tmp_path: Path) -> None:
    """After `deliveries_max` attempts; the next one is read again."""
    async with bench(tmp_path) as b, program(b.recognise.run):
        b.triton.refuse = True
        await b.send(shot(1, jpeg()))

        async def buried() -> bool:
            return len(await reasons(b.bus)) == 1

        await until(buried, "a dead letter")
        assert "refused by the script" in (await reasons(b.bus))[0]
        b.triton.refuse = False
        await b.send(shot(2, jpeg()))
        assert [read.shot_id for read in await b.reads(1)] == ["s2"]


async def system_events(bus: Bus) -> list[Event]:
    """What the system says of itself."""
    return [decode(message.payload, Event) for message in await everything(bus, "EVENTS", "zool.events.system.*")]


async def test_too_much_poison_stops_the_stage(tmp_path: Path) -> None:
    """Three letters, and no more while Triton refuses: told in health and as an event; mended, it goes on by itself."""
    async with bench(tmp_path, inflight_max=2, per_minute_max=3, pause_s=1.0) as b, program(b.recognise.run):
        b.triton.refuse = True
        for number in range(10):
            await b.send(shot(number, jpeg()))

        async def stopped() -> bool:
            return any(event.kind == "system_stopped" for event in await system_events(b.bus))

        await until(stopped, "the stage stops")
        assert not b.health.ready
        detail = b.health.snapshot()["components"]["dead_letters recognise-plate_reader"]["detail"]  # type: ignore[index]
        assert "zool dead resume recognise" in detail
        refused = b.triton.asked

        async def tried_again() -> bool:
            return b.triton.asked >= refused + 4

        await until(tried_again, "shots are tried now and then")
        assert len(await reasons(b.bus)) == 3
        b.triton.refuse = False
        assert len({read.shot_id for read in await b.reads(7)}) == 7
        kinds = [event.kind for event in await system_events(b.bus)]
        assert kinds == ["system_stopped", "system_resumed"]
        assert b.health.snapshot()["components"]["dead_letters recognise-plate_reader"]["ok"]  # type: ignore[index]
        assert len(await reasons(b.bus)) == 3


async def test_a_stopped_stage_goes_on_when_told(tmp_path: Path) -> None:
    """By a request; the answer says whether it had stopped."""
    async with bench(tmp_path, per_minute_max=1, pause_s=2.0) as b, program(b.recognise.run):
        b.triton.refuse = True
        for number in range(3):
            await b.send(shot(number, jpeg()))

        async def stopped() -> bool:
            return any(event.kind == "system_stopped" for event in await system_events(b.bus))

        await until(stopped, "the stage stops")
        b.triton.refuse = False
        async with asyncio.timeout(60):
            answers = [await b.bus.ask(resume_subject("recognise"), b"", timeout_s=5) for _ in range(2)]
        assert answers[1] == b""
        assert len(await b.reads(2)) == 2


async def test_fresh_first_after_an_outage(tmp_path: Path) -> None:
    """Shots of several cameras waited: the newest is read first, over all cameras."""
    async with bench(tmp_path, inflight_max=1) as b:
        ages = {30: 20, 5: 60, 20: 100, 1: 140}
        for number, (age_s, value) in enumerate(ages.items()):
            await b.send(shot(number, jpeg(416, 416, value), age_s=age_s, camera=f"cam-{number}"))
        async with program(b.recognise.run):
            await b.reads(4)
        assert [round(seen, -1) for seen in b.triton.seen] == [140, 60, 100, 20]


async def test_an_answer_that_breaks_the_contract(tmp_path: Path) -> None:
    """NaN and numbers beyond 1 don't get through; a text of another length than told is refused."""
    floats = {
        "CONFIDENCE": np.array([2.0], np.float32), "CHAR_CONFIDENCE": np.array([np.nan, 0.5], np.float32),
        "QUAD": np.zeros(8, np.float32), "PLATE_SCORE": np.array([-1.0], np.float32),
    }  # fmt: skip
    raws = {name: ("FP32", value.tobytes()) for name, value in floats.items()}

    def texts(text: bytes, datatype: str = "BYTES") -> dict[str, tuple[str, bytes]]:
        return {"TEXT": (datatype, text), "REGION": ("BYTES", b"\0\0\0\0")}

    def parse(outputs: dict[str, tuple[str, bytes]]) -> PlateRead:
        said = PLATE.read({name: array(*raw) for name, raw in outputs.items()}, crop, ModelCard(name="m", task="t"))
        assert isinstance(said, PlateRead)
        return said

    crop = Crop(fit=letterbox((208, 104), (416, 416), "top_left"), size=(208, 104), place=(0.0, 0.0, 1.0, 1.0))
    answer = parse(raws | texts(b"\x02\0\0\0AB"))
    assert (answer.confidence, answer.char_confidence, answer.plate_score) == (1.0, (0.0, 0.5), 0.0)
    assert parse(raws | texts("АВ".encode() + b"\0\0", "UINT8")).text == "АВ"
    for broken in (texts(b"\x09\0\0\0AB"), texts(b"\x01\0\0\0\xff"), {}):
        with pytest.raises((KeyError, ValueError)):
            parse(raws | broken)


def test_settings_are_checked() -> None:
    """The limits of [recognise]."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"inflight_max": 0}, RecogniseSettings)
