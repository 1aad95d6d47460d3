"""What is kept of the rules' state."""

from __future__ import annotations

import pytest

from ingest.contract import encode
from postprocess import snapshot
from postprocess.rules.state import CameraMemory
from postprocess.snapshot import CameraSnapshot, Positions, key_of, pack, unpack, unpack_positions
from tests.support.vehicles import drive, play, read


def kept() -> CameraSnapshot:
    """A camera with a vehicle and a thumbnail."""
    memory, _ = play([*drive((0.4, 0.6)), read("s1")])
    return CameraSnapshot(positions=Positions(detections=7, reads=3), memory=memory)


def test_there_and_back() -> None:
    """Nothing is lost."""
    payload, shortened = pack(kept())
    assert unpack(payload) == kept()
    assert not shortened
    assert key_of("cam-1") == "vehicles.cam-1"


def test_too_large_goes_without_thumbnails(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message has to hold it."""
    monkeypatch.setattr(snapshot, "BYTES_MAX", 100)
    payload, shortened = pack(kept())
    assert shortened
    found = unpack(payload)
    assert found is not None
    assert [s.thumbnail for s in found.memory.subjects.values()] == [b""]


def test_what_can_t_be_read_counts_as_none() -> None:
    """Damaged, or of another schema."""
    assert unpack(b"\xc1") is None
    assert unpack(encode(CameraSnapshot(positions=Positions(), memory=CameraMemory(camera="c", schema=99)))) is None
    assert unpack_positions(b"") == Positions()
    assert unpack_positions(encode(Positions(detections=4, reads=5))) == Positions(detections=4, reads=5)
