"""Function `wrong_way`: against the allowed direction. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Kind, Lines, Needs, Zones
from postprocess.functions.zoned import Heights, Watching, WatchSettings, needs_of, policy_of
from postprocess.rules import wrong_way
from postprocess.rules.cases import Severity
from postprocess.rules.scene import Input, Output
from postprocess.rules.wrong_way import WrongWayMemory, WrongWayPolicy


class WrongWaySettings(WatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines whose `entry` is the allowed way, zones with an allowed heading. All of config.ini's classes by default."""

    lines: Annotated[Lines, msgspec.Meta(description="directed lines; `entry` of each is the allowed way")] = ()
    zones: Annotated[Zones, msgspec.Meta(description="areas in which one goes one way")] = ()
    heading_deg: Annotated[
        float, msgspec.Meta(ge=0.0, lt=360.0, description="that way in the picture: 0 = up, 90 = right, 180 = down")
    ] = 0.0
    way_min: Annotated[
        Heights, msgspec.Meta(description="how far against the way it has to go, in heights of the picture")
    ] = 0.05
    severity: Severity = "alarm"


class WrongWay(Watching[WrongWaySettings, WrongWayPolicy, WrongWayMemory]):
    """One event per thing that goes against the way."""

    name = "wrong_way"
    title = Title(en="Wrong way", ru="Движение против направления")
    settings = WrongWaySettings
    memory = WrongWayMemory
    kinds = (
        Kind(
            name="wrong_way",
            title=Title(en="Against the allowed way", ru="Против разрешённого направления"),
            severity="alarm",
        ),
    )

    def needs(self, settings: WrongWaySettings, defaults: Defaults) -> Needs:
        """Boxes and pictures of what counts."""
        return needs_of(settings, settings.class_list or defaults.class_list, defaults)

    def policy(self, settings: WrongWaySettings, context: Context) -> WrongWayPolicy:
        """How it is decided for one camera."""
        labels = settings.class_list or context.defaults.class_list
        return policy_of(
            WrongWayPolicy,
            settings,
            context,
            labels,
            lines=settings.lines,
            zones=settings.zones,
            heading_deg=settings.heading_deg,
            way_min=settings.way_min,
        )

    def step(
        self, memory: WrongWayMemory, message: Input, policy: WrongWayPolicy
    ) -> tuple[WrongWayMemory, list[Output]]:
        """See `rules.wrong_way`."""
        return wrong_way.step(memory, message, policy)


WRONG_WAY = WrongWay()
