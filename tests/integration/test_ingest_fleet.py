"""Ingest on a real broker with simulated cameras. The detector is a stand-in; the real one is in the system tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from deploy.simulate.server import CameraServer, Source
from ingest.bus import Bus
from ingest.config import IngestSettings
from ingest.contract import (
    Camera,
    CameraNotice,
    CameraState,
    FrameReport,
    IngestPlan,
    ProbeReply,
    ProbeRequest,
    Shot,
    ShotPolicy,
    SnapshotReply,
    SnapshotRequest,
    decode,
    detections_subject,
    encode,
    events_subject,
    shots_subject,
    state_subject,
)
from ingest.decode import VideoStream
from ingest.metrics import FRAMES_SKIPPED
from ingest.probe import Prober
from tests.support.ingest import StandInDetector, at_least, hear_until, put_camera, read_until, running_fleet
from tests.support.nats import NatsServer, running_nats
from tests.support.simulate import make_clip

SETTINGS = IngestSettings(backoff_s_max=1.0, lost_after_s=0.5, stall_s=1.0)
PLATES = ShotPolicy(recogniser="plate_reader", labels=("car",), side_px_min=16)


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


@pytest.fixture
async def cameras(tmp_path: Path) -> AsyncIterator[CameraServer]:
    """Two simulated cameras, `gate` (H.264) and `yard` (H.265), each looping a clip of two seconds."""
    gate = make_clip(tmp_path / "gate.mp4", pictures=50, gop=25)
    yard = make_clip(tmp_path / "yard.mp4", pictures=50, gop=25, codec="libx265")
    async with CameraServer([Source(path=gate), Source(path=yard)]) as server:
        yield server


def camera(cameras: CameraServer, name: str, **changes: object) -> Camera:
    """A camera of the simulator."""
    url = next(status.url for status in cameras.status() if status.name == name)
    return msgspec.structs.replace(Camera(id=name, name=name, url=url), **changes)


def seqs(reports: Sequence[FrameReport]) -> list[int]:
    """The counters of reports."""
    return [report.stamp.seq for report in reports]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_camera_is_looked_at(nats: NatsServer, bus: Bus, cameras: CameraServer, transport: str) -> None:
    """Reports without gaps at the asked rate, stamped by the camera's own clock, and a shot with a picture."""
    plan = IngestPlan(camera="gate", analysis_fps=10.0, shots=(PLATES,))
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        await put_camera(bus, camera(cameras, "gate", transport=transport), plan)
        reports = await read_until(bus, "DETECTIONS", detections_subject("gate"), FrameReport, at_least(25))
        (shot, *_) = await read_until(bus, "SHOTS", shots_subject("plate_reader", "gate"), Shot, at_least(1))
    stamps = [report.stamp for report in reports]
    assert seqs(reports) == list(range(1, len(reports) + 1))
    steps = np.diff([stamp.captured_at_us for stamp in stamps])
    assert 90_000 < np.median(steps) < 130_000
    assert steps.min() > 0
    assert {stamp.clock for stamp in stamps} == {"rtcp"}
    assert reports[-1].detections[0].label == "car"
    assert reports[-1].detections[0].track == f"{stamps[0].epoch}-1"
    assert size_of(shot.jpeg) == (shot.width, shot.height)


async def test_the_detector_sees_the_letterboxed_picture(nats: NatsServer, bus: Bus, cameras: CameraServer) -> None:
    """160x96 fills 320x192: the bright bar of the clip is in the tensor."""
    detector = StandInDetector()
    async with running_fleet(nats, detector, SETTINGS):
        await put_camera(bus, camera(cameras, "gate"))
        await read_until(bus, "DETECTIONS", detections_subject("gate"), FrameReport, at_least(3))
    luma = detector.tensors[-1][:192]
    assert detector.tensors[-1].shape == (288, 320)
    assert luma.max() > 150
    assert np.median(luma) < 70


