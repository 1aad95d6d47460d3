"""Marks of what was not seen: a kept picture, and an event for each object in it."""

from __future__ import annotations

from typing import Any

import pytest

from api import missed
from api.contract_work import MarkIn, MissedIn
from api.errors import InvalidBody
from ingest.contract import SnapshotReply

REPLY = SnapshotReply(jpeg=b"jpeg", captured_at_us=1_780_000_000_000_000, width=1280, height=720)
STILL = missed.kept("gate", REPLY).shot_id


def marked(*boxes: tuple[float, float, float, float], still: str = STILL, camera: str = "gate") -> list[Any]:
    """Trucks in a picture."""
    objects = tuple(MarkIn(label="truck", box=box) for box in boxes)
    return missed.events(camera, MissedIn(still=still, objects=objects, note=" behind the tree "), "ann")


def test_a_kept_picture_is_a_photo_of_the_whole_frame() -> None:
    """It is kept like a shot, under an id of camera and moment: the same moment is the same photo."""
    shot = missed.kept("gate", REPLY)
    assert (shot.crop, shot.width, shot.height, shot.recogniser) == ((0.0, 0.0, 1.0, 1.0), 1280, 720, "still")
    assert missed.kept("gate", REPLY).shot_id == shot.shot_id
    assert missed.still_view(shot, "anBlZw==").captured_at.startswith("2026-05-28T")


def test_each_object_is_an_event_with_the_picture_behind_it() -> None:
    """Label, box, who said so; the same mark sent twice is the same event."""
    first, second = marked((0.1, 0.1, 0.3, 0.4), (0.5, 0.5, 0.9, 0.9))
    assert (first.kind, first.function, first.label, first.author) == ("missed_object", "feedback", "truck", "ann")
    assert (first.photos[0].shot_id, first.photos[0].role) == (STILL, "context")
    assert first.opened_at_us == REPLY.captured_at_us
    assert first.text == "behind the tree"
    assert first.event_id != second.event_id
    assert marked((0.1, 0.1, 0.3, 0.4))[0].event_id == first.event_id


@pytest.mark.parametrize(
    "box", [(0.3, 0.1, 0.1, 0.4), (0.1, 0.1, 0.1005, 0.4), (-0.1, 0.1, 0.3, 0.4), (0.1, 0.1, 1.2, 0.4)]
)
def test_a_box_that_is_none_is_refused(box: tuple[float, float, float, float]) -> None:
    """Turned round, too small, or beside the picture: named by its place."""
    with pytest.raises(InvalidBody) as refused:
        marked((0.1, 0.1, 0.3, 0.4), box)
    assert "objects.1.box" in refused.value.words().en


@pytest.mark.parametrize("still", ["other.still.1780000000000000", "gate.still.12", "../../x", ""])
def test_a_picture_of_another_camera_is_refused(still: str) -> None:
    """What is marked was taken from that camera: regions and masks were kept to."""
    with pytest.raises(InvalidBody):
        marked((0.1, 0.1, 0.3, 0.4), still=still)
