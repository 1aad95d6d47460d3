"""A configuration file as objects that are wanted; every fault with its place and what is allowed there.

Pure: `resolve` reads environment and files.

Rules
- A section that is missing says nothing; one that is there says all of its kind. So does `functions` of a camera.
- Secrets are references, `env:NAME` or `file:PATH`. What the API showed in their stead (a masked address,
  `stored: true`) keeps what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from api.body import parse
from api.errors import FieldFault, InvalidBody, MalformedJson
from api.language import Words
from deploy.configuration.kinds import (
    BY_NAME,
    CAMERAS,
    FUNCTIONS,
    KINDS,
    TARGETS,
    USERS,
    Fields,
    Kind,
    compared,
    place_of,
    plain,
    secret_names,
)
from ingest.contract import Token, mask_url
from postprocess.deliver.settings import KINDS as TARGET_KINDS

Resolve = Callable[[str], str]
"""What a reference stands for; raises `LookupError` with the reason."""
SECTIONS = tuple(dict.fromkeys(kind.place.partition(".")[0] for kind in KINDS))
MASK = "://***@"
ADDRESSES = ("url", "analysis_url")
_REFERENCE = re.compile(r"^(env|file):.+$", re.DOTALL)
_REFER = Words("write env:NAME or file:PATH: a file holds no secrets", "укажите env:ИМЯ или file:ПУТЬ, не сам секрет")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it is to be."""

    fields: Fields
    """As it is compared: secrets stand as the API shows them."""
    sent: Fields = {}
    """What is sent instead of some of them: with secrets. Never shown."""
    kept: tuple[tuple[str, ...], ...] = ()
    """Where something stands for what is stored."""
    made_with: Fields = {}
    """Field → reference, for the making only."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """All that a file says: kind → id → object, of the kinds that it speaks of."""

    objects: dict[str, dict[str, Wanted]]
    whole: frozenset[str] = frozenset()
    """Cameras whose functions are all in the file."""


class Faulty(Exception):  # noqa: N818 - named by what it is
    """A file that can't be used: `faults` are all that were found."""

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__(*faults)
        self.faults = faults


def read_site(document: Any, resolve: Resolve) -> Site:
    """What a document wants; raises `Faulty`."""
    faults: list[FieldFault] = []
    objects: dict[str, dict[str, Wanted]] = {}
    whole: set[str] = set()
    for kind, entries in _sections(document, faults):
        known = objects.setdefault(kind.name, {})
        for id_, raw in entries.items():
            try:
                known[id_] = _object(kind, id_, raw, resolve)
            except InvalidBody as error:
                faults += error.faults()
            if kind.name == CAMERAS and isinstance(raw, dict) and FUNCTIONS in raw:
                whole.add(id_)
                _functions(id_, raw[FUNCTIONS], objects.setdefault(FUNCTIONS, {}), faults)
    if faults:
        raise Faulty(*faults)
    return Site(objects=objects, whole=frozenset(whole))


def _sections(document: Any, faults: list[FieldFault]) -> Iterator[tuple[Kind, dict[str, Any]]]:
    top = _mapping(document, "", SECTIONS, faults)
    below = ("targets", "rules")
    deliveries = _mapping(top["deliveries"], "deliveries", below, faults) if "deliveries" in top else {}
    for kind in KINDS:
        section, _, part = kind.place.partition(".")
        inside = deliveries if part else top
        if kind.name != FUNCTIONS and (part or section) in inside:
            yield kind, _mapping(inside[part or section], kind.place, (), faults)


def _mapping(value: Any, place: str, allowed: tuple[str, ...], faults: list[FieldFault]) -> dict[str, Any]:
    """A mapping; without `allowed` one of ids."""
    if not isinstance(value, dict):
        faults.append(FieldFault(place or "file", Words("must be a mapping ({} = none)", "нужен словарь ({} — пусто)")))
        return {}
    if allowed:
        faults += _unknown(value, place, allowed)
        return value
    return {key: one for key, one in value.items() if _is_id(f"{place}.{key}", key, faults)}


def _is_id(place: str, key: str, faults: list[FieldFault]) -> bool:
    try:
        _parsed(key, Token, place)
    except InvalidBody as error:
        faults += error.faults()
        return False
    return True


def _unknown(value: Mapping[str, Any], place: str, allowed: tuple[str, ...]) -> Iterator[FieldFault]:
    known = ", ".join(allowed)
    words = Words(f"unknown key; allowed here: {known}", f"неизвестный ключ; здесь допустимы: {known}")
    for key in value:
        if key not in allowed:
            yield FieldFault(f"{place}.{key}" if place else key, words)


