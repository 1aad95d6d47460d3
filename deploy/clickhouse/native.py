"""Blocks of the format Native as clients of a newer protocol expect them. Pure.

A client that sends `client_protocol_version` (clickhouse-go, and with it Grafana's plug-in) expects what the native
protocol adds to a block since that revision: block info in front of it, and behind each column's type a byte that says
whether its serialisation is a custom one. The engine in process writes neither, so both are put in here. For that every
column has to be walked over: its length follows from its type.
Source: ClickHouse's src/Formats/NativeWriter.cpp and the documentation of the format.

Rules
- Data of columns are passed on byte for byte.
- A type whose length is not known here is refused by name; nothing is guessed.
"""

from __future__ import annotations

import re

CUSTOM_SERIALISATION_REVISION = 54454
"""From this client_protocol_version on both additions are expected."""

BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Field 1: no overflow rows; field 2: bucket number -1; end."""
PLAIN = b"\x00"

_SIZES = {
    "UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "UInt128": 16, "UInt256": 32, "Int8": 1, "Int16": 2, "Int32": 4,
    "Int64": 8, "Int128": 16, "Int256": 32, "Float32": 4, "Float64": 8, "Bool": 1, "Date": 2, "Date32": 4,
    "DateTime": 4, "DateTime64": 8, "Enum8": 1, "Enum16": 2, "UUID": 16, "IPv4": 4, "IPv6": 16, "Nothing": 1,
    "Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32,
}  # fmt: skip
_TYPE = re.compile(r"(\w+)(?:\((.*)\))?$", re.DOTALL)
_INDEX_BYTES = (1, 2, 4, 8)


class UnknownType(Exception):  # noqa: N818 - an answer, not a fault
    """A column of a type whose length is not known here."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"the type {kind} is not served to this client: cast it, for example to String")


def revised(data: bytes) -> bytes:
    """Blocks of revision 0 as blocks of `CUSTOM_SERIALISATION_REVISION`; raises `UnknownType`."""
    walk, parts = _Walk(data), list[bytes]()
    while walk.at < len(data):
        start = walk.at
        columns, rows = walk.varint(), walk.varint()
        parts += [BLOCK_INFO, data[start : walk.at]]
        for _ in range(columns):
            start = walk.at
            walk.text()
            kind = walk.text()
            parts += [data[start : walk.at], PLAIN]
            start = walk.at
            walk.column(kind, rows)
            parts.append(data[start : walk.at])
    return b"".join(parts)


class _Walk:
    """A place in the data, which moves forward."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def varint(self) -> int:
        """LEB128."""
        value, shift = 0, 0
        while True:
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def text(self) -> str:
        """Length and bytes."""
        size = self.varint()
        self._skip(size)
        return self._data[self.at - size : self.at].decode()

    def column(self, kind: str, rows: int) -> None:
        """State of the serialisation, then the values; nothing where there are no rows."""
        if rows:
            self._prefix(kind)
            self._values(kind, rows)

    def _skip(self, size: int) -> None:
        """Takes a size that is read already: `at += …` would take the place from before the reading."""
        self.at += size

    def _number(self) -> int:
        self.at += 8
        return int.from_bytes(self._data[self.at - 8 : self.at], "little")

    def _prefix(self, kind: str) -> None:
        name, arguments = parts_of(kind)
        if name == "LowCardinality":
            self.at += 8
        elif name in {"Nullable", "Array", "Tuple", "Map"}:
            for one in arguments:
                self._prefix(one)

    def _values(self, kind: str, rows: int) -> None:
        name, arguments = parts_of(kind)
        match name:
            case "String":
                for _ in range(rows):
                    self._skip(self.varint())
            case "FixedString":
                self.at += rows * int(arguments[0])
            case "Nullable":
                self.at += rows
                self._values(arguments[0], rows)
            case "Array" | "Map":
                self._many(arguments, rows)
            case "Tuple":
                for one in arguments:
                    self._values(one, rows)
            case "LowCardinality":
                self._dictionary(arguments[0], rows)
            case _:
                self.at += rows * _size(kind)

    def _many(self, kinds: list[str], rows: int) -> None:
        self.at += 8 * (rows - 1)
        total = self._number()
        for one in kinds:
            self._values(one, total)

    def _dictionary(self, kind: str, rows: int) -> None:
        if not rows:
            return
        width = _INDEX_BYTES[self._number() & 0xFF]
        name, arguments = parts_of(kind)
        self._values(arguments[0] if name == "Nullable" else kind, self._number())
        self._skip(width * self._number())


def parts_of(kind: str) -> tuple[str, list[str]]:
    """Name of a type and its arguments, without their names: `Tuple(a UInt8, Date)` → Tuple, [UInt8, Date]."""
    found = _TYPE.match(kind)
    if found is None:
        raise UnknownType(kind)
    name, inside = found.group(1), found.group(2)
    arguments = _split(inside) if inside else []
    return name, [_split(one, " ")[-1] for one in arguments] if name == "Tuple" else arguments


def _split(text: str, mark: str = ",") -> list[str]:
    """At marks outside of brackets and quotes."""
    found, depth, quote, begin = list[str](), 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[place - 1] != "\\" else quote
        elif letter in "'`":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == mark and depth == 0:
            found.append(text[begin:place].strip())
            begin = place + 1
    return [*found, text[begin:].strip()]


def _size(kind: str) -> int:
    name, arguments = parts_of(kind)
    if name == "Decimal":
        return next(size for digits, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if int(arguments[0]) <= digits)
    if name.startswith("Interval"):
        return 8
    if name not in _SIZES:
        raise UnknownType(kind)
    return _SIZES[name]
