"""Which looks at a track are worth a picture."""

from collections.abc import Sequence
from itertools import pairwise

from ingest import shots
from ingest.contract import Box, FrameShotPolicy, ShotPolicy
from ingest.shots import Candidate, ShotBook

SIZE = (1280, 720)
POLICY = ShotPolicy(recogniser="plate_reader", labels=("car", "truck"))
LOOK_US = 200_000
SECOND = 1_000_000
SURFACE = FrameShotPolicy(recogniser="surface_defect", area=(0.2, 0.2, 0.6, 0.8), every_s=2.0)


def car(side_px: float, *, x: float = 0.5, y: float = 0.5, track: str = "1-1", label: str = "car") -> Candidate:
    """A square-ish car by its shorter side in pixels."""
    w, h = 1.6 * side_px / SIZE[0], side_px / SIZE[1]
    return Candidate(track=track, label=label, box=(x - w / 2, y - h / 2, x + w / 2, y + h / 2), confidence=0.8)


def play(looks: Sequence[Sequence[Candidate]], policy: ShotPolicy = POLICY) -> list[tuple[int, shots.Pick]]:
    """Picks with the number of their look, at 5 fps."""
    book = ShotBook()
    return [
        (number, pick)
        for number, look in enumerate(looks)
        for pick in shots.pick(book, [policy], look, SIZE, number * LOOK_US)
    ]


def test_the_first_usable_look_is_taken() -> None:
    """Too small is not usable; then ordinal 0."""
    picks = play([[car(40)], [car(60)], [car(70)]])
    assert [(n, p.ordinal) for n, p in picks] == [(2, 0)]


def test_an_approach_is_followed_to_its_best_look() -> None:
    """From 64 to 500 px: shots all along, the last one among the biggest, at most N, ordinals without gaps."""
    sizes = [64 * 1.06**n for n in range(36)]
    picks = play([[car(size)] for size in sizes])
    assert 5 <= len(picks) <= POLICY.shots_max
    assert [p.ordinal for _, p in picks] == list(range(len(picks)))
    assert sizes[picks[-1][0]] > 0.75 * sizes[-1]


def test_a_departure_still_gives_several_looks_for_the_vote() -> None:
    """A car that only gets smaller (its plate may come into the frame late): looks go on, and some are kept back."""
    picks = play([[car(300 * 0.98**n)] for n in range(30)])
    assert shots.LOOKS_FREE < len(picks) <= 8 - shots.SHOTS_RESERVED


def test_a_waiting_lorry_does_not_flood() -> None:
    """A minute at the barrier leaves the shots that are kept back for a better look."""
    assert len(play([[car(300)]] * 300)) == 8 - shots.SHOTS_RESERVED


def test_a_cut_car_counts_less_than_a_whole_one() -> None:
    """Entering at the border it is cut; whole in the picture it is shot again at once."""
    cut, whole = car(200, x=0.1), car(200)
    assert shots.quality(cut, [], SIZE, 64) < shots.quality(whole, [], SIZE, 64)
    assert [n for n, _ in play([[cut], [whole]])] == [0, 1]


def test_a_covered_car_counts_less() -> None:
    """Something nearer stands in front of it."""
    back, front = car(200, y=0.4), car(240, y=0.6, track="1-2")
    assert shots.quality(back, [back, front], SIZE, 64) < shots.quality(back, [back], SIZE, 64)
    assert shots.quality(front, [back, front], SIZE, 64) == shots.quality(front, [front], SIZE, 64)
    beside = car(240, x=0.9, y=0.6, track="1-3")
    assert shots.quality(back, [back, beside], SIZE, 64) == shots.quality(back, [back], SIZE, 64)


def test_the_gap_is_kept() -> None:
    """However fast the quality grows, two shots of a track are `gap_ms_min` apart."""
    policy = ShotPolicy(recogniser="plate_reader", labels=("car",), gap_ms_min=500)
    numbers = [n for n, _ in play([[car(64 * 1.3**n)] for n in range(9)], policy)]
    assert all(b - a >= 3 for a, b in pairwise(numbers))


def test_only_labels_of_the_policy() -> None:
    """Nobody asked for crops of people."""
    assert play([[car(200, label="person")]]) == []


