"""Equipment of persons in zones: one event per person and violation, visits, exemptions, late and shuffled reads.

Everybody stands in the yard; a number is a second of the film, a read is taken every second.
"""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import Camera
from postprocess.contract import Hours, PlateRead, Zone
from postprocess.functions.ppe import PPE, PpeSettings
from postprocess.functions.unit import Context, Defaults, Site
from postprocess.rules import ppe as rules
from postprocess.rules import ppe_state
from postprocess.rules.kit import SPELLS_MAX
from postprocess.rules.ledger import WITHDRAWN
from postprocess.rules.ppe_state import PpeScene
from postprocess.rules.scene import Note, Output, Tick
from postprocess.rules.zones import WHOLE
from postprocess.snapshot import Positions, pack, unpack
from tests.support.ppe import END, POLICY, PPE_REF, S_US, last, mixed, play, policy, reads, spans, told, worn
from tests.support.vehicles import CAMERA, DETECTOR_REF, T0_US
from tests.support.zones import YARD, film, walk

STANDS = {"1-1": walk((0, 0.5, 0.6), (120, 0.52, 0.6))}
CAMERA_OF = Camera(id=CAMERA, name="Shop", url="rtsp://camera/1")


def notes(said: list[Output]) -> list[str]:
    """Kinds of the notes, in order."""
    return [output.kind for output in said if isinstance(output, Note)]


def test_one_violation_is_one_event() -> None:
    """Opened once it is sure, as of the first picture that shows it; closed when the person has left: two words."""
    _, said = play([*mixed(film(30, {"1-1": walk((0, 0.5, 0.6), (20, 0.5, 0.6))}), reads(2, 20, helmet=0.1)), END])
    first, final = told(said)
    assert spans([first, final]) == [(2.0, None), (2.0, 20.0)]
    assert [event.version for event in (first, final)] == [17, 80]
    assert (first.missing, first.severity, first.rule, first.function) == (("helmet",), "alarm", "yard", "ppe")
    assert (final.final, final.cause, final.value) == (True, "left", 18.0)
    assert final.items == {"helmet": 0.1, "vest": 0.9}
    assert (final.models, final.settings_revision, final.track) == ((DETECTOR_REF, PPE_REF), 7, "1-1")
    assert len({event.event_id for event in told(said)}) == 1


def test_the_best_picture_comes_first() -> None:
    """That with most missing, of best quality; only it has a thumbnail."""
    said_of = [worn(2 + n, 0.1, 0.9, quality=0.3 + 0.1 * (n == 3)) for n in range(8)]
    _, said = play([*mixed(film(30, STANDS), said_of), END])
    photos = told(said)[-1].photos
    assert photos[0].shot_id == "1.0005.00.1-1"
    assert photos[0].thumbnail == b"jpeg of 5"
    assert [photo.role for photo in photos[1:]] == ["context"] * 7
    assert not any(photo.thumbnail for photo in photos[1:])


def test_all_worn_is_a_visit_and_no_violation() -> None:
    """What a stay came to, with how much of the reads said so."""
    _, said = play([*mixed(film(30, {"1-1": walk((0, 0.5, 0.6), (20, 0.5, 0.6))}), reads(2, 20)), END])
    assert told(said) == []
    (visit,) = told(said, "ppe_visit")
    assert (visit.cause, visit.final, visit.severity) == ("worn", True, "info")
    assert (spans([visit]), visit.value) == ([(0.0, 20.0)], 20.0)
    assert (visit.items, visit.missing, visit.rule) == ({"helmet": 1.0, "vest": 1.0}, (), "yard")


@pytest.mark.parametrize(
    ("said_of", "cause"),
    [
        ([], "unknown"),
        (reads(2, 20, helmet=None), "unknown"),
        (reads(2, 20, helmet=0.5), "unknown"),
        (reads(2, 3, helmet=0.1), "unknown"),
        (reads(2, 20, helmet=0.1), "missing"),
    ],
)
def test_what_cannot_be_told_is_unknown(said_of: list[rules.Read], cause: str) -> None:
    """No read, none that can tell, a probability in between, two votes only: neither worn nor missing."""
    _, said = play([*mixed(film(30, STANDS), said_of), END])
    assert [visit.cause for visit in last(said, "ppe_visit")] == [cause]
    assert len(last(said)) == (cause == "missing")


