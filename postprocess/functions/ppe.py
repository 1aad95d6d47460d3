"""Function `ppe`: required equipment per zone, violations and compliance. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingest.contract import ShotPolicy, Token
from model_repository.contract import PPE_CLASSIFIER
from postprocess.contract import Schedule, Title
from postprocess.functions.unit import (
    ClassList,
    Confidence,
    Context,
    Defaults,
    Fault,
    Function,
    Kind,
    Needs,
    Zones,
    floor,
    ratio_of,
    shape_faults,
    us,
)
from postprocess.recognisers.equipment import EQUIPMENT
from postprocess.rules import ppe
from postprocess.rules.kit import VotePolicy
from postprocess.rules.ppe_state import PpePolicy, PpeScene, limit_thumbnails
from postprocess.rules.scene import Input, Output
from postprocess.rules.zones import WHOLE

PERSON_LABELS = ("person",)
HALF_OF_AGAIN = 20
"""A vote counts half after so many regular shots."""
SHOTS_MAX = 6
GAP_MS_MIN = 500
"""Pictures of one moment err together: votes are at least this far apart."""

Items = Annotated[tuple[Token, ...], msgspec.Meta(min_length=1, max_length=16)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


def _helmet_and_vest() -> dict[str, Items]:
    return {"": ("helmet", "vest")}


class PpeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to be worn where, and when it counts as missing."""

    zones: Zones = ()
    required: dict[str, Items] = msgspec.field(default_factory=_helmet_and_vest)
    """Zone → items as the model names them; the zone "" is the whole picture."""
    class_list: ClassList = None
    """Which classes are persons; None = person."""
    confidence_ratio: Confidence = None
    person_px_min: Annotated[int, msgspec.Meta(ge=16, le=1000)] = 48
    """Smaller persons (shorter side, pixels) are not recognised."""
    size_min: Share = 0.0
    """Whoever is smaller (shorter side, heights of the picture) is nobody's visit."""
    still_s: Seconds = 600.0
    """What has not moved for so long when it comes into view (a mannequin, a coat) is nobody; 0 = never."""
    again_s: Annotated[float, msgspec.Meta(ge=0.5, le=600.0)] = 2.0
    """How often a person is looked at again."""
    votes_min: Annotated[int, msgspec.Meta(ge=1, le=20)] = 4
    """So many more reads have to say so than say the opposite."""
    hold_s: Seconds = 3.0
    """An item has to be missing for so long."""
    clear_s: Seconds = 3.0
    """It has to be worn for so long until the violation is over."""
    again_after_s: Seconds = 60.0
    """Missing again within this, the violation goes on; later it is another one."""
    worn_min: Annotated[float, msgspec.Meta(ge=0.5, le=1.0)] = 0.6
    """From this probability on an item is worn."""
    missing_max: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)] = 0.4
    """Up to this probability an item is missing; in between the read can't tell."""
    exempt_zones: Annotated[tuple[Token, ...], msgspec.Meta(max_length=16)] = ()
    """Who stands in one of these `zones` need not wear anything."""
    exempt_hours: Schedule = ()
    """When nothing has to be worn although the schedule holds (a stop of the machines)."""
    schedule: Schedule = ()
    visits: bool = True
    """Write an event for each stay, also for those where all was worn: the ground of compliance."""


class Ppe(Function[PpeSettings, PpePolicy, PpeScene]):
    """Required equipment per zone, violations and compliance."""

    name = "ppe"
    title = Title(en="Protective equipment", ru="Средства защиты")
    settings = PpeSettings
    memory = PpeScene
    kinds = (
        Kind(
            name="ppe_violation",
            title=Title(en="Equipment missing", ru="Нет средств защиты"),
            severity="alarm",
        ),
        Kind(name="ppe_visit", title=Title(en="Stay checked for equipment", ru="Пребывание с проверкой СИЗ")),
    )
    recognisers = (EQUIPMENT,)

    def needs(self, settings: PpeSettings, defaults: Defaults) -> Needs:
        """Persons, and crops of them again and again: what is worn may change."""
        labels = labels_of(settings)
        own = settings.class_list is not None or settings.confidence_ratio is not None
        shots = ShotPolicy(
            recogniser=PPE_CLASSIFIER,
            labels=labels,
            side_px_min=settings.person_px_min,
            shots_max=SHOTS_MAX,
            gap_ms_min=GAP_MS_MIN,
            again_s=settings.again_s,
        )
        return Needs(floor=floor(labels, settings.confidence_ratio, defaults) if own else {}, shots=(shots,))

    def policy(self, settings: PpeSettings, context: Context) -> PpePolicy:
        """How the stays of a camera are judged."""
        zones = tuple(zone for zone in settings.zones if zone.id in settings.required)
        return PpePolicy(
            zones=(*zones, WHOLE) if WHOLE.id in settings.required else zones,
            labels=labels_of(settings),
            confidence_min=ratio_of(settings.confidence_ratio, context.defaults),
            size_min=settings.size_min,
            still_us=us(settings.still_s),
            schedule=settings.schedule,
            timezone=context.site.timezone,
            settings_revision=context.revision,
            required=settings.required,
            votes=VotePolicy(
                worn_min=settings.worn_min,
                missing_max=settings.missing_max,
                votes=settings.votes_min,
                half_us=us(HALF_OF_AGAIN * settings.again_s),
                hold_us=us(settings.hold_s),
                clear_us=us(settings.clear_s),
                again_us=us(settings.again_after_s),
            ),
            exempt=tuple(zone for zone in settings.zones if zone.id in settings.exempt_zones),
            exempt_hours=settings.exempt_hours,
            visits=settings.visits,
            settle_us=us(context.decide.settle_s),
            unread_us=us(context.decide.unread_s),
            late_us=us(context.decide.late_s),
        )

    def step(self, memory: PpeScene, message: Input, policy: PpePolicy) -> tuple[PpeScene, list[Output]]:
        """See `rules.ppe`."""
        return ppe.step(memory, message, policy)

    def waits(self, memory: PpeScene) -> bool:
        """While a stay is remembered, its events may become final."""
        return bool(memory.stays or memory.visits)

    def lighten(self, memory: PpeScene) -> None:
        """Without thumbnails."""
        limit_thumbnails(memory, 0)

    def faults(self, settings: PpeSettings) -> tuple[Fault, ...]:
        """Zones that don't exist, and what is wrong with their shapes."""
        known = {zone.id for zone in settings.zones}
        named = [(f"required.{zone}", zone) for zone in settings.required if zone and zone not in known]
        named += [(f"exempt_zones[{n}]", zone) for n, zone in enumerate(settings.exempt_zones) if zone not in known]
        unknown = (
            Fault(field=field, title=Title(en=f"there is no zone '{zone}'", ru=f"зоны «{zone}» нет"))
            for field, zone in named
        )
        return (*shape_faults((), settings.zones), *unknown)


def labels_of(settings: PpeSettings) -> tuple[str, ...]:
    """Which labels are persons to this function."""
    return PERSON_LABELS if settings.class_list is None else settings.class_list


PPE = Ppe()
