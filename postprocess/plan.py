"""What the functions of a camera ask of ingest, together. Pure: no I/O, no clock.

Rules
- A function that says nothing about classes and confidence leaves them to ingest (an empty class floor).
- Where several functions want the same label, the lowest confidence is asked for and each applies its own later.
- One shot serves all functions that want the same recogniser: their policies become one that is enough for each.
- A disabled function or camera asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from ingest.contract import Camera, DetectorPlan, IngestPlan, ShotPolicy
from postprocess.functions.unit import Defaults, Needs

T = TypeVar("T")


def compile_plan(camera: Camera, needs: Iterable[Needs], defaults: Defaults, *, revision: int = 0) -> IngestPlan:
    """The one plan that serves all functions of a camera; `revision` of the newest of their settings."""
    wanted = tuple(needs) if camera.enabled else ()
    return IngestPlan(
        camera=camera.id,
        revision=revision,
        analysis_fps=camera.analysis_fps,
        class_floor=_floors([each.floor for each in wanted], defaults),
        every_look=any(each.every_look for each in wanted),
        shots=_merged([shot for each in wanted for shot in each.shots], lambda shot: shot.recogniser, _shot),
        frame_shots=_merged(
            [shot for each in wanted for shot in each.frame_shots],
            lambda shot: (shot.recogniser, shot.area),
            lambda one, two: min(one, two, key=lambda shot: shot.every_s),
        ),
        detectors=_merged([d for each in wanted for d in each.detectors], lambda d: d.ensemble, _detector),
    )


def _floors(floors: list[dict[str, float]], defaults: Defaults) -> dict[str, float]:
    """Nothing where nobody says anything; else those who say nothing want what config.ini publishes."""
    if not any(floors):
        return {}
    plain = dict.fromkeys(defaults.class_list, defaults.confidence_ratio)
    return _lowest([floor or plain for floor in floors])


def _lowest(floors: Iterable[dict[str, float]]) -> dict[str, float]:
    lowest: dict[str, float] = {}
    for floor in floors:
        for label, ratio in floor.items():
            lowest[label] = min(ratio, lowest.get(label, ratio))
    return dict(sorted(lowest.items()))


def _merged(things: list[T], key: Callable[[T], object], merge: Callable[[T, T], T]) -> tuple[T, ...]:
    found: dict[object, T] = {}
    for thing in things:
        name = key(thing)
        found[name] = merge(found[name], thing) if name in found else thing
    return tuple(found[name] for name in sorted(found, key=str))


def _shot(one: ShotPolicy, two: ShotPolicy) -> ShotPolicy:
    again = [each.again_s for each in (one, two) if each.again_s is not None]
    return ShotPolicy(
        recogniser=one.recogniser,
        labels=(*one.labels, *(label for label in two.labels if label not in one.labels)),
        side_px_min=min(one.side_px_min, two.side_px_min),
        shots_max=max(one.shots_max, two.shots_max),
        gain_min=min(one.gain_min, two.gain_min),
        gap_ms_min=min(one.gap_ms_min, two.gap_ms_min),
        again_s=min(again, default=None),
    )


def _detector(one: DetectorPlan, two: DetectorPlan) -> DetectorPlan:
    rates = [each.fps_max for each in (one, two) if each.fps_max is not None]
    return msgspec.structs.replace(
        one, class_floor=_lowest((one.class_floor, two.class_floor)), fps_max=max(rates) if len(rates) == 2 else None
    )
