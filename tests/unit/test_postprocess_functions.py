"""Intrusion, loitering, counting, occupancy, wrong way, object: what each makes of scenes, and of its settings."""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import FrameReport
from model_repository.contract import ModelRef
from postprocess.contract import Event
from postprocess.functions.counting import COUNTING
from postprocess.functions.intrusion import INTRUSION
from postprocess.functions.loitering import LOITERING
from postprocess.functions.object import OBJECT
from postprocess.functions.occupancy import OCCUPANCY
from postprocess.functions.registry import read_settings, registry
from postprocess.functions.unit import Defaults
from postprocess.functions.wrong_way import WRONG_WAY
from postprocess.rules.cases import CaseScene
from postprocess.rules.scene import Input, Tick
from tests.support.functions import LINES, ZONES, photo, play, policy_for, told
from tests.support.vehicles import DETECTOR_REF, STEP_US, T0_US, events
from tests.support.zones import Way, film, look, second, walk

IN_AND_OUT = walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6), (12, 0.9, 0.6))
DOWN = walk((0, 0.5, 0.3), (4, 0.5, 0.7), (6, 0.5, 0.7))
UP = walk((0, 0.5, 0.7), (4, 0.5, 0.3), (6, 0.5, 0.3))


def test_an_intrusion_is_opened_and_closed_once() -> None:
    """Two versions: at the debounce, and at the end with the seconds of stay; with all that an event has to name."""
    _, said = play(INTRUSION, film(20, {"1-1": IN_AND_OUT}), **ZONES)
    opened, closed = events(said)
    assert (opened.kind, opened.rule, opened.track, opened.label) == ("intrusion", "yard", "1-1", "person")
    assert (opened.severity, opened.settings_revision, opened.models) == ("alarm", 7, (DETECTOR_REF,))
    assert (opened.version, opened.final, opened.closed_at_us) == (1, False, None)
    assert opened.frame_seq == 16
    assert opened.box is not None
    assert opened.confidence == pytest.approx(0.8)
    assert (closed.event_id, closed.opened_at_us) == (opened.event_id, opened.opened_at_us)
    assert (closed.version, closed.final, second(closed.closed_at_us or 0)) == (2, True, 10.0)
    assert closed.value == pytest.approx(7.8)


def test_an_intrusion_needs_its_schedule() -> None:
    """By the site's clock: 14:13 UTC is 17:13 in Moscow."""
    night = [{"since": "20:00", "until": "06:00"}]
    afternoon = [{"since": "17:00", "until": "18:00"}]
    frames = film(20, {"1-1": IN_AND_OUT})
    assert told(INTRUSION, frames, **ZONES, schedule=night) == []
    assert told(INTRUSION, frames, **ZONES, schedule=afternoon) == []
    assert len(told(INTRUSION, frames, **ZONES, schedule=afternoon, timezone="Europe/Moscow")) == 1


def test_an_intrusion_without_zones_watches_the_whole_picture() -> None:
    """Rule and zone are empty then."""
    (event,) = told(INTRUSION, film(20, {"1-1": walk((0, 0.9, 0.2), (4, 0.8, 0.25))}))
    assert (event.rule, event.final) == ("", True)


def test_loitering_opens_when_the_stay_gets_too_long() -> None:
    """Ten seconds after it came in; a shorter stay is none."""
    stands = film(60, {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (30, 0.5, 0.6), (34, 0.9, 0.6))})
    (event,) = told(LOITERING, stands, **ZONES, dwell_s=10)
    assert (second(event.opened_at_us), second(event.closed_at_us or 0)) == (12.2, 32.0)
    assert (event.value, event.severity) == (pytest.approx(29.8), "warning")
    assert told(LOITERING, stands, **ZONES, dwell_s=40) == []


def test_loitering_is_one_event_over_a_broken_track() -> None:
    """Six seconds before and after the break are twelve."""
    ways = {"1-1": walk((0, 0.1, 0.6), (4, 0.5, 0.6), (8, 0.5, 0.6)), "1-2": walk((9, 0.5, 0.6), (18, 0.5, 0.6))}
    (event,) = told(LOITERING, film(40, ways), **ZONES, dwell_s=10)
    assert event.value == pytest.approx(15.8)


