"""What is kept of the rules' state."""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import encode
from postprocess import snapshot
from postprocess.functions.vehicles import VEHICLES
from postprocess.rules.state import CameraMemory
from postprocess.snapshot import Kept, Positions, key_of, pack, unpack, unpack_positions
from tests.support.vehicles import drive, play, read

POSITIONS = Positions(detections=7, reads=3)


def kept() -> CameraMemory:
    """What is remembered of a vehicle with a thumbnail."""
    return play([*drive((0.4, 0.6)), read("s1")])[0]


def test_there_and_back() -> None:
    """Nothing is lost."""
    payload, shortened = pack(VEHICLES, POSITIONS, kept())
    assert unpack(VEHICLES, payload) == (POSITIONS, kept())
    assert not shortened
    assert key_of("vehicles", "cam-1") == "vehicles.cam-1"


def test_too_large_goes_without_thumbnails(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message has to hold it."""
    monkeypatch.setattr(snapshot, "BYTES_MAX", 100)
    payload, shortened = pack(VEHICLES, POSITIONS, kept())
    assert shortened
    found = unpack(VEHICLES, payload)
    assert found is not None
    assert isinstance(found[1], CameraMemory)
    assert [s.thumbnail for s in found[1].subjects.values()] == [b""]


def test_what_can_t_be_read_counts_as_none() -> None:
    """Damaged, or of another schema."""
    other = Kept(positions=Positions(), memory=msgspec.Raw(encode(CameraMemory(camera="c", schema=99))))
    assert unpack(VEHICLES, b"\xc1") is None
    assert unpack(VEHICLES, encode(other)) is None
    assert unpack_positions(b"") == Positions()
    assert unpack_positions(encode(Positions(detections=4, reads=5))) == Positions(detections=4, reads=5)
