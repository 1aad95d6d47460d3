"""Messages that kill their reader, and messages that nobody acknowledges: each ends as a letter, its neighbours do not.

Run as a program (`python -m tests.fault.test_postprocess_killer URL FILE`) this file is the reader: the real intake on
a real broker; it writes what it has processed to FILE, and dies of the payload `kill`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from ingest.bus import Bus
from ingest.contract import STREAMS, DeadLetter, decode
from ingest.settings import NatsSettings
from postprocess.contract import Event
from postprocess.errors import PoisonError
from postprocess.intake import DELIVERIES_MAX, SUSPECT_MIN, Intake
from postprocess.undertaker import Undertaker
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import everything, grave_of, until

ROOT = Path(__file__).resolve().parents[2]
ACK_WAIT_S = 1.0
WAIT_S = 120.0


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A real nats-server."""
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def bus(nats: NatsServer) -> AsyncIterator[Bus]:
    """The test's own connection, with streams there."""
    async with Bus.open(nats.settings, name="test") as bus:
        yield bus


async def say(bus: Bus, first: int, last: int, payload: bytes = b"") -> None:
    """Events with numbers for content."""
    for number in range(first, last + 1):
        await bus.publish("zool.events.cam.x", payload or str(number).encode(), message_id=f"m{number}")


async def letters(bus: Bus) -> list[DeadLetter]:
    """What is dead."""
    return [decode(message.payload, DeadLetter) for message in await everything(bus, "DEAD", "zool.dead.*")]


async def gaps(bus: Bus) -> list[Event]:
    """What was told as lost."""
    return [
        decode(message.payload, Event) for message in await everything(bus, "EVENTS", "zool.events.system.system_gap")
    ]


