"""Function `loitering`: somebody stays where one only passes. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Kind, Needs, us
from postprocess.functions.zoned import Watching, ZoneSettings, needs_of, policy_of
from postprocess.rules import stays
from postprocess.rules.cases import CaseScene, Severity
from postprocess.rules.scene import Input, Output
from postprocess.rules.stays import StayPolicy

LABELS = ("person",)


class LoiteringSettings(ZoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Zones, and how long one may stay. Persons, where no class list says otherwise."""

    dwell_s: Annotated[float, msgspec.Meta(ge=1.0, le=86_400.0, description="a longer stay is an event")] = 60.0
    severity: Severity = "warning"


class Loitering(Watching[LoiteringSettings, StayPolicy, CaseScene]):
    """One event per stay that is too long."""

    name = "loitering"
    title = Title(en="Loitering", ru="Праздное нахождение")
    settings = LoiteringSettings
    memory = CaseScene
    kinds = (Kind(name="loitering", title=Title(en="Stays too long", ru="Долгое пребывание"), severity="warning"),)

    def needs(self, settings: LoiteringSettings, defaults: Defaults) -> Needs:
        """Boxes and pictures of what counts."""
        return needs_of(settings, settings.class_list or LABELS, defaults)

    def policy(self, settings: LoiteringSettings, context: Context) -> StayPolicy:
        """How it is decided for one camera."""
        labels, dwell_us = settings.class_list or LABELS, us(settings.dwell_s)
        own = {"function": self.name, "kind": "loitering", "dwell_us": dwell_us}
        return policy_of(StayPolicy, settings, context, labels, **own)

    def step(self, memory: CaseScene, message: Input, policy: StayPolicy) -> tuple[CaseScene, list[Output]]:
        """See `rules.stays`."""
        return stays.step(memory, message, policy)


LOITERING = Loitering()
