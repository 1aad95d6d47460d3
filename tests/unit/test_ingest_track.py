"""Which box is the same thing as before: passages drawn and played at different rates."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ingest import track
from ingest.motion import PixelBox
from ingest.track import Seen, TrackPolicy, Tracks

SECOND = 1_000_000
POLICY = TrackPolicy()
Path = Callable[[float], PixelBox | None]


def at(x: float, y: float, w: float, h: float) -> PixelBox:
    """A box by its centre."""
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def tracks() -> Tracks:
    """A tracker of epoch 7 on 1280x720."""
    return Tracks(epoch=7, width=1280, height=720)


def play(
    paths: Sequence[Path], *, seconds: float, fps: float, labels: Sequence[str] = (), jitter_px: float = 2.0
) -> tuple[list[list[str]], list[str]]:
    """Move things along their paths; returns the ids each path got (without "") and the ended tracks."""
    rng = np.random.default_rng(3)
    state, got, ended = tracks(), [list[str]() for _ in paths], list[str]()
    for number in range(round(seconds * fps)):
        time_s = number / fps
        seen, who = list[Seen](), list[int]()
        for index, path in enumerate(paths):
            box = path(time_s)
            if box is None:
                continue
            x1, y1, x2, y2 = (float(v + rng.normal(0, jitter_px)) for v in box)
            label = labels[index] if labels else "car"
            seen.append(Seen(box=(x1, y1, x2, y2), label=label, confidence=0.8))
            who.append(index)
        step = track.step(state, seen, round(time_s * SECOND), POLICY)
        ended += step.ended
        for index, taken in zip(who, step.taken, strict=True):
            if taken.track:
                got[index].append(taken.track)
    return got, ended


def one(ids: list[str]) -> bool:
    """Whether a path kept one id."""
    return len(set(ids)) == 1


@pytest.mark.parametrize("fps", [2.0, 5.0, 8.0, 25.0])
@pytest.mark.parametrize("speed", [60.0, 250.0, 500.0])
def test_a_car_that_passes_keeps_its_id(fps: float, speed: float) -> None:
    """One car of 220 px, left to right, up to 50 px a frame at 5 fps and more.

    |  [car]→                          |
    """
    seconds = 900 / speed
    if seconds * fps < 4:
        pytest.skip("passes between two looks")
    (ids,), _ = play([lambda t: at(180 + speed * t, 400, 220, 120)], seconds=seconds, fps=fps)
    assert one(ids)
    assert len(ids) == round(seconds * fps) - 1  # all but the first, tentative look
    assert ids[0] == "7-1"


def test_a_car_that_comes_nearer_keeps_its_id() -> None:
    """From far to near its box grows eightfold while it speeds down the picture.

    |    ▫      |
    |   [ ]     |
    |  [   ]    |
    """
    (ids,), _ = play([lambda t: at(640, 150 + 30 * 2 ** (t * 1.0), 40 * 2**t, 30 * 2**t)], seconds=3, fps=5)
    assert one(ids)


def test_two_cars_that_meet_keep_their_ids() -> None:
    """Opposite lanes, overlapping for some frames in the middle.

    |  [A]→           |
    |          ←[B]   |
    """
    (a, b), _ = play(
        [lambda t: at(150 + 300 * t, 400, 200, 110), lambda t: at(1100 - 300 * t, 440, 200, 110)], seconds=3, fps=5
    )
    assert one(a)
    assert one(b)
    assert a[0] != b[0]


def test_a_column_keeps_its_order() -> None:
    """Three cars one behind the other, each moving about its own length per frame: no id slips back to the next car.

    |  [C]→ [B]→ [A]→  |
    """
    paths = [lambda t, k=k: at(600 - 230 * k + 120 * t, 400, 180, 100) for k in range(3)]
    got, _ = play(paths, seconds=4, fps=5)
    assert all(one(ids) for ids in got)
    assert len({ids[0] for ids in got}) == 3


def test_a_fast_column_keeps_its_order() -> None:
    """The same at 400 px/s: 80 px a look with 230 px between the cars."""
    paths = [lambda t, k=k: at(-100 - 230 * k + 400 * t, 400, 180, 100) for k in range(3)]

    def inside(path: Path) -> Path:
        def clipped(t: float) -> PixelBox | None:
            box = path(t)
            return box if box is not None and box[0] >= 0 and box[2] <= 1280 else None

        return clipped

    got, _ = play([inside(p) for p in paths], seconds=5, fps=5)
    assert all(one(ids) for ids in got)
    assert len({ids[0] for ids in got}) == 3


def test_a_car_behind_a_post_keeps_its_id() -> None:
    """Not seen for 0.8 s, then seen again where its motion leads.

    |  [A]→  ▌▌  [A]→  |
    """
    (ids,), ended = play([lambda t: None if 1.0 < t < 1.8 else at(150 + 200 * t, 400, 200, 110)], seconds=4, fps=5)
    assert one(ids)
    assert not ended


def test_a_car_that_waits_keeps_its_id() -> None:
    """A lorry at the barrier for a minute is one track."""
    (ids,), ended = play([lambda _: at(600, 400, 300, 250)], seconds=60, fps=5)
    assert one(ids)
    assert not ended


def test_a_thing_gone_ends_and_is_told_once() -> None:
    """1.5 s after the last look the track is given up."""
    paths = [lambda t: at(600, 400, 200, 110) if t < 1 else None]
    got, ended = play(paths, seconds=5, fps=5)
    assert ended == [got[0][0]]


def test_a_car_that_left_does_not_lend_its_id_to_the_next() -> None:
    """A leaves at the right; B comes in at the same edge 0.6 s later: another id.

    |            [A]→
    |            ←[B]  |
    """
    a: Path = lambda t: at(900 + 300 * t, 400, 200, 110) if t <= 1.0 else None  # noqa: E731
    b: Path = lambda t: at(1180 - 200 * (t - 1.6), 430, 180, 110) if t >= 1.6 else None  # noqa: E731
    (ids_a, ids_b), ended = play([a, b], seconds=4, fps=5)
    assert one(ids_a)
    assert one(ids_b)
    assert ids_a[0] != ids_b[0]
    assert ended == [ids_a[0]]


def test_a_person_does_not_continue_a_car() -> None:
    """Groups are kept apart, even at the same place."""
    (a, b), _ = play(
        [lambda t: at(400, 400, 100, 100) if t < 1 else None, lambda t: at(400, 400, 100, 100) if t >= 1 else None],
        seconds=3,
        fps=5,
        labels=["car", "person"],
    )
    assert not set(a) & set(b)


def seen(label: str, confidence: float, box: PixelBox = (100, 100, 300, 200)) -> Seen:
    """One box."""
    return Seen(box=box, label=label, confidence=confidence)


def steps(looks: Sequence[Sequence[Seen]]) -> list[track.Step]:
    """Play looks at 5 fps."""
    state = tracks()
    return [track.step(state, look, n * SECOND // 5, POLICY) for n, look in enumerate(looks)]


def test_car_bus_truck_wavering_is_one_track_named_by_votes() -> None:
    """The majority names it from the look on where it is one."""
    labels = ["car", "truck", "truck", "car", "truck", "bus", "truck"]
    taken = [step.taken[0] for step in steps([[seen(label, 0.6)] for label in labels])]
    assert {t.track for t in taken[1:]} == {"7-1"}
    assert taken[-1].label == "truck"


def test_a_first_look_is_tentative() -> None:
    """A box seen once has no id; the second look confirms it."""
    first, second = steps([[seen("car", 0.9)], [seen("car", 0.9)]])
    assert first.taken[0].track == ""
    assert second.taken[0].track == "7-1"


def test_a_single_false_box_never_becomes_a_track() -> None:
    """Nothing is named or ended for it."""
    played = steps([[seen("car", 0.9)], *([[]] * 20)])
    assert all(not step.ended for step in played)


def test_weak_boxes_continue_but_never_begin() -> None:
    """Confidence 0.2 carries a track over dusk; alone it begins none."""
    played = steps([[seen("car", 0.8)], [seen("car", 0.8)], *([[seen("car", 0.2)]] * 10)])
    assert {step.taken[0].track for step in played[1:]} == {"7-1"}
    assert all(step.taken[0].track == "" for step in steps([[seen("car", 0.2)]] * 10))


def test_noise_does_not_lead_what_is_out_of_sight() -> None:
    """Not found once, a track is continued by a strong box alone: weak ones over what hides it would carry it away."""
    hidden: list[Seen] = []
    weak, strong = [seen("car", 0.15)], [seen("car", 0.8)]
    played = steps([strong, strong, hidden, weak, weak, strong])
    assert [step.taken[0].track for step in played[3:]] == ["", "", "7-1"]


def test_two_boxes_of_one_thing_are_one_track() -> None:
    """A detector's car box and truck box on the same lorry: the second stays without a track."""
    played = steps([[seen("truck", 0.8), seen("car", 0.6, (104, 102, 302, 203))]] * 6)
    assert [t.track for t in played[-1].taken] == ["7-1", ""]


