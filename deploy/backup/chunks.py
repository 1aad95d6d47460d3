"""In which pieces a table is read. Pure.

A table is read partition by partition, and a partition in spans of time that hold about as many rows as fit into
memory; a minute with more than that is split by a hash of the sort key. Rows are immutable, and what merges take away
meanwhile are older versions only: so pieces that are read one after the other make a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

CHUNK_BYTES = 24 * 1024 * 1024
_COLUMN = re.compile(r"^\w+\((\w+)\)$")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A piece: `from_s` <= time < `until_s` (unix), and of it share `share` of `shares`."""

    from_s: int
    until_s: int
    share: int = 0
    shares: int = 1


def time_column(partition_key: str) -> str:
    """The column that a table is partitioned by; empty = none."""
    found = _COLUMN.match(partition_key)
    return found[1] if found else ""


def rows_max(rows: int, size_bytes: int) -> int:
    """Rows that fit into a piece, for a part of `rows` with `size_bytes` unpacked."""
    return max(1, CHUNK_BYTES // max(1, size_bytes // max(1, rows)))


def spans(minutes: Iterable[tuple[int, int]], limit: int) -> list[Span]:
    """Pieces of at most about `limit` rows, of minutes (unix, rows) in order."""
    found: list[Span] = []
    begin, end, held = -1, -1, 0
    for at, rows in minutes:
        if held and held + rows > limit:
            found.append(Span(from_s=begin, until_s=end))
            held = 0
        if rows > limit:
            shares = -(-rows // limit)
            found += [Span(from_s=at, until_s=at + 60, share=share, shares=shares) for share in range(shares)]
            continue
        begin, end, held = (at if not held else begin), at + 60, held + rows
    return [*found, Span(from_s=begin, until_s=end)] if held else found


def condition(span: Span, *, column: str, partition: str, key: str) -> str:
    """The WHERE of a piece; names come from the engine's own tables."""
    parts = [f"_partition_id = '{partition}'"]
    if column:
        parts.append(f"{column} >= toDateTime({span.from_s}, 'UTC') AND {column} < toDateTime({span.until_s}, 'UTC')")
    if span.shares > 1:
        parts.append(f"cityHash64({key}) % {span.shares} = {span.share}")
    return " AND ".join(parts)
