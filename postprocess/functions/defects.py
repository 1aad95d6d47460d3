"""Function `defects`: flaws in fixed inspection areas, with a heat map. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingest.contract import FrameShotPolicy, Token
from model_repository.contract import SURFACE_DEFECT
from postprocess.contract import Relative, Schedule, Title
from postprocess.functions.unit import Context, Defaults, Fault, Function, Kind, Needs
from postprocess.recognisers.defect import DEFECT
from postprocess.rules import defects
from postprocess.rules.defects import Area, DefectsPolicy, DefectsScene
from postprocess.rules.scene import Input, Output

Looks = Annotated[int, msgspec.Meta(ge=1, le=20)]


class InspectionArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fixed part of the picture: left, top, right, bottom. The nearer to a square, the more of the model's tiles."""

    id: Token
    box: tuple[Relative, Relative, Relative, Relative]


def _whole() -> tuple[InspectionArea, ...]:
    return (InspectionArea(id="surface", box=(0.0, 0.0, 1.0, 1.0)),)


class DefectsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to look for flaws, how often, and when one is told."""

    areas: Annotated[tuple[InspectionArea, ...], msgspec.Meta(max_length=8)] = msgspec.field(default_factory=_whole)
    every_s: Annotated[float, msgspec.Meta(ge=0.5, le=3600.0)] = 5.0
    """How often each area is looked at."""
    score_limit: Annotated[float, msgspec.Meta(ge=0.1, le=100.0)] = 1.0
    """1 = the limit that was fitted on good pictures."""
    looks_bad: Looks = 3
    """So many of the last `looks_of` looks are at or above the limit."""
    looks_of: Looks = 5
    looks_clear: Looks = 3
    """So many looks in a row below the limit end it."""
    schedule: Schedule = ()


class Defects(Function[DefectsSettings, DefectsPolicy, DefectsScene]):
    """Flaws in fixed inspection areas, with a heat map."""

    name = "defects"
    title = Title(en="Surface defects", ru="Дефекты поверхности")
    settings = DefectsSettings
    memory = DefectsScene
    kinds = (
        Kind(
            name="surface_defect",
            title=Title(en="Defect on the surface", ru="Дефект на поверхности"),
            severity="warning",
        ),
    )
    recognisers = (DEFECT,)

    def needs(self, settings: DefectsSettings, defaults: Defaults) -> Needs:  # noqa: ARG002 - no classes are wanted
        """Pictures of the areas."""
        return Needs(
            frame_shots=tuple(
                FrameShotPolicy(recogniser=SURFACE_DEFECT, area=area.box, every_s=settings.every_s)
                for area in settings.areas
            )
        )

    def policy(self, settings: DefectsSettings, context: Context) -> DefectsPolicy:
        """When an area of a camera has a flaw."""
        return DefectsPolicy(
            areas=tuple(Area(id=area.id, box=area.box) for area in settings.areas),
            score_limit=settings.score_limit,
            bad=min(settings.looks_bad, settings.looks_of),
            of=settings.looks_of,
            clear=settings.looks_clear,
            schedule=settings.schedule,
            timezone=context.site.timezone,
            settings_revision=context.revision,
        )

    def step(self, memory: DefectsScene, message: Input, policy: DefectsPolicy) -> tuple[DefectsScene, list[Output]]:
        """See `rules.defects`."""
        return defects.step(memory, message, policy)

    def waits(self, memory: DefectsScene) -> bool:
        """While looks came out of order and nothing was told of them yet."""
        return any(area.changed for area in memory.areas.values())

    def lighten(self, memory: DefectsScene) -> None:
        """Without thumbnails."""
        defects.limit_thumbnails(memory, 0)

    def faults(self, settings: DefectsSettings) -> tuple[Fault, ...]:
        """Areas of one name, without an extent, or twice the same; more bad looks than looks."""
        found = []
        for number, area in enumerate(settings.areas):
            before = settings.areas[:number]
            if area.id in {each.id for each in before}:
                title = Title(en=f"'{area.id}' is taken by another entry", ru=f"«{area.id}» уже занят другой записью")
                found.append(Fault(field=f"areas[{number}].id", title=title))
            if area.box[2] - area.box[0] < 0.01 or area.box[3] - area.box[1] < 0.01:
                title = Title(en="it has no extent", ru="у области нет протяжённости")
                found.append(Fault(field=f"areas[{number}].box", title=title))
            if area.box in {each.box for each in before}:
                title = Title(en="another entry looks at the same place", ru="это место уже в другой записи")
                found.append(Fault(field=f"areas[{number}].box", title=title))
        if settings.looks_bad > settings.looks_of:
            title = Title(en="more than looks_of can never be bad", ru="не может быть больше looks_of")
            found.append(Fault(field="looks_bad", title=title))
        return tuple(found)


DEFECTS = Defects()
