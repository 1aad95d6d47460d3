"""Further detectors of one camera: they look at the frame that the first one looks at. Edge: asyncio.

Rules
- Nothing that happens to a further detector reaches the first one: `ask` never raises an inference error, and it ends
  after `further_ms_max` whatever they do.
- One that failed is left alone for a while, longer each time, so that its trouble costs few frames their haste.
- The tensor of the first detector serves all whose card has its geometry; another geometry is reduced once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

import msgspec
import numpy.typing as npt

from ingest import backoff, clock, metrics
from ingest.config import IngestSettings
from ingest.contract import DetectorPlan
from ingest.detector import Geometry, geometry, read_boxes
from ingest.errors import InferenceError
from ingest.look import Glance, Rules
from ingest.ports import Detector
from ingest.slot import Due, Reducer, Tensors, Wish
from model_repository.contract import Letterbox, ModelCard

PAUSE = backoff.Pause(first_s=1.0, longest_s=30.0)


class _One(msgspec.Struct, kw_only=True):
    """State of one further detector: when it is due, and how it failed last."""

    raster: Any
    """`clock.Sampler`."""
    shape: Geometry | None = None
    """What it took last."""
    failures: int = 0
    pause_us: int = 0
    """No frame before this stamp."""


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor of the frame, and where the picture lies in it; `reducer` None = it is the first detector's."""

    tensor: npt.NDArray[Any]
    box: Letterbox
    reducer: Reducer | None = None


class Further:
    """Asks them; event loop only."""

    def __init__(
        self, camera: str, detector: Detector, settings: IngestSettings, pool: Executor, tensors: Tensors
    ) -> None:
        self._camera, self._detector, self._pool, self._tensors = camera, detector, pool, tensors
        self._deadline_s = settings.further_ms_max / 1000
        self._rng = random.Random(camera)
        self._ones: dict[str, _One] = {}
        self._reducers: dict[Geometry, Reducer] = {}

    async def ask(self, due: Due, rules: Rules) -> tuple[Glance, ...]:
        """Have a frame looked at by all that are due; one glance for each of them."""
        cards, missed = self._due(due, rules.detectors)
        for shape in self._reducers.keys() - {one.shape for one in self._ones.values()}:
            self._reducers.pop(shape).close()
        views = dict[Geometry, _View]()
        try:
            for card in cards.values():
                await self._view(due, rules, geometry(card), views)
            glances = await asyncio.gather(
                *(self._glance(name, card, due, views[geometry(card)]) for name, card in cards.items())
            )
        finally:
            for view in views.values():
                if view.reducer is not None:
                    view.reducer.give_back(view.tensor)
        return (*glances, *(Glance(ensemble=name) for name in missed))

    def forget(self, ensembles: Iterable[str]) -> None:
        """Keep nothing but these."""
        kept = set(ensembles)
        if self._ones.keys() - kept:
            self._ones = {name: one for name, one in self._ones.items() if name in kept}
            self.close()

    def close(self) -> None:
        """Give all tensors back."""
        for reducer in self._reducers.values():
            reducer.close()
        self._reducers.clear()

    def _due(self, due: Due, plans: Sequence[DetectorPlan]) -> tuple[dict[str, ModelCard], list[str]]:
        """Who is to be asked, with their cards, and who can't be."""
        cards, missed = dict[str, ModelCard](), list[str]()
        for plan in plans:
            one = self._one(plan.ensemble)
            if plan.fps_max is not None and one.raster.due(due.captured_us, max(plan.fps_max, 1e-3)) is None:
                continue
            card = self._detector.further(plan.ensemble)
            if card is not None and due.captured_us >= one.pause_us:
                cards[plan.ensemble], one.shape = card, geometry(card)
                continue
            missed.append(plan.ensemble)
            self._miss(plan.ensemble, "away" if card is None else "pause")
        return cards, missed

    def _one(self, ensemble: str) -> _One:
        return self._ones.setdefault(ensemble, _One(raster=clock.Sampler(0)))

    async def _view(self, due: Due, rules: Rules, shape: Geometry, views: dict[Geometry, _View]) -> None:
        """Make the frame as detectors of this geometry take it, unless it is there."""
        if shape in views:
            return
        first = self._detector.card
        if first is not None and shape == geometry(first) and due.tensor.shape == (shape.height * 3 // 2, shape.width):
            views[shape] = _View(tensor=due.tensor, box=due.box)
            return
        wish, reducer = Wish(fps=rules.fps, geometry=shape, masks=rules.masks), self._reducers.get(shape)
        if reducer is None or not reducer.fits(due.size, wish):
            if reducer is not None:
                reducer.close()
            reducer = self._reducers[shape] = Reducer(due.size, wish, shape, self._tensors)
        tensor = await asyncio.get_running_loop().run_in_executor(self._pool, _reduced, reducer, due)
        views[shape] = _View(tensor=tensor, box=reducer.box, reducer=reducer)

    async def _glance(self, ensemble: str, card: ModelCard, due: Due, view: _View) -> Glance:
        one = self._one(ensemble)
        try:
            outputs = await self._detector.infer(view.tensor, ensemble, self._deadline_s)
        except InferenceError as error:
            pause_s = backoff.doubled_s(PAUSE, one.failures, self._rng.random())
            one.failures, one.pause_us = one.failures + 1, due.captured_us + round(pause_s * 1e6)
            self._miss(ensemble, error.reason)
            return Glance(ensemble=ensemble)
        one.failures = 0
        metrics.FURTHER_LOOKS.labels(self._camera, ensemble).inc()
        seen = read_boxes(outputs, card.labels, view.box, due.size)
        return Glance(ensemble=ensemble, model=card.ref, seen=tuple(seen))

    def _miss(self, ensemble: str, reason: str) -> None:
        metrics.FURTHER_MISSED.labels(self._camera, ensemble, reason).inc()


def _reduced(reducer: Reducer, due: Due) -> npt.NDArray[Any]:
    """Fill a tensor; runs in the pool. Without a gate there always is one."""
    tensor = reducer.reduce(due.picture, due.captured_us, restless=True)
    assert tensor is not None  # noqa: S101 - see above
    return tensor
