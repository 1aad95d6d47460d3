"""What is kept of deliveries: the stream DELIVERIES, one entry for each message to a target that was tried.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Token
from postprocess.deliver.settings import Kind

STREAM = "DELIVERIES"
Outcome = Literal["sent", "retrying", "dead", "expired"]
OUTCOMES: tuple[Outcome, ...] = ("sent", "retrying", "dead", "expired")
TEST_SUBJECT, STATE_SUBJECT = "zool.rpc.deliver.test", "zool.rpc.deliver.state"


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """An event within an entry."""

    event_id: str
    version: int
    camera: str
    kind: str
    final: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Subject `zool.deliveries.<target>`; `retrying` is said once, at the first failure."""

    id: str
    """Idempotency key of the message."""
    target: Token
    target_kind: Kind
    rule: str
    at_us: int
    outcome: Outcome
    tries: int
    words: str = ""
    took_ms: float = 0.0
    """Of the last try."""
    events: tuple[Delivered, ...] = ()
    """The first of them."""
    count: int = 1


EVENTS_MAX = 20
"""Events that an entry names."""


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """How a target is doing, as `deliver` knows."""

    id: str
    ok: bool
    detail: str = ""
    waiting: int = 0
    """Messages in hand."""
    held: int = 0
    """Events kept for a digest."""
    behind: int = 0
    """Events of the stream that were not looked at."""
    sent_at_us: int = 0


class States(msgspec.Struct, frozen=True, kw_only=True):
    """Answer on `zool.rpc.deliver.state`."""

    targets: tuple[TargetState, ...] = ()


class TestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks on `zool.rpc.deliver.test` for a message of trial."""

    __test__ = False  # no test of pytest's

    target: Token
    open: bool = False
    """A relay is really to open."""


class TestReply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    __test__ = False

    ok: bool
    words: str
    took_ms: float = 0.0


def deliveries_subject(target: str) -> str:
    """Where the log of a target goes."""
    return f"zool.deliveries.{target}"
