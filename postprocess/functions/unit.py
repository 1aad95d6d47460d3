"""What a function of a camera is: all that the programs and the api need in order to serve one they don't know.

Pure: no I/O, no clock.

Rules
- A function is one object of a class derived from `Function`. It holds no state of its own: what it remembers of a
  camera is its `memory`, what holds for a camera is its policy. Adding a function touches no other.
- `settings` is what people write: it forbids unknown fields and has a default for each. `memory` is a `Scene` with
  more fields; when its meaning changes, so does the default of its `schema`.
- `step` is pure: the same memory, input and policy give the same outputs; `now` is the memory's watermark.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from ingest.contract import Camera, DetectorPlan, FrameShotPolicy, ShotPolicy
from postprocess.config import DecideSettings
from postprocess.contract import Employee, Line, Title, VehicleEntry, Zone
from postprocess.functions.texts import Text
from postprocess.recognisers.unit import Recogniser
from postprocess.rules.scene import Input, Output, Scene

S = TypeVar("S", bound=msgspec.Struct)
P = TypeVar("P", bound=msgspec.Struct)
M = TypeVar("M", bound=Scene)

ClassList = tuple[str, ...] | None
Confidence = Annotated[float, msgspec.Meta(ge=0.05, le=0.95)] | None
Lines = Annotated[tuple[Line, ...], msgspec.Meta(max_length=16)]
Zones = Annotated[tuple[Zone, ...], msgspec.Meta(max_length=16)]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event that a function writes; `name` is a token of its subject."""

    name: str
    title: Title
    severity: Literal["info", "warning", "alarm"] = "info"


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """Of config.ini, section `[ingest]`."""

    confidence_ratio: float = 0.45
    class_list: tuple[str, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a function asks of ingest for one camera."""

    floor: dict[str, float] = {}
    """Label of the first detector → lowest confidence of use; empty = what config.ini publishes."""
    shots: tuple[ShotPolicy, ...] = ()
    frame_shots: tuple[FrameShotPolicy, ...] = ()
    detectors: tuple[DetectorPlan, ...] = ()
    every_look: bool = False


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all cameras."""

    timezone: str = "UTC"
    """IANA name."""
    vehicles: Mapping[str, tuple[VehicleEntry, ...]] = {}
    """Canonical plate (`plates.canonical`) → its entries. It follows the settings in place: look up, don't keep."""
    people: Mapping[str, Employee] = {}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Where a policy is made: the camera, and what it inherits."""

    camera: Camera
    revision: int = 0
    """Of the settings; goes into every event."""
    site: Site = Site()
    decide: DecideSettings = DecideSettings()
    defaults: Defaults = Defaults()


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in settings that types can't say; `field` as in `zones[0].points`."""

    field: str
    title: Title


class Function(abc.ABC, Generic[S, P, M]):
    """A module that can be switched on for a camera."""

    name: str
    """One token: key of the settings, `function` of its events."""
    title: Title
    settings: type[S]
    memory: type[M]
    kinds: tuple[Kind, ...]
    recognisers: tuple[Recogniser, ...] = ()
    about: Title = Title(en="", ru="")
    """What it is for, in a sentence."""
    texts: Mapping[str, Text] = {}
    """Its settings in words, where those of `texts.py` don't do."""

    @abc.abstractmethod
    def needs(self, settings: S, defaults: Defaults) -> Needs:
        """What ingest has to do for it."""

    @abc.abstractmethod
    def policy(self, settings: S, context: Context) -> P:
        """What holds for one camera."""

    @abc.abstractmethod
    def step(self, memory: M, message: Input, policy: P) -> tuple[M, list[Output]]:
        """Take one input; `memory` is used up and handed back."""

    def waits(self, memory: M) -> bool:
        """Whether the passing of time may change anything, when no frames come."""
        return bool(memory.tracks)

    def lighten(self, memory: M) -> None:
        """Drop what can be done without (thumbnails): the state does not fit into one message."""

    def faults(self, settings: S) -> tuple[Fault, ...]:
        """What types can't say; without more, what is wrong with its `lines` and `zones`."""
        return shape_faults(getattr(settings, "lines", ()), getattr(settings, "zones", ()))


AnyFunction = Function[Any, Any, Any]


def us(span_s: float) -> int:
    """Seconds as microseconds."""
    return round(span_s * 1_000_000)


def ratio_of(ratio: float | None, defaults: Defaults) -> float:
    """The confidence that holds: the function's own, else that of config.ini."""
    return defaults.confidence_ratio if ratio is None else ratio


def floor(labels: tuple[str, ...], ratio: float | None, defaults: Defaults) -> dict[str, float]:
    """The same confidence for some labels, see `ratio_of`."""
    return dict.fromkeys(labels, ratio_of(ratio, defaults))


def shape_faults(lines: tuple[Line, ...], zones: tuple[Zone, ...]) -> tuple[Fault, ...]:
    """Ids are unique, a line has a length, a zone has an area."""
    faults = [*_repeated("lines", [line.id for line in lines]), *_repeated("zones", [zone.id for zone in zones])]
    faults += [
        Fault(field=f"lines[{number}]", title=Title(en="its two ends are the same", ru="концы линии совпадают"))
        for number, line in enumerate(lines)
        if max(abs(line.a[0] - line.b[0]), abs(line.a[1] - line.b[1])) < 0.005
    ]
    faults += [
        Fault(field=f"zones[{number}].points", title=Title(en="they enclose no area", ru="точки не охватывают площади"))
        for number, zone in enumerate(zones)
        if abs(_area(zone.points)) < 1e-5
    ]
    return tuple(faults)


def _repeated(kind: str, ids: list[str]) -> list[Fault]:
    return [
        Fault(
            field=f"{kind}[{number}].id",
            title=Title(en=f"'{one}' is taken by another entry", ru=f"«{one}» уже занят другой записью"),
        )
        for number, one in enumerate(ids)
        if one in ids[:number]
    ]


def _area(points: tuple[tuple[float, float], ...]) -> float:
    following = points[1:] + points[:1]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2
