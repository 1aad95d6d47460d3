"""What the functions of a camera ask of ingest, and of the rules. Pure: no I/O, no clock.

Rules
- A key of a function wins over the defaults of config.ini; a function that says nothing about classes and confidence
  leaves them to ingest (an empty class floor).
- Where several functions want the same label, the lowest confidence is asked for and each applies its own later.
- A disabled function or camera asks for nothing.
"""

from __future__ import annotations

import msgspec

from ingest.contract import Camera, IngestPlan, ShotPolicy
from model_repository.contract import PLATE_READER
from postprocess.config import DecideSettings
from postprocess.contract import CameraFunction, VehiclesSettings
from postprocess.rules.state import VehiclesPolicy

VEHICLE_LABELS = ("car", "bus", "truck", "motorcycle")
_US = 1_000_000


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """Of config.ini, section `[ingest]`."""

    confidence_ratio: float = 0.45
    class_list: tuple[str, ...] = ("person", "bicycle", "car", "motorcycle", "bus", "truck")


def compile_plan(camera: Camera, functions: tuple[CameraFunction, ...], defaults: Defaults) -> IngestPlan:
    """The one plan that serves all functions of a camera."""
    active = [f for f in functions if f.enabled] if camera.enabled else []
    floor: dict[str, float] = {}
    shots: tuple[ShotPolicy, ...] = ()
    for function in sorted(active, key=lambda f: f.name):
        for label, ratio in _floor(function.settings, defaults).items():
            floor[label] = min(ratio, floor.get(label, ratio))
        if function.settings.plates and not shots:
            shots = (ShotPolicy(recogniser=PLATE_READER, labels=labels_of(function.settings)),)
    return IngestPlan(
        camera=camera.id,
        revision=max((f.revision for f in functions), default=0),
        analysis_fps=camera.analysis_fps,
        class_floor=dict(sorted(floor.items())),
        shots=shots,
    )


def _floor(settings: VehiclesSettings, defaults: Defaults) -> dict[str, float]:
    if settings.class_list is None and settings.confidence_ratio is None:
        return {}
    ratio = defaults.confidence_ratio if settings.confidence_ratio is None else settings.confidence_ratio
    return dict.fromkeys(defaults.class_list if settings.class_list is None else settings.class_list, ratio)


def labels_of(settings: VehiclesSettings) -> tuple[str, ...]:
    """Which labels are vehicles to this function: those of its class list, else all that there are."""
    if settings.class_list is None:
        return VEHICLE_LABELS
    return tuple(label for label in VEHICLE_LABELS if label in settings.class_list)


def vehicles_policy(function: CameraFunction, settings: DecideSettings) -> VehiclesPolicy:
    """How the crossings of a camera are decided."""
    asked = function.settings
    return VehiclesPolicy(
        lines=asked.lines,
        labels=labels_of(asked),
        plates=asked.plates,
        plate_confidence_min=asked.plate_confidence_min,
        settings_revision=function.revision,
        settle_us=round(settings.settle_s * _US),
        unread_us=round(settings.unread_s * _US),
        open_us_max=round(settings.open_s_max * _US),
        late_us=round(settings.late_s * _US),
    )
