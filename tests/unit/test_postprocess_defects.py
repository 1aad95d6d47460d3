"""Flaws in fixed areas: opened by N of M looks, closed by a run of good ones, with the worst look's heat map."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contract import Camera, FrameReport, FrameShotPolicy, FrameStamp
from model_repository.contract import ModelRef
from postprocess.contract import DefectRead, Event, Hours, Read
from postprocess.functions.defects import DEFECTS, DefectsSettings, InspectionArea
from postprocess.functions.unit import Context, Defaults
from postprocess.rules import defects
from postprocess.rules.defects import LOOKS_KEPT, Area, DefectsPolicy, DefectsScene, step
from postprocess.rules.ledger import WITHDRAWN
from postprocess.rules.scene import Input, Note, Output, Tick
from postprocess.snapshot import Positions, pack, unpack

CAMERA = "cam-1"
T0_US = 1_790_000_000_000_000
LOOK_US = 5_000_000
WHOLE = (0.0, 0.0, 1.0, 1.0)
CORNER = (0.5, 0.5, 1.0, 1.0)
MODEL = ModelRef(name="fitted", version="1", sha256="f" * 8)
POLICY = DefectsPolicy(areas=(Area(id="belt", box=WHOLE), Area(id="edge", box=CORNER)), settings_revision=7)


def look(number: int, score: float, *, box: tuple[float, float, float, float] = WHOLE) -> Read:
    """The read of the look so many periods after the first."""
    return Read(
        shot_id=f"s{number:04}.{box[0]}", recogniser="surface_defect", camera=CAMERA, epoch=3, track="",
        captured_at_us=T0_US + number * LOOK_US, read=DefectRead(score=score, tiles=(score,) * 64), model=MODEL,
        box=box, quality=1.0, thumbnail=f"jpeg {number}".encode(),
    )  # fmt: skip


def frame(number: int) -> FrameReport:
    """A frame taken with that look."""
    stamp = FrameStamp(camera=CAMERA, epoch=3, seq=number, captured_at_us=T0_US + number * LOOK_US)
    return FrameReport(stamp=stamp, model=MODEL, width=1280, height=720)


def looks(scores: str) -> list[Read]:
    """One look per character: `.` good, `x` bad, `X` worse."""
    return [look(number, {".": 0.4, "x": 1.2, "X": 2.5}[each]) for number, each in enumerate(scores)]


def play(
    inputs: list[Input], policy: DefectsPolicy = POLICY, memory: DefectsScene | None = None
) -> tuple[DefectsScene, list[Output]]:
    """All inputs one after the other; the memory and everything said."""
    memory = DefectsScene(camera=CAMERA) if memory is None else memory
    said: list[Output] = []
    for message in inputs:
        memory, outputs = step(memory, message, policy)
        said += outputs
    return memory, said


def events(said: list[Output]) -> list[Event]:
    """Every version, in order."""
    return [output for output in said if isinstance(output, Event)]


def last(said: list[Output]) -> list[Event]:
    """The newest version of each event that stands, by time."""
    newest: dict[str, Event] = {}
    for event in events(said):
        assert event.event_id not in newest or newest[event.event_id].version < event.version
        newest[event.event_id] = event
    return sorted((e for e in newest.values() if e.cause != WITHDRAWN), key=lambda event: event.opened_at_us)


def spans(said: list[Output]) -> list[tuple[int, int | None]]:
    """Opened and closed, in looks."""
    return [
        (
            (event.opened_at_us - T0_US) // LOOK_US,
            None if event.closed_at_us is None else (event.closed_at_us - T0_US) // LOOK_US,
        )
        for event in last(said)
    ]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("..........", []),
        ("..xx......xx....", []),
        ("..xxx", [(2, None)]),
        ("..x.x.x", [(2, None)]),
        ("..x..x..x..x..x", []),
        ("..xxx..x..x...", [(2, 11)]),
        ("xxx...xxx...", [(0, 3), (6, 9)]),
        ("xxx...x.x.", [(0, 3)]),
        ("x.x.x.x.x.x.x.x", [(0, None)]),
    ],
)
def test_when_it_opens_and_closes(scores: str, expected: list[tuple[int, int | None]]) -> None:
    """Three bad ones of five open it as of the first; three good ones in a row close it as of the first."""
    assert spans(play([*looks(scores)])[1]) == expected


def test_what_the_event_says() -> None:
    """Score, heat map and first photo are of the worst look; told when it opens, when it is worse, when it is over."""
    _, said = play([*looks("..xxxXx...")])
    opened, worse, final = events(said)
    assert [event.final for event in (opened, worse, final)] == [False, False, True]
    assert [event.value for event in (opened, worse, final)] == [1.2, 2.5, 2.5]
    assert final.tiles == (2.5,) * 64
    assert (final.kind, final.severity, final.function, final.rule) == (
        "surface_defect", "warning", "defects", "belt",
    )  # fmt: skip
    assert (final.box, final.models, final.settings_revision, final.epoch) == (WHOLE, (MODEL,), 7, 3)
    assert final.photos[0].shot_id == "s0005.0.0"
    assert final.photos[0].thumbnail == b"jpeg 5"
    assert [photo.shot_id[:5] for photo in final.photos[1:]] == ["s0002", "s0003", "s0004", "s0006"]
    assert len({event.event_id for event in (opened, worse, final)}) == 1


def test_areas_are_apart_and_strangers_don_t_count() -> None:
    """Each area has its event; a read of another place, of a track or outside the schedule is nobody's."""
    both = [each for n in range(4) for each in (look(n, 2.0), look(n, 2.0, box=CORNER))]
    assert [event.rule for event in last(play([*both])[1])] == ["belt", "edge"]
    elsewhere = [look(n, 2.0, box=(0.0, 0.0, 0.5, 0.5)) for n in range(5)]
    tracked = [msgspec.structs.replace(look(n, 2.0), track="3-1") for n in range(5)]
    placeless = [msgspec.structs.replace(look(n, 2.0), box=None) for n in range(5)]
    assert play([*elsewhere, *tracked, *placeless])[1] == []
    never = msgspec.structs.replace(POLICY, schedule=(Hours(since="03:00", until="03:01"),))
    assert play([*both], never)[1] == []


