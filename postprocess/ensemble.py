"""An ensemble that takes crops, behind Triton. Edge (gRPC, asyncio); owns one channel, which re-makes itself.

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
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ingest.process import Health
from ingest.settings import TritonSettings
from model_repository.contract import CARD_PARAMETER, CROP, ModelCard
from postprocess.errors import RecogniserError
from postprocess.pictures import Picture
from postprocess.recognisers.unit import Answer
from postprocess.recognisers.values import array

log = logging.getLogger(__name__)

POLL_S = 0.25
CHECK_S = 5.0
ANSWER_S_MAX = 2.0
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
_CHANNEL = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Ensemble:
    """An async context manager; event loop only."""

    def __init__(
        self, name: str, outputs: tuple[str, ...], settings: TritonSettings, *, deadline_s: float, health: Health
    ) -> None:
        self._name, self._outputs = name, outputs
        self._url, self._deadline_s, self._health = settings.url, deadline_s, health
        self._card: ModelCard | None = None
        self._batched = False
        self._reason = ""
        self._there = asyncio.Event()
        self._doubt = asyncio.Event()
        self._wanted = 0

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(self._url, options=_CHANNEL)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._reason = f"{self._url}: connecting"
        self._task = asyncio.create_task(self._keep_card(), name=f"{self._name}-card")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._channel.close()

    @property
    def there(self) -> bool:
        """Whether it answers, as far as is known."""
        return self._card is not None

    async def ready(self) -> ModelCard:
        """Wait until the ensemble is there; returns the card of the weights that answer.

        Only while somebody waits is its absence one of the process: a site need not serve what no camera asks for.
        """
        self._wanted += 1
        try:
            while self._card is None:
                self._health.set(self._name, ok=False, detail=self._reason)
                await self._there.wait()
        finally:
            self._wanted -= 1
        return self._card

    async def answer(self, tensor: Picture) -> Answer:
        """Answer one crop, uint8 [input_height, input_width, 3] of the card, BGR; raises `RecogniserError`."""
        shape = (1, *tensor.shape) if self._batched else tensor.shape
        request = service_pb2.ModelInferRequest(model_name=self._name, raw_input_contents=[tensor.tobytes()])
        request.inputs.add(name=CROP, datatype="UINT8", shape=shape)
        for name in self._outputs:
            request.outputs.add(name=name)
        try:
            answer = await self._stub.ModelInfer(request, timeout=self._deadline_s)
        except grpc.aio.AioRpcError as error:
            reason = f"{error.code().name.lower()}: {str(error.details())[:300]}"
            away = error.code() in _AWAY
            if away:
                self._lose(reason)
            raise RecogniserError(self._name, reason, away=away) from None
        try:
            return {
                output.name: array(output.datatype, raw)
                for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
            }
        except (KeyError, ValueError) as error:
            raise broken(self._name, error) from error

    def _lose(self, reason: str) -> None:
        self._card = None
        self._reason = reason
        self._there.clear()
        self._doubt.set()
        if self._wanted:
            self._health.set(self._name, ok=False, detail=reason)

    async def _keep_card(self) -> None:
        """Read the card until it is there, and again whenever a request failed or time went by."""
        while True:
            self._doubt.clear()
            try:
                await self._read_card()
            except grpc.aio.AioRpcError as error:
                self._lose(f"{self._url}: {str(error.details())[:300]}")
            except (msgspec.DecodeError, KeyError) as error:
                self._lose(f"the card of {self._name} can't be read: {error}")
            if self._card is None:
                await asyncio.sleep(POLL_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._doubt.wait()

    async def _read_card(self) -> None:
        ready = await self._stub.ModelReady(service_pb2.ModelReadyRequest(name=self._name), timeout=ANSWER_S_MAX)
        if not ready.ready:
            self._lose(f"model {self._name} is not ready")
            return
        answer = await self._stub.ModelConfig(service_pb2.ModelConfigRequest(name=self._name), timeout=ANSWER_S_MAX)
        parameters: Any = answer.config.parameters
        self._card = msgspec.json.decode(parameters[CARD_PARAMETER].string_value, type=ModelCard)
        self._batched = answer.config.max_batch_size > 0
        self._there.set()
        self._health.set(self._name, ok=True)


def broken(name: str, error: Exception) -> RecogniserError:
    """An answer that no repetition will make better."""
    return RecogniserError(name, f"an answer that breaks the contract: {error!r}", away=False)
