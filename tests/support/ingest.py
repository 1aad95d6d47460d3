"""Ingest's fleet inside the test, on a real broker; the detector may be a stand-in that is named as one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.bus import Bus
from ingest.camera import CameraThread
from ingest.config import IngestSettings, PictureSettings
from ingest.contract import Camera, IngestPlan, decode, snapshot_subject
from ingest.decode import VideoStream
from ingest.errors import InferenceError
from ingest.fleet import Fleet
from ingest.members import Members
from ingest.outbox import Budget
from ingest.ports import OpenStream, Start
from ingest.post import STREAMS, Post
from ingest.process import Health
from ingest.shared import Shared
from ingest.shed import Shedder
from ingest.slot import Heap, Tensors, Wish
from ingest.spool import Spool
from model_repository.contract import BOXES, CLASSES, COUNT, DETECTIONS_MAX, DETECTOR, SCORES, ModelCard
from tests.support.nats import NatsServer

T = TypeVar("T")

CARD = ModelCard(
    name="stand-in", task="detector", version="1", input_width=320, input_height=192, labels=("person", "car")
)
BUCKETS = ("cameras", "plans", "leases")


class StandInDetector:
    """NOT Triton: answers each tensor with the same car in the middle; can be told to be away.

    A further detector that is in `cards` sees a person where the first one sees the car.
    """

    def __init__(self) -> None:
        self.away = False
        self.tensors: list[npt.NDArray[np.uint8]] = []
        self.cards: dict[str, ModelCard] = {}
        self.wanted: set[str] = set()
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.failing: InferenceError | None = None
        """What further detectors answer instead."""

    @property
    def card(self) -> ModelCard | None:
        """The stand-in's card."""
        return None if self.away else CARD

    def want(self, ensembles: Collection[str]) -> None:
        """Remember who is wanted."""
        self.wanted = set(ensembles)

    def further(self, ensemble: str) -> ModelCard | None:
        """The card of a wanted one that is there."""
        return self.cards.get(ensemble) if ensemble in self.wanted else None

    async def infer(
        self, tensor: npt.NDArray[Any], ensemble: str = DETECTOR, deadline_s: float | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """One box, wherever one looks."""
        assert deadline_s is None or ensemble != DETECTOR
        if self.away:
            raise InferenceError("unavailable", "told to be away")
        if ensemble == DETECTOR:
            self.tensors = [*self.tensors[-20:], tensor.copy()]
        else:
            self.asked.append((ensemble, tensor.shape))
            if self.failing is not None:
                raise self.failing
        boxes, scores = np.zeros((DETECTIONS_MAX, 4), np.float32), np.zeros(DETECTIONS_MAX, np.float32)
        boxes[0], scores[0] = (100, 60, 220, 130), 0.9
        return {
            BOXES: boxes,
            SCORES: scores,
            CLASSES: np.full(DETECTIONS_MAX, ensemble == DETECTOR, np.int32),
            COUNT: np.array([1], np.int32),
        }


@contextlib.asynccontextmanager
async def running_fleet(
    nats: NatsServer,
    detector: Any,
    settings: IngestSettings | None = None,
    open_stream: OpenStream = VideoStream,
    *,
    outbox_bytes_max: int = 64 * 1024 * 1024,
    tensors: Tensors | None = None,
    spool: Spool | None = None,
    name: str = "ingest-test",
    picture: PictureSettings = PictureSettings(enabled=False),  # noqa: B008 - frozen
) -> AsyncIterator[Fleet]:
    """A fleet on its own connection, as `python -m ingest` wires it; told to stop at the end.

    Pictures are not checked unless asked for: those of most tests stand still, or are all grey.
    """
    settings, stop = settings or IngestSettings(), asyncio.Event()

    def watch_camera(camera: Camera, start: Start, wish: Wish, ready: Callable[[], None]) -> CameraThread:
        return CameraThread(camera, settings, open_stream, wish=wish, start=start, ready=ready, tensors=tensors)

    with ThreadPoolExecutor(2) as pool:
        async with Bus.open(nats.settings, name="ingest-test") as bus:
            await bus.ensure_streams(*STREAMS)
            await bus.ensure_buckets(*BUCKETS)
            post = Post(bus, spool, Health("ingest-test"))
            await post.drain(stop)
            fleet = Fleet(
                Shared(
                    settings=settings,
                    picture=picture,
                    bus=bus,
                    members=Members(bus, name, 1.0, Health("ingest-test")),
                    post=post,
                    detector=detector,
                    tensors=tensors or Heap(),
                    limiter=asyncio.Semaphore(settings.inflight_max),
                    pool=pool,
                    budget=Budget(outbox_bytes_max),
                    shedder=Shedder(),
                    watch_camera=watch_camera,
                )
            )
            await bus.serve(snapshot_subject("*"), fleet.snapshot)
            running = asyncio.create_task(fleet.run(stop))
            try:
                yield fleet
            finally:
                stop.set()
                await running


async def put_camera(bus: Bus, camera: Camera, plan: IngestPlan | None = None) -> None:
    """Set a camera up, its plan first."""
    if plan is not None:
        await bus.bucket("plans").put(camera.id, msgspec.json.encode(plan))
    await bus.bucket("cameras").put(camera.id, msgspec.json.encode(camera))


async def read_until(
    bus: Bus,
    stream: str,
    subject: str,
    kind: type[T],
    enough: Callable[[Sequence[T]], bool],
    *,
    deadline_s: float = 30.0,
) -> list[T]:
    """Messages of a subject from its first on, until there are enough; raises TimeoutError with what came."""
    reader, found = await bus.reader(stream, subject=subject, start_seq=1), list[T]()
    until = time.monotonic() + deadline_s
    while not enough(found):
        if time.monotonic() > until:
            raise TimeoutError(f"{subject}: {len(found)} messages, the last: {found[-3:]}")
        found += [decode(message.payload, kind) for message in await reader.fetch(100, timeout_s=0.25)]
    return found


async def hear_until(
    bus: Bus, subject: str, kind: type[T], good: Callable[[T], bool], *, deadline_s: float = 30.0
) -> T:
    """The first message on core NATS that is good."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(_subject: str, payload: bytes) -> None:
        await heard.put(payload)

    await bus.listen(subject, take)
    async with asyncio.timeout(deadline_s):
        while True:
            message = decode(await heard.get(), kind)
            if good(message):
                return message


def at_least(count: int) -> Callable[[Sequence[object]], bool]:
    """Enough is so many messages."""
    return lambda found: len(found) >= count
