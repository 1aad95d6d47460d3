"""Functions of a camera: which there are, their settings as written and as they hold.

Pure. A value holds in this order: function over region over camera over config.ini; the answer names the one that won.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from api.body import parse
from api.config import LookDefaults
from api.contract import Effective, FieldOut, FunctionIn, FunctionOut, KindOut, ModuleOut, Source
from api.errors import FieldFault, InvalidBody, NotThere
from api.etag import etag
from api.language import Words
from ingest.contract import Camera
from postprocess.contract import CameraFunction, Region, Title
from postprocess.functions.fields import Field, about_of, fields_of
from postprocess.functions.registry import Registry, read_settings, regions_above
from postprocess.functions.unit import AnyFunction


def read_function(functions: Registry, camera: str, name: str, body: FunctionIn) -> CameraFunction:
    """A function as written; raises `NotThere` for an unknown kind, `InvalidBody` for settings that can't be."""
    function = functions.get(name)
    if function is None:
        known = ", ".join(functions)
        raise NotThere(kind="module", name=name, hint=Words(f" Known: {known}.", f" Известны: {known}."))
    settings = parse(msgspec.json.encode(body.settings), function.settings, prefix="settings")
    faults = function.faults(settings)
    if faults:
        raise InvalidBody(*(FieldFault(f"settings.{f.field}", Words(f.title.en, f.title.ru)) for f in faults))
    return CameraFunction(camera=camera, name=name, enabled=body.enabled, settings=body.settings)


def module_view(function: AnyFunction) -> ModuleOut:
    """A function that could be switched on, for people and programs that draw its settings."""
    return ModuleOut(
        name=function.name,
        title=_both(function.title),
        about=_both(about_of(function)),
        fields=tuple(_field(field) for field in fields_of(function)),
        kinds=tuple(
            KindOut(name=kind.name, title=_both(kind.title), severity=kind.severity) for kind in function.kinds
        ),
        recognisers=tuple(each.name for each in function.recognisers),
        settings=msgspec.json.schema(function.settings),
        defaults=msgspec.to_builtins(function.settings()),
    )


def _field(field: Field) -> FieldOut:
    said = msgspec.structs.asdict(field) | {"title": _both(field.title), "about": _both(field.about)}
    said["items"] = tuple(_field(one) for one in field.items)
    return FieldOut(**said)


def _both(title: Title) -> dict[str, str]:
    return {"en": title.en, "ru": title.ru}


def function_view(
    functions: Registry,
    function: CameraFunction,
    revision: int,
    *,
    camera: Camera,
    defaults: LookDefaults,
    configured: frozenset[str],
    regions: Mapping[str, Region] | None = None,
) -> FunctionOut:
    """A function for people; `configured` names the keys of `[ingest]` that config.ini sets."""
    module = functions.get(function.name)
    settings: dict[str, Any] = dict(function.settings)
    effective: dict[str, Effective] = {}
    if module is not None:
        settings = msgspec.to_builtins(read_settings(module, function.settings))
        effective = _values(
            module, function.settings, regions_above(regions or {}, camera.region), defaults, configured
        )
    own = Effective(value=camera.analysis_fps, source="camera")
    effective["analysis_fps"] = own if camera.analysis_fps else _default("analysis_fps", defaults, configured)
    return FunctionOut(
        camera=function.camera,
        name=function.name,
        enabled=function.enabled,
        settings=settings,
        written=function.settings,
        effective=effective,
        etag=etag(revision),
    )


def inherited_view(
    functions: Registry,
    camera: Camera,
    *,
    defaults: LookDefaults,
    configured: frozenset[str],
    regions: Mapping[str, Region],
) -> dict[str, dict[str, Effective]]:
    """What holds of each function where the camera says nothing."""
    above = regions_above(regions, camera.region)
    return {name: _values(module, {}, above, defaults, configured) for name, module in functions.items()}


def _values(
    module: AnyFunction,
    written: Mapping[str, Any],
    above: Sequence[Region],
    defaults: LookDefaults,
    configured: frozenset[str],
) -> dict[str, Effective]:
    """What holds of a function; `above`: the regions of the camera, the nearest first."""
    said = {name: one for one in reversed(above) for name in one.functions.get(module.name, {})}
    told = read_settings(module, {name: one.functions[module.name][name] for name, one in said.items()}, written)
    found: dict[str, Effective] = {}
    for name, value in msgspec.to_builtins(told).items():
        source: Source = "function" if name in written else "region" if name in said else "default"
        where = said[name].id if source == "region" else ""
        found[name] = _effective(name, Effective(value=value, source=source, region=where), defaults, configured)
    return found


def _effective(name: str, own: Effective, defaults: LookDefaults, configured: frozenset[str]) -> Effective:
    left_out = own.value is None and name in {"confidence_ratio", "class_list"}
    return _default(name, defaults, configured) if left_out else own


def _default(name: str, defaults: LookDefaults, configured: frozenset[str]) -> Effective:
    return Effective(value=getattr(defaults, name), source="config" if name in configured else "default")
