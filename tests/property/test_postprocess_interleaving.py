"""However detections and reads are interleaved, repeated and cut by restarts of the rules: the same final events.

Two of the three plates stand on lists of the site.
"""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contract import FrameReport
from postprocess.contract import Event, Read, VehicleEntry, fold_plate
from postprocess.rules.lists import Lists
from postprocess.rules.scene import Input, Tick
from postprocess.rules.state import CameraMemory
from postprocess.rules.vehicles import step
from tests.support.vehicles import CAMERA, PLATE, STEP_US, T0_US, frame, newest, play, read
from tests.support.vehicles import POLICY as PLAIN

PLATES = (PLATE, "М777ММ99", "Т050ХХ150")
POLICY = msgspec.structs.replace(
    PLAIN,
    lists=Lists(
        entries={
            fold_plate(PLATES[0]): (VehicleEntry(id="1", plate=PLATES[0], list="deny", directions=("entry",)),),
            fold_plate(PLATES[1]): (VehicleEntry(id="2", plate=PLATES[1], list="allow"),),
        },
        unlisted="warning",
        unsure_chars_max=1,
    ),
)
END = Tick(now_us=T0_US + 100 * 1_000_000)

heights = st.floats(0.05, 0.95).map(lambda y: round(y, 3))
tracks = st.lists(heights, min_size=2, max_size=12)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[FrameReport], list[Read]]:
    """Up to three vehicles beside each other over up to two epochs, and reads of them."""
    paths = draw(st.lists(tracks, min_size=1, max_size=3))
    cut = draw(st.integers(1, 12))
    frames: list[FrameReport] = []
    for seq in range(max(len(path) for path in paths)):
        epoch = 1 if seq < cut else 2
        feet = {f"{epoch}-{n}": (0.2 + 0.3 * n, path[seq]) for n, path in enumerate(paths) if seq < len(path)}
        frames.append(frame(seq, feet, epoch=epoch))
    reads: list[Read] = []
    for number in range(draw(st.integers(0, 10))):
        seq = draw(st.integers(0, len(frames) - 1))
        epoch, vehicle = 1 if seq < cut else 2, draw(st.integers(0, len(paths) - 1))
        track = f"{epoch}-{vehicle}"
        confidence = draw(st.sampled_from((0.35, 0.6, 0.9)))
        text = draw(st.sampled_from((PLATES[vehicle], PLATES[vehicle], f"{PLATES[vehicle][:-1]}2", "")))
        reads.append(read(f"s{number}", text=text, track=track, epoch=epoch, seq=seq, confidence=confidence))
    return frames, reads


def mixed(draw: st.DrawFn, frames: list[FrameReport], reads: list[Read]) -> list[Input]:
    """Frames in order, each now and then twice; reads anywhere among them or after them all, in any order."""
    inputs: list[Input] = []
    for report in frames:
        inputs += [report] * draw(st.sampled_from((1, 1, 2)))
    for message in draw(st.permutations(reads)):
        for _ in range(draw(st.sampled_from((1, 1, 2)))):
            inputs.insert(draw(st.integers(0, len(inputs))), message)
    return inputs


def outcome(inputs: list[Input]) -> bytes:
    """The newest version of every event, byte for byte."""
    _, said = play([*inputs, END], POLICY)
    return msgspec.msgpack.encode(sorted(newest(said).values(), key=lambda e: e.event_id))


@given(scene=scenes(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_interleaving_and_repeats_change_nothing(
    scene: tuple[list[FrameReport], list[Read]], data: st.DataObject
) -> None:
    """Invariant 6: any order of the two streams to each other, any repeat."""
    frames, reads = scene
    straight = outcome([*frames, *reads])
    draw = data.draw  # hypothesis hands its drawing function over
    assert outcome(mixed(draw, frames, reads)) == straight  # type: ignore[arg-type]


@given(scene=scenes(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_versions_only_grow_and_say_the_same(scene: tuple[list[FrameReport], list[Read]], data: st.DataObject) -> None:
    """Of one event: versions grow, `opened_at_us` stays, nothing is told twice, the last word is final."""
    inputs = mixed(data.draw, *scene)  # type: ignore[arg-type]
    _, said = play([*inputs, END], POLICY)
    last: dict[str, Event] = {}
    for event in (output for output in said if isinstance(output, Event)):
        before = last.get(event.event_id)
        assert before is None or (before.version < event.version and before.opened_at_us == event.opened_at_us)
        last[event.event_id] = event
    assert all(event.final for event in last.values())


@given(scene=scenes(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_restart_from_a_snapshot_repeats_byte_for_byte(
    scene: tuple[list[FrameReport], list[Read]], data: st.DataObject
) -> None:
    """Kill -9 anywhere: snapshot, then the streams behind it once more; each version says what it said before."""
    inputs = [*mixed(data.draw, *scene), END]  # type: ignore[arg-type]
    kept_at = data.draw(st.integers(0, len(inputs)))
    died_at = data.draw(st.integers(kept_at, len(inputs)))
    memory, told = CameraMemory(camera=CAMERA), dict[tuple[str, int], bytes]()
    snapshot = msgspec.msgpack.encode(memory)

    def take(message: Input) -> None:
        nonlocal memory
        memory, said = step(memory, message, POLICY)
        for event in (output for output in said if isinstance(output, Event)):
            payload = msgspec.msgpack.encode(event)
            assert told.setdefault((event.event_id, event.version), payload) == payload

    for number, message in enumerate(inputs[:died_at]):
        if number == kept_at:
            snapshot = msgspec.msgpack.encode(memory)
        take(message)
    if kept_at == died_at:
        snapshot = msgspec.msgpack.encode(memory)
    memory = msgspec.msgpack.decode(snapshot, type=CameraMemory)
    for message in inputs[kept_at:]:
        take(message)
    _, straight = play(inputs, POLICY)
    final = {key: msgspec.msgpack.encode(event) for key, event in newest(straight).items()}
    assert {key: told[key, event.version] for key, event in newest(straight).items()} == final


@given(steps=st.lists(st.integers(1, 40), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_memory_stays_bounded(steps: list[int]) -> None:
    """Vehicles come and go for minutes: what is over is forgotten."""
    memory, seq = CameraMemory(camera=CAMERA), 0
    for number, gap in enumerate(steps):
        for y in (0.3, 0.7):
            seq += gap
            memory, _ = step(memory, frame(seq, {f"1-{number}": (0.5, y)}), POLICY)
    memory, _ = step(memory, Tick(now_us=T0_US + seq * STEP_US + 300 * 1_000_000), POLICY)
    assert (memory.subjects, memory.tracks) == ({}, {})
