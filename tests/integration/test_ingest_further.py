"""Further detectors and fixed areas on a real broker and a real Triton, with a simulated camera."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from deploy.simulate.server import CameraServer, Source
from ingest.bus import Bus
from ingest.config import IngestSettings
from ingest.contract import (
    Camera,
    Detection,
    DetectorPlan,
    FrameReport,
    FrameShotPolicy,
    IngestPlan,
    Shot,
    ShotPolicy,
    detections_subject,
    shots_subject,
)
from ingest.settings import TritonSettings
from ingest.shm import SharedTensors
from ingest.triton import TritonDetector
from model_repository import store
from model_repository.contract import DETECTOR
from tests.support.ingest import put_camera, read_until, running_fleet
from tests.support.nats import NatsServer, running_nats
from tests.support.triton import TritonServer, triton_server

SITE = Path(__file__).parents[2] / "deploy" / "site"
TWIN, APART, NOBODY = "object_detector_twin", "object_detector_apart", "object_detector_nobody"
FLOOR = dict.fromkeys(("person", "car", "truck", "bus"), 0.4)
AREA = (0.25, 0.5, 0.75, 1.0)
SETTINGS = IngestSettings(further_ms_max=10_000, deadline_ms=10_000)


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """The starter detector, and its weights in two slots: once as they are, once fed another letterbox."""
    folder = tmp_path_factory.mktemp("triton")
    starter = store.deployed(DETECTOR, folder / "data")
    for name, anchor in (("twin", starter.card.anchor), ("apart", "top_left")):
        changed = msgspec.structs.replace(starter.card, task="object_detector", name=name, anchor=anchor)
        store.add(starter.path, changed, folder / "data")
    assert starter.card.anchor == "center"
    with triton_server(folder / "served", folder / "data", (DETECTOR, TWIN, APART)) as server:
        yield server


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
async def camera() -> AsyncIterator[Camera]:
    """A gate through which vehicles pass."""
    async with CameraServer([Source(path=SITE / "gate-day.mp4")]) as server:
        yield Camera(id="gate", name="gate", url=server.status()[0].url)


@pytest.fixture
def shared() -> Iterator[SharedTensors]:
    """Memory that Triton maps."""
    tensors = SharedTensors(f"test_{os.getpid()}_{secrets.token_hex(3)}")
    yield tensors
    tensors.close()


@contextlib.asynccontextmanager
async def detectors(
    triton: TritonServer, told: list[tuple[str, str | None]], shared: SharedTensors
) -> AsyncIterator[TritonDetector]:
    """Triton's detectors, the first one there; `told`: what was said of further ones."""
    changed = asyncio.Event()
    async with TritonDetector(
        TritonSettings(url=triton.url),
        deadline_s=20.0,
        changed=lambda *_: changed.set(),
        further_changed=lambda name, reason: told.append((name, reason)),
        shared=shared,
    ) as detector:
        async with asyncio.timeout(60):
            while detector.card is None:
                await changed.wait()
                changed.clear()
        yield detector


def boxes(report: FrameReport, detector: str) -> list[tuple[object, ...]]:
    """What a detector saw on a frame."""
    return [(d.box, d.label_seen or d.label, d.confidence) for d in report.detections if d.detector == detector]


def near(one: Detection, report: FrameReport) -> bool:
    """Whether the detector with the other letterbox saw it at the same place of the picture."""
    others = [other.box for other in report.detections if other.detector == APART]
    return any(one.box == pytest.approx(box, abs=0.05) for box in others)


def seen_by_all(reports: Sequence[FrameReport]) -> list[FrameReport]:
    """Reports in which each of the three detectors saw something."""
    return [r for r in reports if len(r.further) == 2 and all(boxes(r, each) for each in ("", TWIN, APART))]


async def test_one_frame_is_looked_at_by_several(
    nats: NatsServer, bus: Bus, triton: TritonServer, camera: Camera, shared: SharedTensors
) -> None:
    """Equal weights on an equal tensor see the same; ids are apart; one that Triton does not hold is told, once."""
    told = list[tuple[str, str | None]]()
    plan = IngestPlan(
        camera="gate",
        class_floor=FLOOR,
        every_look=True,
        detectors=tuple(DetectorPlan(ensemble=name, class_floor=FLOOR) for name in (TWIN, APART, NOBODY)),
        shots=(ShotPolicy(recogniser="plate_reader", labels=("car", "truck", "bus"), side_px_min=24),),
        frame_shots=(FrameShotPolicy(recogniser="surface_defect", area=AREA, every_s=1.0),),
    )
    async with detectors(triton, told, shared) as detector, running_fleet(nats, detector, SETTINGS, tensors=shared):
        await put_camera(bus, camera, plan)
        reports = await read_until(
            bus,
            "DETECTIONS",
            detections_subject("gate"),
            FrameReport,
            lambda found: len(seen_by_all(found)) >= 10,
            deadline_s=120,
        )
        shots = await read_until(
            bus,
            "SHOTS",
            shots_subject("plate_reader", "gate"),
            Shot,
            lambda found: len({shot.track for shot in found}) >= 3,
            deadline_s=120,
        )
        (area, *_) = await read_until(bus, "SHOTS", shots_subject("surface_defect", "gate"), Shot, bool, deadline_s=60)
    for report in seen_by_all(reports):
        assert boxes(report, "") == boxes(report, TWIN)
        assert report.further[TWIN].name == "twin"
        tracks = [d.track for d in report.detections if d.track]
        assert len(tracks) == len(set(tracks))
    partners = [near(one, report) for report in seen_by_all(reports) for one in report.detections if not one.detector]
    assert sum(partners) >= 0.8 * len(partners)
    assert {detector for r in reports for detector in r.further} == {TWIN, APART}
    assert [name for name, reason in told if reason] == [NOBODY]
    assert {shot.shot_id.split(".")[1] for shot in shots} == {shot.track for shot in shots}
    assert len({region.size for region in shared.regions}) == 1
    assert (area.shot_id, area.track, area.label) == (
        f"gate.{area.stamp.epoch}.surface_defect.{area.stamp.seq}",
        "",
        "",
    )
    assert (area.box, area.crop, area.width, area.height) == (AREA, AREA, 640, 360)


async def test_a_plan_that_asks_no_more_is_followed(
    nats: NatsServer, bus: Bus, triton: TritonServer, camera: Camera, shared: SharedTensors
) -> None:
    """The further detector goes with the plan; reports go on in the same epoch, and its health is forgotten."""
    told, subject = list[tuple[str, str | None]](), detections_subject("gate")
    plan = IngestPlan(
        camera="gate",
        class_floor=FLOOR,
        every_look=True,
        detectors=(DetectorPlan(ensemble=TWIN, class_floor=FLOOR),),
    )
    async with detectors(triton, told, shared) as detector, running_fleet(nats, detector, SETTINGS, tensors=shared):
        await put_camera(bus, camera, plan)
        before = await read_until(
            bus, "DETECTIONS", subject, FrameReport, lambda found: any(r.further for r in found), deadline_s=120
        )
        plain = msgspec.structs.replace(plan, detectors=())
        await bus.bucket("plans").put("gate", msgspec.json.encode(plain))
        after = await read_until(
            bus,
            "DETECTIONS",
            subject,
            FrameReport,
            lambda found: len(found) > len(before) and not any(r.further for r in found[-5:]),
            deadline_s=120,
        )
        assert detector.further(TWIN) is None
    assert len({report.stamp.epoch for report in after}) == 1
    assert [report.stamp.seq for report in after] == list(range(1, len(after) + 1))
    assert told == [(TWIN, ""), (TWIN, None)]