async def test_neighbours_do_not_notice(nats: NatsServer, bus: Bus, cameras: CameraServer) -> None:
    """One camera is not there, one has the wrong path, one leads to a file: each says why, the fourth is looked at."""
    bad = {
        "away": ("rtsp://user:secret@127.0.0.1:1/x", "refused"),
        "lost": (camera(cameras, "gate").url + "-not", "not_found"),
        "file": ("file:///etc/passwd", "unsafe_url"),
        "dns": ("rtsp://no-such-host.invalid/x", "dns"),
    }
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        for name, (url, _) in bad.items():
            await put_camera(bus, Camera(id=name, name=name, url=url))
        await bus.bucket("cameras").put("garbage", b"{not json")
        await put_camera(bus, camera(cameras, "yard"))
        reports = await read_until(bus, "DETECTIONS", detections_subject("yard"), FrameReport, at_least(15))
        for name, (_, cause) in bad.items():
            state = await hear_until(bus, state_subject(name), CameraState, lambda s: s.phase == "lost")
            assert state.cause == cause
            assert state.detail
            assert "secret" not in state.detail
            lost = await read_until(bus, "EVENTS", events_subject(name, "camera_lost"), CameraNotice, at_least(1))
            assert lost[0].cause == cause
        live = await hear_until(bus, state_subject("yard"), CameraState, lambda s: s.phase == "live")
    assert (live.codec, live.width, live.height) == ("hevc", 160, 96)
    assert seqs(reports) == list(range(1, len(reports) + 1))
    steps = np.diff([report.stamp.captured_at_us for report in reports])
    assert np.median(steps) < 300_000


async def test_settings_change_while_it_runs(nats: NatsServer, bus: Bus, cameras: CameraServer) -> None:
    """A plan changes the floor in the same epoch; off ends it; on again begins a new one, and nothing was blind."""
    subject = detections_subject("gate")
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        await put_camera(bus, camera(cameras, "gate"))
        before = await read_until(bus, "DETECTIONS", subject, FrameReport, at_least(5))
        plan = IngestPlan(camera="gate", analysis_fps=25.0, class_floor={"person": 0.5})
        await bus.bucket("plans").put("gate", msgspec.json.encode(plan))
        after = await read_until(
            bus, "DETECTIONS", subject, FrameReport, lambda found: any(not report.detections for report in found[-1:])
        )
        assert {report.stamp.epoch for report in after} == {before[0].stamp.epoch}
        await put_camera(bus, camera(cameras, "gate", enabled=False))
        reply = await _snapshot_until(bus, "gate", lambda r: not r.jpeg)
        assert reply.detail == "the camera is switched off"
        await put_camera(bus, camera(cameras, "gate"))
        again = await read_until(
            bus,
            "DETECTIONS",
            subject,
            FrameReport,
            lambda found: any(r.stamp.epoch > before[0].stamp.epoch for r in found),
        )
    assert again[-1].stamp.seq == 1
    assert await bus.last_message("EVENTS", events_subject("gate", "camera_blind")) is None


async def _snapshot_until(bus: Bus, name: str, good: Callable[[SnapshotReply], bool]) -> SnapshotReply:
    """Ask for snapshots until one is as wanted."""
    async with asyncio.timeout(20):
        while True:
            reply = decode(await bus.ask(f"zool.rpc.snapshot.{name}", b"", timeout_s=5.0), SnapshotReply)
            if good(reply):
                return reply


