"""Events of the system itself, under the name of a camera that no camera can have. Edge (broker); the events are pure.

A stage that stops or goes on, and messages that a stream discarded before they were read.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from ingest.bus import Bus, BusUnavailable
from ingest.contract import SYSTEM, encode, events_subject
from postprocess.contract import Event, event_id

RETRY_S = 0.5
TRIES_MAX = 20


def stopped(stage: str, reader: str, now_us: int, *, per_minute_max: int, reason: str) -> Event:
    """A reader of a stage takes nothing any more: too much of what it was given can't be processed."""
    text = (
        f"{reader} stopped: more than {per_minute_max} messages within a minute could not be processed, "
        f"the last because {reason}. It tries one a minute; look at `zool dead list --stage {stage}`, "
        f"mend the cause, and say `zool dead resume {stage}`"
    )
    return _event("system_stopped", reader, now_us, subject=reader, cause="dead_letters", severity="alarm", text=text)


def resumed(reader: str, now_us: int) -> Event:
    """It goes on."""
    return _event("system_resumed", reader, now_us, subject=reader, text=f"{reader} goes on")


def gap(durable: str, stream: str, first_seq: int, last_seq: int, until_us: int) -> Event:
    """A stream discarded messages before a reader had them; some may not have been meant for it."""
    count = last_seq - first_seq + 1
    text = (
        f"{stream}: up to {count} messages ({first_seq} to {last_seq}) were discarded before {durable} read them: "
        "it was away for too long, or the stream is too small"
    )
    return _event(
        "system_gap", durable, until_us, subject=f"{stream}.{first_seq}", cause="discarded", severity="alarm",
        text=text, value=float(count),
    )  # fmt: skip


def _event(
    kind: str, rule: str, at_us: int, *, subject: str, text: str, cause: str = "",
    severity: Literal["info", "alarm"] = "info", value: float | None = None,
) -> Event:  # fmt: skip
    return Event(
        event_id=event_id(camera=SYSTEM, function="", rule=rule, kind=kind, subject=subject, occurrence=at_us),
        version=1,
        kind=kind,
        camera=SYSTEM,
        opened_at_us=at_us,
        closed_at_us=at_us,
        final=True,
        rule=rule,
        cause=cause,
        text=text,
        severity=severity,
        value=value,
    )


async def say(bus: Bus, event: Event) -> None:
    """Publish, again and again for a while: what is said here never holds up the work itself for long."""
    for _ in range(TRIES_MAX):
        try:
            await bus.publish(
                events_subject(event.camera, event.kind), encode(event), message_id=event.message_id, timeout_s=1.0
            )
        except BusUnavailable:
            await asyncio.sleep(RETRY_S)
            continue
        return
