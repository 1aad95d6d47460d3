"""The detectors behind Triton. Edge: gRPC (asyncio); owns one channel, which re-makes itself.

Rules
- One request carries one frame; Triton batches across cameras. The caller bounds what is in flight.
- A request fails fast and is never repeated: the next frame is worth more than the last one.
- The card is read at start, again after every outage, and as soon as another version answers.
- Further detectors are ensembles beside the first one; one that is away, refuses or is late costs the others nothing.
- The stub is used directly: the client library of Triton copies each frame twice more.
- A frame that lies in shared memory is named, not sent, once Triton has mapped its region; until then, and where Triton
  is on another host, its bytes travel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

import grpc  # type: ignore[import-untyped]
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ingest.detector import DTYPES, OUTPUTS, read_card
from ingest.errors import CardError, InferenceError
from ingest.settings import TritonSettings
from ingest.shm import Place, Region, SharedTensors
from model_repository.contract import CARD_PARAMETER, DETECTOR, FRAME, ModelCard

log = logging.getLogger(__name__)

POLL_S = 0.25
CHECK_S = 5.0
ANSWER_S_MAX = 2.0
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.keepalive_time_ms", 20_000),
]


class _Model(msgspec.Struct, frozen=True, kw_only=True):
    """An ensemble as it is served; `batched`: its tensors have a batch axis in front."""

    card: ModelCard
    batched: bool


class TritonDetector:
    """An async context manager; event loop only."""

    def __init__(
        self,
        settings: TritonSettings,
        *,
        deadline_s: float,
        changed: Callable[[ModelCard | None, str], None],
        further_changed: Callable[[str, str | None], None] = lambda *_: None,
        shared: SharedTensors | None = None,
        stale: tuple[str, ...] = (),
    ) -> None:
        """`changed` hears each new card, or None with the reason when Triton went away.

        `further_changed` hears what keeps a further detector from looking, "" when it looks, None when nobody wants it.

        `shared`: where tensors may lie that Triton can map; `stale`: regions that are gone, but that it may still hold.
        """
        self._shared, self._stale, self._mapped = shared, stale, set[str]()
        self._url, self._deadline_s, self._changed = settings.url, deadline_s, changed
        self._further_changed = further_changed
        self._models: dict[str, _Model] = {}
        self._further: dict[str, str | None] = {}
        self._wake = asyncio.Event()
        self._told = ""
        self._served = ""
        """Version of the detector that answered last."""

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(self._url, options=_CHANNEL)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._task = asyncio.create_task(self._keep_card(), name="detector-card")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._channel.close()

    @property
    def card(self) -> ModelCard | None:
        """The card of the detector, None while Triton is away."""
        return self.further(DETECTOR)

    def want(self, ensembles: Collection[str]) -> None:
        """Name the further detectors whose cards are to be kept; those named before are forgotten."""
        for gone in self._further.keys() - set(ensembles):
            del self._further[gone]
            self._models.pop(gone, None)
            self._further_changed(gone, None)
        for new in sorted(set(ensembles) - self._further.keys()):
            self._further[new] = None
        self._wake.set()

    def further(self, ensemble: str) -> ModelCard | None:
        """The card of a wanted ensemble, None while it is away."""
        model = self._models.get(ensemble)
        return model.card if model is not None else None

    async def infer(
        self, tensor: npt.NDArray[np.uint8], ensemble: str = DETECTOR, deadline_s: float | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Answer one I420 tensor, uint8 [height*3/2, width]; the tensor is free again when the call returns.

        `deadline_s` None = the usual one.

        Raises:
            InferenceError: deadline, unavailable or refused.

        """
        model = self._models.get(ensemble)
        shape = (1, *tensor.shape) if model is not None and model.batched else tensor.shape
        deadline_s = deadline_s or self._deadline_s
        request = service_pb2.ModelInferRequest(model_name=ensemble)
        source = request.inputs.add(name=FRAME, datatype="UINT8", shape=shape)
        place = self._mapped_place(tensor)
        if place is None:
            request.raw_input_contents.append(tensor.tobytes())
        else:
            source.parameters["shared_memory_region"].string_param = place.region
            source.parameters["shared_memory_offset"].int64_param = place.offset
            source.parameters["shared_memory_byte_size"].int64_param = place.size
        for name in OUTPUTS:
            request.outputs.add(name=name)
        try:
            answer = await self._stub.ModelInfer(request, timeout=deadline_s)
        except grpc.aio.AioRpcError as error:
            raise self._failed(error, ensemble, deadline_s) from None
        if ensemble != DETECTOR:
            self._say(ensemble, "")
        elif self._served != answer.model_version:
            await self._switched(answer.model_version)
        return {
            output.name: np.frombuffer(raw, DTYPES[output.name])
            for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
        }

    async def _switched(self, version: str) -> None:
        """Another version answers than before: read its card before anybody names the model of this answer."""
        first, self._served = not self._served, version
        if not first:
            with contextlib.suppress(CardError, grpc.aio.AioRpcError):
                await self._read_card()

    def _failed(self, error: grpc.aio.AioRpcError, ensemble: str, deadline_s: float) -> InferenceError:
        detail = str(error.details())[:300]
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
            failed = InferenceError("deadline", f"no answer in {deadline_s * 1000:.0f} ms")
        elif error.code() == grpc.StatusCode.UNAVAILABLE:
            failed = InferenceError("unavailable", detail)
        else:
            failed = InferenceError("refused", detail)
        if failed.reason != "deadline":
            self._wake.set()
        if ensemble != DETECTOR:
            self._say(ensemble, str(failed))
        elif failed.reason == "unavailable":
            self._lose(f"{self._url}: {detail}")
        elif failed.reason == "refused":
            self._mapped.clear()  # another server may have answered: what it has mapped is found out again
        return failed

    def _say(self, ensemble: str, reason: str) -> None:
        """Tell a change of a further detector, once."""
        if self._further.get(ensemble, reason) != reason:
            self._further[ensemble] = reason
            self._further_changed(ensemble, reason)

    def _mapped_place(self, tensor: npt.NDArray[np.uint8]) -> Place | None:
        """Where Triton finds a tensor by itself; None = its bytes have to be sent."""
        place = self._shared.place(tensor) if self._shared is not None else None
        if place is None or place.region in self._mapped:
            return place
        self._wake.set()  # a new region: have it mapped, and send this frame
        return None

    async def _map_regions(self) -> None:
        """Have Triton map the regions that it does not hold, and forget those that are gone."""
        if self._shared is None:
            return
        for name in self._stale:
            await self._stub.SystemSharedMemoryUnregister(
                service_pb2.SystemSharedMemoryUnregisterRequest(name=name), timeout=ANSWER_S_MAX
            )
        self._stale = ()
        for region in self._shared.regions:
            if region.name not in self._mapped and not await self._map(region):
                return

    async def _map(self, region: Region) -> bool:
        """Have Triton map a region; where it can't, frames are sent from now on."""
        request = service_pb2.SystemSharedMemoryRegisterRequest(
            name=region.name, key=region.key, offset=0, byte_size=region.size
        )
        try:
            await self._stub.SystemSharedMemoryRegister(request, timeout=ANSWER_S_MAX)
        except grpc.aio.AioRpcError as error:
            if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                raise
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                log.warning("Triton can't map %s (%s): frames are sent over gRPC", region.key, error.details())
                self._shared = None
                return False
        self._mapped.add(region.name)
        return True

    def _lose(self, reason: str) -> None:
        self._mapped.clear()
        was_there = self.card is not None
        self._models.clear()
        if was_there or not self._told:
            self._told = reason
            self._changed(None, reason)

    async def _keep_card(self) -> None:
        """Read the card until it is there, and again whenever a request failed or time went by."""
        while True:
            self._wake.clear()
            try:
                await self._read_card()
            except CardError as error:
                self._lose(str(error))
            except grpc.aio.AioRpcError as error:
                self._lose(f"{self._url}: {str(error.details())[:300]}")
            if self.card is None:
                await asyncio.sleep(POLL_S)
                continue
            await self._read_further()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._wake.wait()

    async def _read_card(self) -> None:
        model, before = await self._read(DETECTOR, wait_for_ready=self.card is None), self.card
        self._models[DETECTOR] = model
        if model.card != before:
            self._told = "ready"
            self._changed(model.card, "")
        await self._map_regions()

    async def _read_further(self) -> None:
        """Read the cards of the further detectors; what one lacks is said of it alone."""
        for ensemble in tuple(self._further):
            was_there = ensemble in self._models
            try:
                model = await self._read(ensemble)
            except (CardError, grpc.aio.AioRpcError) as error:
                self._models.pop(ensemble, None)
                self._say(ensemble, str(error) if isinstance(error, CardError) else str(error.details())[:300])
                continue
            if ensemble in self._further:  # nobody has ceased to want it meanwhile
                self._models[ensemble] = model
                if not was_there:
                    self._say(ensemble, "")

    async def _read(self, ensemble: str, *, wait_for_ready: bool = False) -> _Model:
        """Card and shape of an ensemble; raises `CardError` or gRPC's error."""
        ready = await self._stub.ModelReady(
            service_pb2.ModelReadyRequest(name=ensemble), timeout=ANSWER_S_MAX, wait_for_ready=wait_for_ready
        )
        if not ready.ready:
            raise CardError(f"model {ensemble} is not ready")
        answer = await self._stub.ModelConfig(service_pb2.ModelConfigRequest(name=ensemble), timeout=ANSWER_S_MAX)
        card = read_card(answer.config.parameters[CARD_PARAMETER].string_value)
        return _Model(card=card, batched=answer.config.max_batch_size > 0)
