"""Blocks of Native for clients of a newer protocol."""

from __future__ import annotations

import pytest

from deploy.clickhouse.native import BLOCK_INFO, PLAIN, UnknownType, parts_of, revised


def text(value: str) -> bytes:
    """Length and bytes."""
    return bytes([len(value)]) + value.encode()


def u64(value: int) -> bytes:
    """Eight bytes."""
    return value.to_bytes(8, "little")


COLUMNS = {
    "UInt8": b"\x01\x02",
    "DateTime64(6, 'UTC')": b"a" * 16,
    "Enum8('a, (b' = 1, 'c\\'' = 2)": b"\x01\x02",
    "Decimal(18, 4)": b"d" * 16,
    "IntervalDay": b"i" * 16,
    "String": text("x") + text("yy"),
    "FixedString(3)": b"abcdef",
    "Nullable(UInt16)": b"\x00\x01" + b"abcd",
    "Array(UInt16)": u64(1) + u64(3) + b"abcdef",
    "Array(Array(String))": u64(1) + u64(1) + u64(2) + text("p") + text("q"),
    "Map(String, UInt8)": u64(0) + u64(1) + text("k") + b"\x07",
    "Tuple(a UInt8, `b c` Nullable(String))": b"\x01\x02" + b"\x00\x00" + text("p") + text("q"),
    "LowCardinality(String)": u64(1) + u64(0x600) + u64(2) + text("") + text("x") + u64(2) + b"\x00\x01",
    "LowCardinality(Nullable(String))": u64(1) + u64(0x601) + u64(1) + text("") + u64(2) + b"\x00\x00\x00\x00",
    "Array(LowCardinality(String))": u64(1) + u64(0) + u64(1) + u64(0x600) + u64(1) + text("x") + u64(1) + b"\x00",
}
"""Type → two rows of it."""
EMPTY_LISTS = u64(1) + u64(0) + u64(0)


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_type_is_walked_over(kind: str) -> None:
    """Two blocks, each with the column between two others: only the additions are new."""
    other = text("n") + text("UInt8"), b"\x05\x06"
    block = b"\x03\x02" + b"".join(other) + text("c") + text(kind) + COLUMNS[kind] + b"".join(other)
    with_additions = (
        BLOCK_INFO + b"\x03\x02" + other[0] + PLAIN + other[1] + text("c") + text(kind) + PLAIN + COLUMNS[kind]
        + other[0] + PLAIN + other[1]
    )  # fmt: skip
    assert revised(block * 2) == with_additions * 2


def test_lists_that_are_all_empty() -> None:
    """A dictionary that was never begun has no bytes."""
    block = b"\x01\x02" + text("c") + text("Array(LowCardinality(String))")
    assert revised(block + EMPTY_LISTS).endswith(PLAIN + EMPTY_LISTS)


def test_no_rows_and_no_blocks() -> None:
    """A block without rows has no data, nothing stays nothing; a length may take two bytes."""
    long = "n" * 200
    head = b"\x01\x00" + b"\xc8\x01" + long.encode() + text("String")
    assert revised(head) == BLOCK_INFO + head + PLAIN
    assert revised(b"") == b""


@pytest.mark.parametrize("kind", ["JSON", "AggregateFunction(sum, UInt8)", "?"])
def test_what_is_not_known_is_named(kind: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnknownType, match="cast it") as refused:
        revised(b"\x01\x01" + text("c") + text(kind) + b"\x00")
    assert refused.value.kind == kind


def test_names_in_tuples_go() -> None:
    """Brackets, quotes and commas inside of arguments don't part them."""
    assert parts_of("Tuple(a Map(String, UInt8), DateTime64(6, 'UTC'))") == (
        "Tuple", ["Map(String, UInt8)", "DateTime64(6, 'UTC')"],
    )  # fmt: skip
