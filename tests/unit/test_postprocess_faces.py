"""Faces: who is told, as what, and how often."""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import Camera
from postprocess.functions.faces import FACES as FUNCTION
from postprocess.functions.faces import FacesSettings
from postprocess.functions.unit import Context, Defaults, Site
from postprocess.rules.faces import step
from postprocess.rules.identity import Limit
from postprocess.rules.scene import Input
from postprocess.rules.zones import WHOLE
from tests.support.persons import DOOR, END, FACES, PEOPLE, at, face, final, play
from tests.support.zones import YARD, film, look, walk

HERE = walk((0, 0.5, 0.6), (10, 0.5, 0.6))
UNKNOWN = msgspec.structs.replace(FACES, unknown=True)


def two(person: str, *, track: str = "a", second: float = 5.0, similarity: float = 0.6) -> list[Input]:
    """Two reads of a track that say the same."""
    return [face(f"{track}{n}", person, track=track, second=second + n / 10, similarity=similarity) for n in range(2)]


def visit(since: float, until: float) -> object:
    """Stands in the yard between two seconds."""
    return walk((since, 0.5, 0.6), (until, 0.5, 0.6))


def test_known_people_and_those_on_lists() -> None:
    """Kind, severity and list follow the person; the event is final with the seconds of stay."""
    for person, kind, severity, listed in (
        ("anna", "face_known", "info", ""), ("vera", "face_watch", "alarm", "wanted"),
    ):  # fmt: skip
        (event,) = final(play(step, [*film(20, {"a": HERE}), *two(person), END], FACES))
        assert (event.kind, event.severity, event.listed, event.person) == (kind, severity, listed, person)
        assert (event.final, event.rule, event.value) == (True, "yard", pytest.approx(10, abs=0.5))
        assert event.person_confidence == pytest.approx(0.6)


def test_how_alive_a_face_is() -> None:
    """The least of what the person's reads say; those of nobody don't count; nothing where no model says it."""
    for told, expected in (((0.9, 0.4), {"liveness": 0.4}), ((-1.0, 0.7), {"liveness": 0.7}), ((-1.0, -1.0), {})):
        reads = [face(f"a{n}", "anna", second=5.0 + n / 10, liveness=alive) for n, alive in enumerate(told)]
        stranger = face("x", second=5.5, liveness=0.1)
        (event,) = final(play(step, [*film(20, {"a": HERE}), *reads, stranger, END], FACES))
        assert event.items == expected


def test_it_is_told_as_soon_as_somebody_is_identified() -> None:
    """While the person still stands there, once; then once more at the end."""
    frames = film(20, {"a": HERE})
    said = play(step, [*frames[:30], *two("vera"), *frames[30:60], face("late", "vera"), *frames[60:], END], FACES)
    assert [(event.kind, event.final) for event in said] == [("face_watch", False), ("face_watch", True)]


def test_a_list_has_its_own_limit() -> None:
    """The list `vip` wants 0.7, all others the general limit."""
    for person, similarity, told in (("gleb", 0.6, 0), ("gleb", 0.75, 1), ("vera", 0.5, 1)):
        events = final(play(step, [*film(20, {"a": HERE}), *two(person, similarity=similarity), END], FACES))
        assert len(events) == told


def test_strangers_only_where_asked_and_only_at_the_end() -> None:
    """Well seen twice, nobody's: told once it is over; a poorly seen one never; not at all by default."""
    frames = film(20, {"a": HERE})
    assert play(step, [*frames, *two(""), END], FACES) == []
    said = play(step, [*frames[:40], *two(""), *frames[40:], END], UNKNOWN)
    assert [(event.kind, event.final, event.person) for event in said] == [("face_unknown", True, "")]
    poor = [face(f"s{n}", quality=0.1) for n in range(4)]
    assert play(step, [*frames, *poor, END], UNKNOWN) == []
    assert play(step, [*frames, face("s1"), END], UNKNOWN) == []


