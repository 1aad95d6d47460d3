"""The board "Plant": a manager's day, on one screen. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.common import by_kind, newest, over_time, precision
from dashboards.gate import traffic
from dashboards.layout import board
from dashboards.panels import Column, coloured, lines, number
from dashboards.parts import BLUE, ENTRY_COLOUR, EXIT_COLOUR, GREEN, ORANGE, RED, YELLOW
from dashboards.text import Language, Say, speaking
from dashboards.variables import shifts, stay, variables


def plant(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "plant",
        language,
        title=say("Plant overview", "Предприятие"),
        about=say(
            "Who came, who is there, what went wrong in which shift, and how far alarms can be trusted.",
            "Кто пришёл, кто на месте, что случилось в какую смену и насколько верны тревоги.",
        ),
        variables=variables(say, zool_url=zool_url, further=(stay(say), *shifts(say))),
        panels=(
            _entries(say),
            _on_site(say),
            _alarms(say),
            precision(say, width=4),
            _looked_at(say),
            over_time(
                say,
                "violations_by_shift",
                ("Alarms and warnings, by shift", "Тревоги и предупреждения по сменам"),
                (
                    "A bar stands at the beginning of its shift, by the clock of the site; choose days or weeks above.",
                    "Столбец стоит в начале смены, по часам предприятия; наверху можно выбрать дни или недели.",
                ),
                width=12,
            ),
            by_kind(say),
            traffic.by_hour(say).span(12),
            people_by_hour(say),
            newest(say),
        ),
    )


def _entries(say: Say) -> object:
    return number(
        say,
        ("Came in", "Въехали и вошли"),
        (
            "Crossings inwards in the chosen time, each vehicle or person once.",
            "Пересечения внутрь за выбранное время, каждая машина и каждый человек один раз.",
        ),
        "plant_entries",
        columns={
            "vehicles": Column("vehicles", "машин", coloured(GREEN)),
            "people": Column("people", "человек", coloured(BLUE)),
        },
        width=5,
    )


def _on_site(say: Say) -> object:
    return number(
        say,
        ("On site now", "Сейчас на территории"),
        (
            "Plates and people whose last passage is an entry not older than “Stays at most”. Who was not read or not "
            "known is not in it: the boards “Gate” and “Attendance” say how many.",
            "Номера и люди, чей последний проход — вход не старше «Стоит не дольше». Непрочитанных и неузнанных здесь "
            "нет: сколько их, видно на досках «Проходная» и «Посещаемость».",
        ),
        "plant_on_site",
        columns={
            "vehicles": Column("vehicles", "машин", coloured(GREEN)),
            "people": Column("people", "человек", coloured(BLUE)),
        },
        width=5,
    )


def _alarms(say: Say) -> object:
    return number(
        say,
        ("Alarms", "Тревоги"),
        (
            "Events of severity alarm in the chosen time, and those of them that nobody has dealt with.",
            "События с важностью «тревога» за выбранное время и те из них, на которые никто не ответил.",
        ),
        "plant_alarms",
        columns={
            "alarms": Column("alarms", "тревог", coloured(RED)),
            "open": Column("unanswered", "без ответа", coloured(ORANGE)),
        },
        width=6,
    )


def _looked_at(say: Say) -> object:
    return number(
        say,
        ("Cameras were looked at", "Камеры просматривались"),
        (
            "Share of the time of all cameras that are switched on; what happened in the rest is in no count.",
            "Доля времени всех включённых камер; что случилось в остальное время, нигде не посчитано.",
        ),
        "plant_looked_at",
        columns={"looked_at": Column("", "")},
        unit="percentunit",
        decimals=2,
        limits=((None, RED), (0.95, ORANGE), (0.99, YELLOW), (0.999, GREEN)),
        width=4,
    )


def people_by_hour(say: Say) -> object:
    """Bars: entries up, exits down."""
    out = {**coloured(EXIT_COLOUR), "custom__transform": "negative-Y"}
    return lines(
        say,
        ("People in and out, by hour", "Входы и выходы людей по часам"),
        ("Whole hours; entries go up, exits go down.", "По целым часам; входы вверх, выходы вниз."),
        "people_by_hour",
        bars=True,
        mirrored=True,
        decimals=0,
        height=9,
        columns={
            "entries": Column("entries", "входы", coloured(ENTRY_COLOUR)),
            "exits": Column("exits", "выходы", out),
        },
    )
