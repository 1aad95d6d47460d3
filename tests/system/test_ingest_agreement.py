"""The whole path against the network itself: RTSP → I420 → Triton, and RGB frames → onnxruntime.

A real clip is served by GStreamer's RTSP server; every look of ingest is compared with the same network, run directly
on the RGB picture of the very frame. Frames are told apart by their tensors: the path is bit-exact up to there.
"""

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from ingest.bus import Bus
from ingest.config import IngestSettings
from ingest.contract import Camera, FrameReport, IngestPlan, detections_subject
from ingest.decode import Decoded
from ingest.detector import Geometry, geometry
from ingest.settings import TritonSettings
from ingest.slot import Slot, Wish
from ingest.triton import TritonDetector
from model_repository import importer, store
from model_repository.contract import ModelCard, letterbox
from model_repository.heads import IOU_MAX
from tests.support.gstreamer import gstreamer
from tests.support.ingest import at_least, put_camera, read_until, running_fleet
from tests.support.nats import running_nats
from tests.support.realdata import real
from tests.support.triton import triton_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

STRONG, WEAK, AGREE_MIN = 0.45, 0.35, 0.98
SMALL_PX, IOU_LARGE, IOU_SMALL = 32.0, 0.90, 0.75
LOOKS = 60
FPS = 5.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A box in pixels of the picture."""

    box: tuple[float, float, float, float]
    label: str
    confidence: float


class Recorder:
    """Passes frames on to the real detector and remembers which were answered."""

    def __init__(self, detector: TritonDetector) -> None:
        self._detector, self.answered = detector, list[str]()

    @property
    def card(self) -> ModelCard | None:
        """The real one's."""
        return self._detector.card

    async def infer(self, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """Ask the real one."""
        name = digest(tensor)
        answer = await self._detector.infer(tensor)
        self.answered.append(name)
        return answer


def digest(tensor: npt.NDArray[Any]) -> str:
    """A tensor in short."""
    return hashlib.sha256(tensor.tobytes()).hexdigest()


@contextlib.asynccontextmanager
async def ready_detector(url: str) -> AsyncIterator[Recorder]:
    """The real detector, its card read."""
    changed = asyncio.Event()
    settings = TritonSettings(url=url)
    async with TritonDetector(settings, deadline_s=5.0, changed=lambda *_: changed.set()) as detector:
        async with asyncio.timeout(20):
            while detector.card is None:
                await changed.wait()
                changed.clear()
        yield Recorder(detector)


def tensor_digests(clip: Path, shape: Geometry) -> dict[str, int]:
    """Which frame of the clip makes which tensor."""
    slot, names = Slot(threading.Lock(), Wish(fps=1.0, geometry=shape)), dict[str, int]()
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            slot.offer(1, "arrival", Decoded(frame=frame, arrival_us=0, wallclock_us=None).picture())
            taken = slot.take()
            assert taken is not None
            names.setdefault(digest(taken[0].tensor), number)
            taken[1].give_back(taken[0].tensor)
    return names


def direct(network: Path, clip: Path, card: ModelCard, numbers: set[int]) -> dict[int, list[Found]]:
    """The network itself on the RGB pictures of these frames."""
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    name, found = session.get_inputs()[0].name, dict[int, list[Found]]()
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in numbers:
                rgb = frame.to_ndarray(format="rgb24")
                box = letterbox((frame.width, frame.height), (card.input_width, card.input_height), card.anchor)
                area = cv2.INTER_AREA if box.width < frame.width else cv2.INTER_LINEAR
                canvas = np.full((card.input_height, card.input_width, 3), card.fill, np.uint8)
                canvas[box.top : box.top + box.height, box.left : box.left + box.width] = cv2.resize(
                    rgb, (box.width, box.height), interpolation=area
                )
                blob = canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255
                head = session.run(None, {name: blob})[0][0]
                found[number] = [
                    Found(
                        box=_clipped(box.to_picture(raw), frame.width, frame.height),
                        label=card.labels[index],
                        confidence=score,
                    )
                    for raw, index, score in _suppressed(head)
                ]
    return found


def _clipped(box: tuple[float, float, float, float], width: int, height: int) -> tuple[float, float, float, float]:
    return max(0.0, box[0]), max(0.0, box[1]), min(float(width), box[2]), min(float(height), box[3])


def _suppressed(head: npt.NDArray[np.float32]) -> Iterator[tuple[tuple[float, float, float, float], int, float]]:
    """Boxes of a YOLOv8 head [84, n]: the best class of each row, then greedy suppression per class."""
    rows = head.T
    classes, scores = rows[:, 4:].argmax(1), rows[:, 4:].max(1)
    keep = scores >= 0.10
    centre, classes, scores = rows[keep, :4], classes[keep], scores[keep]
    corners = np.concatenate([centre[:, :2] - centre[:, 2:] / 2, centre[:, :2] + centre[:, 2:] / 2], axis=1)
    taken: list[int] = []
    for index in np.argsort(-scores):
        if all(classes[index] != classes[o] or iou(tuple(corners[index]), tuple(corners[o])) <= IOU_MAX for o in taken):
            taken.append(int(index))
            x1, y1, x2, y2 = (float(v) for v in corners[index])
            yield (x1, y1, x2, y2), int(classes[index]), float(scores[index])


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, w) * max(0.0, h)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def partnered(found: list[Found], others: list[Found]) -> list[bool]:
    """For every strong box of one side: whether the other side has it too."""

    def has_partner(one: Found) -> bool:
        side = min(one.box[2] - one.box[0], one.box[3] - one.box[1])
        needed = IOU_LARGE if side >= SMALL_PX else IOU_SMALL
        return any(o.label == one.label and o.confidence >= WEAK and iou(one.box, o.box) >= needed for o in others)

    return [has_partner(one) for one in found if one.confidence >= STRONG]


