"""Storms and quiet hours."""

from __future__ import annotations

from typing import Any

import msgspec

from postprocess.contract import Event
from postprocess.deliver import grouping
from postprocess.deliver.grouping import Groups, Held
from postprocess.deliver.settings import DeliveryRule

S = 1_000_000
MONDAY = 1_780_272_000 * S
"""2026-06-01 00:00 UTC."""


def rule(**fields: Any) -> DeliveryRule:
    """Two pass, the rest of ten seconds is one message."""
    return msgspec.convert({"id": "r", "target": "t", "group_s": 10, "group_free": 2} | fields, DeliveryRule)


def held(number: int, severity: str = "info") -> Held:
    """One event."""
    event = msgspec.convert(
        {
            "event_id": f"e{number}", "version": 1, "kind": "intrusion", "camera": "c", "opened_at_us": 0,
            "severity": severity,
        },
        Event,
    )  # fmt: skip
    return Held(event=event, place=("EVENTS", number), born_us=0)


def test_a_storm_is_one_message_a_window() -> None:
    """Two pass, eight wait for the window's end; the digest counts as the first of the next window.

    0 1 2 3 … 9 s        10 s            11 s      20 s
    ✓ ✓ held …           one digest (8)  ✓ held    digest
    """
    groups = Groups("UTC")
    passed = [groups.passes(rule(), held(n), MONDAY + n * S) for n in range(10)]
    assert passed == [True, True] + [False] * 8
    assert groups.ripe(MONDAY + 9 * S) == []
    (digest,) = groups.ripe(MONDAY + 10 * S)
    assert [one.place[1] for one in digest.held] == list(range(2, 10))
    assert groups.waiting == 0
    assert groups.passes(rule(), held(11), MONDAY + 11 * S)
    assert not groups.passes(rule(), held(12), MONDAY + 12 * S)
    (digest,) = groups.ripe(MONDAY + 20 * S)
    assert len(digest.held) == 1


def test_calm_is_never_held() -> None:
    """One each ten seconds passes; without grouping all do."""
    groups = Groups("UTC")
    assert all(groups.passes(rule(), held(n), MONDAY + n * 10 * S) for n in range(20))
    assert all(groups.passes(rule(id="other", group_s=0), held(n), MONDAY) for n in range(20))
    assert groups.ripe(MONDAY + 999 * S) == []


def test_quiet_hours_keep_all_but_alarms() -> None:
    """Of 22:00 to 06:00 what is no alarm leaves at six as one message; alarms pass at once."""
    quiet = rule(quiet=[{"since": "22:00", "until": "06:00"}])
    groups = Groups("UTC")
    assert groups.passes(quiet, held(0), MONDAY - 7201 * S)
    assert not groups.passes(quiet, held(1), MONDAY - 7200 * S)
    assert not groups.passes(quiet, held(2, "warning"), MONDAY)
    assert groups.passes(quiet, held(3, "alarm"), MONDAY)
    assert groups.ripe(MONDAY + 6 * 3600 * S - 1) == []
    (digest,) = groups.ripe(MONDAY + 6 * 3600 * S)
    assert [one.place[1] for one in digest.held] == [1, 2]


def test_quiet_hours_may_keep_alarms_too() -> None:
    """`quiet_severity` = none."""
    silent = rule(quiet=[{"since": "22:00", "until": "06:00"}], quiet_severity="none")
    assert not Groups("UTC").passes(silent, held(1, "alarm"), MONDAY)


def test_what_is_held_has_a_bound(monkeypatch: Any) -> None:
    """When it is full it leaves, quiet or not."""
    monkeypatch.setattr(grouping, "HELD_MAX", 3)
    silent = rule(quiet=[{"since": "00:00", "until": "00:00"}])
    groups = Groups("UTC")
    for number in range(3):
        assert groups.ripe(MONDAY) == []
        assert not groups.passes(silent, held(number), MONDAY)
    (digest,) = groups.ripe(MONDAY)
    assert len(digest.held) == 3


def test_a_rule_that_changes_or_goes_lets_go_of_what_it_held() -> None:
    """Quiet hours that are taken away end; so do those of a rule that is gone."""
    silent = rule(quiet=[{"since": "00:00", "until": "00:00"}])
    for rules in ([rule(group_s=0)], []):
        groups = Groups("UTC")
        assert not groups.passes(silent, held(1), MONDAY)
        assert groups.ripe(MONDAY) == []
        groups.change(rules)
        assert len(groups.ripe(MONDAY)) == 1
