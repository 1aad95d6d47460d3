"""Function `attendance`: who came, who left, who was how long in a zone. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postprocess.contract import Title
from postprocess.functions.persons import Personal, PersonSettings, needs_of, policy_of
from postprocess.functions.unit import Context, Defaults, Fault, Kind, Needs, shape_faults, us
from postprocess.rules import attendance
from postprocess.rules.attendance import AttendancePolicy, Planned
from postprocess.rules.persons import PersonScene
from postprocess.rules.scene import Input, Output

ROSTER_MAX = 200


class AttendanceSettings(PersonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines that people enter and leave by, zones in which their time counts, and who is planned there."""

    roster: Annotated[
        tuple[Planned, ...],
        msgspec.Meta(max_length=ROSTER_MAX, description="names a stay without a face, where one entry alone holds"),
    ] = ()
    every_s: Annotated[
        float, msgspec.Meta(ge=10.0, le=3600.0, description="a stay that goes on is told this often")
    ] = 60.0
    again_s: Annotated[
        Annotated[float, msgspec.Meta(ge=2.0, le=3600.0)] | None,
        msgspec.Meta(description="one more picture this often while somebody stays"),
    ] = 30.0


class Attendance(Personal[AttendanceSettings, AttendancePolicy]):
    """Entries, exits and stays of persons."""

    name = "attendance"
    title = Title(en="Attendance", ru="Учёт рабочего времени")
    settings = AttendanceSettings
    kinds = (
        Kind(name="person_entry", title=Title(en="Person entered", ru="Вход")),
        Kind(name="person_exit", title=Title(en="Person left", ru="Выход")),
        Kind(name="presence", title=Title(en="Present in a zone", ru="Присутствие в зоне")),
    )

    def needs(self, settings: AttendanceSettings, defaults: Defaults) -> Needs:
        """Persons, and crops of them for the face embedder."""
        return needs_of(settings, defaults)

    def policy(self, settings: AttendanceSettings, context: Context) -> AttendancePolicy:
        """How it is decided for one camera."""
        return policy_of(AttendancePolicy, settings, context, roster=settings.roster, every_us=us(settings.every_s))

    def step(self, memory: PersonScene, message: Input, policy: AttendancePolicy) -> tuple[PersonScene, list[Output]]:
        """See `rules.attendance`."""
        return attendance.step(memory, message, policy)

    def faults(self, settings: AttendanceSettings) -> tuple[Fault, ...]:
        """The roster names zones that are there."""
        known = {zone.id for zone in settings.zones}
        strange = tuple(
            Fault(
                field=f"roster[{number}].zone",
                title=Title(en=f"there is no zone '{each.zone}'", ru=f"нет зоны «{each.zone}»"),
            )
            for number, each in enumerate(settings.roster)
            if each.zone not in known
        )
        return (*shape_faults(settings.lines, settings.zones), *strange)


ATTENDANCE = Attendance()
