"""Sends pictures to Triton as ingest does, over gRPC or through system shared memory, and counts the answers.

Edge (gRPC, shared memory).

Rules
- The stub is used directly, as in ingest: the client library copies each picture twice more.
- With shared memory each lane has a region of its own, and writing the picture into it is part of the request.
- Regions are unregistered and destroyed at the end, whatever happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal

import grpc  # type: ignore[import-untyped]
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import shared_memory

from model_repository.contract import BOXES, CARD_PARAMETER, CLASSES, COUNT, DETECTOR, FRAME, SCORES, ModelCard

Way = Literal["grpc", "shared memory"]
OUTPUTS = (BOXES, SCORES, CLASSES, COUNT)
ANSWER_S_MAX = 30.0
Frames = npt.NDArray[np.uint8]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some seconds of requests."""

    images: int
    seconds: float
    client_cpu_s: float
    took_ms: tuple[float, ...]


class Client:
    """A channel to a Triton and the shape that its detector takes."""

    def __init__(self, stub: Any, card: ModelCard, *, batched: bool) -> None:
        self._stub, self.card, self._batched = stub, card, batched

    def _request(self, shape: Sequence[int]) -> tuple[Any, Any]:
        request = service_pb2.ModelInferRequest(model_name=DETECTOR)
        frame = request.inputs.add(name=FRAME, datatype="UINT8", shape=(1, *shape) if self._batched else shape)
        for name in OUTPUTS:
            request.outputs.add(name=name)
        return request, frame

    async def run(self, way: Way, frames: Frames, *, lanes: int, seconds: float, stop: asyncio.Event) -> Run:
        """Keep so many requests under way for so long, or until it is to stop."""
        took_ms: list[float] = []
        async with contextlib.AsyncExitStack() as stack:
            regions = [
                await stack.enter_async_context(self._region(lane, frames[0].nbytes)) if way != "grpc" else None
                for lane in range(lanes)
            ]
            begun, cpu_s = time.monotonic(), time.process_time()
            going = lambda: time.monotonic() - begun < seconds and not stop.is_set()  # noqa: E731
            await asyncio.gather(*(self._lane(n, region, frames, going, took_ms) for n, region in enumerate(regions)))
            spent_s, used_s = time.monotonic() - begun, time.process_time() - cpu_s
        return Run(images=len(took_ms), seconds=spent_s, client_cpu_s=used_s, took_ms=tuple(took_ms))

    async def _lane(
        self,
        lane: int,
        region: tuple[str, Any] | None,
        frames: Frames,
        going: Callable[[], bool],
        took_ms: list[float],
    ) -> None:
        number = lane
        while going():
            begun = time.perf_counter()
            frame = frames[number % len(frames)]
            request, tensor = self._request(frame.shape)
            if region is None:
                request.raw_input_contents.append(frame.tobytes())
            else:
                shared_memory.set_shared_memory_region(region[1], [frame])
                tensor.parameters["shared_memory_region"].string_param = region[0]
                tensor.parameters["shared_memory_byte_size"].int64_param = frame.nbytes
            answer = await self._stub.ModelInfer(request, timeout=ANSWER_S_MAX)
            for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True):
                np.frombuffer(raw, np.int32 if output.name in {CLASSES, COUNT} else np.float32)
            took_ms.append(1000.0 * (time.perf_counter() - begun))
            number += 1

    @contextlib.asynccontextmanager
    async def _region(self, lane: int, size: int) -> AsyncIterator[tuple[str, Any]]:
        name = f"zool_bench_{os.getpid()}_{lane}"
        handle = shared_memory.create_shared_memory_region(name, f"/{name}", size)
        try:
            await self._stub.SystemSharedMemoryRegister(
                service_pb2.SystemSharedMemoryRegisterRequest(name=name, key=f"/{name}", offset=0, byte_size=size)
            )
            yield name, handle
        finally:
            with contextlib.suppress(grpc.aio.AioRpcError):  # Triton may be gone; its side goes with it
                await self._stub.SystemSharedMemoryUnregister(
                    service_pb2.SystemSharedMemoryUnregisterRequest(name=name)
                )
            shared_memory.destroy_shared_memory_region(handle)


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A client of the detector at an address."""
    async with grpc.aio.insecure_channel(url, options=[("grpc.max_send_message_length", -1)]) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        answer = await stub.ModelConfig(
            service_pb2.ModelConfigRequest(name=DETECTOR), timeout=ANSWER_S_MAX, wait_for_ready=True
        )
        card = msgspec.json.decode(answer.config.parameters[CARD_PARAMETER].string_value, type=ModelCard)
        yield Client(stub, card, batched=answer.config.max_batch_size > 0)
