"""Attendance: entries, exits and stays, and by what they are named."""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import Camera
from postprocess.contract import Event, Hours
from postprocess.functions.attendance import ATTENDANCE as FUNCTION
from postprocess.functions.attendance import AttendanceSettings
from postprocess.functions.unit import Context, Defaults, Site
from postprocess.rules.attendance import Planned, step
from postprocess.rules.persons import NOTES_MAX, PersonScene
from postprocess.rules.scene import Input, Note
from tests.support.persons import ATTENDANCE, DOOR, END, PEOPLE, at, face, final, play
from tests.support.vehicles import CAMERA, T0_US
from tests.support.zones import YARD, film, look, walk

LINES_ONLY = msgspec.structs.replace(ATTENDANCE, zones=())
ZONE_ONLY = msgspec.structs.replace(ATTENDANCE, lines=())
IN = walk((0, 0.5, 0.3), (4, 0.5, 0.7))
OUT = walk((0, 0.5, 0.7), (4, 0.5, 0.3))
STAY = walk((0, 0.1, 0.6), (1, 0.5, 0.6), (130, 0.5, 0.6), (131, 0.95, 0.6))
#   walks in from the left within a second, stands for 129 s, leaves to the right


def told(event: Event) -> tuple[str, str, str]:
    """Kind, person, by what."""
    return event.kind, event.person, event.cause


def with_reads(frames: list[Input], *reads: Input) -> list[Input]:
    """The reads come after the frames, then time passes."""
    return [*frames, *reads, END]


def test_in_and_out_by_the_face_on_the_track() -> None:
    """Two people cross each way; each is named by the reads of their own track."""
    frames = film(5, {"a": IN, "b": OUT})
    reads = [face(f"s{n}", who, track=track) for n, (who, track) in enumerate([("anna", "a"), ("boris", "b")] * 2)]
    events = final(play(step, with_reads(frames, *reads), LINES_ONLY))
    assert sorted(told(event) for event in events) == [
        ("person_entry", "anna", "face"),
        ("person_exit", "boris", "face"),
    ]
    entry = next(event for event in events if event.kind == "person_entry")
    assert (entry.direction, entry.rule, entry.final, entry.closed_at_us) == ("entry", "door", True, entry.opened_at_us)
    assert (entry.label, entry.photos[0].thumbnail[:4], entry.models[1].name) == ("person", b"jpeg", "faces")


def test_without_a_face_nobody_is_named() -> None:
    """One read is not enough, an unlike one none, a bad one none; nor does who is no longer valid, or has no basis."""
    frames = film(5, {"a": IN})
    for reads in (
        (), (face("s1", "anna"),), (face("s1", "anna"), face("s2", "boris")),
        (face("s1", "anna", similarity=0.3), face("s2", "anna", similarity=0.3)),
        (face("s1", "anna", quality=0.1), face("s2", "anna", quality=0.0)),
        (face("s1", "nobody"), face("s2", "nobody")),
        (face("s1", "anna", track="other"), face("s2", "anna", track="other")),
    ):  # fmt: skip
        (event,) = final(play(step, with_reads(frames, *reads), LINES_ONLY))
        assert told(event) == ("person_entry", "", ""), reads
    known = with_reads(frames, face("s1", "anna"), face("s2", "anna"))
    for fields, person in (
        ({"valid_until_us": T0_US - 1}, ""), ({"basis": "consent", "basis_until_us": T0_US - 1}, ""),
        ({"basis": "consent", "basis_until_us": T0_US + 10**12}, "anna"),
    ):  # fmt: skip
        people = {**PEOPLE, "anna": msgspec.structs.replace(PEOPLE["anna"], **fields)}
        identity = msgspec.structs.replace(LINES_ONLY.identity, people=people)
        policy = msgspec.structs.replace(LINES_ONLY, identity=identity)
        (event,) = final(play(step, known, policy))
        assert event.person == person, fields


