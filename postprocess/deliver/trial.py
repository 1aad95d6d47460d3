"""A message of trial to a target, as its test button sends it. Edge (clock, through the target's own driver).

Rules
- It passes no rule, is not logged and not repeated. Its event is of kind `test`, which no rule of a site asks for.
- A relay is opened only by somebody who says so.
"""

from __future__ import annotations

import time

import msgspec

from ingest.contract import SYSTEM
from postprocess.contract import Event, event_id
from postprocess.deliver.courier import attempt
from postprocess.deliver.driver import Tools
from postprocess.deliver.drivers import driver_for
from postprocess.deliver.lane import Parcel
from postprocess.deliver.log import TestReply, TestRequest
from postprocess.deliver.settings import Target
from postprocess.deliver.words import TEST, say

KIND = "test"
CLOSED = 'a relay would open: say {"open": true} to do it'


async def trial(target: Target, tools: Tools, request: TestRequest, *, command_s: float) -> TestReply:
    """Send it once."""
    if target.kind == "relay" and not request.open:
        return TestReply(ok=False, words=CLOSED)
    try:
        driver = driver_for(target, tools)
    except msgspec.ValidationError as error:
        return TestReply(ok=False, words=f"its settings can't be used: {error}")
    started_s = time.monotonic()
    try:
        answer = await attempt(driver, _parcel(target, time.time_ns() // 1000, command_s))
    finally:
        await driver.close()
    took_ms = round((time.monotonic() - started_s) * 1000, 1)
    return TestReply(ok=answer.outcome == "sent", words=answer.words, took_ms=took_ms)


def _parcel(target: Target, now_us: int, command_s: float) -> Parcel:
    event = Event(
        event_id=event_id(camera=SYSTEM, function="", rule=target.id, kind=KIND, subject=KIND, occurrence=now_us),
        version=1,
        kind=KIND,
        camera=SYSTEM,
        opened_at_us=now_us,
        closed_at_us=now_us,
        final=True,
        rule=target.id,
        text=say(TEST, target.language),
    )
    expires_us = now_us + int(command_s * 1e6) if target.kind == "relay" else None
    return Parcel(
        id=event.message_id, key=KIND, rule=KIND, events=(event,), places=((KIND, 0),), born_us=now_us,
        expires_us=expires_us,
    )  # fmt: skip
