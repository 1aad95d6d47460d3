"""Credentials of cameras, sealed and opened."""

from __future__ import annotations

import base64

import msgspec
import pytest

from ingest.contract import Camera
from ingest.sealed import Keys, Ring, SealError, closed, is_current, new_key, opened, read_keys

OLD, NEW = base64.b64decode(new_key()), base64.b64decode(new_key())
CAMERA = Camera(
    id="gate", name="Gate", url="rtsp://viewer:secret-word@10.0.0.8/s", analysis_url="rtsp://viewer:other@10.0.0.8/t"
)


def test_what_is_kept_holds_no_credentials() -> None:
    """Addresses are masked, and come back whole for who has the key."""
    kept = closed(CAMERA, Keys([OLD]))
    raw = msgspec.json.encode(kept)
    assert b"secret-word" not in raw
    assert b"viewer" not in raw
    assert (kept.url, kept.analysis_url) == ("rtsp://***@10.0.0.8/s", "rtsp://***@10.0.0.8/t")
    assert opened(kept, Keys([OLD])) == CAMERA


def test_an_address_without_credentials_stays_as_it_is() -> None:
    """There is nothing to seal; nor is there anything where no key is given."""
    plain = Camera(id="a", name="a", url="rtsp://10.0.0.8/s")
    assert closed(plain, Keys([OLD])) is plain
    assert closed(CAMERA, Keys()) is CAMERA
    half = msgspec.structs.replace(CAMERA, analysis_url="")
    assert opened(closed(half, Keys([OLD])), Keys([OLD])) == half


def test_a_seal_is_for_one_camera_and_unchanged() -> None:
    """Put into another camera, or bent, it does not open; without its key the error names the key."""
    keys = Keys([OLD])
    kept = closed(CAMERA, keys)
    other = msgspec.structs.replace(kept, id="door")
    bent = msgspec.structs.replace(kept, sealed=kept.sealed[:-8] + "AAAAAAA=")
    for wrong in (other, bent):
        with pytest.raises(SealError, match="it was changed since"):
            opened(wrong, keys)
    with pytest.raises(SealError, match=f"sealed with key {keys.newest}: that key is not here"):
        opened(kept, Keys([NEW]))
    assert closed(kept, Keys([NEW])) is kept  # what can't be opened is not sealed twice


def test_an_address_that_is_set_anew_holds_although_the_old_one_cannot_be_opened() -> None:
    """Sealed anew, never kept open; the other one stays masked, since nobody knows it any more."""
    lost = closed(CAMERA, Keys([OLD]))
    fresh = closed(msgspec.structs.replace(lost, url="rtsp://a:fresh-word@10.0.0.9/s"), Keys([NEW]), lost)
    assert b"fresh-word" not in msgspec.json.encode(fresh)
    whole = opened(fresh, Keys([NEW]))
    assert (whole.url, whole.analysis_url) == ("rtsp://a:fresh-word@10.0.0.9/s", "rtsp://***@10.0.0.8/t")
    bare = msgspec.structs.replace(lost, url="rtsp://10.0.0.9/s")
    assert opened(closed(bare, Keys([NEW])), Keys([NEW, OLD])).url == "rtsp://10.0.0.9/s"


def test_the_same_address_keeps_its_seal() -> None:
    """So that a change of the name is no change of the address; another password is."""
    keys = Keys([OLD])
    kept = closed(CAMERA, keys)
    assert closed(msgspec.structs.replace(CAMERA, name="x"), keys, kept).sealed == kept.sealed
    assert closed(msgspec.structs.replace(CAMERA, url="rtsp://a:b@h/"), keys, kept).sealed != kept.sealed


def test_a_rotation_opens_the_old_and_seals_with_the_new() -> None:
    """Which is told by the seal."""
    old, both = Keys([OLD]), Keys([NEW, OLD])
    kept = closed(CAMERA, old)
    assert is_current(kept, old)
    assert not is_current(kept, both)
    again = closed(opened(kept, both), both, kept)
    assert is_current(again, both)
    assert opened(again, Keys([NEW])) == CAMERA
    assert not is_current(CAMERA, both)
    assert is_current(CAMERA, Keys())


def test_a_ring_reads_its_file_again_for_a_key_that_is_missing() -> None:
    """As a rotation of a running system needs it."""
    files = [Keys([OLD]), Keys([NEW, OLD])]
    ring = Ring(lambda: files.pop(0))
    assert ring.opened(closed(CAMERA, Keys([NEW]))) == CAMERA


@pytest.mark.parametrize("text", ["x", "AAAA\n", new_key() + "\nnonsense"])
def test_what_is_no_key_file(text: str) -> None:
    """The line is named, the key is not."""
    with pytest.raises(ValueError, match=r"line \d is not 32 bytes in base64"):
        read_keys(text)
    assert read_keys(f"{new_key()}\n\n{new_key()}\n").newest