def test_rates_hold_where_the_card_has_them() -> None:
    """A cosine that would do says nothing where its rate is too high, and the other way round."""
    frames = film(5, {"a": IN})
    for similarity, rate, person in ((0.9, 0.01, ""), (0.2, 0.0005, "anna")):
        reads = [face(f"s{n}", "anna", similarity=similarity, rate=rate) for n in range(2)]
        (event,) = final(play(step, with_reads(frames, *reads), LINES_ONLY))
        assert event.person == person


def test_an_entry_is_told_at_once_and_gets_its_name_later() -> None:
    """First version without a name, then with one, then final; versions grow, the opening stays."""
    frames = film(5, {"a": IN})
    said = play(step, with_reads(frames, face("s1", "anna"), face("s2", "anna")), LINES_ONLY)
    assert [event.person for event in said] == ["", "", "anna", "anna"]
    assert [event.version for event in said] == sorted({event.version for event in said})
    assert len({event.opened_at_us for event in said}) == 1
    assert [event.final for event in said] == [False, False, False, True]


def test_a_stay_is_told_while_it_lasts() -> None:
    """Opened, every minute with its seconds so far, closed with all of them and named by the face."""
    frames = film(135, {"a": STAY})
    said = play(step, [*frames[:50], face("s1", "anna"), face("s2", "anna"), *frames[50:], END], ZONE_ONLY)
    assert [event.value for event in said if not event.final] == [0.0, 0.0, 0.0, 60.0, 120.0]
    closed = said[-1]
    assert (closed.final, closed.kind, closed.person, closed.cause) == (True, "presence", "anna", "face")
    assert closed.value == pytest.approx(129.9, abs=0.6)
    assert closed.closed_at_us is not None
    assert closed.closed_at_us - closed.opened_at_us == pytest.approx(129.9e6, abs=0.6e6)
    assert all(event.closed_at_us is None for event in said[:-1])


def test_a_short_occlusion_and_a_broken_track_are_one_stay() -> None:
    """Hidden for four seconds, then another track at the same place: one event, named by the face on either."""
    first, second = walk((0, 0.5, 0.6), (20, 0.5, 0.6)), walk((24, 0.5, 0.6), (60, 0.5, 0.6))
    frames = film(80, {"a": first, "b": second})
    reads = [face(f"s{n}", "anna", track="b", second=30) for n in range(2)]
    (event,) = final(play(step, with_reads(frames, *reads), ZONE_ONLY))
    assert (event.person, event.value) == ("anna", pytest.approx(60, abs=1))


def test_two_faces_in_one_stay_name_nobody() -> None:
    """Somebody took another's place behind a pillar: it is not known whose time it is."""
    first, second = walk((0, 0.5, 0.6), (20, 0.5, 0.6)), walk((24, 0.5, 0.6), (60, 0.5, 0.6))
    frames = film(80, {"a": first, "b": second})
    reads = [face(f"s{n}", who, track=track) for n, (who, track) in enumerate([("anna", "a"), ("boris", "b")] * 2)]
    (event,) = final(play(step, with_reads(frames, *reads), ZONE_ONLY))
    assert (event.person, event.cause) == ("", "")


def test_the_roster_names_where_it_is_clear() -> None:
    """One entry that holds names the stay; two, or one of another time or zone, do not; a face wins over it."""
    frames = film(60, {"a": walk((0, 0.5, 0.6), (40, 0.5, 0.6))})
    never = (Hours(days=("mon",), since="03:00", until="03:01"),)
    boris, anna = Planned(zone="yard", person="boris"), Planned(zone="yard", person="anna")
    reads = (face("s1", "anna"), face("s2", "anna"))
    for roster, given, expected in (
        ((boris,), (), ("boris", "roster")),
        ((boris, anna), (), ("", "")),
        ((boris, Planned(zone="yard", person="anna", schedule=never)), (), ("boris", "roster")),
        ((Planned(zone="other", person="boris"),), (), ("", "")),
        ((boris,), reads, ("anna", "face")),
    ):
        policy = msgspec.structs.replace(ZONE_ONLY, roster=roster)
        (event,) = final(play(step, with_reads(frames, *given), policy))
        assert (event.person, event.cause) == expected