def test_late_and_repeated_looks_are_named() -> None:
    """What is older than the looks that are kept does not count; the same look twice counts once."""
    memory, said = play([*looks("x" * (LOOKS_KEPT + 10)), look(LOOKS_KEPT, 1.2), look(3, 1.2)])
    assert [output.kind for output in said if isinstance(output, Note)] == ["repeated_read", "late_read"]
    assert len(memory.areas["belt"].notes) == LOOKS_KEPT
    assert spans(said) == [(0, None)]


def test_what_is_over_is_forgotten() -> None:
    """Hundreds of events later memory is as small as ever, and nothing is told twice or withdrawn."""
    memory, said = play([*looks("xxx...." * 60)])
    assert len(last(said)) == 60
    assert len(events(said)) == 120
    assert len(memory.areas["belt"].said) <= LOOKS_KEPT
    assert memory.areas["belt"].base.over == ()


def test_looks_in_reverse_are_told_once() -> None:
    """What waited comes newest first: nothing is said before it is all there."""
    frames = [frame(number) for number in range(12)]
    memory, said = play([*frames, *reversed(looks("..xxxXx.."))])
    assert said == []
    assert DEFECTS.waits(memory)
    memory, said = play([Tick(now_us=T0_US + 20 * LOOK_US)], memory=memory)
    assert [event.value for event in events(said)] == [2.5]
    assert not DEFECTS.waits(memory)


def test_thumbnails_are_limited_and_can_be_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ones are kept; a snapshot that does not fit goes without."""
    monkeypatch.setattr(defects, "THUMBNAILS_BYTES_MAX", 20)
    memory, _ = play([*looks("x" * 60)])
    payload, shortened = pack(DEFECTS, Positions(), memory)
    assert (unpack(DEFECTS, payload), shortened) == ((Positions(), memory), False)
    defects.limit_thumbnails(memory, 20)
    assert 0 < sum(len(each.thumbnail) for each in memory.areas["belt"].notes) <= 20
    DEFECTS.lighten(memory)
    assert not any(each.thumbnail for each in memory.areas["belt"].notes)


@given(scores=st.text(".xX", max_size=36), seed=st.integers(0, 1_000_000))
@settings(max_examples=200, deadline=None)
def test_order_and_repeats_change_nothing(scores: str, seed: int) -> None:
    """In order, twice, among frames: byte for byte the same, nothing withdrawn; shuffled: all but the version."""
    scores += "..."  # whatever was found is over in the end
    rng, end = random.Random(seed), Tick(now_us=T0_US + 1000 * LOOK_US)
    straight = last(play([*looks(scores), end])[1])
    among: list[Input] = []
    for number, each in enumerate(looks(scores)):
        among += [frame(number)] * rng.randint(0, 2) + [each] * rng.randint(1, 2)
    _, said = play([*among, end])
    assert msgspec.msgpack.encode(last(said)) == msgspec.msgpack.encode(straight)
    assert all(event.cause != WITHDRAWN for event in events(said))
    shuffled = looks(scores)
    rng.shuffle(shuffled)
    _, said = play([*shuffled, end])
    plain = [msgspec.structs.replace(event, version=0) for event in straight]
    assert [msgspec.structs.replace(event, version=0) for event in last(said)] == plain


def test_needs_policy_and_faults() -> None:
    """Shots of each area; names are unique, areas have an extent, N is not more than M."""
    corner = InspectionArea(id="edge", box=CORNER)
    written = DefectsSettings(areas=(corner,), every_s=2.0, looks_bad=2)
    assert DEFECTS.needs(written, Defaults()).frame_shots == (
        FrameShotPolicy(recogniser="surface_defect", area=CORNER, every_s=2.0),
    )
    policy = DEFECTS.policy(written, Context(camera=Camera(id=CAMERA, name="", url=""), revision=9))
    assert (policy.areas, policy.bad, policy.of, policy.settings_revision) == ((Area(id="edge", box=CORNER),), 2, 5, 9)
    assert DEFECTS.faults(written) == ()
    wrong = DefectsSettings(
        areas=(corner, corner, InspectionArea(id="flat", box=(0.5, 0.5, 0.5, 0.9))), looks_bad=6, looks_of=5
    )
    assert [fault.field for fault in DEFECTS.faults(wrong)] == [
        "areas[1].id", "areas[1].box", "areas[2].box", "looks_bad",
    ]  # fmt: skip
    memory, said = DEFECTS.step(DefectsScene(camera=CAMERA), look(1, 2.0, box=CORNER), policy)
    assert (said, list(memory.areas)) == ([], ["edge"])
    assert [area.id for area in DefectsSettings().areas] == ["surface"]
