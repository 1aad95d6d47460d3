"""What a backup holds, in which order it is taken, and whether it may be put back. Pure.

Rules
- Taken from where messages come to where they go: rules' state, frames, shots, reads, events, then the tables. What is
  copied later holds all that followed from what was copied before, and readers drop by id what comes to them twice: so
  nothing that was acknowledged is missing, and nothing counts twice.
- Sessions are left out: who was signed out would be signed in again.
- The manifest is the last member: a file that was cut off has none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.contract import BUCKETS, STREAMS

FORMAT = 1
MANIFEST, SUM = "manifest.json", "manifest.sha256"
BUCKET_PREFIX = "KV_zool-"
LEFT_OUT = frozenset({"sessions"})
PICTURES = frozenset({"SHOTS", "photos"})
"""What `--without-pictures` leaves out: a stream and a table."""
SECRETS = ("secrets.key", "admin.token")
_STATE_FIRST = ("snapshots", "shares", "plans", "leases")


class StreamPart(msgspec.Struct, frozen=True, kw_only=True):
    """A stream or bucket; config and state are JetStream's own."""

    name: str
    config: dict[str, Any]
    state: dict[str, Any]
    chunks: int


class TablePart(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the store."""

    name: str
    columns: tuple[str, ...]
    chunks: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the archive."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What there is, and what made it."""

    format: int
    zool: str
    made_at: str
    schema: int
    """Number of the newest migration of the store."""
    streams: tuple[StreamPart, ...] = ()
    tables: tuple[TablePart, ...] = ()
    files: tuple[str, ...] = ()
    """Paths under the data folder."""
    left_out: tuple[str, ...] = ()
    secrets: bool = False
    """Whether the key of sealed credentials and the administrator's token are inside."""
    servers: dict[str, str] = {}
    members: dict[str, Member] = {}


def order(there: list[str], *, pictures: bool = True) -> list[str]:
    """Streams in the order in which they are copied; what is not zool's is left alone."""
    state = [BUCKET_PREFIX + name for name in _STATE_FIRST]
    buckets = [BUCKET_PREFIX + name for name in BUCKETS if name not in (*_STATE_FIRST, *LEFT_OUT)]
    wanted = [*state, *STREAMS, *buckets]
    return [name for name in wanted if name in there and (pictures or name not in PICTURES)]


def stream_chunk(name: str, number: int) -> str:
    """Name of a member."""
    return f"nats/{name}/{number:06d}"


def table_chunk(name: str, number: int) -> str:
    """Name of a member."""
    return f"clickhouse/{name}/{number:06d}.native.zst"


def expected(manifest: Manifest) -> list[str]:
    """All members that must be there beside the manifest, in their order."""
    streams = [stream_chunk(one.name, number) for one in manifest.streams for number in range(one.chunks)]
    tables = [table_chunk(one.name, number) for one in manifest.tables for number in range(one.chunks)]
    return [*streams, *tables, *(f"files/{path}" for path in manifest.files)]


def refusal(manifest: Manifest, *, schema: int) -> str:
    """Why this program can't put it back; empty = it can."""
    if manifest.format > FORMAT:
        return f"it was made by zool {manifest.zool}, in a format ({manifest.format}) that this version can't read"
    if manifest.schema > schema:
        newer = f"restore it with zool {manifest.zool} or newer"
        return f"its store is at schema {manifest.schema}, this version knows {schema}: {newer}"
    if wrong := sorted(set(expected(manifest)) ^ set(manifest.members)):
        return f"members are missing or unknown: {', '.join(wrong[:3])}"
    if unsafe := [path for path in manifest.files if not is_inside(path)]:
        return f"it names a file outside of the data folder: {unsafe[0]}"
    return ""


def is_inside(path: str) -> bool:
    """Whether a path of an archive stays under the data folder, where files of a backup may lie."""
    parts = path.split("/")
    return path in SECRETS or (
        parts[0] in {"models", "secrets"} and len(parts) > 1 and not {"", ".", ".."} & set(parts)
    )
