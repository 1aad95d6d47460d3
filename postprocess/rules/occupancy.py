"""Too many in a zone. Pure: no I/O, no clock.

Rules
- Those in a zone are its visits (see `visits`): a person hidden for a moment is still one, two boxes on a person too.
- An event opens when there are more than `limit` for `hold_us`, as of when that began, and closes when there have been
  no more than that for `hold_us`, as of when that began; `value` is the number at first, the greatest number at last.
- A span in which nobody looked is neither: what was about to open or close starts anew; after `suspend_us` the event
  is over as of the last look.
"""

from __future__ import annotations

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Read, event_id
from postprocess.rules import cases
from postprocess.rules.cases import CasePolicy, CaseScene
from postprocess.rules.scene import Input, Moved, Note, Output
from postprocess.rules.tracks import refused, unlooked_us
from postprocess.rules.visits import watch
from postprocess.rules.zones import Look, Visit


class OccupancyPolicy(CasePolicy, frozen=True, kw_only=True):
    """How many may be in a zone."""

    limit: int = 10
    hold_us: int = 5_000_000


class Crowd(msgspec.Struct, kw_only=True):
    """How it stands in a zone."""

    over_us: int | None = None
    """Since when there are too many."""
    under_us: int | None = None
    """Since when no longer, while an event is open."""
    case: str = ""
    """The open event."""
    peak: int = 0


class OccupancyMemory(CaseScene, kw_only=True):
    """What is remembered of a camera."""

    crowds: dict[str, Crowd] = {}
    last: dict[str, Look] = {}
    """Visit → its newest look."""


def step(memory: OccupancyMemory, message: Input, policy: OccupancyPolicy) -> tuple[OccupancyMemory, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    looked_us = memory.looked_us
    fresh = isinstance(message, FrameReport) and refused(memory, message) is None
    if isinstance(message, Read):
        outputs += cases.hear(memory, message, policy)
    elif isinstance(message, FrameReport):
        blind_us = unlooked_us(memory, message, policy) if fresh else 0
        if blind_us:
            outputs += _blind(memory, looked_us, over=blind_us >= policy.suspend_us)
    elif message.now_us - looked_us >= policy.suspend_us:
        outputs += _blind(memory, looked_us, over=True)
    for happened in watch(memory, message, policy):
        if isinstance(happened, Note):
            outputs.append(happened)
        elif not isinstance(happened, Moved):
            if happened.look is None:
                memory.last.pop(happened.visit.key, None)
            else:
                memory.last[happened.visit.key] = happened.look
    if fresh:
        for zone in dict.fromkeys([*(zone.id for zone in policy.zones), *memory.crowds]):
            outputs += _judge(memory, zone, policy)
        memory.crowds = {zone: crowd for zone, crowd in memory.crowds.items() if crowd != Crowd()}
    cases.tidy(memory, policy)
    return memory, outputs


def _blind(memory: OccupancyMemory, looked_us: int, *, over: bool) -> list[Output]:
    """Nobody looked for a while: what was about to happen is not known to have."""
    outputs: list[Output] = []
    for crowd in memory.crowds.values():
        if over and crowd.case:
            outputs += _close(memory, crowd, looked_us)
        if not crowd.case:
            crowd.over_us = None
        crowd.under_us = None
    return outputs


def _judge(memory: OccupancyMemory, zone: str, policy: OccupancyPolicy) -> list[Output]:
    crowd, now_us = memory.crowds.setdefault(zone, Crowd()), memory.looked_us
    inside = [visit for visit in memory.visits.values() if visit.zone == zone]
    if len(inside) > policy.limit:
        crowd.under_us, crowd.peak = None, max(crowd.peak, len(inside))
        crowd.over_us = now_us if crowd.over_us is None else crowd.over_us
        if not crowd.case and now_us - crowd.over_us >= policy.hold_us:
            return _open(memory, zone, crowd, inside, policy)
        return []
    if not crowd.case:
        crowd.over_us, crowd.peak = None, 0
        return []
    crowd.under_us = now_us if crowd.under_us is None else crowd.under_us
    return _close(memory, crowd, crowd.under_us) if now_us - crowd.under_us >= policy.hold_us else []


def _open(
    memory: OccupancyMemory, zone: str, crowd: Crowd, inside: list[Visit], policy: OccupancyPolicy
) -> list[Output]:
    newest = max(inside, key=lambda visit: (visit.since_us, visit.key))
    since_us = memory.looked_us if crowd.over_us is None else crowd.over_us
    told = cases.event_of(
        memory,
        memory.last.get(newest.key, newest.best),
        policy,
        event_id=event_id(
            camera=memory.camera,
            function="occupancy",
            rule=zone,
            kind="occupancy_exceeded",
            subject=zone,
            occurrence=since_us,
        ),
        kind="occupancy_exceeded",
        function="occupancy",
        rule=zone,
        opened_at_us=since_us,
        label=newest.label,
        confidence=newest.confidence,
        value=float(len(inside)),
    )
    crowd.case = told.event_id
    tracks = dict.fromkeys(track for visit in inside for track in cases.tracks_of(visit))
    return cases.open_case(memory, told.event_id, told, list(tracks))


def _close(memory: OccupancyMemory, crowd: Crowd, closed_us: int) -> list[Output]:
    case, peak = memory.cases.get(crowd.case), crowd.peak
    crowd.case, crowd.over_us, crowd.under_us, crowd.peak = "", None, None, 0
    if case is None:
        return []
    closed_us = max(closed_us, case.event.opened_at_us)
    return cases.close_case(
        memory, case, msgspec.structs.replace(case.event, closed_at_us=closed_us, value=float(peak))
    )
