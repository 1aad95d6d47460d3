"""Function `object`: anything that a detector knows, seen where and for as long as it matters. Pure: no I/O, no clock.

Weapons, fire, forklifts: the model is imported (`zool models import object_detector --name NAME`), this is its rule.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingest.contract import DetectorPlan
from model_repository.contract import OBJECT_DETECTOR
from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Fault, Kind, Needs, floor, shape_faults, us
from postprocess.functions.zoned import Heights, Seconds, Watching, ZoneSettings, needs_of, policy_of, shots_of
from postprocess.rules import stays
from postprocess.rules.cases import CaseScene, Severity
from postprocess.rules.scene import Input, Output
from postprocess.rules.stays import StayPolicy

GAP_LOOKS = 2.5
"""A further detector that has left out two looks has not looked."""
GAP_S = 1.0
FURTHER_GAP_S_MIN = 5.0
"""Still pictures are looked at every two seconds, and for a further detector there is no word of the looks between."""

Rate = Annotated[float, msgspec.Meta(ge=0.02, le=30.0)]
Slot = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_-]{0,40})?$")]


class ObjectSettings(ZoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which detector, which of its labels, where, and for how long."""

    detector: Annotated[Slot, msgspec.Meta(description="name under which it was imported; empty = the first one")] = ""
    class_list: Annotated[tuple[str, ...], msgspec.Meta(max_length=64, description="labels that count")] = ()
    dwell_s: Annotated[Seconds, msgspec.Meta(description="a longer stay is an event; 0 = every one")] = 0.0
    fps_max: Annotated[Rate | None, msgspec.Meta(description="looks of a further detector per second; null = all")] = (
        None
    )
    titles: Annotated[dict[str, str], msgspec.Meta(max_length=64, description="label → text of its events")] = {}
    travel_min: Annotated[Heights, msgspec.Meta(description="0 = what never moves counts, too")] = 0.0
    still_s: Annotated[Seconds, msgspec.Meta(description="not moved for this long: it starts nothing; 0 = it may")] = (
        0.0
    )
    severity: Severity = "alarm"


class Object(Watching[ObjectSettings, StayPolicy, CaseScene]):
    """One event per visit of such a thing."""

    name = "object"
    title = Title(en="Objects", ru="Предметы")
    settings = ObjectSettings
    memory = CaseScene
    kinds = (Kind(name="object_detected", title=Title(en="Object seen", ru="Замечен предмет"), severity="alarm"),)

    def needs(self, settings: ObjectSettings, defaults: Defaults) -> Needs:
        """A detector beside the first one, or the first one's boxes."""
        if not settings.detector:
            return needs_of(settings, settings.class_list, defaults)
        plan = DetectorPlan(
            ensemble=ensemble_of(settings),
            class_floor=floor(settings.class_list, settings.confidence_ratio, defaults),
            fps_max=settings.fps_max,
        )
        return Needs(detectors=(plan,), shots=shots_of(settings, settings.class_list))

    def policy(self, settings: ObjectSettings, context: Context) -> StayPolicy:
        """How it is decided for one camera."""
        gap_s = GAP_S
        if settings.detector:
            gap_s = max(FURTHER_GAP_S_MIN, GAP_LOOKS / (settings.fps_max or 1.0))
        return policy_of(
            StayPolicy,
            settings,
            context,
            settings.class_list,
            function=self.name,
            kind="object_detected",
            detector=ensemble_of(settings),
            dwell_us=us(settings.dwell_s),
            gap_us=us(gap_s),
            titles=settings.titles,
        )

    def step(self, memory: CaseScene, message: Input, policy: StayPolicy) -> tuple[CaseScene, list[Output]]:
        """See `rules.stays`."""
        return stays.step(memory, message, policy)

    def faults(self, settings: ObjectSettings) -> tuple[Fault, ...]:
        """Without labels nothing would ever be seen."""
        named = Title(en="name the labels that count", ru="назовите классы, которые считаются")
        missing = () if settings.class_list else (Fault(field="class_list", title=named),)
        return (*missing, *shape_faults((), settings.zones))


def ensemble_of(settings: ObjectSettings) -> str:
    """The further detector that is meant; empty = the first one."""
    return f"{OBJECT_DETECTOR}_{settings.detector}" if settings.detector else ""


OBJECT = Object()
