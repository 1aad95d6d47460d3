"""What a backup holds, in which pieces, and what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from deploy.backup import archive, chunks
from deploy.backup.manifest import (
    BUCKET_PREFIX,
    Manifest,
    Member,
    StreamPart,
    TablePart,
    expected,
    is_inside,
    order,
    refusal,
)
from deploy.errors import ArchiveUnusable, FileUnusable
from ingest.contract import BUCKETS, STREAMS

EMPTY = Manifest(format=1, zool="0.1.0", made_at="2026-03-01T00:00:00+00:00", schema=6)


def test_streams_are_copied_from_where_messages_come_to_where_they_go() -> None:
    """Rules' state first, then the data path; no sessions, nothing that is not zool's, nothing that is not there."""
    there = [*STREAMS, *(BUCKET_PREFIX + name for name in BUCKETS), "OTHERS"]
    found = order(there)
    path = ["KV_zool-snapshots", "DETECTIONS", "SHOTS", "READS", "EVENTS", "DELIVERIES"]
    assert [name for name in found if name in path] == path
    assert set(found) == set(there) - {"OTHERS", "KV_zool-sessions"}
    assert "SHOTS" not in order(there, pictures=False)
    assert order(["EVENTS"]) == ["EVENTS"]


def test_a_table_is_read_in_spans_of_time() -> None:
    """Of about as many rows each; a minute with more is split.

    minutes   0    60   120  180   of 2, 2, 9, 1 rows, 4 at most
    pieces    |---------|          then three shares of the third minute, then the rest
    """
    found = chunks.spans([(0, 2), (60, 2), (120, 9), (180, 1)], 4)
    assert [(one.from_s, one.until_s, one.share, one.shares) for one in found] == [
        (0, 120, 0, 1), (120, 180, 0, 3), (120, 180, 1, 3), (120, 180, 2, 3), (180, 240, 0, 1),
    ]  # fmt: skip
    assert chunks.spans([], 4) == []
    where = chunks.condition(found[1], column="opened_at", partition="202603", key="camera, opened_at")
    assert where.startswith("_partition_id = '202603' AND opened_at >= toDateTime(120, 'UTC') AND opened_at < ")
    assert where.endswith("cityHash64(camera, opened_at) % 3 = 0")
    assert chunks.condition(found[0], column="", partition="all", key="camera") == "_partition_id = 'all'"
    assert [chunks.time_column(key) for key in ("toYYYYMM(opened_at)", "", "a, b")] == ["opened_at", "", ""]
    assert chunks.rows_max(10, chunks.CHUNK_BYTES * 10) == 1
    assert chunks.rows_max(0, 0) == chunks.CHUNK_BYTES


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("models/ppe/ours/network.onnx", True), ("secrets.key", True), ("secrets/hook", True), ("models", False),
        ("../x", False), ("models/../../etc/passwd", False), ("/etc/passwd", False), ("passwords.json", False),
    ],
)  # fmt: skip
def test_files_stay_in_the_folder(path: str, inside: bool) -> None:
    """Only models and named secrets, and no way out."""
    assert is_inside(path) is inside
    manifest = msgspec.structs.replace(EMPTY, files=(path,), members={f"files/{path}": Member(bytes=0, sha256="")})
    assert (refusal(manifest, schema=6) == "") is inside


def test_what_this_version_can_not_put_back() -> None:
    """A newer format, a newer schema, members that the manifest does not account for."""
    parts = {"streams": (StreamPart(name="EVENTS", config={}, state={}, chunks=1),)}
    assert refusal(EMPTY, schema=6) == ""
    assert "format (2)" in refusal(msgspec.structs.replace(EMPTY, format=2), schema=6)
    assert "schema 6, this version knows 5" in refusal(EMPTY, schema=5)
    assert "nats/EVENTS/000000" in refusal(msgspec.structs.replace(EMPTY, **parts), schema=6)
    table = msgspec.structs.replace(EMPTY, tables=(TablePart(name="events", columns=("a",), chunks=2),))
    assert expected(table) == ["clickhouse/events/000000.native.zst", "clickhouse/events/000001.native.zst"]


def test_an_archive_is_whole_or_refused(tmp_path: Path) -> None:
    """Cut off anywhere, or with a byte changed anywhere, it is no backup; a file that is there is not written over."""
    path = tmp_path / "a.zool"
    with archive.writing(path) as writer:
        writer.add("nats/EVENTS/000000", b"e" * 3000)
        writer.close(EMPTY)
    body = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(archive.checked(path).members) == ["nats/EVENTS/000000"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.zool"]
    with pytest.raises(FileUnusable, match="is there already"), archive.writing(path):
        pass
    for bad in (body[:600], body[:4000], body[: body.index(b"manifest.sha256")], b"nothing", b""):
        path.write_bytes(bad)
        with pytest.raises(ArchiveUnusable, match="no whole backup"):
            archive.checked(path)
    for at in (700, body.index(b'"made_at"') + 3):
        path.write_bytes(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
        with pytest.raises(ArchiveUnusable, match="was changed"):
            archive.checked(path)


def test_what_goes_wrong_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    """Neither the file nor its draft."""
    with pytest.raises(FileUnusable), archive.writing(tmp_path / "a.zool") as writer:
        writer.add_file("files/models/x", tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
