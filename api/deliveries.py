"""Targets and rules of deliveries as people write and see them. Pure.

Rules
- Values of secrets go in and never out; who writes back what was shown keeps them.
- Settings are checked strictly by the kind, and kept as they were written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from api.body import parse
from api.contract_deliver import (
    DeliveredOut,
    DeliveryKinds,
    DeliveryOut,
    DeliveryRuleIn,
    DeliveryRuleOut,
    TargetIn,
    TargetKindOut,
    TargetOut,
    TargetStateOut,
)
from api.errors import FieldFault, InvalidBody
from api.etag import etag
from api.language import Words
from api.views import moment
from postprocess.deliver.log import Delivery, TargetState
from postprocess.deliver.settings import (
    FOR_PEOPLE,
    KINDS,
    DeliveryRule,
    Target,
    faults,
    kept,
    read,
    secrets,
    shown,
)
from postprocess.functions.doors import GRANTED

NO_TARGET = Words("there is no such target", "такого получателя нет")
NO_LIST = Words(
    f"a relay opens for those on a list: name one or more, and not deny; or kinds: [{GRANTED}]",
    f"реле открывается только для списка: укажите один или несколько, но не deny; либо kinds: [{GRANTED}]",
)


def kinds() -> DeliveryKinds:
    """What a target may be."""
    items = (
        TargetKindOut(kind=kind, for_people=kind in FOR_PEOPLE, settings=msgspec.json.schema(settings))
        for kind, settings in KINDS.items()
    )
    return DeliveryKinds(items=tuple(items))


def read_target(id_: str, body: TargetIn, before: Target | None) -> Target:
    """A target as written over what stands there; raises `InvalidBody`."""
    settings: Any = parse(msgspec.json.encode(body.settings), KINDS[body.kind], prefix="settings")
    old = read(before) if before is not None and before.kind == body.kind else None
    settings = kept(settings, old)
    found = tuple(FieldFault(f"settings.{name}", Words(title.en, title.ru)) for name, title in faults(settings))
    if found:
        raise InvalidBody(*found)
    plain = {key: value for key, value in msgspec.to_builtins(settings).items() if key in body.settings}
    return Target(
        id=id_, kind=body.kind, name=body.name.strip(), enabled=body.enabled, language=body.language, settings=plain
    )


def target_view(target: Target, revision: int, state: TargetState | None) -> TargetOut:
    """A target without the values of its secrets; one that can't be read shows none of its settings."""
    try:
        settings = _plain(target)
    except msgspec.ValidationError:
        settings = {}
    return TargetOut(
        id=target.id,
        kind=target.kind,
        name=target.name,
        enabled=target.enabled,
        language=target.language,
        settings=settings,
        etag=etag(revision),
        state=None if state is None or not target.enabled else _state_view(state),
    )


def _plain(target: Target) -> dict[str, Any]:
    settings: dict[str, Any] = msgspec.to_builtins(shown(read(target)))
    for name in secrets(read(target)):
        settings[name] = {key: value for key, value in settings[name].items() if value}
    return settings


def _state_view(state: TargetState) -> TargetStateOut:
    return TargetStateOut(
        ok=state.ok,
        detail=state.detail,
        waiting=state.waiting,
        held=state.held,
        behind=state.behind,
        sent_at=moment(state.sent_at_us) if state.sent_at_us else None,
    )


def read_rule(id_: str, body: DeliveryRuleIn, targets: Mapping[str, Target]) -> DeliveryRule:
    """A rule as written; raises `InvalidBody`."""
    target = targets.get(body.target)
    if target is None:
        raise InvalidBody(FieldFault("target", NO_TARGET))
    if target.kind == "relay" and not _opens(body.lists, body.kinds):
        raise InvalidBody(FieldFault("lists", NO_LIST))
    return msgspec.convert(msgspec.to_builtins(body) | {"id": id_}, DeliveryRule)


def _opens(lists: Collection[str], kinds_: Collection[str]) -> bool:
    return (bool(lists) and "deny" not in lists) or (not lists and tuple(kinds_) == (GRANTED,))


def rule_view(rule: DeliveryRule, revision: int) -> DeliveryRuleOut:
    """A rule for people."""
    return msgspec.convert(msgspec.to_builtins(rule) | {"etag": etag(revision)}, DeliveryRuleOut)


def entry_view(seq: int, entry: Delivery) -> DeliveryOut:
    """An entry of the log."""
    return DeliveryOut(
        seq=seq,
        id=entry.id,
        target=entry.target,
        target_kind=entry.target_kind,
        rule=entry.rule,
        at=moment(entry.at_us),
        outcome=entry.outcome,
        tries=entry.tries,
        words=entry.words,
        took_ms=entry.took_ms,
        count=entry.count,
        events=tuple(
            DeliveredOut(event=one.event_id, version=one.version, camera=one.camera, kind=one.kind)
            for one in entry.events
        ),
    )
