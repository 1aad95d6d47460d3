"""Messages on disk while the broker is away."""

from __future__ import annotations

import errno
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import spool as module
from ingest.contract import CameraNotice, decode
from ingest.errors import SpoolError
from ingest.outbox import Item
from ingest.spool import SEGMENTS, Spool

MIB = 1024 * 1024


def item(number: int, size: int = 10, *, camera: str = "gate", notice: bool = False) -> Item:
    """A report, or a notice, stamped with its number."""
    subject = f"zool.events.{camera}.camera_lost" if notice else f"zool.detections.{camera}"
    return Item(
        subject=subject, payload=b"x" * size, message_id=f"{camera}.{number}", captured_us=0 if notice else number
    )


def drained(spool: Spool, count: int = 1000) -> list[str]:
    """Send everything, batch by batch."""
    found: list[str] = []
    while len(found) < count and (items := spool.ahead(4)):
        found += [one.message_id for one in items]
        spool.sent(len(items))
    return found


def test_order_is_kept_and_nothing_is_left(tmp_path: Path) -> None:
    """First in, first out, over many segments; read to the end, no segment remains."""
    spool = Spool(tmp_path, 8 * 100_000)
    assert spool.empty
    for number in range(200):
        spool.append(item(number, 1000))
    assert len(list(tmp_path.glob("*.spool"))) == 3
    assert drained(spool) == [f"gate.{number}" for number in range(200)]
    assert spool.empty
    assert spool.bytes == 0
    assert list(tmp_path.glob("*.spool")) == []
    assert spool.ahead(4) == []


def test_a_batch_holds_one_message_of_each_camera(tmp_path: Path) -> None:
    """So that sending them at once changes no camera's order; what was not sent comes again."""
    spool = Spool(tmp_path, MIB)
    for number in range(3):
        for camera in ("a", "b", "c"):
            spool.append(item(number, camera=camera))
    assert [one.message_id for one in spool.ahead(32)] == ["a.0", "b.0", "c.0"]
    assert [one.message_id for one in spool.ahead(2)] == ["a.0", "b.0"]
    spool.sent(1)
    assert [one.message_id for one in spool.ahead(32)] == ["b.0", "c.0", "a.1"]


def test_it_is_there_after_a_kill(tmp_path: Path) -> None:
    """Another process goes on behind what was sent, and writes into a segment of its own."""
    first = Spool(tmp_path, MIB)
    for number in range(5):
        first.append(item(number))
    assert drained(first, 2) == ["gate.0", "gate.1"]
    first.close()
    second = Spool(tmp_path, MIB)
    second.append(item(5))
    assert len(list(tmp_path.glob("*.spool"))) == 2
    assert drained(second) == ["gate.2", "gate.3", "gate.4", "gate.5"]


def test_a_position_that_makes_no_sense_repeats(tmp_path: Path) -> None:
    """Torn, or of another segment: messages come twice rather than not at all."""
    for garbage in (b"", b"x" * 20, b"short"):
        folder = tmp_path / f"f{len(garbage)}"
        first = Spool(folder, MIB)
        for number in range(3):
            first.append(item(number))
        drained(first, 1)
        first.close()
        (folder / "position").write_bytes(garbage)
        assert drained(Spool(folder, MIB)) == ["gate.0", "gate.1", "gate.2"]


@given(cut=st.integers(0, 400), flip=st.integers(0, 399))
def test_a_torn_end_costs_what_is_torn(tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int) -> None:
    """Cut off anywhere, or with one byte wrong: what lies before comes, what comes after does too, nothing else."""
    folder = tmp_path_factory.mktemp("torn")
    first = Spool(folder, MIB)
    for number in range(4):
        first.append(item(number, 20))
    first.close()
    (path,) = folder.glob("*.spool")
    raw = bytearray(path.read_bytes())
    raw[flip % len(raw)] ^= 0x40
    path.write_bytes(bytes(raw[: max(0, len(raw) - cut)]))
    second = Spool(folder, MIB)
    second.append(item(9))
    whole = (min(flip % len(raw), len(raw) - cut)) // (len(raw) // 4)
    assert drained(second) == [*(f"gate.{number}" for number in range(max(0, whole))), "gate.9"]
    second.close()


