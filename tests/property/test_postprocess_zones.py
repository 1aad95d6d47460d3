"""Functions over zones and lines: the same last word however inputs are interleaved, and how often it is right."""

from __future__ import annotations

import functools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.truth import scenes as made_up
from deploy.truth.noise import QUIET, Noise, reports
from deploy.truth.suites import SUITES, T0_US, Suite, held, measure, told
from postprocess.contract import Event, OtherRead, Read
from postprocess.functions.registry import registry
from postprocess.functions.unit import AnyFunction
from postprocess.rules.scene import Input, Scene, Tick
from tests.support.functions import policy_for
from tests.support.vehicles import CAMERA, READER_REF, newest

FUNCTIONS = registry()
NAMES = sorted(SUITES)
SEEDS = 40
END = Tick(now_us=T0_US + 600 * 1_000_000)


@pytest.mark.parametrize("name", NAMES)
def test_precision_and_recall_on_true_boxes_with_noise(name: str) -> None:
    """Misses, jitter, broken and swapped tracks, doubles and false boxes: at least 0.99 each."""
    score = measure(SUITES[name], FUNCTIONS, range(SEEDS), Noise())
    assert score.expected >= 5
    assert (score.precision >= 0.99, score.recall >= 0.99) == (True, True), score


@pytest.mark.parametrize("name", NAMES)
def test_without_noise_everything_is_right(name: str) -> None:
    """No event too many, none too few."""
    score = measure(SUITES[name], FUNCTIONS, range(12), QUIET)
    assert (score.precision, score.recall) == (1.0, 1.0), score


def test_the_measure_can_fail() -> None:
    """Events of another scene are extra, and those of this one are missed."""
    suite = SUITES["counting"]
    one, other = suite.scene(0), suite.scene(1)
    assert suite.expected(one)
    score = held(suite.expected(one), told(suite, FUNCTIONS, other, QUIET, 1)).score
    assert score.recall < 1.0
    assert score.precision < 1.0


def picture(shot: int, track: str, at_us: int, quality: float) -> Read:
    """A picture as `recognise` tells of it."""
    return Read(
        shot_id=f"s{shot}",
        recogniser="photo",
        camera=CAMERA,
        epoch=1,
        track=track,
        captured_at_us=at_us,
        read=OtherRead(),
        model=READER_REF,
        quality=quality,
        thumbnail=f"jpeg {shot}".encode(),
    )


@functools.cache
def scene_from(name: str, seed: int) -> made_up.Scene:
    """The first scene that can be drawn from a seed on; drawing takes longer than playing."""
    while True:
        try:
            return SUITES[name].scene(seed)
        except ValueError:
            seed += 1


@st.composite
def played(draw: st.DrawFn) -> tuple[Suite, list[Input], list[Read]]:
    """Frames of a noisy scene, and pictures of its tracks."""
    suite = SUITES[draw(st.sampled_from(NAMES))]
    seed = draw(st.integers(0, 7))
    scene = scene_from(suite.name, seed * 1000)
    frames = reports(scene, Noise(), seed, t0_us=T0_US, detector=suite.detector, every=suite.every)
    seen = [(d.track, frame.stamp.captured_at_us) for frame in frames for d in frame.detections]
    chosen = draw(st.lists(st.sampled_from(seen), max_size=8)) if seen else []
    qualities = st.sampled_from((0.2, 0.5, 0.9))
    reads = [picture(n, track, at_us, draw(qualities)) for n, (track, at_us) in enumerate(chosen)]
    return suite, list(frames), reads


def step_all(function: AnyFunction, suite: Suite, memory: Scene, inputs: list[Input]) -> tuple[Scene, list[Event]]:
    """The memory and the events in order."""
    policy, said = policy_for(function, **suite.settings), list[Event]()
    for message in inputs:
        memory, outputs = function.step(memory, message, policy)
        said += [output for output in outputs if isinstance(output, Event)]
    return memory, said


def outcome(said: list[Event]) -> bytes:
    """The newest version of every event, byte for byte."""
    return msgspec.msgpack.encode(sorted(newest(said).values(), key=lambda event: event.event_id))


@given(scene=played(), data=st.data())
@settings(max_examples=25, deadline=None)
def test_interleaving_and_repeats_change_nothing(
    scene: tuple[Suite, list[Input], list[Read]], data: st.DataObject
) -> None:
    """Invariant 6: pictures anywhere among the frames, anything twice; and versions only grow."""
    suite, frames, reads = scene
    function = FUNCTIONS[suite.function]
    straight = outcome(step_all(function, suite, function.memory(camera=CAMERA), [*frames, *reads, END])[1])
    twice = data.draw(st.sets(st.integers(0, len(frames) - 1), max_size=12))
    mixed = [frame for number, frame in enumerate(frames) for _ in range(2 if number in twice else 1)]
    for read in data.draw(st.permutations(reads)):
        for _ in range(data.draw(st.sampled_from((1, 2)))):
            mixed.insert(data.draw(st.integers(0, len(mixed))), read)
    _, said = step_all(function, suite, function.memory(camera=CAMERA), [*mixed, END])
    assert outcome(said) == straight
    last: dict[str, Event] = {}
    for event in said:
        before = last.get(event.event_id)
        assert before is None or (before.version < event.version and before.opened_at_us == event.opened_at_us)
        last[event.event_id] = event
    assert all(event.final for event in last.values())


@given(scene=played(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_restart_from_a_snapshot_repeats_byte_for_byte(
    scene: tuple[Suite, list[Input], list[Read]], data: st.DataObject
) -> None:
    """Kill -9 anywhere: the kept memory, then the inputs behind it once more, say what was said."""
    suite, frames, reads = scene
    function = FUNCTIONS[suite.function]
    inputs: list[Input] = [*frames, END]
    for read in reads:
        inputs.insert(data.draw(st.integers(0, len(inputs) - 1)), read)
    kept_at = data.draw(st.integers(0, len(inputs)))
    memory, _ = step_all(function, suite, function.memory(camera=CAMERA), inputs[:kept_at])
    kept = msgspec.msgpack.encode(memory)
    _, straight = step_all(function, suite, memory, inputs[kept_at:])
    again = msgspec.msgpack.decode(kept, type=function.memory)
    _, repeated = step_all(function, suite, again, inputs[kept_at:])
    assert msgspec.msgpack.encode(repeated) == msgspec.msgpack.encode(straight)