def test_two_cars_side_by_side_are_two_tracks() -> None:
    """Parked cars that overlap in the picture both count."""
    played = steps([[seen("car", 0.8), seen("car", 0.8, (220, 100, 420, 200))]] * 3)
    assert sorted(t.track for t in played[-1].taken) == ["7-1", "7-2"]


def test_time_that_stands_still_is_survived() -> None:
    """Two looks with the same stamp divide by nothing."""
    state = tracks()
    for _ in range(3):
        step = track.step(state, [seen("car", 0.9)], 5, POLICY)
    assert step.taken[0].track == "7-1"


def test_a_long_blind_span_ends_everything() -> None:
    """After a minute without looks the old tracks end with the next look, and new ones begin."""
    state = tracks()
    for n in range(3):
        track.step(state, [seen("car", 0.9)], n * SECOND // 5, POLICY)
    step = track.step(state, [seen("car", 0.9)], 60 * SECOND, POLICY)
    assert step.ended == ("7-1",)
    assert step.taken[0].track == ""


def test_a_look_in_two_seconds_keeps_what_stands() -> None:
    """At 0.5 fps a parked car is one track."""
    state = tracks()
    got = {track.step(state, [seen("car", 0.9)], n * 2 * SECOND, POLICY).taken[0].track for n in range(20)}
    assert got == {"", "7-1"}


def test_time_in_which_nothing_changed_does_not_count() -> None:
    """Three looks, then a minute without a change: the car that stood there keeps its track, nothing is restless."""
    state = tracks()
    for n in range(3):
        track.step(state, [seen("car", 0.9)], n * SECOND // 5, POLICY)
    track.rest(state, 60 * SECOND)
    assert not state.restless
    step = track.step(state, [seen("car", 0.9)], 60 * SECOND + 600_000, POLICY)
    assert (step.taken[0].track, step.ended) == ("7-1", ())


def test_nothing_rests_before_the_first_look() -> None:
    """There is no look that could be prolonged."""
    state = tracks()
    track.rest(state, SECOND)
    assert state.now_us is None


def test_a_detector_that_does_not_answer_keeps_no_track_for_ever() -> None:
    """Given up after `lost_s`, named once."""
    state = tracks()
    for n in range(3):
        track.step(state, [seen("car", 0.9)], n * SECOND // 5, POLICY)
    assert track.give_up(state, SECOND, POLICY) == ()
    assert track.give_up(state, 2 * SECOND, POLICY) == ("7-1",)
    assert track.give_up(state, 3 * SECOND, POLICY) == ()


def test_trackers_of_one_camera_share_their_names() -> None:
    """Two trackers, one count: no name is given twice."""
    names = track.Names()
    one, two = (Tracks(epoch=7, width=1280, height=720, names=names) for _ in range(2))
    got = [
        track.step(state, [seen("car", 0.9)], n * SECOND // 5, POLICY).taken[0].track
        for n in range(3)
        for state in (one, two)
    ]
    assert got == ["", "", "7-1", "7-2", "7-1", "7-2"]
