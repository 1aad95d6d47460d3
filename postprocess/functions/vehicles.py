"""Function `vehicles`: entries and exits over directed lines, with plates. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingest.contract import ShotPolicy
from model_repository.contract import PLATE_READER
from postprocess.contract import Severity, Title
from postprocess.functions.unit import (
    ClassList,
    Confidence,
    Context,
    Defaults,
    Function,
    Kind,
    Lines,
    Needs,
    Zones,
    floor,
    ratio_of,
    us,
)
from postprocess.recognisers.plate import PLATE
from postprocess.rules import vehicles
from postprocess.rules.lists import Lists
from postprocess.rules.scene import Input, Output
from postprocess.rules.state import CameraMemory, VehiclesPolicy

VEHICLE_LABELS = ("car", "bus", "truck", "motorcycle")


class VehiclesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries and exits over lines, with plates."""

    lines: Lines = ()
    zones: Zones = ()
    """Where vehicles count; empty = everywhere."""
    class_list: ClassList = None
    confidence_ratio: Confidence = None
    plates: bool = True
    plate_confidence_min: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5
    unlisted: Severity = "info"
    """How much a vehicle matters whose plate is on no list, or can't be read."""
    list_unsure_chars_max: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    """How many characters that the reads disagree on may differ from a plate of the lists."""


class Vehicles(Function[VehiclesSettings, VehiclesPolicy, CameraMemory]):
    """Entries and exits over lines, with plates."""

    name = "vehicles"
    title = Title(en="Vehicles and plates", ru="Транспорт и номера")
    settings = VehiclesSettings
    memory = CameraMemory
    kinds = (
        Kind(name="vehicle_entry", title=Title(en="Vehicle entered", ru="Въезд")),
        Kind(name="vehicle_exit", title=Title(en="Vehicle left", ru="Выезд")),
    )
    recognisers = (PLATE,)

    def needs(self, settings: VehiclesSettings, defaults: Defaults) -> Needs:
        """Vehicles, and crops of them for the plate reader."""
        own = settings.class_list is not None or settings.confidence_ratio is not None
        labels = defaults.class_list if settings.class_list is None else settings.class_list
        shots = (ShotPolicy(recogniser=PLATE_READER, labels=labels_of(settings)),) if settings.plates else ()
        return Needs(floor=floor(labels, settings.confidence_ratio, defaults) if own else {}, shots=shots)

    def policy(self, settings: VehiclesSettings, context: Context) -> VehiclesPolicy:
        """How the crossings of a camera are decided."""
        return VehiclesPolicy(
            lines=settings.lines,
            zones=settings.zones,
            labels=labels_of(settings),
            confidence_min=ratio_of(settings.confidence_ratio, context.defaults),
            plates=settings.plates,
            plate_confidence_min=settings.plate_confidence_min,
            settings_revision=context.revision,
            settle_us=us(context.decide.settle_s),
            unread_us=us(context.decide.unread_s),
            open_us_max=us(context.decide.open_s_max),
            late_us=us(context.decide.late_s),
            lists=Lists(
                entries=context.site.vehicles,
                timezone=context.site.timezone,
                unlisted=settings.unlisted,
                unsure_chars_max=settings.list_unsure_chars_max,
            ),
        )

    def step(self, memory: CameraMemory, message: Input, policy: VehiclesPolicy) -> tuple[CameraMemory, list[Output]]:
        """See `rules.vehicles`."""
        return vehicles.step(memory, message, policy)

    def waits(self, memory: CameraMemory) -> bool:
        """While a vehicle is remembered, its event may become final."""
        return bool(memory.subjects)

    def lighten(self, memory: CameraMemory) -> None:
        """Without thumbnails."""
        for subject in memory.subjects.values():
            subject.thumbnail = b""


def labels_of(settings: VehiclesSettings) -> tuple[str, ...]:
    """Which labels are vehicles to this function: those of its class list, else all that there are."""
    if settings.class_list is None:
        return VEHICLE_LABELS
    return tuple(label for label in VEHICLE_LABELS if label in settings.class_list)


VEHICLES = Vehicles()
