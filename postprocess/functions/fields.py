"""The settings of a function as a form needs them: in which order, of which kind, between which limits, in which words.

Pure. Everything but the words comes from the settings' own type, so that a function from outside has a form as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import inspect

from postprocess.contract import Hours, Line, Title, Zone
from postprocess.functions.texts import ABOUT, Text
from postprocess.functions.unit import AnyFunction
from postprocess.functions.words import TEXTS

FieldKind = Literal[
    "switch", "number", "integer", "choice", "text", "words", "schedule", "lines", "zones", "areas", "table", "lists",
    "records", "named", "other",
]  # fmt: skip
"""`words`: a list of texts; `table`: text by text; `lists`: lists of texts by text; `records`: a list of `items`;
`named`: `items` by text; `other`: any JSON."""
UNITS: Mapping[str, str] = {"s": "s", "px": "px", "deg": "deg", "h": "h", "us": "us"}
_OF_STRUCT: Mapping[type, FieldKind] = {Line: "lines", Zone: "zones", Hours: "schedule"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; limits, choices and unit are empty where there are none."""

    name: str
    kind: FieldKind
    title: Title
    about: Title
    fine: bool = False
    nullable: bool = False
    """Null is a value of its own: the function or config.ini chooses."""
    unit: str = ""
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()
    items_max: int | None = None
    items: tuple[Field, ...] = ()
    """Of each record."""


def about_of(function: AnyFunction) -> Title:
    """What a function is for."""
    return function.about if function.about.en else ABOUT.get(function.name, function.about)


def fields_of(function: AnyFunction) -> tuple[Field, ...]:
    """Its settings, those that are drawn first, those that are rarely touched last."""
    described: Any = inspect.type_info(function.settings)
    found = [_field(function, one.encode_name, one.type) for one in described.fields]
    return tuple(sorted(found, key=lambda field: (field.kind not in {"lines", "zones", "areas"}, field.fine)))


def _field(function: AnyFunction, name: str, kind: inspect.Type) -> Field:
    bare, nullable = _bare(kind)
    text = _text(function, name)
    return Field(
        name=name,
        kind=_kind(bare),
        title=text.title,
        about=text.about,
        fine=text.fine,
        nullable=nullable,
        unit=unit_of(name),
        min=_limit(getattr(bare, "ge", None), getattr(bare, "gt", None)),
        max=_limit(getattr(bare, "le", None), getattr(bare, "lt", None)),
        choices=tuple(str(value) for value in bare.values) if isinstance(bare, inspect.LiteralType) else (),
        items_max=getattr(bare, "max_length", None),
        items=_items(function, bare),
    )


def _items(function: AnyFunction, kind: Any) -> tuple[Field, ...]:
    """The fields of what a list or a table holds, where that is a struct without a drawing or a form of its own."""
    if _kind(kind) not in {"records", "named"}:
        return ()
    item = _bare(getattr(kind, "item_type", None) or kind.value_type)[0]
    fields = item.fields if isinstance(item, inspect.StructType) else ()
    return tuple(_field(function, one.encode_name, one.type) for one in fields)


def unit_of(name: str) -> str:
    """The unit that a name carries, last or before its `min` or `max`; "" = none that is known."""
    parts = name.split("_")
    last = parts[-2] if parts[-1] in {"min", "max"} and len(parts) > 1 else parts[-1]
    return UNITS.get(last, "") if len(parts) > 1 else ""


def _text(function: AnyFunction, name: str) -> Text:
    for words, key in ((function.texts, name), (TEXTS, f"{function.name}.{name}"), (TEXTS, name)):
        if key in words:
            return words[key]
    plain = name.replace("_", " ")
    return Text(title=Title(en=plain, ru=plain))


def _limit(closed: Any, beyond: Any) -> float | None:
    found = closed if closed is not None else beyond
    return None if found is None else float(found)


def _bare(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    nullable = False
    while True:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            rest = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            nullable = nullable or len(rest) < len(kind.types)
            if len(rest) != 1:
                return kind, nullable
            kind = rest[0]
        else:
            return kind, nullable


_SIMPLE: Mapping[type[inspect.Type], FieldKind] = {
    inspect.BoolType: "switch",
    inspect.FloatType: "number",
    inspect.IntType: "integer",
    inspect.LiteralType: "choice",
    inspect.StrType: "text",
}


def _kind(kind: inspect.Type) -> FieldKind:
    if type(kind) in _SIMPLE:
        return _SIMPLE[type(kind)]
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return _of_items(_bare(kind.item_type)[0])
    if isinstance(kind, inspect.DictType):
        value = _bare(kind.value_type)[0]
        if isinstance(value, inspect.StrType):
            return "table"
        if isinstance(value, inspect.StructType):
            return "named"
        if isinstance(value, inspect.VarTupleType) and isinstance(_bare(value.item_type)[0], inspect.StrType):
            return "lists"
    return "other"


def _of_items(item: inspect.Type) -> FieldKind:
    if isinstance(item, inspect.StrType):
        return "words"
    if isinstance(item, inspect.StructType):
        if item.cls in _OF_STRUCT:
            return _OF_STRUCT[item.cls]
        if {field.encode_name for field in item.fields} == {"id", "box"}:
            return "areas"
        return "records"
    return "other"
