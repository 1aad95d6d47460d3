"""A camera with two streams of different sizes: the small one is looked at, the large one gives the crops.

The simulator shows both in step, and a bar tells which picture a crop is.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.simulate.auth import Credentials
from deploy.simulate.server import CameraServer, CameraStatus, ServerSettings, Source
from ingest.bus import Bus
from ingest.config import IngestSettings
from ingest.contract import (
    Camera,
    CameraState,
    FrameReport,
    FrameShotPolicy,
    IngestPlan,
    Shot,
    ShotPolicy,
    detections_subject,
    shots_subject,
    state_subject,
)
from tests.support.ingest import StandInDetector, at_least, hear_until, put_camera, read_until, running_fleet
from tests.support.nats import NatsServer, running_nats
from tests.support.simulate import FPS, HEIGHT, WIDTH, make_clip

SETTINGS = IngestSettings(backoff_s_max=1.0, stall_s=1.0)
SCALE, PICTURES = 4, 50
SMALL, LARGE = (WIDTH, HEIGHT), (WIDTH * SCALE, HEIGHT * SCALE)
PLAN = IngestPlan(
    camera="gate",
    analysis_fps=10.0,
    every_look=True,
    shots=(ShotPolicy(recogniser="plate_reader", labels=("car",), side_px_min=100),),
    frame_shots=(FrameShotPolicy(recogniser="surface_defect", every_s=0.3),),
)
WHOLE = shots_subject("surface_defect", "gate")


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


def clip(folder: Path, name: str, *, large: bool) -> Source:
    """Two seconds in one of both sizes."""
    scale = SCALE if large else 1
    return Source(path=make_clip(folder / f"{name}.mp4", pictures=PICTURES, gop=25, scale=scale))


def shown(shot: Shot) -> float:
    """Number of the picture in a crop, by its bar."""
    grey = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    bright = np.flatnonzero(grey.mean(axis=0) > 120)
    return float(bright[0]) * WIDTH / grey.shape[1] / 3


def expected(shot: Shot, status: CameraStatus) -> float:
    """Number of the picture that the camera showed when the frame was taken that was looked at."""
    return (shot.stamp.captured_at_us / 1e6 - status.started_at) % status.duration_s * FPS


def sizes(found: Sequence[Shot]) -> list[tuple[int, int]]:
    """Widths and heights of crops."""
    return [(shot.width, shot.height) for shot in found]


async def test_crops_come_from_the_large_stream_at_the_right_moment(nats: NatsServer, bus: Bus, tmp_path: Path) -> None:
    """Reports speak of the small picture, crops show the large one of the same moment, and sizes count in it."""
    async with CameraServer([clip(tmp_path, "sub", large=False), clip(tmp_path, "main", large=True)]) as server:
        sub, main = server.status()
        camera = Camera(id="gate", name="gate", url=main.url, analysis_url=sub.url)
        async with running_fleet(nats, StandInDetector(), SETTINGS):
            await put_camera(bus, camera, PLAN)
            await hear_until(bus, state_subject("gate"), CameraState, lambda state: state.crops == "main")
            found = await read_until(
                bus, "SHOTS", WHOLE, Shot, lambda shots: sizes(shots).count(LARGE) >= 20, deadline_s=90
            )
            (car, *_) = await read_until(bus, "SHOTS", shots_subject("plate_reader", "gate"), Shot, at_least(1))
            reports = await read_until(bus, "DETECTIONS", detections_subject("gate"), FrameReport, at_least(20))
    assert {(report.width, report.height) for report in reports} == {SMALL}
    late = found[sizes(found).index(LARGE) :]
    assert sizes(late).count(LARGE) >= 0.8 * len(late)
    off = [abs(shown(shot) - expected(shot, main)) for shot in late if (shot.width, shot.height) == LARGE]
    assert np.median([min(each, PICTURES - each) for each in off]) <= 1.0
    assert max(min(each, PICTURES - each) for each in off) <= 3.5
    assert car.height >= 100
    assert car.box == pytest.approx((100 / 320, 60 / 192, 220 / 320, 130 / 192), abs=0.01)


async def test_while_the_large_stream_is_away_the_small_one_gives_the_crops(
    nats: NatsServer, bus: Bus, tmp_path: Path
) -> None:
    """At first, after it broke, and the state says why without the password; looks go on; then the large one again."""
    settings = ServerSettings(credentials=Credentials(user="admin", password="secret"))
    large = clip(tmp_path, "main", large=True)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(CameraServer([clip(tmp_path, "sub", large=False)]))
        running = await stack.enter_async_context(contextlib.AsyncExitStack())
        main = await running.enter_async_context(CameraServer([large], settings=settings))
        url = main.status()[0].url.replace("rtsp://", "rtsp://admin:secret@")
        camera = Camera(id="gate", name="gate", url=url, analysis_url=server.status()[0].url)
        await stack.enter_async_context(running_fleet(nats, StandInDetector(), SETTINGS))
        await put_camera(bus, camera, PLAN)
        await read_until(bus, "SHOTS", WHOLE, Shot, lambda shots: LARGE in sizes(shots), deadline_s=90)
        await running.aclose()
        state = await hear_until(bus, state_subject("gate"), CameraState, lambda state: state.crops == "analysis")
        assert (state.phase, state.inference_ok) == ("live", True)
        assert state.crops_detail
        assert "secret" not in state.crops_detail
        before = await read_until(bus, "SHOTS", WHOLE, Shot, lambda shots: sizes(shots)[-3:] == [SMALL] * 3)
        async with CameraServer([large], settings=settings, port=main.port):
            await hear_until(bus, state_subject("gate"), CameraState, lambda state: state.crops == "main")
            await read_until(
                bus, "SHOTS", WHOLE, Shot, lambda shots: LARGE in sizes(shots[len(before) :]), deadline_s=90
            )
    assert await bus.last_message("EVENTS", "zool.events.gate.camera_lost") is None