async def test_a_still_camera_dozes_and_wakes(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Ten seconds without a change: pictures are left undecoded, nothing counts as blind, and what moves is seen."""
    clip = make_clip(tmp_path / "yard.mp4", pictures=300, gop=25, still_until=250)
    settings = msgspec.structs.replace(SETTINGS, idle="key_frames")
    async with CameraServer([Source(path=clip)]) as server, running_fleet(nats, StandInDetector(), settings):
        await put_camera(bus, camera(server, "yard"))
        reports = await read_until(
            bus, "DETECTIONS", detections_subject("yard"), FrameReport, _moved_twice, deadline_s=120
        )
        skipped = FRAMES_SKIPPED.labels("yard")._value.get()
        reply = await _snapshot_until(bus, "yard", lambda r: bool(r.jpeg))
    assert skipped > 50
    assert size_of(reply.jpeg) == (160, 96)
    assert seqs(reports) == list(range(1, len(reports) + 1))
    tracks = {d.track for report in reports for d in report.detections if d.track}
    assert len(tracks) == 1
    assert await bus.last_message("EVENTS", events_subject("yard", "camera_blind")) is None


def _moved_twice(reports: Sequence[FrameReport]) -> bool:
    """Whether looks came quickly one after the other, rarely, and quickly again."""
    steps = np.diff([report.stamp.captured_at_us for report in reports]) if len(reports) > 1 else np.array([])
    rare = np.flatnonzero(steps > 1_500_000)
    return rare.size > 1 and bool((steps[rare[1] :] < 300_000).sum() >= 5)


async def test_snapshots(nats: NatsServer, bus: Bus, cameras: CameraServer) -> None:
    """The newest picture, as wide as asked; for an unknown camera a sentence."""
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        await put_camera(bus, camera(cameras, "gate"))
        reply = await _snapshot_until(bus, "gate", lambda r: bool(r.jpeg))
        small = decode(
            await bus.ask("zool.rpc.snapshot.gate", encode(SnapshotRequest(width_max=64)), timeout_s=5.0), SnapshotReply
        )
        nobody = decode(await bus.ask("zool.rpc.snapshot.nobody", b"", timeout_s=5.0), SnapshotReply)
        garbage = decode(await bus.ask("zool.rpc.snapshot.gate", b"\xc1garbage", timeout_s=5.0), SnapshotReply)
    assert size_of(reply.jpeg) == (160, 96)
    assert size_of(small.jpeg)[0] == 64
    assert nobody.detail == "no camera nobody"
    assert "can't be read" in garbage.detail


async def test_a_restart_is_told_as_blind_and_nothing_doubles(
    nats: NatsServer, bus: Bus, cameras: CameraServer
) -> None:
    """The second holder has a higher epoch and tells the span since the last report of the first."""
    subject = detections_subject("gate")
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        await put_camera(bus, camera(cameras, "gate"))
        first = await read_until(bus, "DETECTIONS", subject, FrameReport, at_least(5))
    last = await bus.last_message("DETECTIONS", subject)
    assert last is not None
    looked_us = decode(last, FrameReport).stamp.captured_at_us
    await _pictures_until(cameras, looked_us + 3_500_000)
    async with running_fleet(nats, StandInDetector(), SETTINGS):
        both = await read_until(
            bus,
            "DETECTIONS",
            subject,
            FrameReport,
            lambda found: sum(r.stamp.epoch > first[0].stamp.epoch for r in found) > 5,
        )
        (blind, *_) = await read_until(bus, "EVENTS", events_subject("gate", "camera_blind"), CameraNotice, at_least(1))
    second = [report for report in both if report.stamp.epoch > first[0].stamp.epoch]
    assert blind.cause == "restart"
    assert blind.opened_at_us == looked_us
    assert blind.closed_at_us == second[0].stamp.captured_at_us
    stamps = [report.stamp.captured_at_us for report in both]
    assert stamps == sorted(set(stamps))


async def _pictures_until(cameras: CameraServer, time_us: int) -> None:
    """Let the camera show what nobody looks at: longer than the pictures since its last key frame reach back."""
    deadline = asyncio.get_running_loop().time() + 10
    while time.time_ns() // 1000 < time_us:
        assert asyncio.get_running_loop().time() < deadline
        assert cameras.status()
        await asyncio.sleep(0.05)


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a JPEG in pixels; (0, 0) where it is none."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return (picture.shape[1], picture.shape[0]) if picture is not None else (0, 0)


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("file:///etc/passwd", "unsafe_url"),
        ("http://127.0.0.1:8080/", "unsafe_url"),
        ("rtsp://u:secret@127.0.0.1:1/x", "refused"),
        ("rtsp://no-such-host.invalid/x", "dns"),
    ],
)
async def test_a_probe_tells_the_cause(url: str, cause: str) -> None:
    """In words, without credentials."""
    prober = Prober(VideoStream, 2)
    reply = decode(await prober.answer("", encode(ProbeRequest(url=url))), ProbeReply)
    prober.close()
    assert (reply.ok, reply.cause) == (False, cause)
    assert reply.detail
    assert "secret" not in reply.detail


async def test_a_probe_tells_what_the_camera_sends(cameras: CameraServer) -> None:
    """Codec, size, rate and a picture."""
    prober = Prober(VideoStream, 2)
    for name, codec in (("gate", "h264"), ("yard", "hevc")):
        reply = decode(await prober.answer("", encode(ProbeRequest(url=camera(cameras, name).url))), ProbeReply)
        assert (reply.ok, reply.codec, reply.width, reply.height) == (True, codec, 160, 96)
        assert reply.fps == pytest.approx(25, abs=0.5)
        assert size_of(reply.jpeg) == (160, 96)
    garbage = decode(await prober.answer("", b"\xc1"), ProbeReply)
    prober.close()
    assert not garbage.ok
