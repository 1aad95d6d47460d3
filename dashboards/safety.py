"""The board "Safety": what was not worn, who was where nobody should be. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards import vocabulary
from dashboards.common import by_kind, judged, newest, over_time, precision
from dashboards.layout import board
from dashboards.panels import Column, coloured, lines, listing, number, ranking
from dashboards.parts import GREEN, ORANGE, RED, YELLOW, words
from dashboards.text import Language, Say, speaking
from dashboards.variables import variables

DRESSED_STEPS = ((None, RED), (0.9, ORANGE), (0.97, YELLOW), (0.99, GREEN))


def safety(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "safety",
        language,
        title=say("Safety", "Безопасность"),
        about=say(
            "Equipment, zones and directions: what happened where, for how long, and how much of it was true.",
            "СИЗ, зоны и направления: что, где и как долго случалось и сколько из этого было правдой.",
        ),
        variables=variables(say, zool_url=zool_url),
        panels=(
            *_figures(say),
            over_time(
                say,
                "violations_by_hour",
                ("Alarms and warnings, by hour", "Тревоги и предупреждения по часам"),
                ("By the hour in which they began.", "По часу, в который начались."),
                width=12,
            ),
            _dressed_over_time(say),
            by_kind(say),
            _places(say),
            _missing(say),
            newest(say, width=17),
        ),
    )


def _figures(say: Say) -> tuple[object, ...]:
    return (
        number(
            say,
            ("Violations", "Нарушения"),
            (
                "Alarms and warnings; zones: intrusion, wrong way, too long a stay, too many people.",
                "Тревоги и предупреждения за выбранное время; зоны: вторжение, направление, долгое пребывание, "
                "слишком много людей.",
            ),
            "safety_counts",
            columns={
                "equipment": Column("equipment", "СИЗ", coloured(RED)),
                "zones": Column("zones", "зоны", coloured(ORANGE)),
                "others": Column("others", "прочие", coloured(YELLOW)),
            },
            width=9,
        ),
        number(
            say,
            ("Wore everything", "Были во всём"),
            (
                "Share of the stays in checked zones in which nothing was missing.",
                "Доля пребываний в проверяемых зонах, где всё было надето.",
            ),
            "ppe_share",
            columns={"dressed": Column("", "")},
            unit="percentunit",
            decimals=1,
            limits=DRESSED_STEPS,
            width=5,
        ),
        number(
            say,
            ("Without equipment, half shorter", "Без СИЗ, половина короче"),
            (
                "How long a violation of equipment lasts: half are shorter. Those that last are not in it.",
                "Сколько длится нарушение СИЗ: половина короче. Незаконченные не в счёт.",
            ),
            "violation_time",
            columns={"half_s": Column("", "")},
            unit="s",
            limits=((None, GREEN), (30, YELLOW), (120, ORANGE), (600, RED)),
            width=5,
        ),
        precision(say, width=5),
    )


def _dressed_over_time(say: Say) -> object:
    return lines(
        say,
        ("Wore everything, by camera", "Были во всём, по камерам"),
        (
            "An hour or more to a point. A step at one camera: look whether the camera or the people changed.",
            "Точка — час или больше. Ступенька на одной камере: проверьте, изменилась камера или люди.",
        ),
        "ppe_share_by_camera",
        series="camera_name",
        unit="percentunit",
        decimals=0,
        top=1.0,
        height=9,
    )


def _places(say: Say) -> object:
    return listing(
        say,
        ("By camera and zone", "По камерам и зонам"),
        (
            "Where it happens, and where the rule is wrong: many false ones in one zone mean its shape or its hours.",
            "Где это случается и где ошибается правило: много ложных в одной зоне — дело в её границах или часах.",
        ),
        "violations_by_place",
        {
            "camera_name": Column("Camera", "Камера"),
            "zone": Column("Zone", "Зона"),
            "events": Column("Events", "Событий", {"custom__width": 90}),
            **judged(),
        },
        height=9,
    )


def _missing(say: Say) -> object:
    return ranking(
        say,
        ("What was not worn", "Чего не было"),
        ("Violations by the item that was missing.", "Нарушения по тому, чего не хватало."),
        "missing_items",
        "violations",
        limits=((None, ORANGE),),
        width=7,
        height=12,
    ).mappings(words(vocabulary.equipment(say)))