def test_a_stranger_who_is_known_by_a_late_read() -> None:
    """The same event, of another kind from then on."""
    more = [face("x1", "anna", second=6), face("x2", "anna", second=7)]
    said = play(step, [*film(20, {"a": HERE}), *two(""), at(30), *more], UNKNOWN)
    told = [(event.kind, event.person) for event in said]
    assert told == [("face_unknown", ""), ("face_unknown", ""), ("face_known", "anna")]
    assert len({event.event_id for event in said}) == 1


def test_the_same_person_again_is_an_echo() -> None:
    """Within `echo_s` of having left: no event, and so on along the chain; later: one more; others are others."""
    ways = {"a": visit(0, 10), "b": visit(25, 35), "c": visit(70, 80), "d": visit(170, 180)}
    frames = film(190, ways)  # type: ignore[arg-type]
    times = (("a", 5), ("b", 30), ("c", 75), ("d", 175))
    reads = [read for track, second in times for read in two("anna", track=track, second=second)]
    script = sorted([*frames, *reads], key=when)
    assert [event.track for event in final(play(step, [*script, END], FACES))] == ["a", "d"]
    other = [*two("anna", track="a"), *two("boris", track="b", second=30)]
    script = sorted([*frames, *other], key=when)
    assert len(final(play(step, [*script, END], FACES))) == 2


def when(message: Input) -> int:
    """The time of a frame or read."""
    return getattr(message, "captured_at_us", 0) or message.stamp.captured_at_us  # type: ignore[union-attr]


def test_an_echo_is_one_whichever_read_comes_first() -> None:
    """The second passage waits until the first one is settled: the same events, in whatever order reads come."""
    left, right = walk((0, 0.4, 0.6), (5, 0.4, 0.6)), walk((6.2, 0.6, 0.6), (12, 0.6, 0.6))
    frames = film(7.9, {"a": left, "b": right})
    first, second = two("anna", track="a", second=3), two("anna", track="b", second=7)
    straight = final(play(step, [*frames, *first, *second, END], FACES))
    crossed = final(play(step, [*frames, *second, *first, END], FACES))
    assert straight == crossed
    assert [event.track for event in straight] == ["a"]
    said = play(step, [*frames, *second, END], FACES)
    assert [event.track for event in final(said)] == ["b"]


def test_lines_instead_of_zones() -> None:
    """A passage over a line, with its direction."""
    policy = msgspec.structs.replace(FACES, zones=(), lines=(DOOR,))
    frames = film(5, {"a": walk((0, 0.5, 0.3), (4, 0.5, 0.7))})
    (event,) = final(play(step, [*frames, *two("anna", second=2), END], policy))
    assert (event.kind, event.rule, event.direction, event.value) == ("face_known", "door", "entry", None)


def test_known_people_may_be_left_out() -> None:
    """Watch lists alone."""
    policy = msgspec.structs.replace(FACES, known=False)
    frames = film(20, {"a": HERE})
    assert play(step, [*frames, *two("anna"), END], policy) == []
    assert len(final(play(step, [*frames, *two("vera"), END], policy))) == 1


def test_what_settings_become() -> None:
    """Without lines and zones the whole picture; lists with their limits; crops of persons."""
    context = Context(camera=Camera(id="c", name="c", url=""), site=Site(people=PEOPLE))
    settings = msgspec.convert(
        {"false_accept_rate": 0.01, "watch": {"vip": {"similarity_min": 0.8}}, "echo_s": 5}, FacesSettings
    )
    policy = FUNCTION.policy(settings, context)
    assert (policy.zones, policy.echo_person_us) == ((WHOLE,), 5_000_000)
    assert policy.identity.limit == Limit(false_accept_rate=0.01)
    assert policy.identity.watch_limits == {"vip": Limit(similarity_min=0.8)}
    assert FUNCTION.policy(FacesSettings(zones=(YARD,)), context).zones == (YARD,)
    assert FUNCTION.policy(FacesSettings(lines=(DOOR,)), context).zones == ()
    assert FUNCTION.needs(FacesSettings(), Defaults()).shots[0].labels == ("person",)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"watch": {"vip": {"similarity": 0.8}}}, FacesSettings)
    assert look(1, [])  # frames of nobody are frames