def test_a_few_wrong_reads_change_nothing() -> None:
    """Three wrong ones in a row, and one in four: nothing is told."""
    wrong = {10, 11, 12, *range(20, 60, 4)}
    said_of = [worn(n, 0.1 if n in wrong else 0.9) for n in range(2, 60)]
    _, said = play([*mixed(film(70, STANDS), said_of), END])
    assert told(said) == []
    assert [visit.cause for visit in last(said, "ppe_visit")] == ["worn"]


def test_it_has_to_last() -> None:
    """Enough votes within less than `hold_us` are not enough."""
    quick = [worn(5 + 0.2 * n, 0.1) for n in range(10)]
    for hold_us, count in ((3_000_000, 0), (1_000_000, 1)):
        _, said = play([*mixed(film(30, STANDS), quick), END], policy(hold_us=hold_us))
        assert len(last(said)) == count


def test_putting_it_on_closes_the_event() -> None:
    """As of the first picture that shows it worn; it is final when it could not go on any more."""
    said_of = [*reads(2, 20, helmet=0.1), *reads(21, 100)]
    _, said = play(mixed(film(110, STANDS), said_of))
    closed = last(said)[0]
    assert (spans([closed]), closed.cause, closed.final) == ([(2.0, 21.0)], "put_on", True)
    assert closed.value == 19.0
    assert last(said, "ppe_visit") == []


def test_off_again_soon_is_the_same_violation() -> None:
    """Worn for half a minute only: the event is open again under its id."""
    said_of = [*reads(2, 20, helmet=0.1), *reads(21, 45), *reads(46, 70, helmet=0.1)]
    _, said = play(mixed(film(71, STANDS), said_of))
    assert len({event.event_id for event in told(said)}) == 1
    assert [event.closed_at_us is None for event in told(said)] == [True, False, True]


def test_off_again_after_long_is_another_violation() -> None:
    """Worn for more than `again_us`: two events, the first of them final."""
    said_of = [*reads(2, 20, helmet=0.1), *reads(21, 95), *reads(96, 118, helmet=0.1)]
    _, said = play([*mixed(film(121, STANDS), said_of), END])
    first, second = last(said)
    assert (first.cause, first.final, second.cause, second.final) == ("put_on", True, "left", True)
    assert first.event_id != second.event_id
    assert spans([second])[0][0] > 95


def test_what_goes_missing_meanwhile_belongs_to_it() -> None:
    """The vest comes off while the helmet is missing: one event that names both; over when both are on."""
    said_of = [
        *reads(2, 20, helmet=0.1),
        *reads(21, 40, helmet=0.1, vest=0.1),
        *reads(41, 60, vest=0.1),
        *reads(61, 90),
    ]
    _, said = play([*mixed(film(100, STANDS), said_of), END])
    (event,) = last(said)
    assert event.missing == ("helmet", "vest")
    assert told(said)[0].missing == ("helmet",)
    assert (event.cause, spans([event])) == ("put_on", [(2.0, 61.0)])


def test_each_person_has_their_own() -> None:
    """Two stand side by side, one without a helmet: the event bears the track of that one."""
    ways = {"1-1": walk((0, 0.4, 0.6), (20, 0.4, 0.6)), "1-2": walk((0, 0.6, 0.6), (20, 0.6, 0.6))}
    said_of = [*reads(2, 20, track="1-1"), *reads(2, 20, track="1-2", helmet=0.1)]
    _, said = play([*mixed(film(30, ways), said_of), END])
    assert [event.track for event in last(said)] == ["1-2"]
    assert sorted(visit.cause for visit in last(said, "ppe_visit")) == ["missing", "worn"]


def test_a_broken_track_is_the_same_person() -> None:
    """Lost for two seconds and found again as another track: one violation, one visit."""
    ways = {"1-1": walk((0, 0.5, 0.6), (20, 0.5, 0.6)), "1-2": walk((22, 0.5, 0.6), (40, 0.5, 0.6))}
    said_of = [*reads(2, 20, helmet=0.1), *reads(22, 40, helmet=0.1, track="1-2")]
    _, said = play([*mixed(film(50, ways), said_of), END])
    assert spans(last(said)) == [(2.0, 40.0)]
    assert len(last(said, "ppe_visit")) == 1