def test_a_span_of_not_looking_is_no_stay() -> None:
    """Twenty seconds in which nobody looked are in the event's time, and not in its seconds."""
    frames = film(10, {"a": walk((0, 0.5, 0.6), (100, 0.5, 0.6))})
    later = [look(200 + n, [("a", (0.5, 0.6))]) for n in range(50)]
    gone = [look(260 + n, []) for n in range(100)]
    (event,) = final(play(step, [*frames, *later, *gone, END], ZONE_ONLY))
    assert event.value == pytest.approx(19.6, abs=1.5)


def test_a_late_read_still_names() -> None:
    """Recognition was away: the final version comes again with the name."""
    said = play(step, [*film(5, {"a": IN}), at(40), face("s1", "anna"), face("s2", "anna"), END], LINES_ONLY)
    finals = [event.person for event in said if event.final]
    assert (finals[0], finals[-1]) == ("", "anna")


def test_notes_repeats_and_limits() -> None:
    """Repeated and late reads are named; of one track the best notes are kept; a second crossing at once is an echo."""
    memory = PersonScene(camera=CAMERA)
    for message in film(2, {"a": walk((0, 0.5, 0.6), (30, 0.5, 0.6))}):
        memory, _ = step(memory, message, ATTENDANCE)
    kinds: list[str] = []
    for message in (
        face("s1", "anna"),
        face("s1", "anna"),
        face("old", track="gone", second=-300.0),
        face("x", track=""),
    ):
        memory, said = step(memory, message, ATTENDANCE)
        kinds += [output.kind for output in said if isinstance(output, Note)]
    assert kinds == ["repeated_read", "late_read"]
    for number in range(NOTES_MAX + 8):
        memory, _ = step(memory, face(f"n{number}", quality=0.0), ATTENDANCE)
    assert len(memory.heard["1:a"].notes) == NOTES_MAX
    assert any(note.shot_id == "s1" for note in memory.heard["1:a"].notes)
    back = film(9, {"b": walk((0, 0.5, 0.3), (2, 0.5, 0.7), (3, 0.5, 0.3), (4, 0.5, 0.7), (8, 0.5, 0.7))})
    assert [event.kind for event in final(play(step, [*back, END], LINES_ONLY))] == ["person_entry", "person_exit"]


def test_everything_is_forgotten() -> None:
    """An hour later nothing is remembered but the frame's place."""
    memory = PersonScene(camera=CAMERA)
    for message in [*film(30, {"a": walk((0, 0.5, 0.6), (20, 0.5, 0.6))}), face("s1", "anna"), *film(0, {}), END]:
        memory, _ = step(memory, message, ATTENDANCE)
    for seq in (100_000, 100_001):
        memory, _ = step(memory, look(seq, []), ATTENDANCE)
    assert (memory.cases, memory.heard, memory.owners, memory.passed, memory.counts) == ({}, {}, {}, {}, {})
    assert not FUNCTION.waits(memory)


def test_what_the_function_asks_for() -> None:
    """Crops of persons, again while they stay; the policy has the people; the roster's zones must be there."""
    settings = AttendanceSettings(zones=(YARD,), lines=(DOOR,), roster=(Planned(zone="attic", person="anna"),))
    needs = FUNCTION.needs(settings, Defaults())
    assert (needs.shots[0].recogniser, needs.shots[0].again_s, needs.floor) == ("face_embedder", 30.0, {"person": 0.45})
    assert [fault.field for fault in FUNCTION.faults(settings)] == ["roster[0].zone"]
    context = Context(camera=Camera(id="c", name="c", url=""), site=Site(timezone="Europe/Berlin", people=PEOPLE))
    policy = FUNCTION.policy(settings, context)
    assert (policy.identity.people, policy.timezone, policy.every_us) == (PEOPLE, "Europe/Berlin", 60_000_000)


def test_lighter_without_thumbnails() -> None:
    """What a snapshot can do without."""
    memory = PersonScene(camera=CAMERA)
    memory, _ = step(memory, face("s1", "anna"), ATTENDANCE)
    FUNCTION.lighten(memory)
    assert memory.heard["1:a"].thumbnail == b""
