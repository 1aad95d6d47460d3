"""Crossings counted, by line, way, label and local day. Pure: no I/O, no clock.

Rules
- One event per crossing, over at once; `value` is the how-manieth of its line, way and label on that day of the
  site's wall clock. A count starts anew at local midnight and survives restarts with the rest of the memory.
- A crossing belongs to the day in which it was made, though it may be known a little later: the count of a day that
  is past goes on for it.
"""

from __future__ import annotations

from postprocess.contract import Read, event_id
from postprocess.rules import cases
from postprocess.rules.lines import Crossed, LinePolicy, LineScene, cross
from postprocess.rules.scene import Input, Note, Output, track_key
from postprocess.rules.schedule import holds, local

DAYS_KEPT = 2


class CountingPolicy(LinePolicy, frozen=True, kw_only=True):
    """How crossings are counted."""


class CountingMemory(LineScene, kw_only=True):
    """What is remembered of a camera."""

    days: dict[str, dict[str, int]] = {}
    """Local day → line, way and label → crossings."""


def step(memory: CountingMemory, message: Input, policy: CountingPolicy) -> tuple[CountingMemory, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    if isinstance(message, Read):
        outputs += cases.hear(memory, message, policy)
    for happened in cross(memory, message, policy):
        if isinstance(happened, Note):
            outputs.append(happened)
        elif isinstance(happened, Crossed) and _counts(memory, happened, policy):
            outputs += _counted(memory, happened, policy)
    cases.tidy(memory, policy)
    return memory, outputs


def _counts(memory: CountingMemory, crossed: Crossed, policy: CountingPolicy) -> bool:
    far = memory.things[crossed.root].travelled >= policy.travel_min
    return far and holds(policy.schedule, crossed.at_us, policy.timezone)


def _counted(memory: CountingMemory, crossed: Crossed, policy: CountingPolicy) -> list[Output]:
    label = memory.things[crossed.root].label
    day = local(crossed.at_us, policy.timezone).date().isoformat()
    counts = memory.days.setdefault(day, {})
    key = f"{crossed.line.id}.{crossed.direction}.{label}"
    counts[key] = counts.get(key, 0) + 1
    memory.days = {day: memory.days[day] for day in sorted(memory.days)[-DAYS_KEPT:]}
    told = cases.event_of(
        memory,
        crossed.look,
        policy,
        event_id=event_id(
            camera=memory.camera,
            function="counting",
            rule=crossed.line.id,
            kind=f"count_crossing.{crossed.direction}",
            subject=crossed.root,
            occurrence=crossed.occurrence,
        ),
        kind="count_crossing",
        function="counting",
        rule=crossed.line.id,
        direction=crossed.direction,
        opened_at_us=crossed.at_us,
        closed_at_us=crossed.at_us,
        final=True,
        label=label,
        confidence=round(crossed.look.confidence, 6),
        value=float(counts[key]),
    )
    return cases.open_case(memory, told.event_id, told, [track_key(crossed.look.epoch, crossed.look.track)])
