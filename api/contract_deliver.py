"""Shapes of deliveries: targets, rules, the log. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from postprocess.deliver.settings import DeliveryRule, Kind, Words

Settings = Annotated[dict[str, Any], msgspec.Meta(description="By kind: GET /deliveries/kinds has the schema of each")]


class TargetIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that events are sent to. A secret is one of `file`, `env`, `value`; `{"stored": true}` keeps it."""

    kind: Kind
    name: Words = ""
    enabled: bool = True
    language: Literal["en", "ru"] = "en"
    settings: Settings


class TargetStateOut(msgspec.Struct, frozen=True, kw_only=True):
    """How a target is doing; `detail` says what its last answer was where it is not ok."""

    ok: bool
    detail: str
    waiting: int
    """Messages in hand."""
    held: int
    """Events kept for one message, by grouping or quiet hours."""
    behind: int
    """Events that were not looked at yet."""
    sent_at: str | None


class TargetOut(msgspec.Struct, frozen=True, kw_only=True):
    """A target. Values of secrets are never shown."""

    id: str
    kind: Kind
    name: str
    enabled: bool
    language: str
    settings: dict[str, Any]
    etag: str
    state: TargetStateOut | None
    """Null: it is switched off, or `deliver` does not answer."""


class TargetList(msgspec.Struct, frozen=True, kw_only=True):
    """All targets, by id."""

    items: tuple[TargetOut, ...]


class TargetKindOut(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of target with the JSON Schema of its settings."""

    kind: Kind
    for_people: bool
    """It says things in words: grouping and quiet hours hold for it."""
    settings: dict[str, Any]


class DeliveryKinds(msgspec.Struct, frozen=True, kw_only=True):
    """All kinds."""

    items: tuple[TargetKindOut, ...]


class DeliveryRuleIn(DeliveryRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events go to a target; what is left empty asks for nothing. Without `id` the address has it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_-]{0,63})?$")] = ""


class DeliveryRuleOut(DeliveryRule, frozen=True, kw_only=True):
    """A rule with its version."""

    etag: str


class DeliveryRuleList(msgspec.Struct, frozen=True, kw_only=True):
    """All rules, by id."""

    items: tuple[DeliveryRuleOut, ...]


class DeliveredOut(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a message."""

    event: str
    version: int
    camera: str
    kind: str


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a target: what, to where, when, tries, outcome, words."""

    seq: int
    id: str
    """Idempotency key."""
    target: str
    target_kind: str
    rule: str
    at: str
    outcome: Literal["sent", "retrying", "dead", "expired"]
    """`retrying` is said once, at the first failure; an entry with the same id follows."""
    tries: int
    words: str
    took_ms: float
    count: int
    """Events in it."""
    events: tuple[DeliveredOut, ...]
    """The first of them."""


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, newest first; `next_before` is null where there is no more."""

    items: tuple[DeliveryOut, ...]
    next_before: int | None


class TrialIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message of trial."""

    open: bool = False
    """A relay is really to open."""


class TrialOut(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    ok: bool
    words: str
    took_ms: float
