"""Settings as forms need them: of which kind, between which limits, in which words."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from postprocess.contract import Title
from postprocess.functions.fields import about_of, fields_of, unit_of
from postprocess.functions.intrusion import Intrusion
from postprocess.functions.registry import BUILT_IN
from postprocess.functions.texts import ABOUT, text
from postprocess.functions.words import TEXTS
from postprocess.rules.attendance import Planned
from postprocess.rules.identity import Limit


@pytest.mark.parametrize("function", BUILT_IN, ids=lambda one: str(one.name))
def test_every_setting_has_words(function: Any) -> None:
    """In both languages, and no two settings of a function are called the same; so is the function itself."""
    fields = fields_of(function)
    assert {field.name for field in fields} == {one.encode_name for one in msgspec.structs.fields(function.settings)}
    for field in fields:
        assert {field.name, f"{function.name}.{field.name}"} & TEXTS.keys(), field.name
    for language in ("en", "ru"):
        titles = [getattr(field.title, language) for field in fields]
        assert all(titles)
        assert len(set(titles)) == len(titles)
    assert about_of(function).en
    assert about_of(function).ru


def test_no_words_without_a_setting() -> None:
    """What a function no longer has, nobody describes."""
    every = [(function, each) for function in BUILT_IN for one in fields_of(function) for each in (one, *one.items)]
    used = {name for function, field in every for name in _keys(function, field.name)}
    assert used >= TEXTS.keys()
    assert {function.name for function in BUILT_IN} == ABOUT.keys()


def _keys(function: Any, name: str) -> tuple[str, str]:
    return name, f"{function.name}.{name}"


class Odd(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a function from outside."""

    speed_kmh_max: Annotated[float, msgspec.Meta(gt=0, lt=200)] = 50.0
    wait_s_max: int | None = None
    words: dict[str, tuple[str, ...]] = {}
    either: int | str = 0
    nested: dict[str, int] = {}
    pairs: tuple[tuple[float, float], ...] = ()
    people: tuple[Planned, ...] = ()
    limits: dict[str, Limit] = {}


class Outside(Intrusion):
    """A function from outside, with words of its own for one setting."""

    name = "outside"
    about = Title(en="Too fast.", ru="Слишком быстро.")
    settings = Odd  # type: ignore[assignment]
    texts = {"speed_kmh_max": text("Speed", "Скорость")}


def test_a_function_from_outside_has_a_form() -> None:
    """Kinds and limits come from its types; what has no words is called by its name; what has no form is any JSON."""
    fields = {field.name: field for field in fields_of(Outside())}
    assert fields["speed_kmh_max"].title == Title(en="Speed", ru="Скорость")
    assert (fields["speed_kmh_max"].min, fields["speed_kmh_max"].max) == (0.0, 200.0)
    assert (fields["wait_s_max"].title.en, fields["wait_s_max"].nullable) == ("wait s max", True)
    kinds = {name: field.kind for name, field in fields.items()}
    assert kinds == {
        "speed_kmh_max": "number", "wait_s_max": "integer", "words": "lists", "either": "other", "nested": "other",
        "pairs": "other", "people": "records", "limits": "named",
    }  # fmt: skip
    assert [field.kind for field in fields["people"].items] == ["text", "text", "schedule"]
    assert fields["limits"].items[0].max == 1.0
    assert about_of(Outside()).ru == "Слишком быстро."


@pytest.mark.parametrize(("name", "unit"), [("leave_s", "s"), ("face_px_min", "px"), ("photos", ""), ("size_min", "")])
def test_the_unit_is_in_the_name(name: str, unit: str) -> None:
    """Last, or before its `min` or `max`."""
    assert unit_of(name) == unit
