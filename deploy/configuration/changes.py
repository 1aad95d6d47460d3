"""What has to be done so that a site is what a file wants: changes, in the order in which they can be made.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from api.errors import FieldFault
from api.language import Words
from deploy.configuration.kinds import BY_NAME, CAMERAS, FUNCTIONS, KINDS, REGIONS, Fields, Kind, defaults, place_of
from deploy.configuration.wanted import Faulty, Resolve, Site, Wanted

MISSING = msgspec.UNSET
SECRET = "(secret)"  # noqa: S105 - stands in the place of one
_NOTHING_KEPT = Words(
    "stands for what is stored, and that is another one or none: write env:NAME or file:PATH",
    "заменяет сохранённое значение, но оно другое или его нет: укажите env:ИМЯ или file:ПУТЬ",
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """An object as the API has it."""

    fields: Fields
    etag: str


Found = Mapping[str, Mapping[str, Stored]]
"""Kind → id → object."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is to be another one; `UNSET` = there is none."""

    key: str
    old: Any
    new: Any


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is to be made, changed or removed."""

    act: Literal["create", "change", "remove"]
    kind: str
    id: str
    differences: tuple[Difference, ...] = ()
    body: Fields = {}
    """What is sent. Holds secrets: never shown."""
    etag: str = ""

    @property
    def place(self) -> str:
        """Where it stands in a file."""
        return place_of(BY_NAME[self.kind], self.id)


def changes(wanted: Site, found: Found, resolve: Resolve, *, prune: bool = False, renew: bool = False) -> list[Change]:
    """What is to be done, in order; `renew` sends secrets again. Raises `Faulty`."""
    faults: list[FieldFault] = []
    done = [change for kind in KINDS for change in _of_kind(kind, wanted, found, resolve, faults, renew=renew)]
    if faults:
        raise Faulty(*faults)
    return done + (list(_removed(wanted, found)) if prune else [])


def _of_kind(
    kind: Kind, wanted: Site, found: Found, resolve: Resolve, faults: list[FieldFault], *, renew: bool
) -> Iterator[Change]:
    objects, there = wanted.objects.get(kind.name, {}), found.get(kind.name, {})
    for id_ in _parents_first({id_: one.fields for id_, one in objects.items()}) if kind.name == REGIONS else objects:
        one, before = objects[id_], there.get(id_)
        faults += _unkept(place_of(kind, id_), one, before)
        if before is None:
            try:
                given = {name: resolve(text) for name, text in one.made_with.items()}
            except LookupError as error:
                reason = str(error.args[0])
                faults.append(FieldFault(f"{place_of(kind, id_)}.password", Words(reason, reason)))
                continue
            yield _made(kind, id_, one, given)
        elif change := _changed(kind, id_, one, before, renew=renew):
            yield change


def _unkept(place: str, one: Wanted, before: Stored | None) -> Iterator[FieldFault]:
    for path in one.kept:
        if before is None or _at(one.fields, path) != _at(before.fields, path):
            yield FieldFault(".".join((place, *path)), _NOTHING_KEPT)


def _at(fields: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        fields = fields.get(step, MISSING) if isinstance(fields, dict) else MISSING
    return fields


def _made(kind: Kind, id_: str, one: Wanted, given: Fields) -> Change:
    usual = defaults(kind.shape)
    said = {name: value for name, value in one.fields.items() if usual.get(name, MISSING) != value}
    told = tuple(Difference(key=name, old=MISSING, new=value) for name, value in said.items())
    told += tuple(Difference(key=name, old=MISSING, new=SECRET) for name in given)
    return Change(act="create", kind=kind.name, id=id_, differences=told, body=one.fields | one.sent | given)


def _changed(kind: Kind, id_: str, one: Wanted, before: Stored, *, renew: bool) -> Change | None:
    filled = {name: before.fields.get(name) for name in kind.filled if one.fields[name] is None}
    told = [*differences(before.fields, one.fields | filled)]
    if renew:
        told += [Difference(key=name, old=SECRET, new=SECRET) for name in one.sent]
    if not told:
        return None
    body = one.fields | one.sent
    if not kind.whole:
        keys = {difference.key.partition(".")[0].partition("[")[0] for difference in told}
        body = {name: value for name, value in body.items() if name in keys}
    return Change(act="change", kind=kind.name, id=id_, differences=tuple(told), body=body, etag=before.etag)


def differences(old: Any, new: Any, key: str = "") -> Iterator[Difference]:
    """Where two values differ, as deep as both have the same form."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            inner = f"{key}.{name}" if key else str(name)
            yield from differences(old.get(name, MISSING), new.get(name, MISSING), inner)
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(one, dict) for one in (*old, *new)):
        for index in range(max(len(old), len(new))):
            before, after = (side[index] if index < len(side) else MISSING for side in (old, new))
            yield from differences(before, after, f"{key}[{index}]")
    elif old is MISSING or new is MISSING or old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Difference(key=key, old=old, new=new)


def _removed(wanted: Site, found: Found) -> Iterator[Change]:
    """What a file that speaks of a kind does not have, the last made first."""
    cameras = wanted.objects.get(CAMERAS, {})
    for kind in reversed(KINDS):
        there = found.get(kind.name, {})
        objects = wanted.objects.get(kind.name, {})
        ids: list[str] = [id_ for id_ in there if id_ not in objects]
        if kind.name == FUNCTIONS:  # those of a camera that is removed go with it
            ids = [id_ for id_ in ids if (camera := id_.partition("/")[0]) in wanted.whole and camera in cameras]
        elif kind.name not in wanted.objects:
            continue
        if kind.name == REGIONS:
            ids = [id_ for id_ in reversed(_parents_first({i: one.fields for i, one in there.items()})) if id_ in ids]
        for id_ in ids:
            yield Change(act="remove", kind=kind.name, id=id_, etag=there[id_].etag)


def _parents_first(regions: Mapping[str, Fields]) -> list[str]:
    """Ids with each region behind the one that it lies in."""
    order: dict[str, None] = {}

    def add(id_: str, above: frozenset[str]) -> None:
        parent = regions[id_].get("parent", "")
        if parent in regions and parent not in above and parent not in order:
            add(parent, above | {id_})
        order[id_] = None

    for id_ in regions:
        if id_ not in order:
            add(id_, frozenset({id_}))
    return list(order)
