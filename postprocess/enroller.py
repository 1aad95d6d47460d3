"""Answers `zool.rpc.face`: the face of a photograph, for enrolment. Edge (broker and Triton, by way of others).

Rules
- A photograph is looked at as a whole, then around its face in full resolution: the tensor of a face embedder is
  smaller than a photograph.
- Nothing of it is kept here. At most `TOGETHER_MAX` photographs at once, the cameras' crops go on beside them.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from ingest.bus import Bus
from ingest.contract import decode, encode
from model_repository.contract import ModelCard, ModelRef
from postprocess import enrol
from postprocess.contract import FACE_SUBJECT, FaceReply, FaceRequest
from postprocess.ensemble import Ensemble
from postprocess.errors import PoisonError, RecogniserError
from postprocess.face_watch import FaceWatch
from postprocess.metrics import PHOTOS
from postprocess.pictures import Picture, crop_tensor, open_jpeg
from postprocess.recognisers import face
from postprocess.recognisers.unit import Answer
from postprocess.recognisers.values import share

log = logging.getLogger(__name__)

TOGETHER_MAX = 2
DEADLINE_S = 15.0
WHOLE = "the photograph"


class Enroller:
    """Event loop only."""

    def __init__(self, bus: Bus, ensemble: Ensemble, faces: FaceWatch) -> None:
        self._bus, self._ensemble, self._faces = bus, ensemble, faces
        self._room = asyncio.Semaphore(TOGETHER_MAX)
        self._deployed: ModelRef | None = None

    async def run(self) -> None:
        """Begin to answer."""
        await self._bus.serve(FACE_SUBJECT, self.answer)

    async def answer(self, _subject: str, payload: bytes) -> bytes:
        """Answer one request; what can't be done is an answer, too."""
        try:
            request = decode(payload, FaceRequest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return encode(FaceReply(cause="refused", detail=f"the request can't be read: {error}"))
        try:
            async with asyncio.timeout(DEADLINE_S), self._room:
                reply = await self._look(request)
        except PoisonError as error:
            reply = FaceReply(cause="no_picture", detail=error.reason, model=self._deployed)
        except RecogniserError as error:
            reply = FaceReply(cause="refused", detail=str(error))
        except TimeoutError:
            reply = FaceReply(cause="refused", detail=f"face_embedder gave no answer within {DEADLINE_S:g} s")
        except (KeyError, ValueError, IndexError) as error:
            reply = FaceReply(cause="refused", detail=f"face_embedder: an answer that breaks the contract: {error!r}")
        PHOTOS.labels(reply.cause).inc()
        return encode(reply)

    async def _look(self, request: FaceRequest) -> FaceReply:
        card = await self._ensemble.ready()
        self._deployed = card.ref
        size = (card.input_width, card.input_height)
        picture = enrol.bordered(await asyncio.to_thread(open_jpeg, WHOLE, request.jpeg), size, card.fill)
        tensor, fit = crop_tensor(picture, card)
        first = await self._ensemble.answer(tensor)
        box = enrol.face_box(first)
        if box is None:
            return FaceReply(cause="no_face")
        second = await self._ensemble.answer(enrol.covered(tensor, first, card.fill))
        if request.strict and enrol.rivals(first, second):
            return FaceReply(cause="several_faces")
        near = enrol.around(fit.to_picture(box), size, (picture.shape[1], picture.shape[0]))
        best = await self._closer(picture[near[1] : near[3], near[0] : near[2]], card) or first
        return await self._reply(request, best, card)

    async def _closer(self, part: Picture, card: ModelCard) -> Answer | None:
        """The answer to the face alone; None where it is not found there."""
        answer = await self._ensemble.answer(crop_tensor(part, card)[0])
        return answer if enrol.face_box(answer) is not None else None

    async def _reply(self, request: FaceRequest, answer: Answer, card: ModelCard) -> FaceReply:
        marks, embedding = face.marks(answer), face.embedding(answer, card)
        liveness = float(answer["LIVENESS"][0])
        others, _ = await self._faces.nearest(embedding, card, apart_from=request.person)
        return FaceReply(
            cause=enrol.gate(marks) if request.strict else "none",
            embedding=embedding,
            model=card.ref,
            quality=marks.whole,
            size=marks.size,
            sharpness=marks.sharpness,
            pose=marks.pose,
            liveness=share(liveness) if liveness >= 0.0 else -1.0,
            nearest=others[0] if others else None,
            own=await self._faces.own(request.person, embedding, card) if request.person else None,
        )