def test_only_in_the_zone() -> None:
    """Beside the yard nothing has to be worn; each zone has a matrix row of its own, "" is the whole picture."""
    beside = {"1-1": walk((0, 0.1, 0.6), (20, 0.1, 0.6))}
    inputs = [*mixed(film(30, beside), reads(2, 20, helmet=0.1, vest=0.1)), END]
    assert last(play(inputs)[1]) == []
    both = policy(zones=(YARD, WHOLE), required={"yard": ("helmet",), "": ("vest",)})
    assert [(event.rule, event.missing) for event in last(play(inputs, both)[1])] == [("", ("vest",))]
    within = [*mixed(film(30, STANDS), reads(2, 20, helmet=0.1, vest=0.1)), END]
    found = {(event.rule, event.missing) for event in last(play(within, both)[1])}
    assert found == {("yard", ("helmet",)), ("", ("vest",))}


def test_reads_before_and_after_the_stay_don_t_count() -> None:
    """Without a helmet on the way there: no violation in the yard."""
    ways = {"1-1": walk((0, 0.1, 0.6), (10, 0.1, 0.6), (12, 0.5, 0.6), (40, 0.5, 0.6))}
    said_of = [*reads(0, 10, helmet=0.1), *reads(13, 38)]
    _, said = play([*mixed(film(50, ways), said_of), END])
    assert last(said) == []
    assert [visit.cause for visit in last(said, "ppe_visit")] == ["worn"]


def test_exempt_places_and_hours() -> None:
    """Who stands in an exempt zone, or at exempt hours, is not judged."""
    booth = Zone(id="booth", points=((0.4, 0.5), (0.6, 0.5), (0.6, 0.7), (0.4, 0.7)))
    inputs = [*mixed(film(30, STANDS), reads(2, 20, helmet=0.1)), END]
    for changed in (policy(exempt=(booth,)), policy(exempt_hours=(Hours(),))):
        _, said = play(inputs, changed)
        assert last(said) == []
        assert [visit.cause for visit in last(said, "ppe_visit")] == ["exempt"]
    never = policy(exempt_hours=(Hours(since="03:00", until="04:00"),))
    assert len(last(play(inputs, never)[1])) == 1


def test_without_visits() -> None:
    """The function can be told to keep them to itself."""
    inputs = [*mixed(film(30, STANDS), reads(2, 20, helmet=0.1)), END]
    _, said = play(inputs, policy(visits=False))
    assert last(said, "ppe_visit") == []
    assert len(last(said)) == 1


def test_late_reads_make_one_more_final_version() -> None:
    """The recogniser was away: the visit was told as unknown, then it is known better."""
    frames = film(60, {"1-1": walk((0, 0.5, 0.6), (20, 0.5, 0.6))})
    _, said = play([*frames, *reads(2, 20, helmet=0.1), Tick(now_us=T0_US + 63 * S_US)])
    assert [visit.cause for visit in told(said, "ppe_visit")] == ["unknown", "missing"]
    assert last(said)[0].final


def test_reads_in_reverse_are_told_once() -> None:
    """What waited comes newest first: nothing is said before it is all there, nothing is withdrawn."""
    frames = film(60, STANDS)
    _, said = play([*frames, *reversed(reads(2, 50, helmet=0.1)), Tick(now_us=T0_US + 70 * S_US)])
    assert spans(told(said)) == [(2.0, None)]


def test_what_turns_out_otherwise_is_withdrawn() -> None:
    """An event was told, then reads of earlier pictures came that say it is not so: its last word is `withdrawn`."""
    frames = film(60, STANDS)
    wrong, right = reads(20, 24, helmet=0.1), [*reads(2, 19), *reads(25, 40)]
    _, said = play([*frames, *wrong, *right, *film(20, STANDS, first=300)])
    first, second = told(said)
    assert (first.event_id, first.final) == (second.event_id, False)
    assert (second.cause, second.final, second.version) == (WITHDRAWN, True, first.version + 1)
    assert last(said) == []


def test_repeats_and_strangers_are_named() -> None:
    """The same read twice, one far too late, one without a track, one of another recogniser."""
    read, plate = worn(5), msgspec.structs.replace(worn(6), read=PlateRead(text="", confidence=0.0))
    frames = film(10, STANDS)
    memory, said = play([*frames, read, read, msgspec.structs.replace(read, track=""), plate])
    assert notes(said) == ["repeated_read"]
    _, said = play([Tick(now_us=T0_US + 900 * S_US), *film(1, STANDS, first=4500), worn(5, track="1-7")], memory=memory)
    assert "late_read" in notes(said)


