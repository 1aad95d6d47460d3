"""Templates of scenarios: which functions a kind of place usually needs, with settings to begin with.

Pure. Lines and zones are placed where such a camera mostly looks, so that events come at once; people then draw them
over the picture. A test reads every template with the functions' own types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from api.contract_setup import TemplateOut
from postprocess.contract import Title

_ACROSS = {"id": "line-1", "a": [0.1, 0.6], "b": [0.9, 0.6], "entry": "forward"}
_FLOOR = {"id": "zone-1", "points": [[0.1, 0.3], [0.9, 0.3], [0.95, 0.95], [0.05, 0.95]]}


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of place."""

    name: str
    title: Title
    about: Title
    functions: Mapping[str, Mapping[str, Any]]


TEMPLATES: tuple[Template, ...] = (
    Template(
        name="gate",
        title=Title(en="Gate", ru="Ворота"),
        about=Title(
            en="Vehicles in and out with number plates and lists.", ru="Въезд и выезд машин с номерами и списками."
        ),
        functions={"vehicles": {"lines": [_ACROSS]}},
    ),
    Template(
        name="workshop",
        title=Title(en="Workshop", ru="Цех"),
        about=Title(
            en="Helmets and vests, and who was how long at the place.", ru="Каски и жилеты, кто сколько был на месте."
        ),
        functions={"ppe": {"required": {"": ["helmet", "vest"]}}, "attendance": {"zones": [_FLOOR]}},
    ),
    Template(
        name="office_door",
        title=Title(en="Office door", ru="Дверь офиса"),
        about=Title(en="Who comes and goes; watch lists.", ru="Кто пришёл и ушёл; списки внимания."),
        functions={"attendance": {"lines": [_ACROSS]}, "faces": {"unknown": True}},
    ),
    Template(
        name="car_park",
        title=Title(en="Car park", ru="Парковка"),
        about=Title(
            en="Vehicles in and out for the stays, and people who linger.",
            ru="Въезд и выезд для учёта стоянки, задержавшиеся люди.",
        ),
        functions={
            "vehicles": {"lines": [_ACROSS]},
            "loitering": {"class_list": ["person"], "dwell_s": 120, "zones": [_FLOOR]},
        },
    ),
)


def template(name: str) -> Template | None:
    """The template of a name, or None."""
    return next((one for one in TEMPLATES if one.name == name), None)


def template_view(one: Template) -> TemplateOut:
    """A template for people."""
    return TemplateOut(
        name=one.name,
        title={"en": one.title.en, "ru": one.title.ru},
        about={"en": one.about.en, "ru": one.about.ru},
        functions={name: dict(settings) for name, settings in one.functions.items()},
    )
