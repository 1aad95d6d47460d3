"""Function `intrusion`: somebody or something is where nothing should be. Pure: no I/O, no clock."""

from __future__ import annotations

from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Kind, Needs
from postprocess.functions.zoned import Watching, ZoneSettings, needs_of, policy_of
from postprocess.rules import stays
from postprocess.rules.cases import CaseScene, Severity
from postprocess.rules.scene import Input, Output
from postprocess.rules.stays import StayPolicy


class IntrusionSettings(ZoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Zones that are to be empty, and when. Without a class list everything of config.ini's counts."""

    severity: Severity = "alarm"


class Intrusion(Watching[IntrusionSettings, StayPolicy, CaseScene]):
    """Zone and schedule: one event per visit."""

    name = "intrusion"
    title = Title(en="Intrusion", ru="Вторжение в зону")
    settings = IntrusionSettings
    memory = CaseScene
    kinds = (Kind(name="intrusion", title=Title(en="Intrusion into a zone", ru="Вторжение в зону"), severity="alarm"),)

    def needs(self, settings: IntrusionSettings, defaults: Defaults) -> Needs:
        """Boxes and pictures of what counts."""
        return needs_of(settings, settings.class_list or defaults.class_list, defaults)

    def policy(self, settings: IntrusionSettings, context: Context) -> StayPolicy:
        """How it is decided for one camera."""
        labels = settings.class_list or context.defaults.class_list
        return policy_of(StayPolicy, settings, context, labels, function=self.name, kind="intrusion")

    def step(self, memory: CaseScene, message: Input, policy: StayPolicy) -> tuple[CaseScene, list[Output]]:
        """See `rules.stays`."""
        return stays.step(memory, message, policy)


INTRUSION = Intrusion()
