"""What the functions over zones and lines have in common: their settings, and how a policy is made of them.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from ingest.contract import ShotPolicy
from postprocess.contract import Schedule
from postprocess.functions.unit import (
    ClassList,
    Confidence,
    Context,
    Defaults,
    Function,
    Needs,
    Zones,
    floor,
    ratio_of,
    us,
)
from postprocess.recognisers.photo import PHOTO
from postprocess.rules import cases
from postprocess.rules.cases import CasePolicy, Severity
from postprocess.rules.zones import WHOLE, Anchor

S = TypeVar("S", bound=msgspec.Struct)
P = TypeVar("P", bound=CasePolicy)
M = TypeVar("M", bound=cases.CaseScene)
PHOTO_SIDE_PX = 24
PHOTO_SHOTS = 3

Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)]
Heights = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
D = msgspec.Meta


class WatchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched, when, and which things count."""

    class_list: Annotated[ClassList, D(description="labels that count; null = the function's own choice")] = None
    confidence_ratio: Annotated[Confidence, D(description="lowest confidence of a box; null = config.ini")] = None
    schedule: Annotated[Schedule, D(description="when it is watched, by the site's clock; empty = always")] = ()
    size_min: Annotated[Heights, D(description="shorter side of a box at least, in heights of the picture")] = 0.0
    travel_min: Annotated[
        Heights,
        D(description="a thing must have moved so far from where it was first seen, in picture heights"),
    ] = 0.02
    bridge_s: Annotated[Seconds, D(description="lost for no longer than this, a thing is the same again")] = 5.0
    photos: Annotated[bool, D(description="take pictures for the events")] = True
    severity: Severity = "info"


class ZoneSettings(WatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as being in a zone."""

    zones: Annotated[Zones, D(description="polygons; none = the whole picture")] = ()
    anchor: Annotated[Anchor, D(description="what has to be inside: foot point, centre, share of the box")] = "foot"
    overlap_min: Annotated[
        float, D(ge=0.05, le=0.95, description="share of the box in the zone, for the anchor overlap")
    ] = 0.5
    debounce_s: Annotated[Seconds, D(description="inside for this long before it counts")] = 1.0
    leave_s: Annotated[Seconds, D(description="seen outside for no longer than this, it has not left")] = 1.0
    still_s: Annotated[
        Seconds, D(description="what has not moved for this long (a parked car) starts nothing; 0 = it may")
    ] = 60.0


def needs_of(settings: WatchSettings, labels: tuple[str, ...], defaults: Defaults) -> Needs:
    """Boxes of these labels from the first detector, and pictures of them."""
    return Needs(floor=floor(labels, settings.confidence_ratio, defaults), shots=shots_of(settings, labels))


def shots_of(settings: WatchSettings, labels: tuple[str, ...]) -> tuple[ShotPolicy, ...]:
    """Pictures of things of these labels."""
    policy = ShotPolicy(recogniser=PHOTO.name, labels=labels, side_px_min=PHOTO_SIDE_PX, shots_max=PHOTO_SHOTS)
    return (policy,) if settings.photos else ()


def policy_of(made: type[P], settings: WatchSettings, context: Context, labels: tuple[str, ...], **more: Any) -> P:
    """A policy with all that the common settings say; `more` are fields of its own."""
    said: dict[str, Any] = {
        "labels": labels,
        "confidence_min": ratio_of(settings.confidence_ratio, context.defaults),
        "settings_revision": context.revision,
        "size_min": settings.size_min,
        "travel_min": settings.travel_min,
        "bridge_us": us(settings.bridge_s),
        "schedule": settings.schedule,
        "timezone": context.site.timezone,
        "severity": settings.severity,
        "photos": settings.photos,
        "late_us": us(context.decide.late_s) if settings.photos else 0,
    }
    if isinstance(settings, ZoneSettings):
        said |= {
            "zones": settings.zones or (WHOLE,),
            "anchor": settings.anchor,
            "overlap_min": settings.overlap_min,
            "debounce_us": us(settings.debounce_s),
            "leave_us": us(settings.leave_s),
            "still_us": us(settings.still_s),
        }
    return made(**said | more)


class Watching(Function[S, P, M]):
    """A function whose memory is one of cases."""

    recognisers = (PHOTO,)

    def waits(self, memory: M) -> bool:
        """While somebody is inside, or an event waits for pictures."""
        return bool(memory.visits or memory.cases)

    def lighten(self, memory: M) -> None:
        """Without thumbnails."""
        cases.lighten(memory)
