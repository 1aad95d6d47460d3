"""How well a camera and its rules do, as events `camera_quality`. Pure: no I/O, no clock.

`step(memory, input, policy) -> (memory, events)`. The inputs are the camera's final events, people's feedback on them,
what ingest says of its picture, and ticks.

Rules
- A finding is one event from when it is seen until it is over; what it measured is in `items` (`value`, `usual`, `of`),
  its kind in `label`, its likely cause in `cause`.
- A fault of the picture in the same time is the likeliest cause. Of a camera that is lost or not looked at nobody says
  that it is silent: those are events of their own.
- A finding is over when `findings` says no more of it.
"""

from __future__ import annotations

import msgspec

from postprocess.contract import FEEDBACK, HANDLING, Event, event_id, feedback_of
from postprocess.rules.findings import SILENT_H, Finding, What, found
from postprocess.rules.scene import Memory, Tick
from postprocess.rules.tally import HOUR_US, Ledger

KIND, FUNCTION = "camera_quality", "quality"
_PICTURE = ("camera_degraded", "camera_lost", "camera_blind")
_NOT_OF_A_RULE = frozenset({"", FEEDBACK, HANDLING, FUNCTION, "access", "parking"})
NEAR_US = 2 * HOUR_US
"""A fault of the picture counts as the cause of what began within this of it."""
_WORDS: dict[What, str] = {
    "plates_unreadable": "fewer plates can be read than usual: {value:.0%} of the last {of}, {usual:.0%} before",
    "alarms_false": "most alarms are false: {value:.0%} of {of} were right",
    "alarms_many": "far more alarms than usual: {value:.0f} within a day, {usual:.0f} before",
    "confidence_low": "things are recognised less surely than usual: {value:.2f}, {usual:.2f} before",
    "silent": "nothing is seen any more at a time that was always busy: {usual:.0f} events before",
}


class QualityPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a camera."""

    camera: str
    watched: bool = True
    """It is switched on."""


class Spell(msgspec.Struct, kw_only=True, array_like=True):
    """Since when, and until when if it is over, something was wrong with the picture."""

    since_us: int
    until_us: int | None


class QualityMemory(Memory, kw_only=True):
    """All that is remembered of a camera."""

    now_us: int = 0
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    faults: dict[str, Spell] = {}
    """Fault of the picture → when it was there last."""
    away: Spell | None = None
    """When it gave no pictures, or nobody looked, last."""
    told: dict[str, Finding] = {}
    """What was said and stands, by key."""


def matters(event: Event) -> bool:
    """Whether an event says anything of how its camera does."""
    if event.kind in _PICTURE or event.kind == FEEDBACK:
        return True
    return event.final and event.function not in _NOT_OF_A_RULE and event.cause != "withdrawn"


def step(memory: QualityMemory, message: Event | Tick, policy: QualityPolicy) -> tuple[QualityMemory, list[Event]]:
    """Take what a camera did, a word on it, or time; `memory` is used up and handed back."""
    if isinstance(message, Tick):
        memory.now_us = max(memory.now_us, message.now_us)
        memory.ledger.forget(memory.now_us)
    elif not _take(memory, message):
        return memory, []
    if not memory.ledger.hours:
        return memory, []
    watched = policy.watched and _looked(memory)
    now = {one.key: one for one in found(memory.ledger, frozenset(memory.told), memory.now_us, watched=watched)}
    return memory, [*_over(memory, now, policy), *_begun(memory, now, policy)]


def _take(memory: QualityMemory, event: Event) -> bool:
    """False = it says nothing new."""
    if event.kind == FEEDBACK:
        said = feedback_of(event)
        return said is not None and memory.ledger.hear(said)
    if event.kind in _PICTURE:
        spell = Spell(since_us=event.opened_at_us, until_us=event.closed_at_us if event.final else None)
        if event.kind == "camera_degraded":
            memory.faults[event.cause] = spell
        else:
            memory.away = spell
        return False
    memory.now_us = max(memory.now_us, event.opened_at_us)
    return memory.ledger.take(event)


def _looked(memory: QualityMemory) -> bool:
    """Whether pictures came all the time that silence is told of."""
    away = memory.away
    return away is None or (away.until_us is not None and memory.now_us - away.until_us > SILENT_H * HOUR_US)


def _begun(memory: QualityMemory, now: dict[str, Finding], policy: QualityPolicy) -> list[Event]:
    said = []
    for key in sorted(now.keys() - memory.told.keys()):
        finding = msgspec.structs.replace(now[key], cause=_picture(memory, now[key]) or now[key].cause)
        memory.told[key] = finding
        said.append(_event(policy.camera, finding, None))
    return said


def _over(memory: QualityMemory, now: dict[str, Finding], policy: QualityPolicy) -> list[Event]:
    gone = sorted(memory.told.keys() - now.keys())
    return [_event(policy.camera, memory.told.pop(key), memory.now_us) for key in gone]


def _picture(memory: QualityMemory, finding: Finding) -> str:
    """The fault of the picture that was there when it began, or shortly before."""
    near = [
        (spell.since_us, fault)
        for fault, spell in memory.faults.items()
        if spell.since_us <= memory.now_us and (spell.until_us is None or spell.until_us > finding.since_us - NEAR_US)
    ]
    return max(near)[1] if near else ""


def _event(camera: str, finding: Finding, closed_us: int | None) -> Event:
    rule = finding.rule.partition("/")
    return Event(
        event_id=event_id(
            camera=camera, function=FUNCTION, rule=finding.rule, kind=KIND, subject=finding.what,
            occurrence=finding.since_us,
        ),
        version=1 if closed_us is None else 2,
        kind=KIND,
        camera=camera,
        opened_at_us=finding.since_us,
        closed_at_us=None if closed_us is None else max(closed_us, finding.since_us),
        final=closed_us is not None,
        function=FUNCTION,
        rule=rule[2] or rule[0],
        label=finding.what,
        cause=finding.cause,
        severity="warning",
        text=_WORDS[finding.what].format(value=finding.value, usual=finding.usual, of=finding.of),
        items={"value": finding.value, "usual": finding.usual, "of": float(finding.of)},
        value=finding.value,
    )  # fmt: skip
