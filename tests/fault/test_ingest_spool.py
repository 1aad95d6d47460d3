"""The broker is away, and ingest is killed meanwhile: what was seen is published once all the same.

Run as a program (`python -m tests.fault.test_ingest_spool URL FOLDER`) this file is the ingest that is killed: the real
fleet on a real broker and a real spool; its camera and its detector are stand-ins.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ingest.bus import Bus
from ingest.contract import CameraNotice, FrameReport, decode, events_subject
from ingest.errors import SpoolError
from ingest.outbox import Budget, Item, Outbox
from ingest.post import Post
from ingest.process import Health
from ingest.settings import NatsSettings
from ingest.spool import Spool
from tests.fault.test_ingest_faults import GATE, SETTINGS, SUBJECT, ScriptedCamera, blind_spans, without_gaps
from tests.support.ingest import StandInDetector, at_least, put_camera, read_until, running_fleet
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import everything, until

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A real nats-server."""
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def bus(nats: NatsServer) -> AsyncIterator[Bus]:
    """The test's own connection, with streams and buckets there, and a camera."""
    async with Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams("DETECTIONS", "SHOTS", "EVENTS")
        await bus.ensure_buckets("cameras", "plans", "leases")
        await put_camera(bus, GATE)
        yield bus


@contextlib.asynccontextmanager
async def ingest(nats: NatsServer, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Ingest as a process of its own; killed at the end."""
    module = ("-m", "tests.fault.test_ingest_spool", nats.settings.url, str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *module, cwd=ROOT)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def on_disk(folder: Path, scratch: Path) -> list[Item]:
    """What a spool holds, read off a copy."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(folder, scratch)
    spool, found = Spool(scratch, 1024 * MIB), list[Item]()
    while items := spool.ahead(1):
        found += items
        spool.sent(1)
    spool.close()
    return found


async def test_kill_9_while_the_broker_is_away(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Broker down, ingest killed, both back: every report is there once, in order, and the pause is told."""
    folder, scratch = tmp_path / "spool", tmp_path / "copy"

    async def many_on_disk() -> bool:
        return folder.exists() and len(on_disk(folder, scratch)) >= 20

    async with ingest(nats, folder):
        await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(10), deadline_s=60)
        assert not list(folder.glob("*.spool"))
        await nats.kill()
        await until(many_on_disk, "reports on disk", deadline_s=60)
    kept = on_disk(folder, scratch)
    await nats.start()

    def newer(found: Sequence[FrameReport]) -> bool:
        return sum(report.stamp.epoch > found[0].stamp.epoch for report in found) >= 5

    async with ingest(nats, folder):
        reports = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, newer, deadline_s=60)
        (blind, *_) = await blind_spans(bus, "restart")
    first = [report for report in reports if report.stamp.epoch == reports[0].stamp.epoch]
    second = reports[len(first) :]
    assert without_gaps(first)
    assert without_gaps(second)
    assert [report.message_id for report in first][-len(kept) :] == [item.message_id for item in kept]
    assert blind.opened_at_us == first[-1].stamp.captured_at_us
    assert not list(folder.glob("*.spool"))


async def test_a_spool_that_overflows_says_so(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Room for a few seconds only: the oldest are told as a span of cause broker, the newest arrive, none twice."""
    spool = Spool(tmp_path / "spool", 8 * 1500)
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("FRAMES"), spool=spool):
        before = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5), deadline_s=60)
        await nats.kill()

        async def thinned() -> bool:
            return any(segment.thinned for segment in spool._segments[2:])

        await until(thinned, "an overflow", deadline_s=60)
        await nats.start()
        after = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(len(before) + 60), deadline_s=60)
        spans = await read_until(bus, "EVENTS", events_subject("gate", "camera_blind"), CameraNotice, at_least(1))
    seqs = [report.stamp.seq for report in after]
    stamps = {report.stamp.captured_at_us for report in after}
    assert seqs == sorted(set(seqs))
    assert max(np.diff(seqs)) > 1
    told = [(notice.opened_at_us, notice.closed_at_us or 0) for notice in spans if notice.cause == "broker"]
    assert not any(since <= stamp <= until_us for stamp in stamps for since, until_us in told)
    for one, two in itertools.pairwise(after):
        if two.stamp.seq > one.stamp.seq + 1:
            assert any(
                one.stamp.captured_at_us < since <= until_us < two.stamp.captured_at_us for since, until_us in told
            )
    spool.close()


class FullSpool(Spool):
    """A spool whose disk is full for a while: NOT a full disk."""

    full = False

    def append(self, item: Item) -> None:
        """Refuse while it is full."""
        if self.full:
            raise SpoolError(self._folder, "scripted: no space left")
        super().append(item)


async def test_a_disk_that_takes_nothing_for_a_while(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """First on disk, then in memory, then on disk again: all of it arrives in order and once."""
    spool = FullSpool(tmp_path / "spool", MIB)
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("FRAMES"), spool=spool) as fleet:
        await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5), deadline_s=60)
        await nats.kill()
        outbox = fleet._units["gate"]._outbox

        async def spooled() -> bool:
            return not spool.empty

        async def waits_in_memory() -> bool:
            return len(outbox) > 10

        await until(spooled, "something on disk", deadline_s=60)
        spool.full = True
        await until(waits_in_memory, "something in memory", deadline_s=60)
        await nats.start()
        after = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(80), deadline_s=60)
    assert without_gaps(after)
    spool.close()


async def test_a_message_that_the_broker_never_takes(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Larger than its limit, on disk and in memory: dropped and counted, what is behind it arrives."""
    spool, stop = Spool(tmp_path / "spool", 64 * MIB), asyncio.Event()
    post, outbox = Post(bus, spool, Health("ingest")), Outbox(Budget(64 * MIB))
    sizes = (10, 2 * MIB, 10)
    for place in ("disk", "memory"):
        items = [
            Item(subject=f"zool.detections.{place}", payload=b"x" * size, message_id=f"{place}.{n}", captured_us=n + 1)
            for n, size in enumerate(sizes)
        ]
        for item in items:
            if place == "disk":
                spool.append(item)
            else:
                outbox.put(item)
    async with asyncio.timeout(60):
        await post.drain(stop)
        await post.flush("memory", outbox, lambda _: None)
    for place in ("disk", "memory"):
        said = await everything(bus, "DETECTIONS", f"zool.detections.{place}")
        assert [message.message_id for message in said] == [f"{place}.0", f"{place}.2"]
    spool.close()


async def _watch(url: str, folder: Path) -> None:
    class There:
        settings = NatsSettings(url=url)

    spool = Spool(folder, 64 * MIB)
    async with running_fleet(There(), StandInDetector(), SETTINGS, ScriptedCamera("FRAMES"), spool=spool):  # type: ignore[arg-type]
        await asyncio.Event().wait()


def test_a_notice_on_disk_reads_as_it_was() -> None:
    """Written and read again, a message is the same."""
    item = Item(subject=SUBJECT, payload=b"\x00\xff", message_id="a.1", captured_us=5)
    assert decode(msgspec.msgpack.encode(item), Item) == item


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], Path(sys.argv[2])))