def test_counting_counts_each_way_and_label_by_itself() -> None:
    """Two in, one out; values count on."""
    ways: dict[str, Way] = {
        "1-1": DOWN,
        "1-2": walk((10, 0.3, 0.3), (14, 0.3, 0.7)),
        "1-3": walk((20, 0.7, 0.7), (24, 0.7, 0.3)),
    }
    found = told(COUNTING, film(30, ways), **LINES)
    assert [(e.direction, e.value, e.final, e.kind) for e in found] == [
        ("entry", 1.0, True, "count_crossing"),
        ("entry", 2.0, True, "count_crossing"),
        ("exit", 1.0, True, "count_crossing"),
    ]
    assert [e.closed_at_us for e in found] == [e.opened_at_us for e in found]


def test_a_u_turn_counts_both_ways_and_jitter_at_the_line_not_at_all() -> None:
    """There and back; and a step onto the line and off again."""
    u_turn = walk((0, 0.5, 0.3), (4, 0.5, 0.7), (8, 0.5, 0.3), (10, 0.5, 0.3))
    assert [e.direction for e in told(COUNTING, film(20, {"1-1": u_turn}), **LINES)] == ["entry", "exit"]
    touch = walk((0, 0.5, 0.3), (4, 0.5, 0.503), (8, 0.5, 0.3))
    assert told(COUNTING, film(20, {"1-1": touch}), **LINES) == []


def test_a_track_that_breaks_on_the_line_is_counted() -> None:
    """Lost just before it, another one found just behind it."""
    ways = {"1-1": walk((0, 0.5, 0.3), (1.6, 0.5, 0.46)), "1-2": walk((2.4, 0.5, 0.54), (6, 0.5, 0.9))}
    (event,) = told(COUNTING, film(12, ways), **LINES)
    assert (event.direction, second(event.opened_at_us)) == ("entry", pytest.approx(2.0, abs=0.2))


def test_a_count_starts_anew_at_local_midnight() -> None:
    """Midnight in Moscow is 21:00 UTC: 24,400 s after the film's beginning."""
    late = round((24_400 - 20) * 1e6 / STEP_US)
    first = film(10, {"1-1": DOWN}, first=late)
    ways = {"1-2": walk((0, 0.5, 0.3), (4, 0.5, 0.7)), "1-3": walk((30, 0.5, 0.3), (34, 0.5, 0.7))}
    frames = [*first, *film(40, ways, first=late + 50)]
    assert [e.value for e in told(COUNTING, frames, **LINES, timezone="Europe/Moscow")] == [1.0, 2.0, 1.0]
    assert [e.value for e in told(COUNTING, frames, **LINES)] == [1.0, 2.0, 3.0]


def test_counts_survive_a_restart() -> None:
    """The memory as kept and read again counts on."""
    memory, _ = play(COUNTING, film(10, {"1-1": DOWN}), **LINES)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=COUNTING.memory)
    _, said = play(COUNTING, film(10, {"1-2": DOWN}, first=50), again, **LINES)
    assert [event.value for event in events(said)] == [2.0]


def crowd(count: int, since_s: float, until_s: float) -> dict[str, Way]:
    """So many persons beside each other in the yard."""
    return {
        f"1-{n + 1}": walk((since_s, 0.34 + 0.08 * n, 0.5 + 0.05 * (n % 2)), (until_s, 0.35 + 0.08 * n, 0.6))
        for n in range(count)
    }


def test_occupancy_opens_and_closes_with_its_peak() -> None:
    """Three where two may be, for long enough; a fourth comes for a while."""
    ways = crowd(3, 2, 20) | {"1-4": walk((8, 0.62, 0.7), (14, 0.62, 0.72))}
    (event,) = told(OCCUPANCY, film(40, ways), **ZONES, limit=2, hold_s=3)
    assert (event.kind, event.rule, event.value, event.final) == ("occupancy_exceeded", "yard", 4.0, True)
    assert second(event.opened_at_us) == pytest.approx(3.0, abs=0.4)
    assert second(event.closed_at_us or 0) == pytest.approx(25.0, abs=0.6)  # lost inside: the bridge of 5 s
    assert told(OCCUPANCY, film(40, ways), **ZONES, limit=4, hold_s=3) == []
    assert told(OCCUPANCY, film(40, crowd(3, 2, 4)), **ZONES, limit=2, hold_s=9) == []


def test_a_short_dip_below_the_limit_closes_nothing() -> None:
    """One steps out for less than it is held."""
    ways = crowd(2, 2, 40) | {
        "1-3": walk((2, 0.5, 0.7), (15, 0.5, 0.7), (16, 0.8, 0.7), (18, 0.8, 0.7), (19, 0.5, 0.7), (40, 0.5, 0.7))
    }
    assert len(told(OCCUPANCY, film(60, ways), **ZONES, limit=2, hold_s=5)) == 1
    assert len(told(OCCUPANCY, film(60, ways), **ZONES, limit=2, hold_s=1)) == 2


