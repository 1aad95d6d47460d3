"""Cameras as CSV: a site with fifty of them is set up from one file.

Pure.

Rules
- The file is read by `csv_rows`; `name` and `url` are needed. It is taken as a whole or not at all: every fault is told
  with its line and column.
- A camera is known by its id, else by its address; one that is new gets an id from its address, so that an import that
  is run again changes nothing. A cell that is empty leaves what a known camera has.
- A template is for functions that are not there yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api.body import explain
from api.cameras import check_id, check_url
from api.contract import CameraIn
from api.csv_rows import FAULTS_MAX, read_rows
from api.errors import FieldFault, InvalidBody
from api.language import Words
from api.templates import TEMPLATES, Template
from ingest.contract import Camera
from postprocess.contract import Region

NAMES: Mapping[str, Words] = {
    "name": Words("name", "название"),
    "url": Words("url", "адрес"),
    "id": Words("id", "id"),
    "analysis_url": Words("analysis_url", "адрес для анализа"),
    "region": Words("region", "регион"),
    "transport": Words("transport", "транспорт"),
    "enabled": Words("enabled", "включена"),
    "template": Words("template", "шаблон"),
}
_YES = {"yes": True, "true": True, "1": True, "да": True, "no": False, "false": False, "0": False, "нет": False}
_TEMPLATES = {name.casefold(): one for one in TEMPLATES for name in (one.name, one.title.en, one.title.ru)}


class CameraRow(msgspec.Struct, frozen=True, kw_only=True):
    """A camera of a file, as it is to be stored."""

    camera: Camera
    template: Template | None = None


def read_cameras(raw: bytes, known: Sequence[Camera], regions: Sequence[Region]) -> list[CameraRow]:
    """All cameras of a file; raises `InvalidBody` with the faults of up to `FAULTS_MAX` lines."""
    there = {camera.url: camera for camera in known} | {camera.id: camera for camera in known}
    places = {name.casefold(): one.id for one in regions for name in (one.name, one.id)}
    rows: dict[str, CameraRow] = {}
    faults: list[FieldFault] = []
    for line, cells in read_rows(raw, NAMES, frozenset({"name", "url"})):
        try:
            row = _row(cells, there, places)
        except InvalidBody as error:
            faults += [FieldFault(f"line {line}, {fault.field}", fault.words) for fault in error.faults()]
            row = None
        if row is not None and rows.setdefault(row.camera.id, row) is not row:
            faults.append(FieldFault(f"line {line}, url", _TWICE))
        if len(faults) >= FAULTS_MAX:
            break
    if faults:
        raise InvalidBody(*faults[:FAULTS_MAX])
    return list(rows.values())


_TWICE = Words("this camera stands in the file twice", "эта камера уже есть в файле выше")


def _row(cells: Mapping[str, str], there: Mapping[str, Camera], places: Mapping[str, str]) -> CameraRow:
    faults: list[FieldFault] = []
    fields: dict[str, Any] = {name: cell for name, cell in cells.items() if cell or name in {"name", "url"}}
    if "enabled" in fields:
        fields["enabled"] = _found(_YES, "enabled", fields["enabled"], Words("yes, no", "да, нет"), faults)
    if "region" in fields:
        named = Words("ids and names of regions that exist", "имена и id имеющихся регионов")
        fields["region"] = _found(places, "region", fields["region"], named, faults)
    told = ", ".join(one.name for one in TEMPLATES)
    template = fields.pop("template", "")
    wanted = _found(_TEMPLATES, "template", template, Words(told, told), faults) if template else None
    if faults:
        raise InvalidBody(*faults)
    try:
        body = msgspec.convert(fields, CameraIn)
    except msgspec.ValidationError as error:
        raise InvalidBody(explain(str(error), CameraIn)) from None
    check_id(body.id)
    check_url(body.url)
    if body.analysis_url:
        check_url(body.analysis_url, "analysis_url")
    before = there.get(body.id or body.url)
    if before is not None:
        return CameraRow(camera=msgspec.structs.replace(before, **fields | {"id": before.id}), template=wanted)
    made = msgspec.structs.asdict(body) | {"id": body.id or _id(body.url)}
    return CameraRow(camera=Camera(**made), template=wanted)


def _found(known: Mapping[str, Any], name: str, cell: str, allowed: Words, faults: list[FieldFault]) -> Any:
    found = known.get(cell.casefold())
    if found is None:
        faults.append(FieldFault(name, Words(f"allowed are {allowed.en}", f"допустимо: {allowed.ru}")))
    return found


def _id(url: str) -> str:
    return f"cam-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
