"""A clip through the whole chain, without broker and clock: pictures in, frame reports and reads out.

Edge (PyAV, gRPC, asyncio). What is used is what the programs use: the motion gate and the tensors of ingest's slot,
the detector behind Triton, the tracker and the choice of shots of `ingest.look`, the cutting of crops, the ensembles
of the recognisers. Frames go in one by one, as fast as they are answered; their times are those of the clip.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from deploy.errors import FileUnusable
from deploy.truth.noise import CAMERA
from ingest import clock, cut, look
from ingest.config import IngestSettings
from ingest.contract import Camera, FrameReport, IngestPlan
from ingest.decode import Decoded
from ingest.detector import geometry, read_boxes
from ingest.planes import Picture
from ingest.process import Health
from ingest.settings import TritonSettings
from ingest.slot import Due, Quiet, Slot, Wish
from ingest.triton import TritonDetector
from model_repository.contract import ModelCard, ModelRef
from postprocess.config import RecogniseSettings
from postprocess.contract import Read
from postprocess.ensemble import Ensemble
from postprocess.reading import Reader
from postprocess.recognisers.unit import Recogniser

DEADLINE_S = 60.0
"""Nothing is dropped for its lateness: the figures are those of the chain, not of the machine."""
EPOCH = 1


def pictures(file: Path, *, until_s: float | None = None) -> Iterator[tuple[int, Picture]]:
    """The pictures of a clip with their times in µs from its beginning; raises `FileUnusable`."""
    try:
        with av.open(str(file)) as container:
            begun_s: float | None = None
            for frame in container.decode(video=0):
                at_s = float(frame.time or 0.0)
                begun_s = at_s if begun_s is None else begun_s
                if until_s is not None and at_s - begun_s > until_s:
                    return
                yield round((at_s - begun_s) * 1e6), Decoded(frame=frame, arrival_us=0, wallclock_us=None).picture()
    except (av.FFmpegError, OSError) as error:
        raise FileUnusable(file, str(error)) from None


class Chain:
    """Detector and recognisers behind one Triton; an async context manager, event loop only."""

    def __init__(self, url: str, recognisers: Mapping[str, Recogniser]) -> None:
        """`url` of Triton's gRPC; of `recognisers` those whose shots a plan asks for are used."""
        self._health = Health("eval")
        self._settings, self._triton = IngestSettings(), TritonSettings(url=url, shared_memory="off")
        self._there = asyncio.Event()
        self._detector = TritonDetector(self._triton, deadline_s=DEADLINE_S, changed=self._changed)
        self._recognisers = recognisers
        self._readers: dict[str, Reader] = {}

    async def __aenter__(self) -> Self:
        self._stack = contextlib.AsyncExitStack()
        await self._stack.enter_async_context(self._detector)
        await self._there.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def model(self) -> ModelRef:
        """The weights that look."""
        return self._card.ref

    def _changed(self, card: ModelCard | None, reason: str) -> None:  # noqa: ARG002 - as the detector tells it
        if card is not None:
            self._card = card
            self._there.set()

    async def run(
        self, frames: Iterable[tuple[int, Picture]], plan: IngestPlan, *, t0_us: int
    ) -> list[FrameReport | Read]:
        """All that the rules get of a clip that begins at `t0_us`, in the order of its times."""
        rules = look.rules(self._settings, Camera(id=CAMERA, name="", url=""), plan)
        wish = Wish(fps=rules.fps, geometry=geometry(self._card), masks=rules.masks, gate=rules.gate)
        slot, sampler = Slot(threading.Lock(), wish), clock.Sampler(0)
        looker, looked_us = look.Looker(CAMERA, EPOCH), 0
        found: list[FrameReport | Read] = []
        for at_us, picture in frames:
            due_us = sampler.due(t0_us + at_us, rules.fps)
            if due_us is None or not slot.offer(due_us, "arrival", picture):
                continue
            taken = slot.take()
            if taken is None:
                continue
            due, reducer = taken
            looked = await self._look(looker, due, rules, _looked_until(due.quiet, looked_us))
            reducer.give_back(due.tensor)
            slot.restless, looked_us = looker.restless, due.captured_us
            found.append(looked.report)
            for pick in looked.picks:
                shot = cut.one(picture, pick, looked, rules)
                found.append(await (await self._reader(shot.recogniser)).read(shot))
        return found

    async def _look(self, looker: look.Looker, due: Due, rules: look.Rules, before_us: int) -> look.Look:
        outputs = await self._detector.infer(due.tensor)
        seen = read_boxes(outputs, self._card.labels, due.box, due.size)
        moment = look.Moment(
            captured_us=due.captured_us, clock=due.clock, size=due.size, model=self._card.ref, before_us=before_us
        )
        return looker.look(seen, moment, rules)

    async def _reader(self, name: str) -> Reader:
        """Of a recogniser; its ensemble is asked for at its first shot."""
        if name not in self._readers:
            one, ensemble = self._recognisers[name], None
            if one.ensemble:
                made = Ensemble(one.name, one.outputs, self._triton, deadline_s=DEADLINE_S, health=self._health)
                ensemble = await self._stack.enter_async_context(made)
            self._readers[name] = Reader(one, ensemble, thumbnail_px=RecogniseSettings().thumbnail_px)
        return self._readers[name]


def _looked_until(quiet: Quiet, looked_us: int) -> int:
    """Stamp of the last look: a frame in which nothing had changed counts if what it was like was looked at."""
    return quiet.at_us if quiet.like_us == looked_us else looked_us
