"""Tensors in shared memory, so that a Triton on the same host reads a frame where the camera's thread wrote it.

Edge (files in /dev/shm, mmap). Thread-safe: cameras take and free tensors, the event loop asks where they lie.

Rules
- Memory is reserved before it is used (`posix_fallocate`): a full /dev/shm is an `OSError` here, never a bus error
  later.
- A region belongs to who holds the lock on its file. One whose owner was killed is found unlocked and removed by the
  next process that starts; Triton's side of it is unregistered by name.
- Regions grow by chunks and are kept until the end: cameras come and go, their tensors are all of one size.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import threading
from pathlib import Path

import msgspec
import numpy as np

from ingest.planes import Plane

FOLDER = Path("/dev/shm")  # noqa: S108 - where shm_open puts what Triton maps
PREFIX = "zool_ingest_"
CHUNK_TENSORS = 12
PAGE = mmap.PAGESIZE


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tensor lies: region, offset and size in bytes."""

    region: str
    offset: int
    size: int


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """What Triton has to map: a name, the key for shm_open, and bytes."""

    name: str
    size: int

    @property
    def key(self) -> str:
        """For shm_open."""
        return f"/{self.name}"


class _Chunk:
    """One file and the tensors in it."""

    def __init__(self, name: str, tensor_bytes: int) -> None:
        self.step = -(-tensor_bytes // PAGE) * PAGE
        self.region = Region(name=name, size=self.step * CHUNK_TENSORS)
        self.file = os.open(FOLDER / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX)
            os.posix_fallocate(self.file, 0, self.region.size)
            self.memory = np.frombuffer(mmap.mmap(self.file, self.region.size), np.uint8)
        except OSError:
            self.close()
            raise
        self.base = self.memory.ctypes.data

    def close(self) -> None:
        """Remove the file; who still maps it keeps the memory."""
        with contextlib.suppress(FileNotFoundError):
            (FOLDER / self.region.name).unlink()
        os.close(self.file)


class SharedTensors:
    """`Tensors` in shared memory; falls back to own memory when there is no more, and says so once."""

    def __init__(self, tag: str) -> None:
        """`tag` makes the names of this process's regions its own."""
        self._tag = tag
        self._lock = threading.Lock()
        self._chunks: list[_Chunk] = []
        self._free: dict[tuple[int, int], list[Plane]] = {}
        self.full = ""
        """Why there is no more shared memory; empty while there is."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """All regions so far."""
        with self._lock:
            return tuple(chunk.region for chunk in self._chunks)

    def take(self, rows: int, columns: int) -> Plane:
        """Memory for a tensor, uint8 [rows, columns]."""
        with self._lock:
            free = self._free.setdefault((rows, columns), [])
            if not free and not self.full:
                self._grow(rows, columns, free)
            return free.pop() if free else np.empty((rows, columns), np.uint8)

    def free(self, tensor: Plane) -> None:
        """Give a taken tensor's memory back."""
        rows, columns = tensor.shape
        with self._lock:
            if self._chunk_of(tensor) is not None:
                self._free[rows, columns].append(tensor)

    def place(self, tensor: Plane) -> Place | None:
        """Where a tensor lies; None = not in shared memory."""
        with self._lock:
            chunk = self._chunk_of(tensor)
        if chunk is None:
            return None
        return Place(region=chunk.region.name, offset=tensor.ctypes.data - chunk.base, size=tensor.nbytes)

    def close(self) -> None:
        """Remove all regions."""
        with self._lock:
            for chunk in self._chunks:
                chunk.close()
            self._chunks.clear()
            self.full = "closed"

    def _grow(self, rows: int, columns: int, free: list[Plane]) -> None:
        try:
            chunk = _Chunk(f"{PREFIX}{self._tag}_{len(self._chunks)}", rows * columns)
        except OSError as error:
            self.full = f"{FOLDER}: {error.strerror}"
            return
        self._chunks.append(chunk)
        for number in range(CHUNK_TENSORS):
            start = number * chunk.step
            free.append(chunk.memory[start : start + rows * columns].reshape(rows, columns))

    def _chunk_of(self, tensor: Plane) -> _Chunk | None:
        address = tensor.ctypes.data
        return next((c for c in self._chunks if c.base <= address < c.base + c.region.size), None)


def sweep() -> tuple[str, ...]:
    """Remove the regions of processes that were killed; returns their names."""
    removed = []
    for path in FOLDER.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            file = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed.append(path.name)
            finally:
                os.close(file)
    return tuple(removed)
