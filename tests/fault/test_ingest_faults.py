"""Scripts of trouble for ingest: what is told of it is asserted, not the logs. The detector is a stand-in."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec
import numpy as np
import pytest

from ingest.bus import Bus
from ingest.config import IngestSettings
from ingest.contract import (
    Camera,
    CameraNotice,
    CameraState,
    FrameReport,
    detections_subject,
    events_subject,
    state_subject,
)
from ingest.damage import Meter
from ingest.errors import CameraError
from ingest.planes import Picture
from ingest.ports import Facts
from tests.support.ingest import StandInDetector, at_least, hear_until, put_camera, read_until, running_fleet
from tests.support.nats import NatsServer, running_nats

SETTINGS = IngestSettings(analysis_fps=20.0, backoff_s_max=1.0, lost_after_s=0.5, motion_gate=False)
SUBJECT = detections_subject("gate")
GATE = Camera(id="gate", name="Gate", url="rtsp://gate/x")
Act = Literal["FRAMES", "STALL", "CRASH", "GARBAGE"]


class ScriptedFrame:
    """A grey picture, taken now."""

    wallclock_us = None
    broken = False

    def __init__(self, *, garbage: bool = False) -> None:
        self.arrival_us = time.time_ns() // 1000
        self._garbage = garbage

    def picture(self) -> Picture:
        """A picture, or the fault of a decoder."""
        if self._garbage:
            raise ValueError("scripted: planes that make no sense")
        y, c = np.full((96, 160), 90, np.uint8), np.full((48, 80), 128, np.uint8)
        return Picture(y=y, u=c, v=c)


class ScriptedCamera:
    """NOT libav: each connection plays the next act of a script; the last one goes on for ever."""

    def __init__(self, *script: Act) -> None:
        self._script, self._act = list(script), "FRAMES"
        self._pace = threading.Event()
        self.meter = Meter()
        self.facts = Facts(codec="h264", width=160, height=96, fps=25.0)

    def __call__(self, url: str, **_timeouts: object) -> Self:
        """Open a connection."""
        self._act = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if self._act == "CRASH":
            raise CameraError("refused", f"scripted: {url.split('//')[1].split('/', maxsplit=1)[0]} refuses")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def frames(self) -> Iterator[ScriptedFrame]:
        """A second of frames and then the act; the last act never ends."""
        while True:
            for _ in range(25):
                self._pace.wait(0.04)
                yield ScriptedFrame(garbage=self._act == "GARBAGE")
            if self._act == "STALL":
                raise CameraError("timeout", "scripted: silence")


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A real nats-server."""
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def bus(nats: NatsServer) -> AsyncIterator[Bus]:
    """The test's own connection, with streams and buckets there."""
    async with Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_streams("DETECTIONS", "SHOTS", "EVENTS")
        await bus.ensure_buckets("cameras", "plans", "leases")
        yield bus


async def blind_spans(bus: Bus, cause: str, camera: str = "gate") -> list[CameraNotice]:
    """Wait for a closed span of this cause."""

    def enough(found: Sequence[CameraNotice]) -> bool:
        return any(n.cause == cause and n.closed_at_us is not None for n in found)

    return await read_until(bus, "EVENTS", events_subject(camera, "camera_blind"), CameraNotice, enough)


def without_gaps(reports: Sequence[FrameReport]) -> bool:
    """Whether no report is missing or doubled."""
    return [r.stamp.seq for r in reports] == list(range(1, len(reports) + 1))


async def until(reached: Callable[[], bool]) -> None:
    """Let time pass."""
    async with asyncio.timeout(15):
        while not reached():  # noqa: ASYNC110 - what is waited for is the clock itself
            await asyncio.sleep(0.05)


async def seconds_pass(bus: Bus, count: int) -> None:
    """Wait for so many states of the camera, one a second."""
    left = [count]

    def counted(_: CameraState) -> bool:
        left[0] -= 1
        return left[0] <= 0

    await hear_until(bus, state_subject("gate"), CameraState, counted)


async def test_the_broker_dies_and_comes_back(nats: NatsServer, bus: Bus) -> None:
    """Everything looked at meanwhile arrives afterwards: in order, each once, and nothing was blind."""
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("FRAMES")):
        await put_camera(bus, GATE)
        before = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(10))
        await nats.kill()
        down_us = time.time_ns() // 1000
        await until(lambda: time.time_ns() // 1000 > down_us + 2_000_000)
        await nats.start()
        up_us = time.time_ns() // 1000
        after = await read_until(
            bus,
            "DETECTIONS",
            SUBJECT,
            FrameReport,
            lambda found: bool(found) and found[-1].stamp.captured_at_us > up_us,
        )
    assert without_gaps(after)
    assert after[: len(before)] == before
    assert any(down_us < report.stamp.captured_at_us < up_us for report in after)
    assert await bus.last_message("EVENTS", events_subject("gate", "camera_blind")) is None


async def test_an_outbox_that_overflows_says_so(nats: NatsServer, bus: Bus) -> None:
    """With room for a few reports only, the lost ones are told as a span of cause broker; the newest arrive."""
    fleet = running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("FRAMES"), outbox_bytes_max=2000)
    async with fleet:
        await put_camera(bus, GATE)
        before = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5))
        await nats.kill()
        down_us = time.time_ns() // 1000
        await until(lambda: time.time_ns() // 1000 > down_us + 2_500_000)
        await nats.start()
        (*_, blind) = await blind_spans(bus, "broker")
        after = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, lambda found: len(found) > len(before) + 20)
    stamps = [report.stamp.captured_at_us for report in after]
    # those at its rims may have been stored all the same: under way when the broker died, or when they gave way
    lost = [s for s in stamps if blind.opened_at_us < s < (blind.closed_at_us or 0)]
    assert lost == []
    assert max(np.diff(stamps)) > 500_000
    assert len(stamps) == len(set(stamps))


