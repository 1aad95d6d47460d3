"""Which events a rule sends where. Pure: the time is the event's, places and what was told are passed in.

Rules
- The first rule of a target that wants a version gives it its name; a version is sent to a target once.
- What a rule calls its first word is the first version that it is for: a plate may be known by the third only.
- A relay opens for who stands on a list that the rule names, and only when plate or person is safe to act on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import msgspec

from ingest.contract import Camera
from postprocess.contract import FEEDBACK, HANDLING, MISSED, Event, Region
from postprocess.deliver.settings import SEVERITIES, DeliveryRule
from postprocess.functions.doors import GRANTED
from postprocess.functions.registry import regions_above
from postprocess.rules.schedule import holds

BY_NAME = frozenset({FEEDBACK, HANDLING, MISSED})
"""Kinds that people's words are: only for rules that name them."""
DECISION = GRANTED
"""A decision at a door, made by the rules of the door: a relay that is told so acts on it without a list."""
TOLD_MAX = 10_000
"""Events per target of which it is remembered what was sent."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What rules and messages know of the site."""

    timezone: str = "UTC"
    public_url: str = ""
    cameras: Mapping[str, Camera] = {}
    regions: Mapping[str, Region] = {}
    people: Mapping[str, str] = {}
    """Id → name."""


def wants(rule: DeliveryRule, event: Event, site: Site) -> bool:
    """Whether a rule is for this version of an event, whatever was sent before."""
    if not rule.enabled or not (event.kind in rule.kinds or (not rule.kinds and event.kind not in BY_NAME)):
        return False
    if SEVERITIES.index(event.severity) < SEVERITIES.index(rule.severity):
        return False
    if rule.lists and event.listed not in rule.lists:
        return False
    if rule.cameras or rule.regions:
        camera = site.cameras.get(event.camera)
        above = {region.id for region in regions_above(site.regions, camera.region)} if camera is not None else set()
        if event.camera not in rule.cameras and not above & set(rule.regions):
            return False
    return holds(rule.schedule, event.opened_at_us, site.timezone)


def opens(rule: DeliveryRule, event: Event) -> bool:
    """Whether a relay may open for an event: known, listed by name, not denied, and safe to act on; or decided so."""
    if event.kind == DECISION:
        return DECISION in rule.kinds and event.closed_at_us is not None
    if not event.listed or event.listed not in rule.lists or event.listed == "deny":
        return False
    return (bool(event.plate) and event.plate_sure) or (not event.plate and bool(event.person))


class Told:
    """What was sent of the newest events to one target."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, tuple[int, bool]] = OrderedDict()
        """Event → newest version that was sent, and whether a final one was."""

    def note(self, event_id: str, version: int, *, final: bool) -> None:
        """It was sent, or is under way."""
        newest, was_final = self._versions.pop(event_id, (0, False))
        self._versions[event_id] = (max(newest, version), was_final or final)
        while len(self._versions) > TOLD_MAX:
            self._versions.popitem(last=False)

    def is_new(self, rule: DeliveryRule, event: Event) -> bool:
        """Whether this version is one that the rule has not sent."""
        newest, final = self._versions.get(event.event_id, (0, False))
        match rule.versions:
            case "first":
                return newest == 0
            case "final":
                return event.final and not final
            case "both":
                return newest == 0 or (event.final and not final)
        return event.version > newest


def rule_for(rules: Sequence[DeliveryRule], event: Event, site: Site, told: Told) -> DeliveryRule | None:
    """The rule by which a version is sent; None = it is not."""
    return next((rule for rule in rules if wants(rule, event, site) and told.is_new(rule, event)), None)


def order_key(event: Event) -> str:
    """What is sent in order: all of a person, of a plate, else of a camera."""
    if event.person:
        return f"person {event.person}"
    return f"plate {event.plate}" if event.plate else f"camera {event.camera}"
