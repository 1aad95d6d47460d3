"""A setting in words, and what the functions that come with the system are for. Their settings' words: `words.py`.

Pure.

Rules
- A setting is called the same in every function; where it means something else, `function.setting` says so.
- `fine` marks what is rarely touched: forms keep it folded away.
- A function from outside brings its own words (`Function.texts`); a setting without words is shown by its name.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from postprocess.contract import Title


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A setting in words: what it is called, and what it does."""

    title: Title
    about: Title = Title(en="", ru="")
    fine: bool = False


def text(en: str, ru: str, about_en: str = "", about_ru: str = "", *, fine: bool = False) -> Text:
    """A setting in both languages: its title, then what it does."""
    return Text(title=Title(en=en, ru=ru), about=Title(en=about_en, ru=about_ru), fine=fine)


ABOUT: Mapping[str, Title] = {
    "vehicles": Title(
        en="Entries and exits over a line, with number plates.", ru="Въезды и выезды через линию, с номерами."
    ),
    "attendance": Title(
        en="Who came, who left, who was how long in a zone: the ground of the timesheet.",
        ru="Кто пришёл, кто ушёл, кто сколько был в зоне: основа табеля.",
    ),
    "faces": Title(
        en="Known people, people on watch lists and, if wanted, strangers.",
        ru="Известные люди, люди из списков и, по желанию, незнакомые.",
    ),
    "ppe": Title(
        en="Who is without a helmet or a vest where both are required.",
        ru="Кто без каски или жилета там, где они нужны.",
    ),
    "intrusion": Title(
        en="Somebody or something is in a zone while it should be empty.",
        ru="Кто-то или что-то в зоне, где никого быть не должно.",
    ),
    "loitering": Title(en="Somebody stays in a zone for too long.", ru="Кто-то слишком долго остаётся в зоне."),
    "counting": Title(
        en="How many cross a line, each way, by day.", ru="Сколько пересекли линию в каждую сторону, по дням."
    ),
    "occupancy": Title(en="More people in a zone than allowed.", ru="В зоне больше людей, чем можно."),
    "wrong_way": Title(
        en="Somebody goes or drives against the allowed way.", ru="Кто-то движется навстречу разрешённому направлению."
    ),
    "object": Title(
        en="Anything that a detector knows: a forklift, fire, a weapon.",
        ru="Всё, что знает детектор: погрузчик, огонь, оружие.",
    ),
    "defects": Title(
        en="Flaws of a surface that passes a fixed area.", ru="Изъяны поверхности в заданной области кадра."
    ),
}
