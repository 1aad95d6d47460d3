"""Bodies that people write: JSON in, a checked value out, or an error that names the place and what is allowed.

Pure. The syntax is checked first and as a whole, so that a typo is never blamed on a field.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from api.errors import FieldFault, InvalidBody, MalformedJson
from api.language import Words

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$?(?P<path>[^`]*)`)?$", re.DOTALL)
_BYTE = re.compile(r"\(byte (\d+)\)")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
_TYPES = {
    "str": Words("a text", "текст"),
    "int": Words("a whole number", "целое число"),
    "float": Words("a number", "число"),
    "bool": Words("true or false", "true или false"),
    "array": Words("a list", "список"),
    "object": Words("an object", "объект"),
    "null": Words("null", "null"),
}


def parse(raw: bytes, kind: type[T], *, prefix: str = "") -> T:
    """Read a body; raises `MalformedJson` or `InvalidBody`. `prefix` is where `raw` stood in a larger body."""
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise _malformed(raw, str(error)) from None
    except UnicodeDecodeError as error:
        raise _malformed(raw, f"invalid UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise _malformed(raw, "nested too deeply (byte 0)") from None
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidBody(explain(str(error), kind, prefix=prefix)) from None


def _malformed(raw: bytes, message: str) -> MalformedJson:
    found = _BYTE.search(message)
    byte = int(found.group(1)) if found else len(raw)
    before = raw[:byte]
    reason = _BYTE.sub("", message).removeprefix("JSON is malformed: ").strip()
    if reason == "Input data was truncated":
        reason = "it ends too early" if raw.strip() else "it is empty"
    return MalformedJson(
        reason=reason,
        byte=byte,
        line=before.count(b"\n") + 1,
        column=len(before) - (before.rfind(b"\n") + 1) + 1,
    )


def explain(message: str, kind: Any, *, prefix: str = "") -> FieldFault:
    """What msgspec refused, as a field and what is allowed there, in both languages."""
    found = _PLACE.match(message)
    what, path = (found.group("what"), found.group("path") or "") if found else (message, "")
    node = _resolve(inspect.type_info(kind), path)
    here = ".".join(part for part in (prefix, path.lstrip(".")) if part)
    if (name := _quoted(what, "Object contains unknown field")) is not None:
        known = ", ".join(_fields(node))
        words = Words(f"unknown field; known here: {known}", f"неизвестное поле; здесь есть: {known}")
        return FieldFault(f"{here}.{name}" if here else name, words)
    if (name := _quoted(what, "Object missing required field")) is not None:
        return FieldFault(f"{here}.{name}" if here else name, Words("is missing", "обязательное поле не указано"))
    return FieldFault(here or "body", _value_words(what, node, path))


def _quoted(what: str, start: str) -> str | None:
    return what[len(start) :].strip(" `") if what.startswith(start) else None


def _value_words(what: str, node: inspect.Type | None, path: str) -> Words:
    if isinstance(node, inspect.LiteralType) and what.startswith("Invalid"):
        allowed = ", ".join(repr(value) for value in node.values)
        return Words(f"allowed are {allowed}", f"допустимо: {allowed}")
    if found := re.match(r"Expected `(\w+)` (<=|>=|<|>) ([-\d.]+)$", what):
        bound = f"{found.group(2)} {found.group(3)}".replace("<=", "≤").replace(">=", "≥")
        relative = _range(node)
        return Words(f"must be {relative or bound}", f"должно быть {relative or bound}")
    if found := re.match(r"Expected `(\w+)` of length (>= |<= )?(\d+)$", what):
        return _length_words(found.group(1), found.group(2) or "", int(found.group(3)), path)
    if found := re.match(r"Expected `str` matching regex '(.*)'$", what):
        return Words(
            f"must match {found.group(1)}: small Latin letters, digits, '-' and '_', 64 at most",
            f"должно соответствовать {found.group(1)}: строчные латинские буквы, цифры, «-» и «_», не более 64",
        )
    if found := re.match(r"Expected `([^`]+)`, got `([^`]+)`$", what):
        return Words(f"must be {_types(found.group(1)).en}", f"ожидается {_types(found.group(1)).ru}")
    return Words(what[:1].lower() + what[1:], f"недопустимое значение ({what})")


def _types(names: str) -> Words:
    words = [_TYPES.get(name.strip(), Words(name, name)) for name in names.split("|")]
    return Words(" or ".join(word.en for word in words), " или ".join(word.ru for word in words))


def _length_words(kind: str, sign: str, length: int, path: str) -> Words:
    if path.endswith(".points") and sign.startswith(">"):
        return Words(f"a zone needs {length} points or more", f"зоне нужно не менее {length} точек")
    unit = Words("characters", "символов") if kind == "str" else Words("elements", "элементов")
    how = {">": Words("at least ", "не менее "), "<": Words("at most ", "не более ")}.get(sign[:1], Words("", "ровно "))
    return Words(f"must have {how.en}{length} {unit.en}", f"должно быть {how.ru}{length} {unit.ru}")


def _range(node: inspect.Type | None) -> str:
    low, high = getattr(node, "ge", None), getattr(node, "le", None)
    return f"{low:g}..{high:g}" if low is not None and high is not None else ""


def _fields(node: inspect.Type | None) -> list[str]:
    if not isinstance(node, inspect.StructType):
        return []
    tag = [node.tag_field] if node.tag_field else []
    return tag + [field.encode_name for field in node.fields]


def _resolve(node: inspect.Type | None, path: str) -> inspect.Type | None:
    """The type that stands at a path of msgspec's error messages."""
    for name, index in _STEP.findall(path):
        node = _bare(node)
        if name:
            found = [field.type for field in getattr(node, "fields", ()) if field.encode_name == name]
            node = found[0] if found else None
        elif isinstance(node, inspect.TupleType):
            node = node.item_types[int(index)] if index != "..." else None
        else:
            node = getattr(node, "item_type", None)
    return _bare(node)


def _bare(node: inspect.Type | None) -> inspect.Type | None:
    while isinstance(node, inspect.Metadata):
        node = node.type
    if isinstance(node, inspect.UnionType):
        rest = [one for one in node.types if not isinstance(one, inspect.NoneType)]
        named = [one for one in rest if type(one).__name__ != "UnsetType"]
        return _bare(named[0]) if len(named) == 1 else None
    return node
