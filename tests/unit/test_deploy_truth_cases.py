"""What must be told of clips, and how it is counted and written down."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from deploy.truth import figures
from deploy.truth.cases import KINDS, Clip, Facts, Subject, clip_of
from deploy.truth.command import REAL, RESULTS, kept
from deploy.truth.figures import Measured, Row
from deploy.truth.scenes import Expected
from deploy.truth.suites import T0_US, Score, held
from model_repository.scenes import trials
from model_repository.scenes.trial_scripts import SCRIPTS
from postprocess.contract import Event
from postprocess.functions.registry import load, read_settings

LINE = ((0.1, 0.5), (0.9, 0.5))
ZONE = ((0.3, 0.6), (0.7, 0.6), (0.7, 0.9), (0.3, 0.9))


def _facts(*subjects: Subject, kinds: tuple[str, ...] = KINDS) -> Facts:
    return Facts(name="made", seconds=40.0, kinds=kinds, line=LINE, zone=ZONE, subjects=subjects)


def _way(*stops: tuple[float, float, float], **more: object) -> Subject:
    """Straight between stops, eight times a second."""
    found = []
    for (t1, x1, y1), (t2, x2, y2) in pairwise(stops):
        steps = round((t2 - t1) * 8)
        found += [
            (t1 + (t2 - t1) * k / steps, x1 + (x2 - x1) * k / steps, y1 + (y2 - y1) * k / steps) for k in range(steps)
        ]
    return msgspec.structs.replace(Subject(name="p", label="person", stops=(*found, stops[-1])), **more)


def _expected(facts: Facts) -> dict[str, list[tuple[str, str, float]]]:
    return {
        case.name: [(one.kind, one.direction, round(one.at_s)) for one in case.expected]
        for case in clip_of(facts).cases
    }


def test_a_way_gives_the_events_of_every_kind() -> None:
    """Down over the line at 5 s, 15 s in the zone, and up over the line again at 30 s; no helmet.

    ──────┬─────── line        a stay of 15 s is long, and one person is no crowd
        ┌─┴─┐
        └───┘ zone
    """
    walk = _way((0, 0.5, 0.2), (10, 0.5, 0.8), (20, 0.5, 0.8), (35, 0.5, 0.35), worn={"helmet": False, "vest": True})
    found = _expected(_facts(walk))
    assert found["counting"] == [("count_crossing", "entry", 5), ("count_crossing", "exit", 30)]
    assert found["attendance lines"] == [("person_entry", "entry", 5), ("person_exit", "exit", 30)]
    assert found["vehicles"] == [("vehicle_entry", "entry", 5), ("vehicle_exit", "exit", 30)]
    assert found["wrong_way"] == [("wrong_way", "exit", 30)]
    assert found["intrusion"] == [("intrusion", "", 7)]
    assert found["attendance zones"] == [("presence", "", 7)]
    assert found["object"] == [("object_detected", "", 7)]
    assert found["loitering"] == [("loitering", "", 17)]
    assert found["occupancy"] == []
    assert found["ppe"] == [("ppe_violation", "", 0)]


def test_three_in_a_zone_are_a_crowd() -> None:
    """From when the third has come."""
    walks = [_way((k, 0.4 + 0.05 * k, 0.5), (k + 4, 0.4 + 0.05 * k, 0.8), (30, 0.4 + 0.05 * k, 0.8)) for k in range(3)]
    assert _expected(_facts(*walks))["occupancy"] == [("occupancy_exceeded", "", 3)]


def test_who_comes_again_has_another_way() -> None:
    """Away for five seconds above the line and back below it: nobody saw a crossing."""
    one, two = _way((0, 0.5, 0.2), (5, 0.5, 0.4)), _way((10, 0.5, 0.6), (15, 0.5, 0.95))
    both = msgspec.structs.replace(one, stops=one.stops + two.stops)
    assert _expected(_facts(both, kinds=("counting",)))["counting"] == []


def _event(at_s: float, **more: object) -> Event:
    event = Event(
        event_id=str(at_s), version=1, kind="ppe_violation", camera="cam-1", opened_at_us=T0_US + round(at_s * 1e6)
    )
    return msgspec.structs.replace(event, **more)


def test_held_names_what_was_missed_and_what_is_too_much() -> None:
    """Other equipment is another violation; an event far from its time is too much."""
    expected = [Expected(kind="ppe_violation", rule="", at_s=at_s, until_s=at_s, missing=("vest",)) for at_s in (5, 30)]
    found = held(expected, [_event(6.0, missing=("vest",)), _event(7.0, missing=("helmet",)), _event(50.0)])
    assert found.missed == (expected[1],)
    assert [event.event_id for event in found.extra] == ["7.0", "50.0"]
    assert found.score == Score(expected=2, matched=1, extra=2)


@pytest.mark.parametrize("path", sorted(REAL.glob("*.json")), ids=lambda path: path.stem)
def test_counted_clips_can_be_read(path: object) -> None:
    """Every real clip has cases of functions that there are, with settings that hold, on rules that they name."""
    clip = msgspec.json.decode(path.read_bytes(), type=Clip)  # type: ignore[attr-defined]
    assert clip.cases
    for case in clip.cases:
        settings = read_settings(load()[case.function], case.settings)
        rules = {each.id for each in (*getattr(settings, "lines", ()), *getattr(settings, "zones", ()))}
        assert case.expected
        assert {one.rule for one in case.expected} <= rules


def test_facts_of_a_trial_are_read() -> None:
    """What the renderer writes is what is measured by: two cars stop, one on the line and one in the lay-by."""
    facts = msgspec.convert(trials.trial_of("halting-1")[2], type=Facts)
    told = {case.name: len(case.expected) for case in clip_of(facts).cases}
    assert told == {"vehicles": 4, "object": 1}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_a_trial_of_something(name: str) -> None:
    """Of kinds that there are; somebody acts within its time, whatever is drawn."""
    script = SCRIPTS[name]
    assert set(script.kinds) <= set(KINDS)
    for seed in range(5):
        cast = script.cast(np.random.default_rng(seed))
        rides = [each.ride for each in (*cast.drivers, *cast.walkers)]
        assert rides
        assert all(0.0 <= ride.start_s < script.seconds for ride in rides)


def _measured(*rows: Row) -> Measured:
    return Measured(measure="chain", weights="w (1)", rows=rows, date="2026-11-24", command="zool eval", on="2 clips")


GOOD, BAD = Score(expected=4, matched=4, extra=0), Score(expected=4, matched=3, extra=1)


def test_rows_of_a_kind_are_summed() -> None:
    """Over clips; ways of measuring stay apart."""
    rows = [Row(kind="a", score=GOOD), Row(kind="a", score=BAD), Row(kind="a", how="x", score=BAD)]
    assert figures.by_kind(rows) == (
        Row(kind="a", score=Score(expected=8, matched=7, extra=1)),
        Row(kind="a", how="x", score=BAD),
    )


def test_json_has_sums_and_kinds() -> None:
    """The sum leaves out true boxes, on which nobody errs."""
    found = figures.as_json(_measured(Row(kind="a", how="true boxes", score=GOOD), Row(kind="a", how="e", score=BAD)))
    assert (found["expected"], found["matched"], found["extra"]) == (4, 3, 1)
    assert found["per_kind"]["a"]["true boxes"]["precision"] == 1.0
    assert figures.as_json(_measured(Row(kind="a", score=BAD)))["per_kind"]["a"]["recall"] == 0.75


def test_a_row_below_the_target_is_marked() -> None:
    """In the terminal; one that is not below is not."""
    good, bad, _ = figures.as_lines(_measured(Row(kind="a", score=GOOD), Row(kind="b", score=BAD)))[1:]
    assert not good.endswith("below")
    assert bad.endswith("below")


def test_blocks_are_filled_and_the_rest_is_left() -> None:
    """A block without anything kept says so; filling twice changes nothing."""
    text = "A\n<!-- events:chain -->\nold\n<!-- events:end -->\nB\n<!-- events:real -->\n<!-- events:end -->\n"
    once = figures.filled(text, [_measured(Row(kind="a", score=BAD))])
    assert "old" not in once
    assert "| a | 4 | 3 | 1 | 0.750 | 0.750 |" in once
    assert "Nothing has been kept." in once
    assert figures.filled(once, [_measured(Row(kind="a", score=BAD))]) == once


def test_models_page_holds_what_was_kept() -> None:
    """`zool eval report` would change nothing."""
    page = RESULTS.parents[2] / "MODELS.md"
    text = page.read_text(encoding="utf-8")
    assert figures.filled(text, kept(RESULTS)) == text
