"""Tensors in shared memory: where they lie, that they go round, and what a killed process leaves."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest import shm
from ingest.shm import CHUNK_TENSORS, PREFIX, SharedTensors


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    """Regions of this test alone."""
    made = SharedTensors(f"test_{os.getpid()}_{secrets.token_hex(3)}")
    yield made
    made.close()


def files(tensors: SharedTensors) -> list[Path]:
    """The files of its regions."""
    return [shm.FOLDER / region.name for region in tensors.regions]


def test_what_is_written_lies_in_the_file(tensors: SharedTensors) -> None:
    """At the place that is told, and two tensors never share a byte."""
    one, two = tensors.take(48, 32), tensors.take(48, 32)
    one[:], two[:] = 7, 9
    place = tensors.place(two)
    assert place is not None
    data = (shm.FOLDER / place.region).read_bytes()[place.offset : place.offset + place.size]
    assert data == bytes([9]) * 48 * 32
    assert (one == 7).all()


def test_regions_grow_and_tensors_go_round(tensors: SharedTensors) -> None:
    """One more than a chunk holds makes another; what was freed is used first."""
    taken = [tensors.take(48, 32) for _ in range(CHUNK_TENSORS + 1)]
    assert len(tensors.regions) == 2
    for tensor in taken:
        tensors.free(tensor)
    again = {tensors.take(48, 32).ctypes.data for _ in taken}
    assert again == {tensor.ctypes.data for tensor in taken} | again
    assert len(tensors.regions) == 2


def test_another_size_has_regions_of_its_own(tensors: SharedTensors) -> None:
    """A model with another input."""
    small, large = tensors.take(48, 32), tensors.take(96, 64)
    places = tensors.place(small), tensors.place(large)
    assert places[0] is not None
    assert places[1] is not None
    assert places[0].region != places[1].region


def test_own_memory_is_no_place(tensors: SharedTensors) -> None:
    """A tensor from elsewhere has none, and freeing it does nothing."""
    mine = np.zeros((48, 32), np.uint8)
    assert tensors.place(mine) is None
    tensors.free(mine)


def test_no_more_shared_memory(tensors: SharedTensors, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full /dev/shm: own memory, the reason is told, nothing is left behind."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    tensor = tensors.take(48, 32)
    tensor[:] = 1
    assert tensors.place(tensor) is None
    assert tensors.full == f"{shm.FOLDER}: No space left on device"
    assert files(tensors) == []


def test_closing_removes_the_files(tensors: SharedTensors) -> None:
    """And what is taken after that is own memory."""
    tensors.take(48, 32)
    left = files(tensors)
    assert [path.exists() for path in left] == [True]
    tensors.close()
    assert [path.exists() for path in left] == [False]
    assert tensors.place(tensors.take(48, 32)) is None


def test_what_a_killed_process_left_is_removed(tensors: SharedTensors) -> None:
    """Its lock died with it; regions in use stay."""
    tensors.take(48, 32)
    tag = f"dead_{os.getpid()}_{secrets.token_hex(3)}"
    code = f"import os; from ingest.shm import SharedTensors; SharedTensors({tag!r}).take(48, 32); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    left = f"{PREFIX}{tag}_0"
    assert (shm.FOLDER / left).exists()
    assert left in shm.sweep()
    assert not (shm.FOLDER / left).exists()
    assert files(tensors)[0].exists()
