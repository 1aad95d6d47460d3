"""Functions of a camera: which there are, their settings as written and as they hold.

Pure. A value holds in this order: function over camera over config.ini; the answer names the one that won.
"""

from __future__ import annotations

from typing import Any

import msgspec

from api.body import parse
from api.config import LookDefaults
from api.contract import Effective, FunctionIn, FunctionOut
from api.errors import FieldFault, InvalidBody, NotThere
from api.etag import etag
from api.language import Words
from ingest.contract import Camera
from postprocess.contract import CameraFunction, FunctionSettings, VehiclesSettings

SETTINGS: dict[str, type[FunctionSettings]] = {"vehicles": VehiclesSettings}
"""Every function that can be switched on, by name."""


def read_function(camera: str, name: str, body: FunctionIn) -> CameraFunction:
    """A function as written; raises `NotThere` for an unknown kind, `InvalidBody` for settings that can't be."""
    if name not in SETTINGS:
        known = ", ".join(SETTINGS)
        raise NotThere(kind="module", name=name, hint=Words(f" Known: {known}.", f" Известны: {known}."))
    settings = parse(bytes(body.settings), SETTINGS[name], prefix="settings")
    _check(settings)
    return CameraFunction(camera=camera, name=name, enabled=body.enabled, settings=settings)


def _check(settings: FunctionSettings) -> None:
    """What types can't say: ids are unique, a line has a length, a zone has an area."""
    faults: list[FieldFault] = []
    for kind, things in (("lines", settings.lines), ("zones", settings.zones)):
        ids = [thing.id for thing in things]
        faults += [
            FieldFault(
                f"settings.{kind}[{number}].id",
                Words(f"'{one}' is taken by another entry", f"«{one}» уже занят другой записью"),
            )
            for number, one in enumerate(ids)
            if one in ids[:number]
        ]
    faults += [
        FieldFault(f"settings.lines[{number}]", Words("its two ends are the same", "концы линии совпадают"))
        for number, line in enumerate(settings.lines)
        if max(abs(line.a[0] - line.b[0]), abs(line.a[1] - line.b[1])) < 0.005
    ]
    faults += [
        FieldFault(f"settings.zones[{number}].points", Words("they enclose no area", "точки не охватывают площади"))
        for number, zone in enumerate(settings.zones)
        if abs(_area(zone.points)) < 1e-5
    ]
    if faults:
        raise InvalidBody(*faults)


def _area(points: tuple[tuple[float, float], ...]) -> float:
    following = points[1:] + points[:1]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2


def function_view(
    function: CameraFunction, revision: int, *, camera: Camera, defaults: LookDefaults, configured: frozenset[str]
) -> FunctionOut:
    """A function for people; `configured` names the keys of `[ingest]` that config.ini sets."""
    settings: dict[str, Any] = msgspec.to_builtins(function.settings)
    settings.pop("type", None)
    effective = {
        name: _effective(name, getattr(function.settings, name), defaults, configured)
        for name in ("confidence_ratio", "class_list")
    }
    own = Effective(value=camera.analysis_fps, source="camera")
    effective["analysis_fps"] = own if camera.analysis_fps else _effective("analysis_fps", None, defaults, configured)
    plain = VehiclesSettings()
    for name in ("plates", "plate_confidence_min"):
        value = getattr(function.settings, name)
        effective[name] = Effective(value=value, source="default" if value == getattr(plain, name) else "function")
    return FunctionOut(
        camera=function.camera,
        name=function.name,
        enabled=function.enabled,
        settings=settings,
        effective=effective,
        etag=etag(revision),
    )


def _effective(name: str, own: object, defaults: LookDefaults, configured: frozenset[str]) -> Effective:
    if own is not None:
        return Effective(value=own, source="function")
    return Effective(value=getattr(defaults, name), source="config" if name in configured else "default")