def _functions(camera: str, value: Any, known: dict[str, Wanted], faults: list[FieldFault]) -> None:
    kind = BY_NAME[FUNCTIONS]
    for name, raw in _mapping(value, f"{place_of(BY_NAME[CAMERAS], camera)}.functions", (), faults).items():
        try:
            known[f"{camera}/{name}"] = _object(kind, f"{camera}/{name}", raw, lambda text: text)
        except InvalidBody as error:
            faults += error.faults()


def _object(kind: Kind, id_: str, raw: Any, resolve: Resolve) -> Wanted:
    """One object; raises `InvalidBody`."""
    place = place_of(kind, id_)
    if not isinstance(raw, dict):
        raise InvalidBody(FieldFault(place, Words("must be a mapping ({} = defaults)", "нужен словарь")))
    allowed = kind.allowed + ((FUNCTIONS,) if kind.name == CAMERAS else ())
    if unknown := tuple(_unknown(raw, place, allowed)):
        raise InvalidBody(*unknown)
    said = {key: value for key, value in raw.items() if key in kind.allowed}
    sent, kept = _addresses(place, said, resolve) if kind.name == CAMERAS else ({}, ())
    made_with = _password(place, said) if kind.name == USERS else {}
    if kind.name == TARGETS:
        _values(place, said, resolve)
    body = said | ({kind.key: id_} if kind.key else {})
    checked = plain(_parsed(body, kind.shape, place))
    fields = compared(kind, checked)
    if kind.name == TARGETS:
        fields["settings"], sent, kept = _settings(place, fields, said["settings"])
    return Wanted(fields=fields, sent=sent, kept=kept, made_with=made_with)


def _addresses(place: str, said: Fields, resolve: Resolve) -> tuple[Fields, tuple[tuple[str, ...], ...]]:
    """Mask the addresses of a camera that are references: what is sent instead, and what is kept."""
    sent: Fields = {}
    kept: list[tuple[str, ...]] = []
    for name in ADDRESSES:
        text = said.get(name)
        if not isinstance(text, str):
            continue
        if _REFERENCE.match(text):
            sent[name] = _resolved(text, f"{place}.{name}", resolve)
            said[name] = mask_url(sent[name])
        elif MASK in text:
            kept.append((name,))
        elif mask_url(text) != text:
            raise InvalidBody(FieldFault(f"{place}.{name}", _REFER))
    return sent, tuple(kept)


def _password(place: str, said: Fields) -> Fields:
    """Take the reference of a user's password out."""
    password = said.pop("password", None)
    if password is not None and not (isinstance(password, str) and _REFERENCE.match(password)):
        raise InvalidBody(FieldFault(f"{place}.password", _REFER))
    return {} if password is None else {"password": password}


def _values(place: str, said: Fields, resolve: Resolve) -> None:
    """Put the values of a target's secrets where references stand."""
    if not isinstance(said.get("settings"), dict):
        return
    said["settings"] = dict(said["settings"])
    for name in secret_names(said.get("kind")):
        value = said["settings"].get(name)
        if isinstance(value, str) and _REFERENCE.match(value):
            said["settings"][name] = {"value": _resolved(value, f"{place}.settings.{name}", resolve)}
        elif isinstance(value, str) or (isinstance(value, dict) and value.get("value")):
            raise InvalidBody(FieldFault(f"{place}.settings.{name}", _REFER))


def _settings(place: str, fields: Fields, said: Fields) -> tuple[Fields, Fields, tuple[tuple[str, ...], ...]]:
    """Settings of a target by its kind: as the API shows them, what is sent, and which secrets are kept."""
    kind = fields["kind"]
    whole = plain(_parsed(said, TARGET_KINDS[kind], f"{place}.settings"))
    shown, sent, kept = dict(whole), dict(whole), []
    for name in secret_names(kind):
        sent[name] = {key: value for key, value in whole[name].items() if value}
        shown[name] = {"stored": True} if "value" in sent[name] else sent[name]
        if "stored" in sent[name]:
            kept.append(("settings", name))
    new = any("value" in sent[name] for name in secret_names(kind))
    return shown, {"settings": sent} if new else {}, tuple(kept)


def _parsed(value: Any, shape: Any, place: str) -> Any:
    """A value as the api would take it; raises `InvalidBody`."""
    try:
        return parse(msgspec.json.encode(value), shape, prefix=place)
    except (MalformedJson, ValueError, OverflowError, TypeError, RecursionError) as error:
        words = Words(f"can't be sent as JSON: {error}", f"нельзя передать как JSON: {error}")
        raise InvalidBody(FieldFault(place, words)) from None


def _resolved(text: str, place: str, resolve: Resolve) -> str:
    try:
        return resolve(text)
    except LookupError as error:
        reason = str(error.args[0])
        raise InvalidBody(FieldFault(place, Words(reason, reason))) from None
