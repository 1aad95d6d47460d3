"""Which functions there are: those of this package and those that other packages bring along.

Pure but for `load`, which reads the entry points of the installed packages.

Rules
- Another package names its function in the entry point group `zool.functions`: an object derived from `unit.Function`.
- A name is taken once: built-in functions win, a second one of the same name is refused by name.
- Stored settings may come from an older or newer version: what a function does not know is left out when they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any

import msgspec

from postprocess.contract import Region
from postprocess.errors import FunctionError
from postprocess.functions.attendance import ATTENDANCE
from postprocess.functions.counting import COUNTING
from postprocess.functions.defects import DEFECTS
from postprocess.functions.faces import FACES
from postprocess.functions.intrusion import INTRUSION
from postprocess.functions.loitering import LOITERING
from postprocess.functions.object import OBJECT
from postprocess.functions.occupancy import OCCUPANCY
from postprocess.functions.ppe import PPE
from postprocess.functions.unit import AnyFunction, Function
from postprocess.functions.vehicles import VEHICLES
from postprocess.functions.wrong_way import WRONG_WAY
from postprocess.recognisers.unit import Recogniser

GROUP = "zool.functions"
BUILT_IN: tuple[AnyFunction, ...] = (
    VEHICLES,
    ATTENDANCE,
    FACES,
    PPE,
    INTRUSION,
    LOITERING,
    COUNTING,
    OCCUPANCY,
    WRONG_WAY,
    OBJECT,
    DEFECTS,
)

Registry = Mapping[str, AnyFunction]


def registry(further: Iterable[AnyFunction] = ()) -> Registry:
    """Name → function, those from outside after the built-in ones; raises `FunctionError`."""
    known: dict[str, AnyFunction] = {}
    for function in (*BUILT_IN, *further):
        if not isinstance(function, Function):
            raise FunctionError(repr(function), "it is not an object of postprocess.functions.unit.Function")
        if function.name in known:
            raise FunctionError(function.name, "the name is taken by another function")
        known[function.name] = function
    return known


def load() -> Registry:
    """The functions of this package and of all that is installed beside it; raises `FunctionError`."""
    further = []
    for entry in entry_points(group=GROUP):
        try:
            further.append(entry.load())
        except (ImportError, AttributeError) as error:
            raise FunctionError(entry.name, f"{entry.value} can't be loaded: {error}") from error
    return registry(further)


def read_settings(function: AnyFunction, *written: Mapping[str, Any]) -> msgspec.Struct:
    """The settings of a function from what was written, the later over the earlier.

    Raises:
        msgspec.ValidationError: a value is of another type, or beyond its limits.

    """
    known = {field.encode_name for field in msgspec.structs.fields(function.settings)}
    merged = {key: value for each in written for key, value in each.items() if key in known}
    settings: msgspec.Struct = msgspec.convert(merged, function.settings)
    return settings


def regions_above(regions: Mapping[str, Region], name: str) -> list[Region]:
    """A region and those that it lies in, the nearest first; a circle of parents ends where it closes."""
    found: list[Region] = []
    while (region := regions.get(name)) is not None and region not in found:
        found.append(region)
        name = region.parent
    return found


def inherited(function: AnyFunction, regions: Mapping[str, Region], name: str) -> dict[str, Any]:
    """What the regions of a camera say of a function, the nearest winning."""
    told: dict[str, Any] = {}
    for region in reversed(regions_above(regions, name)):
        told |= region.functions.get(function.name, {})
    return told


def recognisers(functions: Registry) -> dict[str, Recogniser]:
    """Name → recogniser, of all functions."""
    return {each.name: each for function in functions.values() for each in function.recognisers}
