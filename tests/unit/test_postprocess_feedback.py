"""Feedback of people travels as an event."""

from __future__ import annotations

import msgspec

from postprocess.contract import Event, Feedback, feedback_of

SAID = Feedback(
    event_id="e-1", camera="gate-1", user="guard", verdict="corrected", plate="А123ВС177", reason="the last digit",
    at_us=1_790_000_000_000_000,
)  # fmt: skip


def test_feedback_comes_back_as_it_was_said() -> None:
    """Feedback → event → feedback, with every field."""
    full = msgspec.structs.replace(SAID, person="p-7")
    assert feedback_of(full.event()) == full


def test_the_event_of_a_feedback() -> None:
    """It lies beside the event that it speaks of, is said once, and two of them are two events."""
    event = SAID.event()
    assert (event.kind, event.camera, event.about, event.author) == ("feedback", "gate-1", "e-1", "guard")
    assert (event.version, event.final) == (1, True)
    assert event.event_id == SAID.event().event_id
    assert event.event_id != msgspec.structs.replace(SAID, at_us=SAID.at_us + 1).event().event_id


def test_what_is_no_feedback() -> None:
    """Other kinds, and verdicts of a later version."""
    assert feedback_of(Event(event_id="e", version=1, kind="camera_lost", camera="c", opened_at_us=1)) is None
    assert feedback_of(msgspec.structs.replace(SAID.event(), cause="praised")) is None
