"""What the demo heard, and how it reads on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.demo.record import FOREVER_US, Record, at_us, line
from deploy.demo.truth import Span
from deploy.language import Language


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e1", "version": 1, "kind": "vehicle_entry", "camera": "gate", "plate": "", "plate_confidence": 0.0,
        "label": "car", "opened_at": "2026-03-01T10:00:00.500000Z", "closed_at": None, "cause": "", "text": "",
    } | changes  # fmt: skip


def test_newest_version_counts_and_the_first_hearing_is_kept() -> None:
    """Repeats and older versions are dropped; latency is that of the first version, however many follow."""
    record = Record()
    opened_us = at_us("2026-03-01T10:00:00.500000Z")
    assert record.hear(_event(), opened_us + 300_000)
    assert not record.hear(_event(), opened_us + 400_000)
    assert record.hear(_event(version=3, plate="A123BC77"), opened_us + 900_000)
    assert not record.hear(_event(version=2), opened_us + 950_000)
    assert not record.hear(_event(version=4, plate="A123BC77"), opened_us + 990_000)
    assert record.latency_us("e1") == 300_000
    [happening] = record.happenings()
    assert (happening.plate, happening.at_us, happening.event_id) == ("A123BC77", opened_us, "e1")


def test_blind_spans_and_kinds() -> None:
    """A report of blindness becomes a span; one without an end lasts."""
    record = Record()
    record.hear(_event(id="b", kind="camera_blind", cause="restart", closed_at="2026-03-01T10:00:02Z"), 0)
    record.hear(_event(id="c", kind="camera_blind", cause="restart"), 0)
    record.hear(_event(), 0)
    begin = at_us("2026-03-01T10:00:00.5Z")
    assert record.blind() == [
        Span(camera="gate", from_us=begin, to_us=begin + 1_500_000, cause="restart"),
        Span(camera="gate", from_us=begin, to_us=FOREVER_US, cause="restart"),
    ]
    assert record.kinds() == {"camera_blind": 2, "vehicle_entry": 1}


@pytest.mark.parametrize(("language", "word", "unit"), [("en", "entry", "ms"), ("ru", "въезд", "мс")])
def test_a_vehicle_in_both_languages(language: Language, word: str, unit: str) -> None:
    """Camera, what, plate, confidence, kind of vehicle and delay on one line."""
    shown = line(_event(plate="A123BC77", plate_confidence=0.914), 412_300, language)
    assert shown.split()[1:] == ["gate", word, "A123BC77", "0.91", "car", "+412", unit]
    assert "—" in line(_event(), 0, language)


@pytest.mark.parametrize(("language", "words"), [("en", "camera lost"), ("ru", "камера пропала")])
def test_a_camera_in_both_languages(language: Language, words: str) -> None:
    """Camera events say their cause; an unknown kind is shown by its name."""
    shown = line(_event(kind="camera_lost", cause="timeout", text="no packet for 5 s"), 0, language)
    assert words in shown
    assert shown.endswith("timeout no packet for 5 s")
    assert "new_kind" in line(_event(kind="new_kind"), 0, language)
