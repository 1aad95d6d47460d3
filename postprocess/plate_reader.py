"""The ensemble plate_reader behind Triton. Edge (gRPC, asyncio); owns one channel, which re-makes itself.

Rules
- The caller bounds what is in flight. A request that finds Triton away or late says so (`RecogniserError.away`).
- The card is read at start and again after every outage: other weights may have been put in place meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Any, Self

import grpc  # type: ignore[import-untyped]
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ingest.process import Health
from ingest.settings import TritonSettings
from model_repository.contract import (
    CARD_PARAMETER,
    CHAR_CONFIDENCE,
    CONFIDENCE,
    CROP,
    PLATE_READER,
    PLATE_SCORE,
    QUAD,
    REGION,
    TEXT,
    ModelCard,
)
from postprocess.errors import RecogniserError
from postprocess.pictures import Picture

log = logging.getLogger(__name__)

POLL_S = 0.25
CHECK_S = 5.0
ANSWER_S_MAX = 2.0
_FLOATS = (CONFIDENCE, CHAR_CONFIDENCE, QUAD, PLATE_SCORE)
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
_CHANNEL = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the ensemble said of one crop; `quad` float32 [4, 2] in pixels of the tensor."""

    text: str
    confidence: float
    char_confidence: tuple[float, ...]
    quad: npt.NDArray[np.float32]
    plate_score: float
    region: str


class PlateReader:
    """An async context manager; event loop only."""

    def __init__(self, settings: TritonSettings, *, deadline_s: float, health: Health) -> None:
        self._url, self._deadline_s, self._health = settings.url, deadline_s, health
        self._card: ModelCard | None = None
        self._batched = False
        self._there = asyncio.Event()
        self._doubt = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(self._url, options=_CHANNEL)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._health.set("triton", ok=False, detail=f"{self._url}: connecting")
        self._task = asyncio.create_task(self._keep_card(), name="plate-reader-card")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._channel.close()

    async def ready(self) -> ModelCard:
        """Wait until the ensemble is there; returns the card of the weights that answer."""
        while self._card is None:
            await self._there.wait()
        return self._card

    async def read(self, tensor: Picture) -> Answer:
        """Read one crop, uint8 [input_height, input_width, 3] of the card, BGR; raises `RecogniserError`."""
        shape = (1, *tensor.shape) if self._batched else tensor.shape
        request = service_pb2.ModelInferRequest(model_name=PLATE_READER, raw_input_contents=[tensor.tobytes()])
        request.inputs.add(name=CROP, datatype="UINT8", shape=shape)
        for name in (TEXT, REGION, *_FLOATS):
            request.outputs.add(name=name)
        try:
            answer = await self._stub.ModelInfer(request, timeout=self._deadline_s)
        except grpc.aio.AioRpcError as error:
            reason = f"{error.code().name.lower()}: {str(error.details())[:300]}"
            away = error.code() in _AWAY
            if away:
                self._lose(reason)
            raise RecogniserError(PLATE_READER, reason, away=away) from None
        return parse({
            output.name: (output.datatype, raw)
            for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
        })  # fmt: skip

    def _lose(self, reason: str) -> None:
        self._card = None
        self._there.clear()
        self._doubt.set()
        self._health.set("triton", ok=False, detail=reason)

    async def _keep_card(self) -> None:
        """Read the card until it is there, and again whenever a request failed or time went by."""
        while True:
            self._doubt.clear()
            try:
                await self._read_card()
            except grpc.aio.AioRpcError as error:
                self._lose(f"{self._url}: {str(error.details())[:300]}")
            except (msgspec.DecodeError, KeyError) as error:
                self._lose(f"the card of {PLATE_READER} can't be read: {error}")
            if self._card is None:
                await asyncio.sleep(POLL_S)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), CHECK_S)

    async def _read_card(self) -> None:
        ready = await self._stub.ModelReady(service_pb2.ModelReadyRequest(name=PLATE_READER), timeout=ANSWER_S_MAX)
        if not ready.ready:
            self._lose(f"model {PLATE_READER} is not ready")
            return
        answer = await self._stub.ModelConfig(service_pb2.ModelConfigRequest(name=PLATE_READER), timeout=ANSWER_S_MAX)
        parameters: Any = answer.config.parameters
        self._card = msgspec.json.decode(parameters[CARD_PARAMETER].string_value, type=ModelCard)
        self._batched = answer.config.max_batch_size > 0
        self._there.set()
        self._health.set("triton", ok=True)


def parse(outputs: dict[str, tuple[str, bytes]]) -> Answer:
    """Datatype and raw bytes of each output of one request as an answer.

    Raises `RecogniserError` where they don't fit the contract.
    """
    try:
        text, region = _string(*outputs[TEXT]), _string(*outputs[REGION])
        confidence, chars, quad, score = (np.frombuffer(outputs[name][1], np.float32) for name in _FLOATS)
        return Answer(
            text=text,
            confidence=_share(float(confidence[0])),
            char_confidence=tuple(_share(float(value)) for value in chars[: len(text)]),
            quad=quad.reshape(4, 2),
            plate_score=_share(float(score[0])),
            region=region,
        )
    except (KeyError, ValueError, IndexError) as error:
        raise RecogniserError(PLATE_READER, f"an answer that breaks the contract: {error!r}", away=False) from error


def _string(datatype: str, raw: bytes) -> str:
    """The one text of a tensor: BYTES (four bytes of length, then UTF-8), or UINT8 (UTF-8, zeros to the end)."""
    if datatype == "UINT8":
        return raw.rstrip(b"\0").decode()
    length = int.from_bytes(raw[:4], "little")
    if len(raw) != length + 4:
        raise ValueError(f"a BYTES tensor of {len(raw)} bytes says it holds {length}")
    return raw[4:].decode()


def _share(value: float) -> float:
    """A confidence, held within 0..1 and rounded so that it does not carry noise."""
    return round(min(1.0, max(0.0, value)), 6) if value == value else 0.0  # noqa: PLR0124 - NaN is not itself
