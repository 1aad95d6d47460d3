"""Vehicles over lines: crossings, plates, final versions, joined tracks.

In the pictures the gate lies across at y = 0.5; a number is the frame on which the foot stands there.
"""

from __future__ import annotations

import msgspec
import pytest

from ingest.contract import Detection
from postprocess.contract import Event, Line, VehicleEntry, Zone, fold_plate
from postprocess.rules import scene, vehicles
from postprocess.rules.lists import Lists
from postprocess.rules.scene import Input, Note, Tick
from postprocess.rules.state import CameraMemory
from tests.support.vehicles import (
    DETECTOR_REF,
    GATE,
    PLATE,
    POLICY,
    READER_REF,
    STEP_US,
    T0_US,
    box,
    drive,
    events,
    frame,
    newest,
    play,
    read,
)

S_US = 1_000_000
DOWN = (0.2, 0.3, 0.4, 0.6, 0.7)
UP = tuple(reversed(DOWN))


def notes(outputs: list[vehicles.Output]) -> list[str]:
    """Kinds of the notes, in order."""
    return [output.kind for output in outputs if isinstance(output, Note)]


def later(seconds: float) -> Tick:
    """Time goes on to so many seconds after the first frame."""
    return Tick(now_us=T0_US + round(seconds * S_US))


def test_an_entry_opens_at_once() -> None:
    """The event comes with the frame that shows the crossing; its time lies between two frames.

    2 · 0.4
    ─────────── gate
    3 · 0.6
    """
    _, said = play(drive(DOWN, end=False))
    (event,) = events(said)
    assert (event.kind, event.direction, event.rule, event.function) == ("vehicle_entry", "entry", "gate", "vehicles")
    assert event.opened_at_us == event.closed_at_us == T0_US + round(2.5 * STEP_US)
    assert (event.version, event.final, event.plate, event.photos) == (1, False, "", ())
    assert (event.track, event.epoch, event.frame_seq, event.settings_revision) == ("1-1", 1, 3, 7)
    assert (event.label, event.confidence, event.models) == ("car", 0.9, (DETECTOR_REF,))


def test_the_other_way_is_an_exit() -> None:
    """Upwards is backward; a line whose entry is backward turns it round."""
    assert events(play(drive(UP, end=False))[1])[0].kind == "vehicle_exit"
    turned = msgspec.structs.replace(POLICY, lines=(msgspec.structs.replace(GATE, entry="backward"),))
    assert events(play(drive(UP, end=False), turned)[1])[0].kind == "vehicle_entry"


def test_beside_the_line_is_no_crossing() -> None:
    """At x = 0.95 it is past the end of the gate."""
    assert events(play(drive(DOWN, x=0.95))[1]) == []


