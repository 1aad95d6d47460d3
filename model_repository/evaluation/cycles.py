"""Memory of Triton while a version is loaded and unloaded beside the live one again and again. Edge (processes)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import msgspec

from model_repository import builder, triton
from model_repository.evaluation.server import triton_server
from model_repository.evaluation.speed import pss_mb, tree
from model_repository.learning.control import Control
from model_repository.registry import Ensemble

ENDED_S_MAX = 20.0
"""An unloaded model's processes end by themselves, a moment after Triton calls it unloaded."""


class Cycles(msgspec.Struct, frozen=True, kw_only=True):
    """Memory of the server with all its processes, each page counted once: before, and after every cycle."""

    ensemble: str
    memory_mb: tuple[float, ...]
    processes: tuple[int, ...]


def measure(ensemble: Ensemble, data_directory: Path, count: int) -> Cycles:
    """Load the live weights once more as a trial, unload them, `count` times. Raises ControlRefused, ServerFailed."""
    task = ensemble.tasks[-1]
    weights = builder.find_weights((ensemble,), data_directory)[task]
    memory, processes = list[float](), list[int]()
    with (
        tempfile.TemporaryDirectory(prefix="zool-cycles-") as folder,
        triton_server(Path(folder), data_directory, (ensemble.name,)) as server,
        Control(data_directory, file=triton.control_file(server.folder / "models")) as control,
    ):
        pid = server.process.pid if server.process else 0
        for number in range(count + 1):
            if number:
                control.discard(control.stage(ensemble, weights))
            running = _settled(pid, processes[0] if processes else 0)
            memory.append(round(sum(map(pss_mb, running)), 1))
            processes.append(len(running))
    return Cycles(ensemble=ensemble.name, memory_mb=tuple(memory), processes=tuple(processes))


def _settled(pid: int, count: int) -> list[int]:
    """The processes of a server, once no more than `count` of them run (0: as many as there are)."""
    deadline = time.monotonic() + ENDED_S_MAX
    while len(running := [each for each in tree(pid) if pss_mb(each)]) > count > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    return running
