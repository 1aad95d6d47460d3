"""What is behind an event, regions, and exports: the pure parts."""

from __future__ import annotations

import itertools
from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest

from api.errors import BadParameter
from api.export import csv_piece, head, local, photo_name, row, table
from api.places import below, cameras_below
from api.query import flag, one_of, ratio
from api.trace import AROUND_US, SPAN_US_MAX, path_query, read_view, shot_query, thinned, trace_view
from api.views import event_view, handling_view, word_view
from ingest.contract import Camera
from model_repository.contract import ModelRef
from postprocess.contract import (
    DefectRead,
    EquipmentRead,
    FaceMatch,
    FaceRead,
    Feedback,
    Handling,
    OtherRead,
    PlateRead,
    Read,
    ReadOf,
    Region,
)
from postprocess.shown import HandlingOut
from tests.support.api import vehicle_event


def a_read(read: ReadOf) -> Read:
    """A read of whatever recogniser."""
    return Read(
        shot_id="s", recogniser="r", camera="gate", epoch=1, track="t", captured_at_us=1, read=read,
        model=ModelRef(name="m"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("read", "text", "confidence"),
    [
        (PlateRead(text="А123ВС77", confidence=0.9, char_confidence=(0.98765,)), "А123ВС77", 0.9),
        (FaceRead(score=0.8, matches=(FaceMatch(person="ann", similarity=0.71),)), "ann", 0.71),
        (FaceRead(score=0.8), "", 0.8),
        (EquipmentRead(worn={"vest": 0.9, "helmet": 0.2}), "helmet 20%, vest 90%", 0.9),
        (EquipmentRead(), "", 0),
        (DefectRead(score=1.7), "1.70", 1.0),
        (OtherRead(values={"a": 0.3}, text="said"), "said", 0.3),
        (OtherRead(), "", 0.0),
    ],
)
def test_every_read_is_told_in_a_few_words(read: ReadOf, text: str, confidence: float) -> None:
    """Whatever the recogniser said has a text and a confidence."""
    shown = read_view(a_read(read))
    assert (shown.text, shown.confidence) == (text, confidence)


def test_a_long_way_is_thinned_evenly() -> None:
    """The first and the last step stay; a short way stays whole."""
    rows = [{"n": number} for number in range(1000)]
    found = [row["n"] for row in thinned(rows, 11)]
    assert (found[0], found[-1], len(found)) == (0, 999, 11)
    assert max(b - a for a, b in itertools.pairwise(found)) <= 101
    assert thinned(rows[:5], 11) == rows[:5]


def test_a_trace_is_bounded_in_time() -> None:
    """Two minutes around the event, half an hour at most, whatever the event says of its end."""
    event = vehicle_event(0, at_us=10**15)
    bound = path_query(event).parameters
    assert (bound["since"], bound["until"]) == (10**15 - AROUND_US, 10**15 + AROUND_US)
    long = msgspec.structs.replace(event, closed_at_us=2 * 10**15)
    assert path_query(long).parameters["until"] - bound["since"] == SPAN_US_MAX
    assert shot_query(event, "x' OR 1")
    assert "x' OR 1" not in shot_query(event, "x' OR 1").sql


def test_rows_of_the_store_become_a_trace() -> None:
    """Boxes in whole numbers become shares of the frame; a crop without its place has none."""
    event = vehicle_event(0)
    path = [{"at_us": 0, "x1": 10_000, "y1": 20_000, "x2": 30_000, "y2": 40_000, "confidence": 9000}]
    shots = [
        {
            "shot_id": "a/b",
            "at_us": 0,
            "recogniser": "plate_reader",
            "box": [],
            "crop": [0.1, 0.2, 0.3, 0.4],
            "quality": 0.5,
        }
    ]
    found = trace_view(event, path, shots, [a_read(PlateRead(text="", confidence=0.0))])
    assert (found.path[0].box, found.path[0].confidence) == ((0.1, 0.2, 0.3, 0.4), 0.9)
    assert found.shots[0].url.endswith("/shots/a%2Fb.jpg")
    assert (found.shots[0].box, found.shots[0].crop) == (None, (0.1, 0.2, 0.3, 0.4))
    assert len(found.reads) == 1


def test_a_region_has_all_below_it() -> None:
    """Its cameras, those of regions below, and their lots; a circle of parents ends."""
    regions = [Region(id="site", name=""), Region(id="yard", name="", parent="site"), Region(id="far", name="")]
    cameras = [Camera(id=name, name="", url="", region=region) for name, region in (("a", "yard"), ("b", "far"))]
    assert below("site", regions) == {"site", "yard"}
    assert cameras_below("site", regions, cameras) == ("a", "lot-site", "lot-yard")
    circle = [Region(id="x", name="", parent="y"), Region(id="y", name="", parent="x")]
    assert below("x", circle) == {"x", "y"}


@pytest.mark.parametrize(
    "call", [lambda: ratio("c", "2"), lambda: ratio("c", "x"), lambda: flag("f", "1"), lambda: one_of("o", "z", ("a",))]
)
def test_wrong_parameters_are_named(call: object) -> None:
    """Each says what is allowed."""
    assert callable(call)
    with pytest.raises(BadParameter) as caught:
        call()
    assert "allowed" in caught.value.detail("en")
    assert "допустимо" in caught.value.detail("ru")


def test_good_parameters_are_read() -> None:
    """Shares, flags and words."""
    assert (ratio("c", "0.5"), flag("f", "true"), flag("f", "false"), one_of("o", "a", ("a",))) == (
        0.5,
        True,
        False,
        "a",
    )


def test_an_exported_row_has_a_cell_for_each_column() -> None:
    """In both languages, with what people said; times by the site's clock, text that can't be a formula."""
    judged = Feedback(event_id="e", camera="gate", user="ann", verdict="false_alarm", at_us=1, reason="=1+1")
    handling = HandlingOut(act="assigned", assignee="bob", note="", user="ann", at="")
    event = vehicle_event(0, at_us=1_780_000_000_000_000)
    shown = event_view(event, feedback=judged, handling=handling)
    cells = row(shown, zone=ZoneInfo("Europe/Moscow"), cameras={event.camera: "Ворота"}, kinds={})
    assert len(cells) == len(head("en")) == len(head("ru"))
    assert cells[0] == "2026-05-28 23:26:40"
    assert "Ворота" in cells
    assert "bob" in cells
    assert "'=1+1" in csv_piece([cells], "en", first=False).decode()
    assert csv_piece([cells], "ru", first=True).decode("utf-8-sig").startswith("Время;До")
    assert table([cells], "en").rows == (cells,)
    assert local(None, UTC) is None
    assert row(event_view(event), zone=UTC, cameras={}, kinds={"vehicle_entry": "Entry"})[2] == "Entry"


def test_a_photo_s_name_leads_nowhere_else() -> None:
    """Whatever the plate holds, the name stays inside the folder."""
    shown = event_view(vehicle_event(0, plate="../../А1", event_id="../x"))
    name = photo_name(shown, 0, UTC)
    assert name.startswith("photos/")
    assert "/" not in name.removeprefix("photos/")
    assert "А1" in name


def test_what_people_do_travels_as_an_event() -> None:
    """The act is its cause, the assignee its label; the same act at the same time is the same event."""
    done = Handling(event_id="e", camera="gate", user="ann", act="assigned", at_us=5, assignee="bob", note="look")
    event = done.event()
    assert event == done.event()
    assert (event.kind, event.cause, event.label, event.about, event.author) == (
        "handling",
        "assigned",
        "bob",
        "e",
        "ann",
    )
    word = word_view(event)
    assert (word.kind, word.what, word.assignee, word.note, word.user) == ("handling", "assigned", "bob", "look", "ann")
    said = word_view(Feedback(event_id="e", camera="gate", user="u", verdict="confirmed", at_us=1).event())
    assert (said.kind, said.what) == ("feedback", "confirmed")
    shown = handling_view({"act": "closed", "assignee": "bob", "note": "", "user": "ann", "at_us": 0})
    assert (shown.act, shown.assignee) == ("closed", "bob")