def test_only_what_stands_in_a_zone_counts() -> None:
    """The zone covers the left half: the same drive over the same gate on the right is not seen.

    ┌──────┐
    │  x   │   x
    ├──────┼────── gate
    │      │
    └──────┘
    """
    left = Zone(id="lane", points=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    policy = msgspec.structs.replace(POLICY, zones=(left,))
    assert [e.kind for e in events(play(drive(DOWN, x=0.3, end=False), policy)[1])] == ["vehicle_entry"]
    memory, said = play(drive(DOWN, x=0.7), policy)
    assert (said, memory.tracks) == ([], {})


def test_jitter_at_the_line_is_no_crossing() -> None:
    """A vehicle that waits at the gate, its foot moving a little to and fro, has not crossed; going on, it has, once.

    0.495 ~ 0.505
    """
    waiting = (0.3, 0.4, 0.495, 0.505, 0.497, 0.506, 0.494, 0.503)
    _, said = play(drive(waiting, end=False))
    assert events(said) == []
    _, said = play(drive((*waiting, 0.6, 0.7), end=False))
    assert [e.kind for e in events(said)] == ["vehicle_entry"]


def test_turning_back_inside_the_band_is_no_crossing() -> None:
    """To the line, a little over it, and back."""
    assert events(play(drive((0.3, 0.4, 0.505, 0.4, 0.3)))[1]) == []


def test_a_u_turn_is_an_entry_and_an_exit() -> None:
    """Each crossing is an occurrence of its own, with the same subject."""
    _, said = play(drive((*DOWN, *UP), end=False))
    entry, leaving = events(said)
    assert (entry.kind, leaving.kind) == ("vehicle_entry", "vehicle_exit")
    assert entry.event_id != leaving.event_id


def test_the_same_way_again_is_a_new_occurrence_only_after_a_while() -> None:
    """Round the end of the line and over it again: an echo within 5 s, another entry after that."""
    around = [
        frame(n, {"1-1": at})
        for n, at in enumerate([(0.5, 0.3), (0.5, 0.7), (0.95, 0.7), (0.95, 0.3), (0.5, 0.3), (0.5, 0.7)])
    ]
    _, said = play(around)
    assert (len(events(said)), notes(said)) == (1, ["echo"])
    slow = [msgspec.structs.replace(f, stamp=msgspec.structs.replace(f.stamp, captured_at_us=T0_US + n * 2 * S_US))
            for n, f in enumerate(around)]  # fmt: skip
    assert len({e.event_id for e in events(play(slow)[1])}) == 2


def test_reads_before_and_after_the_crossing_count_alike() -> None:
    """The first version has the plate that was read before; a later read is a new version of the same event."""
    frames = drive(DOWN, end=False)
    _, said = play([*frames[:2], read("s1", seq=1, text="А123ВС71", confidence=0.6), *frames[2:], read("s2", seq=4)])
    first, second = events(said)
    assert (first.version, first.plate, first.plate_reads) == (3, "А123ВС71", 1)
    assert (second.version, second.plate, second.plate_reads) == (5, PLATE, 2)
    assert first.event_id == second.event_id
    assert first.opened_at_us == second.opened_at_us


def test_a_read_that_changes_nothing_is_not_told() -> None:
    """The second read makes the plate sure and is told; a third one that says the same is not, until the final one."""
    frames = drive(DOWN)
    _, said = play([*frames, read("s1"), read("s2"), read("s3"), later(10)])
    assert [(e.version, e.plate_sure, e.final) for e in events(said)] == [
        (1, False, False), (3, False, False), (5, True, False), (8, True, True),
    ]  # fmt: skip


def test_a_plate_is_sure_before_the_event_is_final() -> None:
    """Two reads that agree before the crossing: the first version already says so, and whose plate it is."""
    frames = drive(DOWN, end=False)
    _, said = play([*frames[:2], read("s1", seq=1), read("s2", seq=1), *frames[2:]])
    (event,) = events(said)
    assert (event.plate, event.plate_sure, event.plate_region, event.final) == (PLATE, True, "ru", False)


def why(*reads: Input) -> list[str]:
    """Causes of the versions of a passage with these reads."""
    return [event.cause for event in events(play([*drive(DOWN), *reads, later(40)])[1])]


def test_an_event_without_a_plate_says_why() -> None:
    """Nothing known yet, no read at all, no plate on any picture, one that nobody can read, one that is unsure."""
    assert why() == ["plate_pending", "plate_unread"]
    assert why(read("s1", text="", plate_score=0.0)) == ["plate_pending", "plate_pending", "plate_none"]
    assert why(read("s1", text="", plate_score=0.8))[-1] == "plate_unreadable"
    assert why(read("s1", confidence=0.3))[-1] == "plate_unsure"
    assert why(read("s1"))[-1] == ""
    no_plates = msgspec.structs.replace(POLICY, plates=False)
    assert {event.cause for event in events(play([*drive(DOWN), later(40)], no_plates)[1])} == {""}


def listed(entries: tuple[VehicleEntry, ...], ys: tuple[float, ...] = DOWN, **rules: object) -> list[Event]:
    """A passage with two reads of the plate at a gate with lists."""
    lists = Lists(entries={fold_plate(PLATE): entries} if entries else {}, **rules)  # type: ignore[arg-type]
    policy = msgspec.structs.replace(POLICY, lists=lists)
    return events(play([*drive(ys), read("s1"), read("s2"), later(40)], policy)[1])


def test_lists_are_told_with_the_plate() -> None:
    """Before the plate is known nobody is unlisted; then it is on its list, for the way it drives."""
    denied = (VehicleEntry(id="1", plate=PLATE, list="deny", directions=("entry",)),)
    said = listed(denied, unlisted="warning")
    assert [(e.listed, e.severity) for e in said[:2]] == [("", "info"), ("deny", "alarm")]
    assert (said[-1].listed, said[-1].severity, said[-1].final) == ("deny", "alarm", True)
    leaving = listed(denied, UP, unlisted="warning")[-1]
    assert (leaving.listed, leaving.severity, leaving.cause) == ("", "warning", "list_direction")


def test_an_unlisted_vehicle_is_as_bad_as_the_gate_says() -> None:
    """With its plate at once; without one when that is the last word."""
    assert [e.severity for e in listed((), unlisted="alarm")] == ["info", "alarm", "alarm", "alarm"]
    policy = msgspec.structs.replace(POLICY, lists=Lists(unlisted="alarm"))
    assert [e.severity for e in events(play([*drive(DOWN), later(40)], policy)[1])] == ["info", "alarm"]


def test_unsure_plates_are_not_shown() -> None:
    """Below `plate_confidence_min` the plate stays empty, its confidence is told."""
    _, said = play([*drive(DOWN, end=False), read("s1", confidence=0.3)])
    assert (events(said)[-1].plate, events(said)[-1].plate_confidence) == ("", 0.3)


def test_photos_and_models() -> None:
    """Best shot first, with thumbnail; the others by time; every model that had a say is named."""
    reads = [read("s1", seq=1, confidence=0.7), read("s2", seq=2, confidence=0.95), read("s3", seq=3, text="")]
    event = events(play([*drive(DOWN, end=False), *reads])[1])[-1]
    full = newest(play([*drive(DOWN), *reads, later(10)])[1])[event.event_id]
    assert [(p.shot_id, p.role) for p in full.photos] == [("s2", "best"), ("s1", "context"), ("s3", "context")]
    assert [p.thumbnail for p in full.photos] == [b"jpeg of s2", b"", b""]
    assert full.models == (DETECTOR_REF, READER_REF)


def test_final_after_the_track_and_time_for_reads() -> None:
    """`settle` after the end where there were reads."""
    frames = [*drive(DOWN), read("s1")]  # ends on frame 5, at 1 s
    assert not events(play([*frames, later(3.9)])[1])[-1].final
    assert events(play([*frames, later(4.0)])[1])[-1].final


def test_final_later_where_nothing_was_read() -> None:
    """The recogniser may be away: `unread` after the end; without plates `settle` is enough."""
    assert not events(play([*drive(DOWN), later(20.9)])[1])[-1].final
    assert events(play([*drive(DOWN), later(21.0)])[1])[-1].final
    no_plates = msgspec.structs.replace(POLICY, plates=False)
    assert events(play([*drive(DOWN), later(4.0)], no_plates)[1])[-1].final


def test_final_without_an_end() -> None:
    """A lorry that waits behind the gate: its event is final `open_us_max` after the crossing, said once."""
    waiting = [frame(5 + n, {"1-1": (0.5, 0.7)}, at_us=T0_US + n * 5 * S_US) for n in range(1, 16)]
    _, said = play([*drive(DOWN, end=False), *waiting])
    assert [e.final for e in events(said)] == [False, True]


def test_a_track_nobody_ends_is_over_when_lost() -> None:
    """Not seen for 10 s."""
    _, said = play([*drive(DOWN, end=False), read("s1"), later(13.7), later(13.8)])
    assert [e.final for e in events(said)] == [False, False, True]


def test_a_read_after_the_final_version_corrects_it() -> None:
    """The recogniser was away for half a minute: one more final version, with the plate."""
    _, said = play([*drive(DOWN), later(40), read("s1")])
    assert [(e.version, e.final, e.plate) for e in events(said)] == [(1, False, ""), (2, True, ""), (4, True, PLATE)]


def test_a_read_that_comes_much_too_late_is_noted() -> None:
    """More than `late_us` after the end of its track."""
    memory, said = play([*drive(DOWN), later(130), read("s1")])
    assert notes(said) == ["late_read"]
    assert memory.subjects == {}
    assert memory.tracks == {}


def test_repeats_and_old_epochs_are_dropped() -> None:
    """Frames by (epoch, seq), reads by shot; a frame of an older epoch is fenced off."""
    frames = drive(DOWN, end=False)
    repeats = [f for f in frames for _ in range(2)]
    _, said = play([*repeats, read("s1"), read("s1"), frame(0, {}, epoch=2), frame(9, {"1-1": (0.5, 0.2)})])
    assert len(newest(said)) == 1
    assert notes(said) == [*["repeated_frame"] * 5, "repeated_read", "stale_epoch"]


def test_other_things_don_t_count() -> None:
    """People, boxes without a track, tracks unknown at their end, reads without a track."""
    walkers = [frame(n, {"1-1": (0.5, y)}, label="person") for n, y in enumerate(DOWN)]
    loose = msgspec.structs.replace(
        frame(9, {}, ended=("1-9",)), detections=(Detection(box=box(0.5, 0.9), label="car", confidence=0.9),)
    )
    memory, said = play([*walkers, loose, read("s1", track="")])
    assert said == []
    assert memory.tracks == {}


def test_reads_may_come_before_their_track() -> None:
    """READS may be read faster than DETECTIONS."""
    _, said = play([read("s1", seq=1), *drive(DOWN, end=False)])
    assert events(said)[0].plate == PLATE


def test_majority_of_labels() -> None:
    """The label with the most confidence behind it until the crossing."""
    frames = [frame(n, {"1-1": (0.5, y)}, label="truck" if n == 0 else "car") for n, y in enumerate(DOWN)]
    assert events(play(frames)[1])[0].label == "car"


def test_a_track_born_at_the_line_needs_a_clear_side_first() -> None:
    """Nobody knows from where it came."""
    assert events(play(drive((0.5, 0.6, 0.7)))[1]) == []


class TestOneVehicleSeveralTracks:
    """One passage is one event."""

    def test_a_restart_before_the_line(self) -> None:
        """The new epoch's track goes on where the old one was expected to be: one event, with the old reads.

        epoch 1: 0.2 0.3 0.4 ✂ epoch 2: 0.6 0.7
        """
        before = drive((0.2, 0.3, 0.4), end=False)
        after = drive((0.6, 0.7), epoch=2, track="2-1", first=4)
        _, said = play([*before, read("s1"), *after, read("s2", epoch=2, track="2-1", seq=5), later(10)])
        assert "joined" in notes(said)
        (event,) = newest(said).values()
        assert (event.plate_reads, event.epoch, event.final) == (2, 2, True)

    def test_a_restart_just_after_the_line(self) -> None:
        """The successor is first seen a little before the line again: it goes on with the old track's side."""
        before = drive((0.4, 0.47, 0.56), end=False)
        after = drive((0.47, 0.6, 0.7), epoch=2, track="2-1", first=5)
        _, said = play([*before, *after])
        assert len({e.event_id for e in events(said) if e.kind == "vehicle_entry"}) == 1

    def test_nobody_looked_while_it_crossed(self) -> None:
        """Not looking within an epoch cuts like a restart: the tracker's new track goes on where the old one was to be.

        0.3 0.36 0.42 ✂ (1.4 s) 0.84 0.9
        """
        before = drive((0.3, 0.36, 0.42), end=False)
        after = drive((0.84, 0.9), track="1-2", first=9)
        _, said = play([*before, read("s1"), *after, later(10)])
        assert "joined" in notes(said)
        (event,) = newest(said).values()
        assert (event.plate_reads, event.track, event.final) == (1, "1-2", True)

    def test_its_own_track_goes_on_over_the_gap(self) -> None:
        """The tracker kept the identity: a stranger beside it does not continue the track."""
        before = drive((0.3, 0.4), end=False)
        after = [frame(8, {"1-2": (0.52, 0.61), "1-1": (0.5, 0.6)}), frame(9, {"1-1": (0.5, 0.7)})]
        memory, said = play([*before, *after])
        assert "joined" not in notes(said)
        assert [event.track for event in events(said)] == ["1-1"]
        assert not memory.tracks["1:1-1"].cut

    @pytest.mark.parametrize(
        ("ys", "said_of"),
        [((0.40, 0.46, 0.51), 1), ((0.46, 0.48, 0.49), 0), ((0.46, *(0.509,) * 6), 0)],
        ids=["on its way out", "not there yet", "standing"],
    )
    @pytest.mark.parametrize("epoch", [1, 2])
    def test_cut_while_crossing(self, ys: tuple[float, ...], said_of: int, epoch: int) -> None:
        """Seen just beyond the line, then not looked at any more: a crossing, if it was moving on."""
        _, said = play([*drive(ys, end=False), frame(len(ys) + 20, {}, epoch=epoch)])
        assert [event.kind for event in events(said)] == ["vehicle_entry"] * said_of

    def test_cut_while_crossing_and_seen_again(self) -> None:
        """What was decided when the track was cut is not decided again when it goes on."""
        before = drive((0.40, 0.46, 0.51), end=False)
        _, said = play([*before, *drive((0.7, 0.76), epoch=2, track="2-1", first=6), later(60)])
        assert len(newest(said)) == 1

    @pytest.mark.parametrize(
        ("first", "x", "y"),
        [(30, 0.5, 0.6), (4, 0.15, 0.9)],
        ids=["too late", "elsewhere"],
    )
    def test_another_vehicle_is_not_joined(self, first: int, x: float, y: float) -> None:
        """Beyond `join_us`, or too far from the expected place."""
        before = drive((0.2, 0.3, 0.4), end=False)
        _, said = play([*before, *drive((y, y + 0.05), epoch=2, track="2-1", first=first, x=x)])
        assert "joined" not in notes(said)

    def test_another_size_is_not_joined(self) -> None:
        """A box of a third of the height is something else."""
        far = msgspec.structs.replace(
            frame(4, {}, epoch=2),
            detections=(Detection(box=box(0.5, 0.6, height=0.05), label="car", confidence=0.9, track="2-1"),),
        )
        assert notes(play([*drive((0.2, 0.3, 0.4), end=False), far])[1]) == []

    def test_the_nearest_is_joined(self) -> None:
        """Two vehicles were cut: each goes on in its own successor."""
        before = [frame(n, {"1-1": (0.3, y), "1-2": (0.7, y)}) for n, y in enumerate((0.2, 0.3, 0.4))]
        after = [frame(4 + n, {"2-1": (0.68, y), "2-2": (0.32, y)}, epoch=2) for n, y in enumerate((0.6, 0.7))]
        memory, _ = play([*before, *after])
        assert {name: track.subject for name, track in memory.tracks.items()} == {
            "1:1-1": "1:1-1", "1:1-2": "1:1-2", "2:2-1": "1:1-2", "2:2-2": "1:1-1",
        }  # fmt: skip

    def test_reads_of_the_successor_that_came_first_go_over(self) -> None:
        """A read of the new track before its first frame."""
        before = drive((0.2, 0.3, 0.4), end=False)
        early = read("s9", epoch=2, track="2-1", seq=4)
        _, said = play([*before, early, *drive((0.6, 0.7), epoch=2, track="2-1", first=4, end=False)])
        assert events(said)[-1].plate == PLATE

    def test_two_boxes_on_one_vehicle(self) -> None:
        """A car that is also seen as a truck: both cross, one event, with the reads of both."""
        twin = [frame(n, {"1-1": (0.5, y), "1-2": (0.505, y)}) for n, y in enumerate(DOWN)]
        _, said = play([read("s1", track="1-1"), read("s2", track="1-2"), *twin, later(20)])
        assert "merged" in notes(said)
        (event,) = newest(said).values()
        assert event.plate_reads == 2

    def test_a_vehicle_close_behind_is_another(self) -> None:
        """Its box lies over the first one's while it crosses, but the first crossed long before, or another line."""
        first = [frame(n, {"1-1": (0.5, y)}) for n, y in enumerate(DOWN)]
        second = [frame(20 + n, {"1-1": (0.5, y + 0.02), "1-2": (0.5, y)}) for n, y in enumerate(DOWN)]
        assert len({e.track for e in events(play([*first, *second])[1])}) == 2
        short = msgspec.structs.replace(GATE, id="short", a=(0.49, 0.5), b=(0.502, 0.5))
        beside = msgspec.structs.replace(GATE, id="beside", a=(0.503, 0.5), b=(0.52, 0.5))
        both = [frame(n, {"1-1": (0.5, y), "1-2": (0.505, y)}) for n, y in enumerate(DOWN)]
        policy = msgspec.structs.replace(POLICY, lines=(short, beside))
        assert sorted(e.rule for e in events(play(both, policy)[1])) == ["beside", "short"]

    def test_rivals_of_rivals(self) -> None:
        """Two restarts in a row: the third track waits for the second, which turns out to be the first."""
        first = [*drive(DOWN, end=False), read("s1"), read("s2")]
        second = drive(DOWN, epoch=2, track="2-1", first=10, x=0.2, end=False)
        third = drive(DOWN, epoch=3, track="3-1", first=28, x=0.8)
        known = [read("u1", epoch=3, track="3-1", seq=30), read("t1", epoch=2, track="2-1", seq=12)]
        for late in (known, known[::-1]):
            assert len(newest(play([*first, *second, *third, *late, later(30)])[1])) == 1

    def test_two_vehicles_side_by_side(self) -> None:
        """Boxes that hardly overlap, or that cross at other times, are two vehicles."""
        both = [frame(n, {"1-1": (0.3, y), "1-2": (0.45, y)}) for n, y in enumerate(DOWN)]
        assert len(newest(play(both)[1])) == 2

    def test_the_same_plate_after_a_restart(self) -> None:
        """Not joined by place, but the plate tells: the second crossing is not told."""
        before = [*drive(DOWN, end=False), read("s1"), read("s2")]
        again = drive(DOWN, epoch=2, track="2-1", first=10, x=0.2)
        reads = [read("t1", epoch=2, track="2-1", seq=12)]
        _, said = play([*before, *again, *reads, later(30)])
        (event,) = newest(said).values()
        assert (event.plate_reads, event.final) == (3, True)

    def test_another_plate_after_a_restart(self) -> None:
        """Clearly another number, read twice: told at once."""
        before = [*drive(DOWN, end=False), read("s1"), read("s2")]
        again = drive(DOWN, epoch=2, track="2-1", first=10, x=0.2, end=False)
        reads = [read(f"t{n}", text="М777ММ99", epoch=2, track="2-1", seq=12) for n in range(2)]
        _, said = play([*before, *again, reads[0]])
        assert len(newest(said)) == 1
        _, said = play([*before, *again, *reads])
        assert sorted(e.plate for e in newest(said).values()) == [PLATE, "М777ММ99"]

    def test_no_plate_after_a_restart(self) -> None:
        """Nothing tells that it is the same: told when it had its time, or when the other one is forgotten."""
        before = [*drive(DOWN, end=False), read("s1")]
        again = drive(DOWN, epoch=2, track="2-1", first=10, x=0.2)
        assert len(newest(play([*before, *again])[1])) == 1
        assert len(newest(play([*before, *again, later(30)])[1])) == 2

    def test_without_plates_nothing_waits(self) -> None:
        """A function that reads no plates tells every crossing at once."""
        policy = msgspec.structs.replace(POLICY, plates=False)
        again = drive(DOWN, epoch=2, track="2-1", first=10, x=0.2)
        assert len(newest(play([*drive(DOWN, end=False), *again], policy)[1])) == 2


class TestLimits:
    """Everything is bounded, and says when a limit bites."""

    def test_subjects(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The oldest vehicle that crossed nothing is forgotten first."""
        monkeypatch.setattr(vehicles, "SUBJECTS_MAX", 2)
        inputs: list[Input] = [*drive(DOWN, end=False), frame(5, {"1-2": (0.2, 0.2)}), frame(6, {"1-3": (0.8, 0.2)})]
        memory, said = play(inputs)
        assert set(memory.subjects) == {"1:1-1", "1:1-3"}
        assert notes(said) == ["overflow"]

    def test_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """More reads of one vehicle than are kept."""
        monkeypatch.setattr(vehicles, "READS_MAX", 2)
        _, said = play([*drive(DOWN, end=False), *(read(f"s{n}") for n in range(3))])
        assert notes(said) == ["overflow"]

    def test_thumbnails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of the vehicles seen last are kept."""
        monkeypatch.setattr(vehicles, "THUMBNAILS_BYTES_MAX", 15)
        both = [frame(n, {"1-1": (0.3, 0.2), "1-2": (0.7, 0.2)}) for n in range(2)]
        memory, _ = play([*both, frame(2, {"1-2": (0.7, 0.2)}), read("s1"), read("s2", track="1-2")])
        assert memory.subjects["1:1-1"].thumbnail == b""
        assert memory.subjects["1:1-2"].thumbnail == b"jpeg of s2"

    def test_a_frame_of_no_height(self) -> None:
        """Can't be divided by; the inlet refuses it, the rules survive it."""
        odd = [msgspec.structs.replace(f, height=0) for f in drive(DOWN)]
        assert len(newest(play(odd)[1])) == 1


def test_the_rival_is_forgotten_before_anything_is_known() -> None:
    """Then there is nothing left that the crossing could belong to."""
    before = [*drive(DOWN, end=False), read("s1")]
    memory, _ = play([*before, *drive(DOWN, epoch=2, track="2-1", first=10, x=0.2, end=False)])
    memory.subjects.pop("1:1-1")
    memory.tracks.pop("1:1-1")
    _, said = play([read("t1", epoch=2, track="2-1", seq=12)], memory=memory)
    assert len(newest(said)) == 1


def test_memory_can_be_kept_at_any_time() -> None:
    """State as msgpack and back goes on as if nothing had happened."""
    inputs: list[Input] = [*drive(DOWN), read("s1"), later(30)]
    _, straight = play(inputs)
    memory, said = CameraMemory(camera="cam-1"), list[vehicles.Output]()
    for message in inputs:
        memory = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=CameraMemory)
        memory, outputs = vehicles.step(memory, message, POLICY)
        said += outputs
    assert said == straight


def test_lines_are_apart() -> None:
    """Each line has its own crossings of one track."""
    lines = (GATE, Line(id="far", a=(0.1, 0.65), b=(0.9, 0.65)))
    _, said = play(drive((0.2, 0.4, 0.58, 0.75), end=False), msgspec.structs.replace(POLICY, lines=lines))
    assert [e.rule for e in events(said)] == ["gate", "far"]


def test_names_of_tracks() -> None:
    """A track's name holds its epoch: the same name in another epoch is another track."""
    assert scene.track_key(3, "3-1") == "3:3-1"
