"""A stay in a zone as an event: at once, or after it has lasted for a while. Pure: no I/O, no clock.

Rules
- One event per visit: it opens when the visit counts and has lasted `dwell_us` (spans of not looking left out), and
  is told once more when the visit is over, with its end and the seconds of stay in `value`.
- What the first version says is fixed when it opens; the last one shows the best look of the whole stay.
"""

from __future__ import annotations

import msgspec

from postprocess.contract import Event, Read, event_id
from postprocess.rules import cases
from postprocess.rules.cases import Case, CasePolicy, CaseScene
from postprocess.rules.scene import Input, Moved, Note, Output
from postprocess.rules.visits import watch
from postprocess.rules.zones import Look, Visit, Visited


class StayPolicy(CasePolicy, frozen=True, kw_only=True):
    """Which stays are events."""

    function: str
    kind: str
    dwell_us: int = 0
    """0 = every visit from its beginning."""
    titles: dict[str, str] = {}
    """Label → text of the event."""


def step(memory: CaseScene, message: Input, policy: StayPolicy) -> tuple[CaseScene, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    outputs: list[Output] = []
    if isinstance(message, Read):
        outputs += cases.hear(memory, message, policy)
    for happened in watch(memory, message, policy):
        if isinstance(happened, Note):
            outputs.append(happened)
        elif not isinstance(happened, Moved):
            outputs += _visited(memory, happened, policy)
    cases.tidy(memory, policy)
    return memory, outputs


def _visited(memory: CaseScene, happened: Visited, policy: StayPolicy) -> list[Output]:
    visit, look = happened.visit, happened.look
    case = memory.cases.get(visit.key)
    if case is not None:
        return _over(memory, case, visit, policy) if look is None else cases.sight(memory, case, look)
    if look is None or visit.said_version or visit.stay_us < policy.dwell_us:
        return []
    visit.said_version = 1
    return cases.open_case(memory, visit.key, _opened(memory, visit, look, policy), cases.tracks_of(visit, look))


def _opened(memory: CaseScene, visit: Visit, look: Look, policy: StayPolicy) -> Event:
    since_us = visit.since_us if policy.dwell_us == 0 else look.at_us - (visit.stay_us - policy.dwell_us)
    return cases.event_of(
        memory,
        visit.best,
        policy,
        event_id=event_id(
            camera=memory.camera,
            function=policy.function,
            rule=visit.zone,
            kind=policy.kind,
            subject=visit.root,
            occurrence=visit.occurrence,
        ),
        kind=policy.kind,
        function=policy.function,
        rule=visit.zone,
        opened_at_us=since_us,
        settings_revision=visit.settings_revision,
        **_said(visit, policy),
    )


def _said(visit: Visit, policy: StayPolicy) -> dict[str, object]:
    return {
        "label": visit.label,
        "confidence": visit.confidence,
        "text": policy.titles.get(visit.label, ""),
        "value": round(visit.stay_us / 1e6, 3),
    }


def _over(memory: CaseScene, case: Case, visit: Visit, policy: StayPolicy) -> list[Output]:
    best = visit.best
    ended = msgspec.structs.replace(
        case.event,
        closed_at_us=max(case.event.opened_at_us, visit.seen_us),
        track=best.track,
        epoch=best.epoch,
        box=best.box,
        frame_seq=best.frame_seq,
        models=(best.model,),
        **_said(visit, policy),
    )
    return cases.close_case(memory, case, ended)