def test_occupancy_ends_as_of_the_last_look_when_nobody_looks_any_more() -> None:
    """By a tick, two minutes later."""
    frames: list[Input] = [*film(20, crowd(3, 2, 60)), Tick(now_us=T0_US + 200 * 1_000_000)]
    (event,) = told(OCCUPANCY, frames, **ZONES, limit=2, hold_s=3)
    assert (event.final, second(event.closed_at_us or 0)) == (True, 19.8)


def test_the_wrong_way_is_told_once_it_was_meant() -> None:
    """Up against the line's entry: yes; down: no; over it and back at once: no."""
    (event,) = told(WRONG_WAY, film(12, {"1-1": UP}), **LINES)
    assert (event.kind, event.direction, event.rule, event.severity) == ("wrong_way", "exit", "gate", "alarm")
    assert second(event.opened_at_us) == pytest.approx(2.0, abs=0.05)
    assert told(WRONG_WAY, film(12, {"1-1": DOWN}), **LINES) == []
    back = walk((0, 0.5, 0.7), (2, 0.5, 0.47), (4, 0.5, 0.7))
    assert told(WRONG_WAY, film(12, {"1-1": back}), **LINES) == []
    assert len(told(WRONG_WAY, film(12, {"1-1": back}), **LINES, way_min=0.0)) == 1


def test_the_wrong_way_through_a_zone() -> None:
    """To the right is allowed: who goes left is told of, once; who goes right or up is not."""
    left = walk((0, 0.9, 0.6), (8, 0.1, 0.6))
    (event,) = told(WRONG_WAY, film(20, {"1-1": left}), **ZONES, heading_deg=90)
    assert (event.rule, event.direction, event.final) == ("yard", "", True)
    right, up = walk((0, 0.1, 0.6), (8, 0.9, 0.6)), walk((0, 0.5, 0.9), (8, 0.5, 0.2))
    assert told(WRONG_WAY, film(20, {"1-1": right, "1-2": up}), **ZONES, heading_deg=90) == []


def fire(frames: list[Input], ensemble: str, every: int) -> list[Input]:
    """The same boxes as seen by a further detector, which looks at every so manieth frame."""
    seen: list[Input] = []
    for number, frame in enumerate(frames):
        assert isinstance(frame, FrameReport)
        boxes = tuple(msgspec.structs.replace(d, detector=ensemble, label="fire") for d in frame.detections)
        looked = number % every == 0
        model = {ensemble: ModelRef(name="fire", version="3", sha256="f" * 8)}
        seen.append(msgspec.structs.replace(frame, detections=boxes * looked, further=model if looked else {}))
    return seen


def test_an_object_of_a_further_detector() -> None:
    """One event per visit, by that detector's name and weights; frames at which it did not look are no absence."""
    frames = fire(film(40, {"1-1": walk((5, 0.5, 0.6), (20, 0.5, 0.6))}), "object_detector_fire", 5)
    (event,) = told(
        OBJECT, frames, **ZONES, detector="fire", class_list=["fire"], fps_max=1.0, titles={"fire": "Огонь"}
    )
    assert (event.kind, event.label, event.text, event.severity) == ("object_detected", "fire", "Огонь", "alarm")
    assert event.models == (ModelRef(name="fire", version="3", sha256="f" * 8),)
    assert (second(event.opened_at_us), second(event.closed_at_us or 0)) == (5.0, 20.0)
    assert told(OBJECT, frames, **ZONES, detector="smoke", class_list=["fire"]) == []
    assert told(OBJECT, frames, **ZONES, detector="", class_list=["fire"]) == []


def test_what_an_object_asks_of_ingest() -> None:
    """A further detector with its floor, or the first one's labels; a detector without labels is a fault."""
    settings = read_settings(OBJECT, {"detector": "fire", "class_list": ["fire"], "confidence_ratio": 0.6})
    (plan,) = OBJECT.needs(settings, Defaults()).detectors  # type: ignore[arg-type]
    assert (plan.ensemble, plan.class_floor) == ("object_detector_fire", {"fire": 0.6})
    plain = OBJECT.needs(read_settings(OBJECT, {"class_list": ["truck"]}), Defaults())  # type: ignore[arg-type]
    assert (plain.detectors, plain.floor) == ((), {"truck": 0.45})
    assert [f.field for f in OBJECT.faults(read_settings(OBJECT, {}))] == ["class_list"]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["intrusion", "loitering", "counting", "occupancy", "wrong_way", "object"])
