"""How well cameras do over days: events and feedback in, `camera_quality` out; the rules are in `rules.quality`."""

from __future__ import annotations

from collections.abc import Mapping

from postprocess.contract import Event
from postprocess.rules import quality
from postprocess.rules.quality import QualityMemory, QualityPolicy
from postprocess.rules.scene import Tick
from postprocess.settings_watch import SettingsWatch

TICK_S = 300.0


class Quality:
    """`follow.Rules` of all cameras of a site."""

    name, noun = "quality", "camera"
    subjects = ("zool.events.*.*",)
    memory = QualityMemory

    def __init__(self, watch: SettingsWatch) -> None:
        self._watch = watch

    def place_of(self, event: Event) -> str | None:
        """Its camera, for what says something of a camera's work."""
        return event.camera if quality.matters(event) else None

    def policies(self) -> Mapping[str, QualityPolicy]:
        """By camera."""
        return {camera.id: QualityPolicy(camera=camera.id, watched=camera.enabled) for camera in self._watch.cameras()}

    def step(
        self, memory: QualityMemory, message: Event | Tick, policy: QualityPolicy
    ) -> tuple[QualityMemory, list[Event]]:
        """See `rules.quality.step`."""
        return quality.step(memory, message, policy)
