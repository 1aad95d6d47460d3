"""One shot read: its picture through an ensemble, and what the answer means. Edge (asyncio, clock; `ensemble`).

Knows neither broker nor streams: `recognise` does, and `zool eval` reads by this what it has cut itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ingest.contract import Shot
from model_repository.contract import ModelCard, ModelRef
from postprocess.contract import OtherRead, Read, ReadOf
from postprocess.ensemble import Ensemble, broken
from postprocess.metrics import READ_SECONDS
from postprocess.pictures import Picture, crop_tensor, open_jpeg, thumbnail
from postprocess.recognisers.unit import Crop, Recogniser

NOBODY = ModelRef(name="")
Complete = Callable[[ReadOf, ModelCard], Awaitable[ReadOf]]
"""Adds to an answer what the network can't know: whom a face looks like."""


class Reader:
    """One recogniser; event loop only."""

    def __init__(
        self,
        recogniser: Recogniser,
        ensemble: Ensemble | None,
        *,
        thumbnail_px: int,
        complete: Complete | None = None,
    ) -> None:
        """`ensemble` None: of a recogniser that asks nobody."""
        self._recogniser, self._ensemble = recogniser, ensemble
        self._thumbnail_px, self._complete = thumbnail_px, complete

    async def read(self, shot: Shot) -> Read:
        """One shot through the ensemble; waits while Triton is away. Raises `PoisonError`, `RecogniserError`."""
        picture = await asyncio.to_thread(open_jpeg, f"shot {shot.shot_id}", shot.jpeg)
        said, model = await self._ask(self._ensemble, picture, shot) if self._ensemble else (OtherRead(), NOBODY)
        return Read(
            shot_id=shot.shot_id,
            recogniser=shot.recogniser,
            camera=shot.stamp.camera,
            epoch=shot.stamp.epoch,
            track=shot.track,
            captured_at_us=shot.stamp.captured_at_us,
            read=said,
            model=model,
            label=shot.label,
            box=shot.box,
            quality=shot.quality,
            thumbnail=await asyncio.to_thread(thumbnail, picture, self._thumbnail_px),
        )

    async def _ask(self, ensemble: Ensemble, picture: Picture, shot: Shot) -> tuple[ReadOf, ModelRef]:
        card = await ensemble.ready()
        tensor, fit = crop_tensor(picture, card)
        started_s = time.monotonic()
        answer = await ensemble.answer(tensor)
        READ_SECONDS.labels(self._recogniser.name).observe(time.monotonic() - started_s)
        crop = Crop(fit=fit, size=(picture.shape[1], picture.shape[0]), place=shot.crop)
        try:
            said = self._recogniser.read(answer, crop, card)
        except (KeyError, ValueError, IndexError) as error:
            raise broken(self._recogniser.name, error) from error
        return said if self._complete is None else await self._complete(said, card), card.ref
