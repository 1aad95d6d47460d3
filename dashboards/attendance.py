"""The board "Attendance": who is there, who came and left, who was how long where. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.common import TIME
from dashboards.layout import board
from dashboards.panels import HIDDEN, Column, coloured, lines, listing, number
from dashboards.parts import ENTRY_COLOUR, EXIT_COLOUR, GREEN, GREY, ORANGE, RED, YELLOW
from dashboards.places import event_links
from dashboards.plant import people_by_hour
from dashboards.text import Language, Say, speaking
from dashboards.variables import stay, variables


def attendance(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language."""
    say = speaking(language)
    return board(
        "attendance",
        language,
        title=say("Attendance", "Посещаемость"),
        about=say(
            "People by the ids of the console: names are not in the store. Who was not known has no line here.",
            "Люди по номерам из консоли: имён в хранилище нет. Кого не узнали, у того здесь нет строки.",
        ),
        variables=variables(say, zool_url=zool_url, further=(stay(say),)),
        panels=(*_figures(say), people_by_hour(say), _zones(say), _hours(say), _there(say)),
    )


def _figures(say: Say) -> tuple[object, ...]:
    return (
        number(
            say,
            ("People on site now", "Люди на территории"),
            (
                "Known people whose last passage is an entry not older than “Stays at most”. Grey: passages "
                "of people who were not known in the same hours: the count may be off by as many.",
                "Узнанные люди, чей последний проход — вход не старше «Стоит не дольше». Серые числа — проходы "
                "неузнанных за те же часы: настолько счёт может быть неточен.",
            ),
            "people_on_site",
            columns={
                "on_site": Column("known", "узнаны", coloured(GREEN)),
                "nameless_entries": Column("entries, not known", "входы, не узнаны", coloured(GREY)),
                "nameless_exits": Column("exits, not known", "выходы, не узнаны", coloured(GREY)),
            },
            width=12,
        ),
        number(
            say,
            ("In the chosen time", "За выбранное время"),
            ("Crossings of the lines, each person once.", "Пересечения линий, каждый человек один раз."),
            "people_passages",
            columns={
                "entries": Column("entries", "входы", coloured(ENTRY_COLOUR)),
                "exits": Column("exits", "выходы", coloured(EXIT_COLOUR)),
            },
            width=8,
        ),
        number(
            say,
            ("People known", "Узнаны"),
            (
                "Share of finished passages with a person. Whether it is the right one, this number does not say.",
                "Доля законченных проходов с известным человеком. Тот ли это человек, число не говорит.",
            ),
            "people_named",
            columns={"named": Column("", "")},
            unit="percentunit",
            limits=((None, RED), (0.7, ORANGE), (0.85, YELLOW), (0.95, GREEN)),
            width=4,
        ),
    )


def _zones(say: Say) -> object:
    return lines(
        say,
        ("Time in zones", "Время в зонах"),
        (
            "Hours of people in each zone, at the hour in which a stay began; not known people included.",
            "Человеко-часы в каждой зоне, на часе начала пребывания; неузнанные люди тоже.",
        ),
        "presence_by_zone",
        series="zone",
        bars=True,
        stacked=True,
        unit="s",
        height=9,
    )


def _hours(say: Say) -> object:
    return listing(
        say,
        ("People of the chosen time", "Люди за выбранное время"),
        (
            "First entry, last exit, and the sum of the stays in zones; for timesheets use the reports of the console.",
            "Первый вход, последний выход и сумма пребываний в зонах; для табеля — отчёты консоли.",
        ),
        "people_hours",
        {
            "person": Column("Person", "Человек"),
            "first_entry": Column("First entry", "Первый вход", TIME),
            "last_exit": Column("Last exit", "Последний выход", TIME),
            "entries": Column("Entries", "Входов", {"custom__width": 90}),
            "in_zones_s": Column("In zones", "В зонах", {"unit": "dthms", "custom__width": 130}),
        },
        height=12,
    )


def _there(say: Say) -> object:
    return listing(
        say,
        ("On site, the longest first", "На территории, дольше всех — первыми"),
        ("The people behind the first number, with its limits.", "Люди из первого числа, с теми же оговорками."),
        "people_list",
        {
            "person": Column("Person", "Человек", {"links": event_links(say)}),
            "since": Column("Since", "С", TIME),
            "stay_s": Column("Is there for", "На месте", {"unit": "dthms", "custom__width": 130}),
            "camera_name": Column("Came in at", "Вход через"),
            "event_id": HIDDEN,
        },
        height=12,
    )
