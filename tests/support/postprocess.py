"""Programs of postprocess for tests: in this process, or as ones that can be killed; and a scripted plate reader."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import msgspec
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ingest.bus import Bus, Message
from ingest.contract import BUCKETS, STREAMS, Camera, FrameReport, decode, detections_subject, encode, reads_subject
from ingest.process import Health
from ingest.settings import NatsSettings, TritonSettings
from model_repository.contract import CARD_PARAMETER, PLATE_CHARS_MAX, ModelCard
from postprocess.breaker import BreakerPolicy
from postprocess.contract import CameraFunction, ClickHouseSettings, Event, Line, Read
from postprocess.grave import Grave
from tests.support.vehicles import GATE

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30.0


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, deadline_s: float = DEADLINE_S) -> None:
    """Poll until something holds; raises AssertionError with what it was."""
    end_s = time.monotonic() + deadline_s
    while not await condition():
        assert time.monotonic() < end_s, f"not within {deadline_s:g} s: {what}"
        await asyncio.sleep(0.05)


async def everything(bus: Bus, stream: str, subject: str) -> list[Message]:
    """All messages that a stream holds of a subject."""
    last = await bus.last_seq(stream)
    if last == 0:
        return []
    reader = await bus.reader(stream, subject=subject, start_seq=1)
    found: list[Message] = []
    while True:
        messages = await reader.fetch(200, timeout_s=0.2)
        found += messages
        if not messages or messages[-1].seq >= last:
            return found


async def published_events(bus: Bus) -> list[Event]:
    """Every version of every vehicle event, in order."""
    messages = await everything(bus, "EVENTS", "zool.events.*.*")
    return [decode(m.payload, Event) for m in messages]


async def reasons(bus: Bus) -> list[str]:
    """Why messages are dead."""
    letters = await everything(bus, "DEAD", "zool.dead.*")
    return [msgspec.msgpack.decode(letter.payload)["reason"] for letter in letters]


async def set_up(bus: Bus, *cameras: str, lines: tuple[Line, ...] = (GATE,)) -> None:
    """Streams, buckets, cameras with the function `vehicles`."""
    await bus.ensure_streams(*STREAMS)
    await bus.ensure_buckets(*BUCKETS)
    for name in cameras:
        camera = Camera(id=name, name=name, url="rtsp://camera/1")
        await bus.bucket("cameras").put(name, msgspec.json.encode(camera))
        function = CameraFunction(camera=name, name="vehicles", settings={"lines": msgspec.to_builtins(lines)})
        await bus.bucket("functions").put(f"{name}.vehicles", msgspec.json.encode(function))


async def send(bus: Bus, message: FrameReport | Read) -> None:
    """As ingest and recognise do."""
    if isinstance(message, Read):
        await bus.publish(reads_subject(message.camera), encode(message), message_id=message.message_id)
    else:
        subject = detections_subject(message.stamp.camera)
        await bus.publish(subject, encode(message), message_id=message.message_id)


@contextlib.asynccontextmanager
async def program(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    """A program's `run` under way; told to stop at the end."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def grave_of(
    bus: Bus, stage: str, health: Health | None = None, *, per_minute_max: int = 1000, pause_s: float = 60.0
) -> Grave:
    """Where a stage puts what it can't process."""
    policy = BreakerPolicy(per_minute_max=per_minute_max, pause_s=pause_s)
    return Grave(bus, stage, policy, health or Health(stage))


class Killable:
    """A program of postprocess as a process of its own."""

    def __init__(
        self,
        name: str,
        nats: NatsSettings,
        house: ClickHouseSettings | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self.environ = os.environ | {"ZOOL_NATS_URL": nats.url} | dict(environ or {})
        if house is not None:
            self.environ |= {
                "ZOOL_CLICKHOUSE_PORT": str(house.port),
                "ZOOL_CLICKHOUSE_USER": house.user,
                "ZOOL_CLICKHOUSE_PASSWORD": house.password,
            }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it waits by itself for what it needs."""
        command = [sys.executable, "-m", "postprocess", self._name]
        self.process = subprocess.Popen(command, env=self.environ, cwd=ROOT, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(10)


class ScriptedTriton(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """The inference service over real gRPC, whose plate_reader says what the test wants."""

    def __init__(self) -> None:
        self.text, self.refuse, self.seen = "А123ВС77", False, list[float]()
        """`seen`: mean brightness of each crop, in the order in which they came."""
        self.asked = 0
        self.port = 0
        self._server: grpc.aio.Server | None = None

    @property
    def settings(self) -> TritonSettings:
        """How to reach it."""
        return TritonSettings(url=f"127.0.0.1:{self.port}")

    async def start(self) -> None:
        """Listen on the port it had before, or any."""
        self._server = grpc.aio.server()
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """Go away at once."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    async def ModelReady(self, request: object, context: object) -> object:  # noqa: ARG002, N802 - the service's names
        """Always ready while it listens."""
        return service_pb2.ModelReadyResponse(ready=True)

    async def ModelConfig(self, request: object, context: object) -> object:  # noqa: ARG002, N802
        """A card."""
        answer = service_pb2.ModelConfigResponse()
        card = ModelCard(
            name="starter-plates",
            task="plates",
            version="1",
            sha256="cd34",
            starter=True,
            input_width=416,
            input_height=416,
        )
        answer.config.parameters[CARD_PARAMETER].string_value = msgspec.json.encode(card).decode()
        answer.config.max_batch_size = 8
        return answer

    async def ModelInfer(self, request: service_pb2.ModelInferRequest, context: grpc.aio.ServicerContext) -> object:  # noqa: N802
        """The scripted text, with its plate in the middle of the tensor."""
        self.asked += 1
        if self.refuse:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "refused by the script")
        crop = np.frombuffer(request.raw_input_contents[0], np.uint8)
        self.seen.append(float(crop.mean()))
        answer = service_pb2.ModelInferResponse()
        text = self.text.encode()
        quad = np.array([[100, 100], [200, 100], [200, 150], [100, 150]], np.float32)
        chars = np.zeros(PLATE_CHARS_MAX, np.float32)
        chars[: len(self.text)] = 0.9
        values = {
            "TEXT": len(text).to_bytes(4, "little") + text,
            "REGION": (2).to_bytes(4, "little") + b"ru",
            "CONFIDENCE": np.array([0.9], np.float32).tobytes(),
            "CHAR_CONFIDENCE": chars.tobytes(),
            "QUAD": quad.tobytes(),
            "PLATE_SCORE": np.array([0.95], np.float32).tobytes(),
        }
        for wanted in request.outputs:
            answer.outputs.add(name=wanted.name, datatype="BYTES" if wanted.name in {"TEXT", "REGION"} else "FP32")
            answer.raw_output_contents.append(values[wanted.name])
        return answer


@contextlib.asynccontextmanager
async def scripted_triton() -> AsyncIterator[ScriptedTriton]:
    """A running scripted service."""
    server = ScriptedTriton()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