async def test_a_still_picture_is_looked_at_now_and_then(nats: NatsServer, bus: Bus) -> None:
    """The gate keeps back what does not change; that is looking, too: reports say so, nothing is told as blind."""
    settings = msgspec.structs.replace(SETTINGS, motion_gate=True, still_fps=0.5)
    async with running_fleet(nats, StandInDetector(), settings, ScriptedCamera("FRAMES")):
        await put_camera(bus, GATE)
        reports = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5))
        state = await hear_until(bus, state_subject("gate"), CameraState, lambda s: s.frames_gated > 0)
    settled = [(r.stamp.captured_at_us, r.before_us) for r in reports[-2:]]
    assert all(now - before < 1_000_000 for now, before in settled), reports
    assert settled[1][0] - settled[0][0] >= 1_900_000
    assert state.frames_gated > state.frames_analysed
    assert await bus.last_message("EVENTS", events_subject("gate", "camera_blind")) is None


async def test_the_detector_goes_away(nats: NatsServer, bus: Bus) -> None:
    """The camera is blind with cause inference, says so in its state, and looks again by itself."""
    detector = StandInDetector()
    async with running_fleet(nats, detector, SETTINGS, ScriptedCamera("FRAMES")) as fleet:
        await put_camera(bus, GATE)
        await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5))
        detector.away = True
        fleet.refresh()
        away = await hear_until(bus, state_subject("gate"), CameraState, lambda s: not s.inference_ok)
        await seconds_pass(bus, 2)
        detector.away = False
        fleet.refresh()
        (blind,) = await blind_spans(bus, "inference")
        back = await hear_until(bus, state_subject("gate"), CameraState, lambda s: s.inference_ok)
    assert away.phase == back.phase == "live"
    assert blind.closed_at_us is not None
    assert blind.closed_at_us - blind.opened_at_us > 1_000_000


async def test_a_camera_stalls_and_refuses_and_comes_back(nats: NatsServer, bus: Bus) -> None:
    """Lost, blind and restored are told in one epoch; old tracks are ended; reports go on without a gap in seq."""
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("STALL", *("CRASH",) * 5, "FRAMES")):
        await put_camera(bus, GATE)
        blind = await blind_spans(bus, "network")
        lost = await read_until(bus, "EVENTS", events_subject("gate", "camera_lost"), CameraNotice, at_least(2))
        (restored,) = await read_until(
            bus, "EVENTS", events_subject("gate", "camera_restored"), CameraNotice, at_least(1)
        )
        reports = await read_until(
            bus, "DETECTIONS", SUBJECT, FrameReport, lambda found: any(r.ended_tracks for r in found)
        )
    assert [n.final for n in lost] == [False, True]
    assert len({n.event_id for n in lost}) == 1
    assert lost[1].closed_at_us == restored.opened_at_us
    assert blind[-1].closed_at_us is not None
    assert abs(blind[-1].closed_at_us - restored.opened_at_us) < 1_000_000
    assert without_gaps(reports)
    assert len({report.stamp.epoch for report in reports}) == 1


async def test_a_fault_of_ours_ends_nothing(nats: NatsServer, bus: Bus) -> None:
    """Planes that make no sense cost one connection; the next one is looked at."""
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("GARBAGE", "FRAMES")):
        await put_camera(bus, GATE)
        reports = await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5))
    assert without_gaps(reports)


async def test_garbage_in_the_buckets_concerns_nobody_else(nats: NatsServer, bus: Bus) -> None:
    """A plan that can't be read leaves the one before in force."""
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("FRAMES")):
        await put_camera(bus, GATE)
        await bus.bucket("plans").put("gate", b'{"camera": "gate", "analysis_fps": "many"}')
        await bus.bucket("cameras").put("other", b"\x00" * 1000)
        await read_until(bus, "DETECTIONS", SUBJECT, FrameReport, at_least(5))


async def test_removing_a_silent_camera_does_not_hang(nats: NatsServer, bus: Bus) -> None:
    """Its thread may wait for a packet; the fleet does not wait for it."""
    silent = threading.Event()

    class Silent(ScriptedCamera):
        def frames(self) -> Iterator[ScriptedFrame]:
            silent.wait(20)
            yield from ()

    async with running_fleet(nats, StandInDetector(), SETTINGS, Silent("FRAMES")):
        await put_camera(bus, GATE)
        await hear_until(bus, state_subject("gate"), CameraState, lambda _: True)
        await bus.bucket("cameras").delete("gate")
        async with asyncio.timeout(5):
            async for entry in bus.bucket("leases").watch():
                if entry is not None and entry.key == "gate" and entry.value is None:
                    break
    silent.set()


async def test_in_maintenance_nobody_is_told(nats: NatsServer, bus: Bus) -> None:
    """The state says that it is being worked on, and why there is no picture; no event says that it is lost."""
    working = msgspec.structs.replace(GATE, maintenance=True)
    async with running_fleet(nats, StandInDetector(), SETTINGS, ScriptedCamera("CRASH")):
        await put_camera(bus, working)
        state = await hear_until(bus, state_subject("gate"), CameraState, lambda s: s.cause == "refused")
        await seconds_pass(bus, 3)
        assert state.phase == "maintenance"
        assert await bus.last_message("EVENTS", events_subject("gate", "camera_lost")) is None
        await put_camera(bus, GATE)
        await read_until(bus, "EVENTS", events_subject("gate", "camera_lost"), CameraNotice, at_least(1))