def test_tracks_are_counted_apart_and_forgotten_when_they_end() -> None:
    """The book does not grow with the traffic."""
    book = ShotBook()
    for number in range(1000):
        track = f"1-{number}"
        assert len(shots.pick(book, [POLICY], [car(200, track=track)], SIZE, number * LOOK_US)) == 1
        book.forget([track])
    assert book.taken == {}


def test_each_recogniser_has_its_own_count() -> None:
    """Two policies on the same track do not take shots from each other."""
    book, other = ShotBook(), ShotPolicy(recogniser="type_reader", labels=("car",))
    picks = shots.pick(book, [POLICY, other], [car(200)], SIZE, 0)
    assert [p.recogniser for p in picks] == ["plate_reader", "type_reader"]


def test_quality_stays_in_range() -> None:
    """0..1 from the smallest to a box as large as the frame."""
    full: Box = (0.0, 0.0, 1.0, 1.0)
    whole = Candidate(track="1-1", label="car", box=full, confidence=1.0)
    assert 0 <= shots.quality(car(1), [], SIZE, 64) <= 1
    assert 0 <= shots.quality(whole, [], SIZE, 64) <= 1


def test_what_may_change_is_looked_at_again() -> None:
    """Five minutes at one place: the usual shots at first, then one every ten seconds, ordinals without gaps."""
    policy = ShotPolicy(recogniser="ppe_classifier", labels=("car",), again_s=10.0)
    picks = play([[car(300)]] * 1500, policy)
    late = [number for number, _ in picks if number >= 300]
    assert {b - a for a, b in pairwise(late)} == {50}
    assert [p.ordinal for _, p in picks] == list(range(len(picks)))
    assert len(picks) > policy.shots_max + 20


def test_looking_again_leaves_the_shots_for_gains() -> None:
    """A worker far away for a minute, then near: the near looks are shot at once, as if nothing had been before."""
    policy = ShotPolicy(recogniser="ppe_classifier", labels=("car",), again_s=5.0)
    near = [car(80 * 1.2**n) for n in range(1, 11)]
    picks = play([[car(80)]] * 300 + [[each] for each in near], policy)
    assert len([n for n, _ in picks if n >= 300]) >= 2


def test_too_small_is_not_looked_at_again() -> None:
    """`again_s` asks for a usable look, too."""
    policy = ShotPolicy(recogniser="ppe_classifier", labels=("car",), again_s=1.0)
    assert play([[car(40)]] * 50, policy) == []


def areas(policies: Sequence[FrameShotPolicy], moments_us: Sequence[int]) -> list[tuple[int, shots.Pick]]:
    """Picks of fixed areas with the number of their look."""
    book = ShotBook()
    return [(n, pick) for n, now_us in enumerate(moments_us) for pick in shots.pick_areas(book, policies, now_us)]


def test_a_fixed_area_is_shot_on_its_raster() -> None:
    """Every two seconds of 5 looks a second, whatever stands there; no track, no label, the area as it is."""
    picks = areas([SURFACE], [SECOND + n * LOOK_US for n in range(51)])
    assert [n for n, _ in picks] == [0, 10, 20, 30, 40, 50]
    assert [p.ordinal for _, p in picks] == [0, 1, 2, 3, 4, 5]
    assert {(p.candidate.track, p.candidate.label, p.candidate.box) for _, p in picks} == {("", "", SURFACE.area)}


def test_a_still_camera_gives_a_fixed_area_at_every_look() -> None:
    """A look in three seconds is a shot in three seconds where two were asked for."""
    assert len(areas([SURFACE], [SECOND + n * 3 * SECOND for n in range(10)])) == 10


def test_two_areas_of_one_recogniser_are_told_apart() -> None:
    """On one frame, with ordinals of their own."""
    other = FrameShotPolicy(recogniser="surface_defect", area=(0.0, 0.0, 0.5, 0.5), every_s=2.0)
    (_, one), (_, two) = areas([SURFACE, other], [SECOND])
    assert ((one.ordinal, one.beside), (two.ordinal, two.beside)) == ((0, 0), (1, 1))


def test_an_area_that_is_no_longer_asked_for_is_forgotten() -> None:
    """The book does not grow with changes of the plan; the count goes on, so that no ordinal comes twice."""
    book = ShotBook()
    shots.pick_areas(book, [SURFACE], SECOND)
    assert shots.pick_areas(book, [], SECOND + LOOK_US) == []
    assert book.areas == {}
    (again,) = shots.pick_areas(book, [SURFACE], SECOND + 2 * LOOK_US)
    assert again.ordinal == 1
