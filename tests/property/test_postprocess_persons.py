"""Attendance and faces: interleaving, repeats and restarts change nothing; noise costs less than one in a hundred."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contract import FrameReport
from postprocess.contract import Event, Read
from postprocess.rules import attendance, faces
from postprocess.rules.identity import IdentityPolicy
from postprocess.rules.persons import PersonScene
from postprocess.rules.scene import Input
from tests.support.persons import ATTENDANCE, DOOR, END, FACES, PEOPLE, face, final, play
from tests.support.vehicles import CAMERA
from tests.support.zones import film, look, walk

RULES: dict[str, tuple[Any, Any]] = {
    "attendance": (attendance.step, ATTENDANCE),
    "faces": (faces.step, msgspec.structs.replace(FACES, unknown=True)),
}
NAMES = sorted(PEOPLE)
ONE_LIMIT = IdentityPolicy(people=PEOPLE)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[FrameReport], list[Read]]:
    """Up to three people who walk about, over up to two epochs, and reads of their tracks."""
    people = draw(st.integers(1, 3))
    spots = st.tuples(st.floats(0.2, 0.8).map(lambda v: round(v, 2)), st.floats(0.3, 0.9).map(lambda v: round(v, 2)))
    ways = {f"{n}": walk(*((second, *draw(spots)) for second in range(0, 9, 2))) for n in range(people)}
    cut = draw(st.integers(5, 60))
    frames: list[FrameReport] = []
    for message in film(9, ways):
        assert isinstance(message, FrameReport)
        seq = message.stamp.seq
        found = [(d.track, d) for d in message.detections]
        epoch = 1 if seq < cut else 2
        renamed = tuple(msgspec.structs.replace(d, track=f"{epoch}-{name}") for name, d in found)
        stamp = msgspec.structs.replace(message.stamp, epoch=epoch)
        frames.append(msgspec.structs.replace(message, stamp=stamp, detections=renamed))
    reads = [
        face(
            f"s{number}",
            draw(st.sampled_from(["", *NAMES[:2], *NAMES])),
            track=f"{epoch}-{draw(st.integers(0, people - 1))}",
            epoch=epoch,
            second=draw(st.integers(0, 9)),
            similarity=draw(st.sampled_from((0.3, 0.5, 0.8))),
            quality=draw(st.sampled_from((0.0, 0.1, 0.9))),
        )
        for number in range(draw(st.integers(0, 10)))
        for epoch in [draw(st.integers(1, 2))]
    ]
    return frames, reads


def mixed(draw: st.DrawFn, frames: list[FrameReport], reads: list[Read]) -> list[Input]:
    """Frames in order, each now and then twice; reads anywhere among them, in any order."""
    inputs: list[Input] = [report for report in frames for _ in range(draw(st.sampled_from((1, 1, 2))))]
    for message in draw(st.permutations(reads)):
        for _ in range(draw(st.sampled_from((1, 1, 2)))):
            inputs.insert(draw(st.integers(0, len(inputs))), message)
    return inputs


@pytest.mark.parametrize("rule", RULES)
@given(scene=scenes(), data=st.data())
@settings(max_examples=30, deadline=None)
def test_interleaving_and_repeats_change_nothing(
    rule: str, scene: tuple[list[FrameReport], list[Read]], data: st.DataObject
) -> None:
    """Any order of the two streams to each other, any repeat: the same final events, byte for byte."""
    step, policy = RULES[rule]
    frames, reads = scene
    straight = msgspec.msgpack.encode(final(play(step, [*frames, *reads, END], policy)))
    inputs = mixed(data.draw, frames, reads)  # type: ignore[arg-type]
    assert msgspec.msgpack.encode(final(play(step, [*inputs, END], policy))) == straight


@pytest.mark.parametrize("rule", RULES)
@given(scene=scenes(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_restart_from_a_snapshot_repeats_byte_for_byte(
    rule: str, scene: tuple[list[FrameReport], list[Read]], data: st.DataObject
) -> None:
    """Kept anywhere as msgpack and gone on from there: every version says what it says without the restart."""
    step, policy = RULES[rule]
    inputs = [*mixed(data.draw, *scene), END]  # type: ignore[arg-type]
    kept_at = data.draw(st.integers(0, len(inputs)))
    memory = PersonScene(camera=CAMERA)
    before: list[Event] = []
    for message in inputs[:kept_at]:
        memory, outputs = step(memory, message, policy)
        before += [output for output in outputs if isinstance(output, Event)]
    memory = msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=PersonScene)
    after = play(step, inputs[kept_at:], policy, memory)
    assert msgspec.msgpack.encode([*before, *after]) == msgspec.msgpack.encode(play(step, inputs, policy))


@pytest.mark.parametrize("rule", RULES)
@given(scene=scenes(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_versions_only_grow(rule: str, scene: tuple[list[FrameReport], list[Read]], data: st.DataObject) -> None:
    """Of one event: versions grow, the opening stays, the last word is final."""
    step, policy = RULES[rule]
    last: dict[str, Event] = {}
    for event in play(step, [*mixed(data.draw, *scene), END], policy):  # type: ignore[arg-type]
        known = last.get(event.event_id)
        assert known is None or (known.version < event.version and known.opened_at_us == event.opened_at_us)
        last[event.event_id] = event
    assert all(event.final for event in last.values())


class Day:
    """Hundreds of passages by known people and strangers, with everything that goes wrong."""

    def __init__(self, seed: int, passages: int) -> None:
        self._random = random.Random(seed)
        self.inputs: list[Input] = []
        self.truth: Counter[tuple[str, str]] = Counter()
        """(direction, person) as they were."""
        for number in range(passages):
            self._passage(number, first=number * 60, epoch=1 + 2 * number)
        self.inputs.append(END)

    def _passage(self, number: int, first: int, epoch: int) -> None:
        """Six seconds of a walk over the line; missed and shaken boxes, a break of the track, reads that err."""
        chance = self._random
        inwards, person = chance.random() < 0.5, chance.choice(["", *NAMES])
        start, end = (0.25, 0.75) if inwards else (0.75, 0.25)
        x = chance.uniform(0.2, 0.8)
        broken = chance.randrange(8, 20) if chance.random() < 0.1 else 99
        for n in range(30):
            if chance.random() < 0.08 and n not in {0, 29}:
                self.inputs.append(look(first + n, [], epoch=epoch + (n >= broken)))
                continue
            y = start + (end - start) * n / 29
            foot = (x + chance.gauss(0, 0.004), y + chance.gauss(0, 0.004))
            self.inputs.append(look(first + n, [(f"{number}", foot)], epoch=epoch + (n >= broken)))
        for n in range(chance.randrange(5, 8)):
            read = self._read(f"r{number}.{n}", person, str(number), (first + 4 * n) / 5)
            self.inputs.append(msgspec.structs.replace(read, epoch=epoch + (4 * n >= broken)))
        self.truth["person_entry" if inwards else "person_exit", person] += 1

    def _read(self, shot: str, person: str, track: str, second: float) -> Read:
        """Most say who it is; some show no face or a bad one, some look like nobody, one in fifty like another."""
        chance, luck = self._random, self._random.random()
        if luck < 0.1:
            return face(shot, track=track, second=second, quality=chance.choice((0.0, 0.1)))
        if luck < 0.12:
            return face(shot, chance.choice(NAMES), track=track, second=second, similarity=0.5)
        if luck < 0.2 or not person:
            return face(shot, chance.choice(NAMES), track=track, second=second, similarity=chance.gauss(0.22, 0.06))
        return face(shot, person, track=track, second=second, similarity=chance.gauss(0.65, 0.06))


def quality(said: Counter[tuple[str, str]], truth: Counter[tuple[str, str]]) -> tuple[float, float]:
    """Precision and recall."""
    right = sum((said & truth).values())
    return right / sum(said.values()), right / sum(truth.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_costs_attendance_less_than_one_in_a_hundred(seed: int) -> None:
    """Entries and exits with their persons, strangers unidentified."""
    day = Day(seed, 150)
    policy = msgspec.structs.replace(ATTENDANCE, zones=(), identity=ONE_LIMIT)
    said = Counter((event.kind, event.person) for event in final(play(attendance.step, day.inputs, policy)))
    precision, recall = quality(said, day.truth)
    assert precision >= 0.99
    assert recall >= 0.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_costs_faces_less_than_one_in_a_hundred(seed: int) -> None:
    """Every passage of a known or watched person once, by that person."""
    day = Day(seed, 150)
    policy = msgspec.structs.replace(FACES, zones=(), lines=(DOOR,), echo_person_us=1_000_000, identity=ONE_LIMIT)
    said = Counter((f"person_{event.direction}", event.person) for event in final(play(faces.step, day.inputs, policy)))
    truth = Counter({key: count for key, count in day.truth.items() if key[1]})
    precision, recall = quality(said, truth)
    assert precision >= 0.99
    assert recall >= 0.99
