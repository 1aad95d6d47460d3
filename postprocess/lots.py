"""Parking lots: final passages of all cameras in, sessions and warnings out; the rules are in `rules.parking`.

A lot is a region with settings for `parking`; a camera belongs to the nearest one above it. A camera without one is
skipped, and so is what was read before a lot was made. Ticks settle vehicles that were never seen to leave.
"""

from __future__ import annotations

from collections.abc import Mapping

from postprocess.contract import FEEDBACK, Event
from postprocess.rules import parking
from postprocess.rules.lots import Policy
from postprocess.rules.parking import LotMemory
from postprocess.rules.scene import Tick
from postprocess.settings_watch import SettingsWatch


class Lots:
    """`follow.Rules` of all lots of a site."""

    name, noun = "lots", "lot"
    subjects = tuple(f"zool.events.*.{kind}" for kind in (*parking.PASSAGE_KINDS, FEEDBACK))
    memory = LotMemory

    def __init__(self, watch: SettingsWatch) -> None:
        self._watch = watch

    def place_of(self, event: Event) -> str | None:
        """The lot of its camera."""
        policy = self._watch.lot_of(event.camera)
        return policy.lot if policy is not None else None

    def policies(self) -> Mapping[str, Policy]:
        """By lot."""
        return {policy.lot: policy for policy in self._watch.lots()}

    def step(self, memory: LotMemory, message: Event | Tick, policy: Policy) -> tuple[LotMemory, list[Event]]:
        """See `rules.parking.step`."""
        return parking.step(memory, message, policy)
