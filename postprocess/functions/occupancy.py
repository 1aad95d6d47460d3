"""Function `occupancy`: too many in a zone. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Kind, Needs, us
from postprocess.functions.zoned import Seconds, Watching, ZoneSettings, needs_of, policy_of
from postprocess.rules import occupancy
from postprocess.rules.cases import Severity
from postprocess.rules.occupancy import OccupancyMemory, OccupancyPolicy
from postprocess.rules.scene import Input, Output

LABELS = ("person",)


class OccupancySettings(ZoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Zones, and how many may be in each. Persons, where no class list says otherwise."""

    limit: Annotated[int, msgspec.Meta(ge=0, le=200, description="more than this are too many")] = 10
    hold_s: Annotated[Seconds, msgspec.Meta(description="too many (or no longer) for this long")] = 5.0
    travel_min: Annotated[float, msgspec.Meta(ge=0.0, le=1.0, description="0 = who never moves counts, too")] = 0.0
    still_s: Annotated[Seconds, msgspec.Meta(description="not moved for this long: it does not count; 0 = it does")] = (
        0.0
    )
    photos: Annotated[bool, msgspec.Meta(description="take pictures for the events")] = False
    severity: Severity = "warning"


class Occupancy(Watching[OccupancySettings, OccupancyPolicy, OccupancyMemory]):
    """One event per span with too many."""

    name = "occupancy"
    title = Title(en="Occupancy limit", ru="Предел заполнения зоны")
    settings = OccupancySettings
    memory = OccupancyMemory
    kinds = (
        Kind(
            name="occupancy_exceeded",
            title=Title(en="Too many in a zone", ru="Превышено число в зоне"),
            severity="warning",
        ),
    )

    def needs(self, settings: OccupancySettings, defaults: Defaults) -> Needs:
        """Boxes of what counts, pictures where they are wanted."""
        return needs_of(settings, settings.class_list or LABELS, defaults)

    def policy(self, settings: OccupancySettings, context: Context) -> OccupancyPolicy:
        """How it is decided for one camera."""
        labels = settings.class_list or LABELS
        own = {"limit": settings.limit, "hold_us": us(settings.hold_s)}
        return policy_of(OccupancyPolicy, settings, context, labels, **own)

    def step(
        self, memory: OccupancyMemory, message: Input, policy: OccupancyPolicy
    ) -> tuple[OccupancyMemory, list[Output]]:
        """See `rules.occupancy`."""
        return occupancy.step(memory, message, policy)


OCCUPANCY = Occupancy()
