"""Plates on the lists of the site, as people write and see them.

Pure.

Rules
- An entry without an id gets one from its list and its plate as it is compared: a vehicle can't stand on one list twice
  by accident, and an import that is run again changes nothing.
- Two plates are one when `postprocess.plates.canonical` says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from api.contract import VehicleIn, VehicleOut
from api.cursor import Place
from api.errors import FieldFault, InvalidBody
from api.etag import etag
from api.language import Words
from api.query import instant
from api.views import moment
from postprocess.contract import VehicleEntry, fold_plate
from postprocess.plates import canonical

PLATE_WORDS = Words("a plate has 3 to 12 letters and digits", "в номере от 3 до 12 букв и цифр")
TIME_WORDS = Words(
    "allowed is a time with its zone, as in 2026-03-01T08:00:00Z",
    "допустимо время с часовым поясом, например 2026-03-01T08:00:00Z",
)
ORDER_WORDS = Words("must be later than valid_from", "должно быть позже valid_from")


class VehicleFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; empty fields ask for nothing."""

    plate: str = ""
    """Any part of a plate, folded."""
    list: str = ""
    text: str = ""
    """Any part of owner or note."""
    valid_at_us: int | None = None


def entry_id(list_: str, plate: str) -> str:
    """The id of an entry that was given none."""
    return f"v-{hashlib.sha256(f'{list_} {canonical(plate)}'.encode()).hexdigest()[:16]}"


def read_vehicle(body: VehicleIn, *, id_: str = "") -> VehicleEntry:
    """An entry as written; raises `InvalidBody`. `id_`: the one of the address."""
    faults = list(_faults(body))
    if faults:
        raise InvalidBody(*faults)
    return VehicleEntry(
        id=id_ or body.id or entry_id(body.list, body.plate),
        plate=body.plate.strip(),
        list=body.list,
        valid_from_us=instant(body.valid_from),
        valid_until_us=instant(body.valid_until),
        schedule=body.schedule,
        directions=body.directions,
        owner=body.owner.strip(),
        note=body.note.strip(),
    )


def _faults(body: VehicleIn) -> Iterator[FieldFault]:
    if not plausible(body.plate):
        yield FieldFault("plate", PLATE_WORDS)
    for name in ("valid_from", "valid_until"):
        if (text := getattr(body, name)) is not None and instant(text) is None:
            yield FieldFault(name, TIME_WORDS)
    since, until = instant(body.valid_from), instant(body.valid_until)
    if since is not None and until is not None and since >= until:
        yield FieldFault("valid_until", ORDER_WORDS)
    if len(set(body.directions)) < len(body.directions):
        yield FieldFault("directions", Words("a direction stands twice", "направление указано дважды"))


def plausible(plate: str) -> bool:
    """Whether a text may be a plate at all."""
    folded = fold_plate(plate)
    return 3 <= len(folded) <= 12 and folded.isascii()


def vehicle_view(entry: VehicleEntry, revision: int) -> VehicleOut:
    """An entry for people."""
    return VehicleOut(
        id=entry.id,
        plate=entry.plate,
        plate_folded=canonical(entry.plate),
        list=entry.list,
        valid_from=None if entry.valid_from_us is None else moment(entry.valid_from_us),
        valid_until=None if entry.valid_until_us is None else moment(entry.valid_until_us),
        schedule=entry.schedule,
        directions=entry.directions,
        owner=entry.owner,
        note=entry.note,
        etag=etag(revision),
    )


def place(entry: VehicleEntry) -> Place:
    """Where an entry stands in the order of all: by plate, then by id."""
    return Place(canonical(entry.plate), entry.id)


def found(pairs: Iterable[tuple[VehicleEntry, int]], wanted: VehicleFilter) -> list[tuple[VehicleEntry, int]]:
    """The entries that are wanted, in order."""
    return sorted((pair for pair in pairs if _meant(pair[0], wanted)), key=lambda pair: place(pair[0]))


def _meant(entry: VehicleEntry, wanted: VehicleFilter) -> bool:
    if wanted.list and entry.list != wanted.list:
        return False
    if wanted.plate and wanted.plate not in fold_plate(entry.plate) and wanted.plate not in canonical(entry.plate):
        return False
    text = wanted.text.casefold()
    if text and text not in entry.owner.casefold() and text not in entry.note.casefold():
        return False
    at_us = wanted.valid_at_us
    since, until = entry.valid_from_us, entry.valid_until_us
    return at_us is None or ((since is None or since <= at_us) and (until is None or at_us < until))