def test_settings_have_defaults_and_can_be_drawn(name: str) -> None:
    """Every function: defaults hold, the schema exists, titles in both languages, unknown keys refused."""
    function = registry()[name]
    settings = function.settings()
    assert msgspec.json.schema(function.settings)
    assert function.title.ru != function.title.en
    assert all(kind.title.ru and kind.title.en for kind in function.kinds)
    assert [shot.recogniser for shot in function.needs(settings, Defaults()).shots] == ["photo"] * settings.photos  # type: ignore[attr-defined]
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"zone": []}', type=function.settings)


def test_an_event_has_its_pictures_whenever_they_come() -> None:
    """Before it opens, while it lasts, after it is over: the best first, the same last version."""
    frames = film(20, {"1-1": IN_AND_OUT})
    pictures = [photo("a", seq=3, quality=0.2), photo("b", seq=20, quality=0.9), photo("c", seq=40, quality=0.4)]
    orders = ([*pictures, *frames], [*frames, *pictures], [*frames[:30], *reversed(pictures), *frames[30:]])
    last = [told(INTRUSION, order, **ZONES)[0] for order in orders]
    assert last[0] == last[1] == last[2]
    assert [(p.shot_id, p.role) for p in last[0].photos] == [("b", "best"), ("a", "context"), ("c", "context")]
    assert (last[0].photos[0].thumbnail, last[0].version, last[0].final) == (b"jpeg of b", 8, True)


def test_pictures_of_others_and_of_other_recognisers_don_t_count() -> None:
    """Another track; a plate; the same picture twice; one that comes much too late."""
    frames = film(20, {"1-1": IN_AND_OUT})
    plate = msgspec.structs.replace(photo("p"), recogniser="plate_reader")
    (event,) = told(INTRUSION, [*frames, plate, photo("x", track="1-9"), photo("a"), photo("a")], **ZONES)
    assert [p.shot_id for p in event.photos] == ["a"]
    later: list[Input] = [*frames, look(6000, []), photo("late")]
    assert told(INTRUSION, later, **ZONES)[0].photos == ()


def test_memory_is_forgotten_and_lightened() -> None:
    """Cases go after their time, pictures with their tracks; thumbnails can go before."""
    memory, _ = play(INTRUSION, [*film(20, {"1-1": IN_AND_OUT}), photo("a")], **ZONES)
    assert isinstance(memory, CaseScene)
    assert (len(memory.cases), len(memory.pictures), INTRUSION.waits(memory)) == (1, 1, True)
    INTRUSION.lighten(memory)
    assert [there.thumbnail for there in memory.pictures.values()] == [b""]
    memory, _ = INTRUSION.step(memory, Tick(now_us=T0_US + 1_400 * 1_000_000), policy_for(INTRUSION, **ZONES))
    assert (memory.cases, INTRUSION.waits(memory)) == ({}, False)
    kept, _ = play(INTRUSION, [look(9500, []), look(9501, [])], memory, **ZONES)
    assert isinstance(kept, CaseScene)
    assert (kept.tracks, kept.pictures) == ({}, {})


def test_events_name_the_settings_under_which_they_began() -> None:
    """A change of settings in between does not."""
    memory, said = play(INTRUSION, film(8, {"1-1": IN_AND_OUT}), **ZONES)
    later = msgspec.structs.replace(policy_for(INTRUSION, **ZONES), settings_revision=8)
    found: list[Event] = events(said)
    for message in film(20, {"1-1": IN_AND_OUT})[40:]:
        memory, outputs = INTRUSION.step(memory, message, later)  # type: ignore[arg-type]
        found += events(outputs)
    assert [event.settings_revision for event in found] == [7, 7]


def test_without_pictures_nothing_is_kept_of_what_is_over() -> None:
    """A busy door leaves no cases behind, and a long way against the heading is told of once all the same."""
    memory, _ = play(COUNTING, film(10, {"1-1": DOWN}), **LINES)
    assert isinstance(memory, CaseScene)
    assert memory.cases == {}
    left = walk((0, 0.9, 0.6), (8, 0.1, 0.6))
    _, said = play(WRONG_WAY, film(20, {"1-1": left}), **ZONES, heading_deg=90, photos=False)
    assert len(events(said)) == 1
