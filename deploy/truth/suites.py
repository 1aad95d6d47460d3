"""A suite per function: scenes, settings, and the events that must come of them; and how events are held to that.

Pure: no I/O, no clock; chance by seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from deploy.truth.gathering import gathering
from deploy.truth.noise import CAMERA, Noise, reports
from deploy.truth.scenes import (
    GATE,
    YARD,
    Expected,
    Scene,
    crossed,
    crossings_clear,
    crowd_spans,
    crowded,
    draw,
    spans,
    stays,
    stays_clear,
)
from ingest.contract import Camera, FrameReport
from postprocess.contract import Event
from postprocess.functions.registry import Registry, read_settings
from postprocess.functions.unit import Context
from postprocess.rules.scene import Input, Tick

T0_US = 1_790_000_000_000_000
PASS_US = 3600 * 1_000_000
"""After the last look: time for what is under way to become final."""
TOLERANCE_S = 4.0
"""Between the event's and the true time: a way may begin hidden or missed."""
FURTHER = "object_detector_made_up"


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """How a function is measured."""

    function: str
    of: str = ""
    """What of it, where it has several suites."""
    label: str = "person"
    """What the detector calls the things of the scenes."""
    settings: dict[str, Any]
    scene: Callable[[int], Scene]
    """Of a seed; raises `ValueError` where none can be drawn: another seed then."""
    expected: Callable[[Scene], list[Expected]]
    detector: str = ""
    every: int = 1

    @property
    def name(self) -> str:
        """Unique among the suites."""
        return f"{self.function} {self.of}".rstrip()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Events held to the truth."""

    expected: int
    matched: int
    extra: int

    @property
    def precision(self) -> float:
        """Of what was told, how much is true."""
        told = self.matched + self.extra
        return self.matched / told if told else 1.0

    @property
    def recall(self) -> float:
        """Of what is true, how much was told."""
        return self.matched / self.expected if self.expected else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            expected=self.expected + other.expected,
            matched=self.matched + other.matched,
            extra=self.extra + other.extra,
        )


def _stays(kind: str, shortest_s: float, after_s: float = 0.0) -> Callable[[Scene], list[Expected]]:
    return lambda scene: stays(scene, YARD, kind, shortest_s, after_s=after_s)


def _crossed(kinds: Mapping[str, str]) -> Callable[[Scene], list[Expected]]:
    return lambda scene: crossed(scene, GATE, kinds)


LOITER_S = 15.0
HOLD_S = 3.0
LIMIT = 2


def _crowd_scene(seed: int) -> Scene:
    """Spans with too many last clearly longer or shorter than they are held, and lie apart."""
    scene = gathering(seed, YARD, least=LIMIT, most=LIMIT + 2)
    found = crowd_spans(scene.walks, YARD, LIMIT, scene.seconds)
    if any(0.2 * HOLD_S < until - since < 3.5 * HOLD_S for since, until in found):
        raise ValueError("a span about as long as it is held")
    if any(two[0] - one[1] < 4.0 * HOLD_S for one, two in pairwise(found)):
        raise ValueError("two spans too near each other")
    return scene


def _loiter_scene(seed: int) -> Scene:
    """Stays clearly shorter or longer than the limit."""
    clear = stays_clear(YARD, shortest_s=2.5)

    def fits(walk: Any) -> bool:
        lasting = [until - since for since, until in spans(walk, YARD)]
        return clear(walk) and all(not 0.6 * LOITER_S < span_s < 1.4 * LOITER_S for span_s in lasting)

    return draw(seed, fits, persons=3, pauses_s=(0.5, 2.0, 30.0))


_ZONES = {"zones": [msgspec.to_builtins(YARD)]}
_LINES = {"lines": [msgspec.to_builtins(GATE)]}


def _stay_scene(seed: int) -> Scene:
    return draw(seed, stays_clear(YARD, shortest_s=2.5), persons=3, pauses_s=(0.5, 3.0, 12.0))


def _line_scene(seed: int) -> Scene:
    return draw(seed, crossings_clear(GATE), persons=3, pauses_s=(0.0, 0.5, 3.0))


SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(function="intrusion", settings=_ZONES, scene=_stay_scene, expected=_stays("intrusion", 2.5)),
        Suite(
            function="loitering",
            settings=_ZONES | {"dwell_s": LOITER_S},
            scene=_loiter_scene,
            expected=_stays("loitering", LOITER_S, LOITER_S),
        ),
        Suite(
            function="counting",
            settings=_LINES,
            scene=_line_scene,
            expected=_crossed(dict.fromkeys(("entry", "exit"), "count_crossing")),
        ),
        Suite(
            function="vehicles",
            settings=_LINES | {"plates": False},
            scene=_line_scene,
            expected=_crossed({"entry": "vehicle_entry", "exit": "vehicle_exit"}),
            label="car",
        ),
        Suite(
            function="attendance",
            of="lines",
            settings=_LINES,
            scene=_line_scene,
            expected=_crossed({"entry": "person_entry", "exit": "person_exit"}),
        ),
        Suite(
            function="attendance",
            of="zones",
            settings=_ZONES,
            scene=_stay_scene,
            expected=_stays("presence", 2.5),
        ),
        Suite(function="wrong_way", settings=_LINES, scene=_line_scene, expected=_crossed({"exit": "wrong_way"})),
        Suite(
            function="occupancy",
            settings=_ZONES | {"limit": LIMIT, "hold_s": HOLD_S},
            scene=_crowd_scene,
            expected=lambda scene: crowded(scene, YARD, LIMIT, HOLD_S),
        ),
        Suite(
            function="object",
            settings=_ZONES | {"detector": "made_up", "class_list": ["person"]},
            scene=_stay_scene,
            expected=_stays("object_detected", 2.5),
            detector=FURTHER,
            every=2,
        ),
    )
}


def measure(suite: Suite, functions: Registry, seeds: Iterable[int], noise: Noise) -> Score:
    """A function over the scenes of some seeds; seeds without a scene are left out."""
    total = Score(expected=0, matched=0, extra=0)
    for seed in seeds:
        try:
            scene = suite.scene(seed)
        except ValueError:
            continue
        total += held(suite.expected(scene), told(suite, functions, scene, noise, seed)).score
    return total


def told(suite: Suite, functions: Registry, scene: Scene, noise: Noise, seed: int) -> list[Event]:
    """The last version of every event that a function makes of a scene."""
    function = functions[suite.function]
    settings = read_settings(function, suite.settings)
    policy = function.policy(settings, Context(camera=Camera(id=CAMERA, name="", url="")))
    memory = function.memory(camera=CAMERA)
    last: dict[str, Event] = {}
    seen = reports(scene, noise, seed, t0_us=T0_US, detector=suite.detector, every=suite.every)
    messages: list[Input] = [*(_called(report, suite.label) for report in seen), Tick(now_us=T0_US + PASS_US)]
    for message in messages:
        memory, outputs = function.step(memory, message, policy)
        last |= {output.event_id: output for output in outputs if isinstance(output, Event)}
    return list(last.values())


def _called(report: FrameReport, label: str) -> FrameReport:
    named = tuple(msgspec.structs.replace(found, label=label) for found in report.detections)
    return msgspec.structs.replace(report, detections=named)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Events held to the truth, one by one."""

    matched: int
    missed: tuple[Expected, ...]
    extra: tuple[Event, ...]

    @property
    def score(self) -> Score:
        """Counted."""
        return Score(expected=self.matched + len(self.missed), matched=self.matched, extra=len(self.extra))


def held(expected: Iterable[Expected], events: Iterable[Event]) -> Held:
    """Each event matches at most one that was expected: of its kind, rule and direction, at about its time."""
    left, extra, matched = list(expected), list[Event](), 0
    for event in sorted(events, key=lambda one: one.opened_at_us):
        at_s = (event.opened_at_us - T0_US) / 1e6
        fitting = [
            one for one in left if _same(one, event) and one.at_s - TOLERANCE_S <= at_s <= one.until_s + TOLERANCE_S
        ]
        if fitting:
            left.remove(min(fitting, key=lambda one: one.until_s))
            matched += 1
        else:
            extra.append(event)
    return Held(matched=matched, missed=tuple(left), extra=tuple(extra))


def _same(one: Expected, event: Event) -> bool:
    named = (one.kind, one.rule, one.missing) == (event.kind, event.rule, event.missing)
    return named and event.direction == (one.direction or event.direction)