def published(report: FrameReport) -> list[Found]:
    """The boxes of a report as the detector named them."""
    w, h = report.width, report.height
    return [
        Found(
            box=(d.box[0] * w, d.box[1] * h, d.box[2] * w, d.box[3] * h),
            label=d.label_seen or d.label,
            confidence=d.confidence,
        )
        for d in report.detections
    ]


@pytest.mark.parametrize(("clip_name", "label"), [("vehicles_road", "car"), ("pedestrians_plaza", "person")])
async def test_the_path_sees_what_the_network_sees(clip_name: str, label: str, tmp_path: Path) -> None:
    """At least 98 % of the boxes of either side have a partner in the other, and there are sensible tracks."""
    network, clip = real("models/yolov8n_coco.onnx"), real(f"videos/{clip_name}.mp4")
    store.add(network, importer.examine(network, "detector"), tmp_path / "data")
    with triton_server(tmp_path / "triton", tmp_path / "data", ("detector",)) as triton, gstreamer(str(clip)) as server:
        async with (
            running_nats(tmp_path / "nats") as nats,
            Bus.open(nats.settings, name="test") as bus,
            ready_detector(triton.url) as detector,
            running_fleet(nats, detector, IngestSettings(deadline_ms=5000)),
        ):
            card = detector.card
            assert card is not None
            plan = IngestPlan(camera="real", analysis_fps=FPS, class_floor=dict.fromkeys(card.labels, WEAK))
            await put_camera(bus, Camera(id="real", name=clip_name, url=f"{server}/{clip.stem}"), plan)
            reports = await read_until(
                bus, "DETECTIONS", detections_subject("real"), FrameReport, at_least(LOOKS), deadline_s=90
            )
    frames = tensor_digests(clip, geometry(card))
    numbers = [frames[name] for name in detector.answered[: len(reports)]]
    truth = direct(network, clip, card, set(numbers))
    verdicts = list[bool]()
    for number, report in zip(numbers, reports, strict=True):
        here = published(report)
        verdicts += partnered(here, truth[number]) + partnered(truth[number], here)
    assert len(verdicts) > 2 * LOOKS
    assert sum(verdicts) / len(verdicts) >= AGREE_MIN, f"{sum(verdicts)} of {len(verdicts)} boxes agree"
    tracks = {d.track for report in reports for d in report.detections if d.track and d.label == label}
    assert 3 <= len(tracks) <= 60