def test_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """More stays, more waiting reads than fit: the oldest goes, named; memory is empty in the end."""
    monkeypatch.setattr(rules, "STAYS_MAX", 2)
    monkeypatch.setattr(rules, "RECENT_MAX", 5)
    ways = {f"1-{n}": walk((0, 0.35 + 0.1 * n, 0.6), (20, 0.35 + 0.1 * n, 0.6)) for n in range(4)}
    said_of = [each for n in range(4) for each in reads(2, 19, track=f"1-{n}", helmet=0.1)]
    memory, said = play(mixed(film(30, ways), said_of))
    assert len(memory.stays) <= 2
    assert notes(said).count("overflow") >= 2
    memory, _ = play([Tick(now_us=T0_US + 400 * S_US)], memory=memory)
    assert (memory.stays, PPE.waits(memory)) == ({}, False)


def test_many_reads_are_folded_for_good() -> None:
    """A stay of ten minutes keeps the newest reads one by one; the event is as with all of them."""
    way = {"1-1": walk((0, 0.5, 0.6), (300, 0.55, 0.6), (620, 0.5, 0.6))}
    inputs = mixed(film(600, way), [*reads(2, 300, helmet=0.1), *reads(301, 598)])
    memory, said = play(inputs)
    (stay,) = memory.stays.values()
    assert len(stay.notes) == ppe_state.NOTES_MAX
    assert stay.base.reads == 597 - ppe_state.NOTES_MAX
    assert spans(last(said)) == [(2.0, 301.0)]
    assert notes(play([worn(10)], memory=memory)[1]) == ["late_read"]


def test_spells_of_a_stay_are_bounded() -> None:
    """On and off all day long: from the sixteenth violation on it is the same one."""
    said_of = [worn(2 + n, 0.1 if n % 200 < 100 else 0.9) for n in range(4000)]
    way = {"1-1": walk((0, 0.5, 0.6), (2000, 0.6, 0.6), (4010, 0.5, 0.6))}
    _, said = play([*mixed(film(4004, way), said_of), Tick(now_us=T0_US + 5000 * S_US)])
    assert len(last(said)) == SPELLS_MAX
    assert all(event.final for event in last(said))


def test_thumbnails_are_limited_and_can_be_dropped() -> None:
    """A snapshot that does not fit goes without pictures; the events then, too."""
    memory, _ = play(mixed(film(30, STANDS), reads(2, 25, helmet=0.1)))
    (stay,) = memory.stays.values()
    assert sum(bool(note.thumbnail) for note in stay.notes) == ppe_state.THUMBNAILS_OF_STAY
    payload, shortened = pack(PPE, Positions(), memory)
    assert unpack(PPE, payload) == (Positions(), memory)
    assert not shortened
    PPE.lighten(memory)
    _, said = play([END], memory=memory)
    assert [photo.thumbnail for photo in last(said)[0].photos] == [b""] * 8
    ppe_state.limit_thumbnails(PpeScene(camera=CAMERA, recent={"1:1-1": [stay.notes[-1]]}), 0)


def test_needs_and_policy() -> None:
    """Crops of persons again and again; the matrix decides which zones are watched."""
    settings = PpeSettings(zones=(YARD, msgspec.structs.replace(YARD, id="booth")), required={"yard": ("helmet",)})
    needs = PPE.needs(settings, Defaults())
    (shots,) = needs.shots
    assert (shots.recogniser, shots.labels, shots.again_s) == ("ppe_classifier", ("person",), 2.0)
    assert needs.floor == {}
    assert PPE.needs(PpeSettings(class_list=("worker",)), Defaults()).floor == {"worker": 0.45}
    context = Context(camera=CAMERA_OF, revision=4, site=Site(timezone="Europe/Moscow"))
    made = PPE.policy(msgspec.structs.replace(settings, exempt_zones=("booth",)), context)
    assert [zone.id for zone in made.zones] == ["yard"]
    assert ([zone.id for zone in made.exempt], made.timezone, made.settings_revision) == (["booth"], "Europe/Moscow", 4)
    assert made.votes == POLICY.votes
    assert PPE.policy(PpeSettings(), context).zones == (WHOLE,)
    memory, said = PPE.step(PpeScene(camera=CAMERA), worn(1), made)
    assert (said, PPE.waits(memory)) == ([], False)


def test_faults_name_unknown_zones() -> None:
    """A matrix row or an exemption for a zone that is not there."""
    settings = PpeSettings(zones=(YARD,), required={"": ("vest",), "yrad": ("helmet",)}, exempt_zones=("yard", "both"))
    assert [fault.field for fault in PPE.faults(settings)] == ["required.yrad", "exempt_zones[1]"]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"required": {"yard": []}}, PpeSettings)
