"""Regions as people write and see them: the tree of the site, and what holds for all cameras below a place.

Pure.

Rules
- A region lies in one that exists, and in none of those below itself.
- Settings of a function are checked by its own type: a region may say one of them and leave the rest to cameras and
  defaults. What only the whole can tell (`Function.faults`) is judged for the settings that it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from api.body import parse
from api.contract_setup import RegionIn, RegionOut, RegionPatch
from api.errors import ApiError, FieldFault, InUse, InvalidBody
from api.etag import etag
from api.language import Words
from ingest.contract import Camera
from postprocess.contract import PARKING, Parking, Region
from postprocess.functions.registry import Registry

Regions = Mapping[str, Region]
DEPTH_MAX = 16


def region_of(wanted: RegionIn, region_id: str, regions: Regions, functions: Registry) -> Region:
    """A new region as stored; raises `InvalidBody`."""
    region = Region(id=region_id, name=wanted.name.strip(), parent=wanted.parent, functions=wanted.functions)
    return checked(region, regions, functions)


def changed(region: Region, wanted: RegionPatch, regions: Regions, functions: Registry) -> Region:
    """A region with what was asked for; raises `InvalidBody`."""
    fields = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    return checked(msgspec.structs.replace(region, **fields), regions, functions)


def checked(region: Region, regions: Regions, functions: Registry) -> Region:
    """The region itself; raises `InvalidBody`."""
    faults = [*_place_faults(region, regions), *_function_faults(region.functions, functions)]
    if faults:
        raise InvalidBody(*faults)
    return region


def _place_faults(region: Region, regions: Regions) -> Iterator[FieldFault]:
    above = region.parent
    if above and above not in regions:
        yield FieldFault("parent", Words(f"there is no region '{above}'", f"нет региона «{above}»"))
    for _ in range(DEPTH_MAX):
        if above == region.id:
            words = Words("a region can't lie within itself", "регион не может лежать в самом себе")
            yield FieldFault("parent", words)
            return
        if above not in regions:
            return
        above = regions[above].parent
    words = Words(f"more than {DEPTH_MAX} levels", f"больше {DEPTH_MAX} уровней")
    yield FieldFault("parent", words)


def _function_faults(said: Mapping[str, Mapping[str, Any]], functions: Registry) -> Iterator[FieldFault]:
    for name, settings in said.items():
        place = f"functions.{name}"
        raw = msgspec.json.encode(settings)
        try:
            if name == PARKING:
                parse(raw, Parking, prefix=place)
                continue
            function = functions.get(name)
            if function is None:
                known = ", ".join([*functions, PARKING])
                yield FieldFault(place, Words(f"there is no such function; known: {known}", f"известны: {known}"))
                continue
            for fault in function.faults(parse(raw, function.settings, prefix=place)):
                if fault.field.partition("[")[0].partition(".")[0] in settings:
                    yield FieldFault(f"{place}.{fault.field}", Words(fault.title.en, fault.title.ru))
        except ApiError as error:
            yield from error.faults()


def check_free(region: Region, regions: Regions, cameras: Sequence[Camera]) -> None:
    """Raises `InUse` while other regions or cameras stand in a region."""
    below = [one.name for one in regions.values() if one.parent == region.id]
    below += [camera.name for camera in cameras if camera.region == region.id]
    if below:
        told = ", ".join(below[:5]) + (f" (+{len(below) - 5})" if len(below) > 5 else "")
        raise InUse(kind="region", name=region.name, by=Words(told, told))


def region_view(region: Region, revision: int, cameras: Sequence[Camera]) -> RegionOut:
    """A region for people."""
    return RegionOut(
        id=region.id,
        name=region.name,
        parent=region.parent,
        functions=region.functions,
        cameras=tuple(camera.id for camera in cameras if camera.region == region.id),
        etag=etag(revision),
    )
