"""Form bodies of ClickHouse's HTTP interface: long statements and parameters as fields, external tables as files.

Pure. Follows "External data for query processing" of ClickHouse's documentation as far as clickhouse-connect uses it.

Rules
- A field counts as a query parameter would, and wins over it.
- A file is a table for one statement: `<name>_format`, and `<name>_structure` or `<name>_types` say what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartSegment, PushMultipartParser, parse_options_header

PARTS_MAX = 256
PLAIN, MULTI = "application/x-www-form-urlencoded", "multipart/form-data"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a form body holds."""

    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Data that are a table for one statement."""

    name: str
    format: str
    structure: str
    data: bytes


class BadForm(ValueError):  # noqa: N818 - the HTTP name of it
    """A body that is no form, or a file without its structure."""


def is_form(content_type: str) -> bool:
    """Whether the body has to be read as a form."""
    return content_type.startswith((PLAIN, MULTI))


def read(content_type: str, body: bytes) -> Form:
    """The fields and files of a body; raises `BadForm`."""
    try:
        if content_type.startswith(PLAIN):
            return Form(fields=dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=PARTS_MAX)))
        return _multipart(parse_options_header(content_type)[1].get("boundary", ""), body)
    except ValueError as error:
        raise BadForm(f"the form body can't be read: {error}") from None


def _multipart(boundary: str, body: bytes) -> Form:
    form, data = Form(), bytearray()
    segment: MultipartSegment | None = None
    with PushMultipartParser(boundary, content_length=len(body), max_segment_count=PARTS_MAX) as parser:
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment, data = event, bytearray()
            elif event is not None:
                data += event
            elif segment is not None and segment.filename is not None:
                form.files[segment.name] = bytes(data)
            elif segment is not None:
                form.fields[segment.name] = data.decode()
    return form


def tables(query: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[Table, ...]:
    """External tables; raises `BadForm` where one has no structure."""
    found = []
    for name, data in files.items():
        types = query.get(f"{name}_types", "")
        numbered = ", ".join(f"_{place} {kind.strip()}" for place, kind in enumerate(_split(types), 1))
        structure = query.get(f"{name}_structure", "") or numbered
        if not structure:
            raise BadForm(f"the table {name} has no structure: send {name}_structure or {name}_types")
        found.append(
            Table(name=name, format=query.get(f"{name}_format", "TabSeparated"), structure=structure, data=data)
        )
    return tuple(found)


def _split(types: str) -> list[str]:
    """At commas outside of brackets."""
    found, depth, begin = list[str](), 0, 0
    for place, letter in enumerate(types):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append(types[begin:place])
            begin = place + 1
    return [*found, types[begin:]] if types else []


def transport_keys(names: Mapping[str, bytes]) -> frozenset[str]:
    """Query parameters that describe tables, and are no settings."""
    return frozenset(f"{name}_{what}" for name in names for what in ("format", "structure", "types"))
