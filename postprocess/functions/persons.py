"""What the functions about persons have in common: their settings, what they need, and how a policy is made of them.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from ingest.contract import ShotPolicy
from model_repository.contract import FACE_EMBEDDER
from postprocess.contract import Schedule
from postprocess.functions.unit import Confidence, Context, Defaults, Function, Lines, Needs, Zones, floor, ratio_of, us
from postprocess.recognisers.face import FACE
from postprocess.rules import persons
from postprocess.rules.identity import IdentityPolicy, Limit
from postprocess.rules.persons import PersonPolicy, PersonScene

S = TypeVar("S", bound=msgspec.Struct)
P = TypeVar("P", bound=PersonPolicy)
LABELS = ("person",)

D = msgspec.Meta
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class PersonSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where persons are watched, and when a face is somebody's."""

    lines: Annotated[Lines, D(description="directed lines; `entry` of each says which way is in")] = ()
    zones: Zones = ()
    confidence_ratio: Annotated[Confidence, D(description="lowest confidence of a box; null = config.ini")] = None
    schedule: Annotated[Schedule, D(description="when zones are watched, by the site's clock; empty = always")] = ()
    false_accept_rate: Annotated[
        Share, D(description="share of pairs of strangers that may look so alike, where the model's card knows it")
    ] = 0.001
    similarity_min: Annotated[
        float, D(ge=-1.0, le=1.0, description="cosine, where the model's card knows no rates")
    ] = 0.45
    quality_min: Annotated[Share, D(description="a face below this is not looked at")] = 0.3
    reads_min: Annotated[int, D(ge=1, le=16, description="so many reads of a track must say the same person")] = 2
    face_px_min: Annotated[int, D(ge=24, le=512, description="shorter side of a person's box, pixels")] = 48
    shots_max: Annotated[int, D(ge=1, le=32, description="pictures of one track, beside those of `again_s`")] = 8
    again_s: Annotated[
        Annotated[float, D(ge=2.0, le=3600.0)] | None, D(description="one more picture this often while somebody stays")
    ] = None
    debounce_s: Annotated[Seconds, D(description="inside a zone for this long before it counts")] = 1.0
    leave_s: Annotated[Seconds, D(description="seen outside for no longer than this, nobody has left")] = 3.0
    bridge_s: Annotated[Seconds, D(description="hidden or lost for no longer than this: it is the same stay")] = 10.0


def needs_of(settings: PersonSettings, defaults: Defaults) -> Needs:
    """Persons, and crops of them for the face embedder."""
    shot = ShotPolicy(
        recogniser=FACE_EMBEDDER,
        labels=LABELS,
        side_px_min=settings.face_px_min,
        shots_max=settings.shots_max,
        again_s=settings.again_s,
    )
    return Needs(floor=floor(LABELS, settings.confidence_ratio, defaults), shots=(shot,))


def policy_of(made: type[P], settings: PersonSettings, context: Context, **more: Any) -> P:
    """A policy with all that the common settings say; `more` are fields of its own."""
    decide = context.decide
    limits: dict[str, Limit] = more.pop("watch_limits", {})
    said: dict[str, Any] = {
        "lines": settings.lines,
        "zones": settings.zones,
        "labels": LABELS,
        "confidence_min": ratio_of(settings.confidence_ratio, context.defaults),
        "settings_revision": context.revision,
        "schedule": settings.schedule,
        "timezone": context.site.timezone,
        "debounce_us": us(settings.debounce_s),
        "leave_us": us(settings.leave_s),
        "bridge_us": us(settings.bridge_s),
        "settle_us": us(decide.settle_s),
        "unread_us": us(decide.unread_s),
        "open_us_max": us(decide.open_s_max),
        "late_us": us(decide.late_s),
        "identity": IdentityPolicy(
            people=context.site.people,
            limit=Limit(false_accept_rate=settings.false_accept_rate, similarity_min=settings.similarity_min),
            watch_limits=limits,
            quality_min=settings.quality_min,
            reads_min=settings.reads_min,
        ),
    }
    return made(**said | more)


class Personal(Function[S, P, PersonScene]):
    """A function whose memory is one of persons."""

    memory = PersonScene
    recognisers = (FACE,)

    def waits(self, memory: PersonScene) -> bool:
        """While somebody is there, or an event waits for reads."""
        return bool(memory.visits or memory.cases or memory.tracks)

    def lighten(self, memory: PersonScene) -> None:
        """Without thumbnails."""
        persons.lighten(memory)