async def test_a_message_that_kills_its_reader(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Started again after each death: the killer alone becomes a letter, all others are processed."""
    await bus.ensure_streams(*STREAMS)
    await say(bus, 1, 20)
    await say(bus, 21, 21, b"kill")
    await say(bus, 22, 40)
    done = tmp_path / "done"
    deaths = 0
    while not (found := await letters(bus)):
        assert deaths < DELIVERIES_MAX + 2
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fault.test_postprocess_killer", nats.settings.url, str(done), cwd=ROOT
        )
        dying = asyncio.create_task(process.wait())

        async def over(dying: asyncio.Task[int] = dying) -> bool:
            return dying.done() or bool(await letters(bus))

        await until(over, "a death or a letter", deadline_s=WAIT_S)
        deaths += 1
    assert deaths == DELIVERIES_MAX

    async def all_done() -> bool:
        return set(done.read_text().split()) == {str(number) for number in range(1, 41)} - {"21"}

    await until(all_done, "all but the killer", deadline_s=WAIT_S)
    process.kill()
    await process.wait()
    (letter,) = found
    assert (letter.seq, letter.payload, letter.message_id) == (21, b"kill", "m21")
    assert f"delivered {DELIVERIES_MAX} times" in letter.reason


async def _read(url: str, done: Path) -> None:
    async with Bus.open(NatsSettings(url=url), name="reader") as bus:
        await bus.ensure_streams(*STREAMS)
        grave = grave_of(bus, "store")
        intake = Intake(bus, grave, stream="EVENTS", durable="store")
        consumer = await bus.consumer("EVENTS", "store", ack_wait_s=ACK_WAIT_S, deliver_max=DELIVERIES_MAX)
        while True:
            room = await intake.room(100)
            if room <= 0:
                continue
            messages = await intake.received(await consumer.fetch(room, timeout_s=0.5))
            assert len(messages) == 1 or all(message.deliveries < SUSPECT_MIN for message in messages)
            if any(message.payload == b"kill" for message in messages):
                os._exit(9)
            with done.open("a") as file:
                file.write("".join(f"{message.payload.decode()}\n" for message in messages))
            for message in messages:
                await message.ack()


async def test_the_broker_s_last_word_is_heard_later(bus: Bus) -> None:
    """Nobody acknowledged, and nobody was there when the broker said so: a letter all the same; what is gone is not."""
    await bus.ensure_streams(*STREAMS)
    await say(bus, 1, 3)
    consumer = await bus.consumer("EVENTS", "store", ack_wait_s=0.2, deliver_max=2)

    async def given_up() -> bool:
        await consumer.fetch(10, timeout_s=0.3)
        return await bus.last_seq("ADVISORIES") == 3

    await until(given_up, "three advisories", deadline_s=WAIT_S)
    await bus.remove_message("EVENTS", 2)
    await bus.publish("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.EVENTS.store", b"garbage", message_id="g")
    working = asyncio.create_task(Undertaker(bus, grave_of(bus, "store"), [("EVENTS", "store")]).work())

    async def buried() -> bool:
        place = await bus.consumer_place("ADVISORIES", "undertaker-store")
        return len(await letters(bus)) == 2 and place is not None and place.waiting == 0

    await until(buried, "two letters", deadline_s=WAIT_S)
    working.cancel()
    found = await letters(bus)
    assert [(letter.subject, letter.seq, letter.payload) for letter in found] == [
        ("zool.events.cam.x", 1, b"1"),
        ("zool.events.cam.x", 3, b"3"),
    ]
    assert "delivered 2 times" in found[0].reason


async def test_a_letter_that_is_too_large(bus: Bus) -> None:
    """A message of nearly all that the broker takes: its letter says so, and holds the reason."""
    await bus.ensure_streams(*STREAMS)
    await say(bus, 1, 1, b"x" * (1024 * 1024 - 400))
    message = await bus.message("EVENTS", 1)
    assert message is not None
    async with asyncio.timeout(60):
        assert await grave_of(bus, "store").accept(message, PoisonError("event", "made up"))
    (letter,) = await letters(bus)
    assert letter.payload == b""
    assert letter.reason.startswith("event: made up; its 1048176 bytes are too many")


async def small(bus: Bus, name: str, subject: str, count: int) -> None:
    """A stream that keeps only so many messages."""
    await bus._js.add_stream(StreamConfig(name=name, subjects=[subject], max_msgs=count))


class Reader:
    """Takes what comes, and acknowledges it."""

    def __init__(self, bus: Bus, *, subjects: tuple[str, ...] = ()) -> None:
        self._bus, self._subjects = bus, subjects
        self.intake = Intake(bus, grave_of(bus, "recognise"), stream="SHOTS", durable="r")

    async def take(self, count: int) -> list[int]:
        """So many messages, by number."""
        consumer = await self._bus.consumer("SHOTS", "r", subjects=self._subjects, deliver_max=DELIVERIES_MAX)
        found: list[int] = []
        async with asyncio.timeout(WAIT_S):
            while len(found) < count:
                room = await self.intake.room(count - len(found))
                for message in await self.intake.received(await consumer.fetch(room, timeout_s=0.5) if room else []):
                    found.append(message.seq)
                    await message.ack()
        await self.intake.room(1)
        return found


async def shots(bus: Bus, count: int, recogniser: str = "a") -> None:
    """Messages for a recogniser."""
    for _ in range(count):
        await bus._js.publish(f"zool.shots.{recogniser}.cam", b"x")


async def test_what_a_stream_discarded_is_told(bus: Bus) -> None:
    """While it runs, and while it was away: from and to, once each; reading goes on behind it."""
    await small(bus, "SHOTS", "zool.shots.*.*", 20)
    await bus.ensure_streams("EVENTS", "DEAD")
    await shots(bus, 30)
    reader = Reader(bus)
    assert await reader.take(5) == [11, 12, 13, 14, 15]
    assert await gaps(bus) == []
    await shots(bus, 40)
    assert await reader.take(20) == list(range(51, 71))
    await shots(bus, 25)
    assert (await Reader(bus).take(3))[0] == 76
    first, second = await gaps(bus)
    assert (first.camera, first.value, first.rule, first.severity) == ("system", 35.0, "r", "alarm")
    assert "SHOTS: up to 35 messages (16 to 50) were discarded before r read them" in first.text
    assert "(71 to 75)" in second.text


async def test_what_was_meant_for_others_is_no_gap(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that had everything, and then nothing for long, lost nothing when the stream moved on."""
    monkeypatch.setattr("postprocess.intake.LOOK_S", 0.0)
    await small(bus, "SHOTS", "zool.shots.*.*", 20)
    await bus.ensure_streams("EVENTS", "DEAD")
    reader = Reader(bus, subjects=("zool.shots.a.*",))
    await shots(bus, 1)
    assert await reader.take(1) == [1]
    for _ in range(3):
        await shots(bus, 15, "b")
        await reader.intake.received([])
    await shots(bus, 1)
    assert await reader.take(1) == [47]
    assert await gaps(bus) == []


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1], Path(sys.argv[2])))
