"""How many pictures a second an ensemble answers through Triton, and its networks alone on the same cores. Edge.

Rules of this file
- Pictures are blurred noise: heads have some work, and nobody's data is needed.
- Clients are threads with a connection each and one request in flight; their own work is part of what is measured.
- Alone means OpenVINO with a full queue in this process, as the Python steps run it, without Triton and without heads.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client
from tritonclient.utils import shared_memory

from model_repository import builder, registry
from model_repository.card import Weights
from model_repository.evaluation.server import REQUEST_TIMEOUT_S, triton_server
from model_repository.registry import Ensemble

WARM_S = 1.0
CLIENTS = (1, 2, 4, 8)
TRANSPORTS = ("gRPC", "shared memory")

_REGIONS = itertools.count()

Bytes = npt.NDArray[np.uint8]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """So many clients at once."""

    clients: int
    transport: str
    images_per_s: float
    p50_ms: float
    p95_ms: float


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """One ensemble."""

    ensemble: str
    models: tuple[str, ...]
    points: tuple[Point, ...]
    alone_images_per_s: float | None
    """Of all its networks one after the other; None where one of them is not run by OpenVINO."""
    memory_mb: float
    """Of the server with all its steps, each page counted once."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    ensemble: str
    name: str
    picture: Any
    seconds: float


def measure(ensemble: Ensemble, data_directory: Path, *, seconds: float, clients: tuple[int, ...] = CLIENTS) -> Speed:
    """Both transports for every number of clients, and the networks alone before and after them.

    Raises WeightsMissing, ServerFailed.
    """
    weights = builder.find_weights((ensemble,), data_directory)
    with (
        tempfile.TemporaryDirectory(prefix="zool-speed-") as folder,
        triton_server(Path(folder), data_directory, (ensemble.name,)) as server,
    ):
        with client.InferenceServerClient(server.url) as triton:
            name, picture = _input(triton, ensemble.name)
        asked = _Asked(url=server.url, ensemble=ensemble.name, name=name, picture=picture, seconds=seconds)
        before = _alone(ensemble, weights, seconds / 2)
        points = [_point(asked, number, transport) for transport in TRANSPORTS for number in clients]
        after = _alone(ensemble, weights, seconds / 2)
        memory = sum(map(pss_mb, tree(server.process.pid))) if server.process else 0.0
    return Speed(
        ensemble=ensemble.name,
        models=tuple(weights[task].card.name for task in ensemble.tasks),
        points=tuple(points),
        alone_images_per_s=round((before + after) / 2, 1) if before and after else None,
        memory_mb=round(memory, 1),
    )


def noise(shape: tuple[int, ...], seed: int = 0) -> Bytes:
    """Something that looks a little like a picture."""
    plain = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    blurred = cv2.GaussianBlur(plain, (0, 0), 9).astype(np.int32)
    return np.asarray(np.clip((blurred - 128) * 4 + 128, 0, 255), np.uint8)


def _input(triton: client.InferenceServerClient, ensemble: str) -> tuple[str, Bytes]:
    config = triton.get_model_config(ensemble).config
    taken = config.input[0]
    return taken.name, noise(tuple(taken.dims))[None]


def _point(asked: _Asked, clients: int, transport: str) -> Point:
    times: list[list[float]] = [[] for _ in range(clients)]
    start = time.perf_counter()
    begin, end = start + WARM_S, start + WARM_S + asked.seconds

    def ask(own: list[float], number: int) -> None:
        with client.InferenceServerClient(asked.url) as triton, _fed(triton, asked, transport, number) as given:
            while (before := time.perf_counter()) < end:
                triton.infer(asked.ensemble, [given], client_timeout=REQUEST_TIMEOUT_S)
                if before >= begin:
                    own.append(time.perf_counter() - before)

    threads = [threading.Thread(target=ask, args=(own, number)) for number, own in enumerate(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [each for own in times for each in own]
    p50, p95 = np.quantile(every, [0.5, 0.95]) * 1000 if every else (0.0, 0.0)
    return Point(
        clients=clients,
        transport=transport,
        images_per_s=round(len(every) / asked.seconds, 1),
        p50_ms=round(float(p50), 1),
        p95_ms=round(float(p95), 1),
    )


@contextlib.contextmanager
def _fed(
    triton: client.InferenceServerClient, asked: _Asked, transport: str, number: int
) -> Iterator[client.InferInput]:
    """The input of a request: inside the message, or in a region of shared memory that both sides map."""
    picture = asked.picture
    given = client.InferInput(asked.name, list(picture.shape), "UINT8")
    if transport == "gRPC":
        given.set_data_from_numpy(picture)
        yield given
        return
    region = f"zool_speed_{os.getpid()}_{number}_{next(_REGIONS)}"
    handle = shared_memory.create_shared_memory_region(region, f"/{region}", picture.nbytes)
    try:
        shared_memory.set_shared_memory_region(handle, [picture])
        triton.register_system_shared_memory(region, f"/{region}", picture.nbytes)
        given.set_shared_memory(region, picture.nbytes)
        yield given
        # The server lets go of the region when it ends: just after an answer it can still hold it.
    finally:
        shared_memory.destroy_shared_memory_region(handle)


def _alone(ensemble: Ensemble, weights: dict[str, Weights], seconds: float) -> float | None:
    """Pictures a second when the networks of an ensemble share the cores fairly."""
    from model_repository import network  # noqa: PLC0415 - OpenVINO is slow to import

    cost = 0.0
    for task in ensemble.tasks:
        if weights[task].path.suffix != ".onnx":
            return None
        source = "i420" if ensemble.source == registry.REQUIRED else weights[task].card.colour
        cost += 1 / _rate(network.Network(weights[task], source), seconds)
    return 1 / cost if cost else None


def _rate(running: Any, seconds: float) -> float:
    frames = [noise((int(np.prod(running.shape)),), seed).reshape(running.shape) for seed in range(4)]
    batch = frames * 4
    running.each(batch, _ignored)
    done, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        running.each(batch, _ignored)
        done += len(batch)
    return done / (now - start) if done else 0.0


def _ignored(index: int, answer: npt.NDArray[np.float32]) -> None:
    del index, answer


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, open_to = [], [pid]
    while open_to:
        found.append(open_to.pop())
        open_to += children.get(found[-1], [])
    return found


def pss_mb(pid: int) -> float:
    """Memory of a process, pages that are shared divided by their users."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