def test_a_record_of_another_version_ends_its_segment(tmp_path: Path) -> None:
    """Its sum is right, and it makes no sense."""
    body = b"\x01"
    record = module._HEAD.pack(len(body), zlib.crc32(body)) + body
    (tmp_path / f"{1:016d}.spool").write_bytes(record)
    (tmp_path / "notes.spool").write_bytes(b"not ours")
    spool = Spool(tmp_path, MIB)
    spool.append(item(1))
    assert drained(spool) == ["gate.1"]


def test_the_bound_holds_and_what_gave_way_is_told(tmp_path: Path) -> None:
    """The oldest reports of each camera become a span; notices stay, in their place."""
    bound = 8 * 20_000
    spool = Spool(tmp_path, bound)
    spool.append(item(0, camera="a", notice=True))
    for number in range(1, 401):
        spool.append(item(number, 500, camera="a"))
        spool.append(item(number, 500, camera="b"))
    assert spool.bytes <= bound + bound // SEGMENTS
    sent: list[Item] = []
    while items := spool.ahead(8):
        sent += items
        spool.sent(len(items))
    assert sent[0].message_id == "a.0"
    for camera in ("a", "b"):
        own = [one for one in sent if f".{camera}" in one.subject]
        spans = [decode(one.payload, CameraNotice) for one in own if one.subject.endswith(".camera_blind")]
        kept = [one.captured_us for one in own if one.captured_us]
        assert kept == list(range(kept[0], 401))
        assert {notice.cause for notice in spans} == {"broker"}
        told = [us for notice in spans for us in range(notice.opened_at_us, (notice.closed_at_us or 0) + 1)]
        assert told == list(range(1, kept[0]))


def test_what_is_under_way_does_not_give_way(tmp_path: Path) -> None:
    """The message that is being sent stays, and what follows is found behind it."""
    bound = 8 * 5_000
    spool = Spool(tmp_path, bound)
    for number in range(20):
        spool.append(item(number, 500))
    drained(spool, 2)
    (flying,) = spool.ahead(4)
    for number in range(20, 200):
        spool.append(item(number, 500))
    spool.sent(1)
    rest = drained(spool)
    assert flying.message_id == "gate.2"
    assert "gate.2" not in rest
    assert rest[-1] == "gate.199"


def test_notices_alone_never_give_way(tmp_path: Path) -> None:
    """Over the bound, and nothing can be dropped: they are few, and small."""
    spool = Spool(tmp_path, 8 * 500)
    for number in range(20):
        spool.append(item(number, 400, notice=True))
    assert drained(spool) == [f"gate.{number}" for number in range(20)]


def test_a_full_disk_tears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a record was written when the disk was full: said in words, cut off, and what comes later is read."""
    spool, write = Spool(tmp_path, MIB), os.write
    spool.append(item(1))

    def full(handle: int, raw: bytes) -> int:
        if len(raw) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, raw[: len(raw) - 10])

    monkeypatch.setattr(os, "write", full)
    for begin in (1, 2):
        with pytest.raises(SpoolError, match=r"spool_dir.*No space left on device.*memory"):
            spool.append(item(2))
        assert len(list(tmp_path.glob("*.spool"))) == 1, begin
    monkeypatch.undo()
    spool.append(item(3))
    assert drained(spool) == ["gate.1", "gate.3"]


def test_one_process_has_the_folder(tmp_path: Path) -> None:
    """A second one is refused, until the first has let go; a file in its place is refused too."""
    first = Spool(tmp_path / "a", MIB)
    with pytest.raises(SpoolError, match="another process holds it"):
        Spool(tmp_path / "a", MIB)
    first.close()
    Spool(tmp_path / "a", MIB).close()
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="exists"):
        Spool(tmp_path / "file", MIB)


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Crops of people lie in it."""
    spool = Spool(tmp_path / "s", MIB)
    spool.append(item(1))
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "s").iterdir())
