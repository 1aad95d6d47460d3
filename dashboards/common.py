"""Panels that several boards show. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries

from dashboards import vocabulary
from dashboards.panels import HIDDEN, Column, lines, listing, number
from dashboards.parts import GREEN, ORANGE, RED, YELLOW, empty_as, steps, words
from dashboards.places import event_links, kind_links
from dashboards.text import Say

PRECISION_STEPS = ((None, RED), (0.8, ORANGE), (0.9, YELLOW), (0.95, GREEN))
TEXT = {"type": "color-text"}
BACKGROUND = {"type": "color-background", "mode": "basic"}
PRECISION = {
    "unit": "percentunit",
    "decimals": 0,
    "custom__width": 110,
    "custom__cellOptions": TEXT,
    "color": {"mode": "thresholds"},
    "thresholds": steps(*PRECISION_STEPS).build(),
}
TIME = {"unit": "dateTimeAsLocal", "custom__width": 165}


def precision(say: Say, *, width: int) -> stat.Panel:
    """How many of the judged alarms were right."""
    return number(
        say,
        ("Alarms that were right", "Верных тревог"),
        (
            "Of the alarms that somebody judged, the share that was not called false.",
            "Доля тревог, не названных ложными, среди тех, что кто-то оценил.",
        ),
        "plant_precision",
        columns={"precision": Column("", "")},
        unit="percentunit",
        limits=PRECISION_STEPS,
        width=width,
    )


def judged() -> dict[str, Column]:
    """Columns on what people said."""
    return {
        "judged": Column("Judged", "Оценено", {"custom__width": 90}),
        "wrong": Column("False", "Ложных", {"custom__width": 80}),
        "precision": Column("Precision", "Точность", PRECISION),
    }


def by_kind(say: Say, *, width: int = 12, height: int = 9) -> table.Panel:
    """Alarms and warnings by kind, with what became of them."""
    return listing(
        say,
        ("Alarms and warnings, by kind", "Тревоги и предупреждения, по видам"),
        (
            "Precision is the share of the judged ones that nobody called false; where few are judged it says little. "
            "“Answered after”: half were dealt with sooner.",
            "Точность — доля оценённых, которые никто не назвал ложными; если оценено мало, она мало о чём говорит. "
            "«Ответ через»: на половину ответили быстрее.",
        ),
        "alarms_by_kind",
        {
            "kind": Column("Kind", "Вид", {"mappings": words(vocabulary.kinds(say)), "links": kind_links(say)}),
            "events": Column("Events", "Событий", {"custom__width": 90}),
            **judged(),
            "open": Column("Unanswered", "Без ответа", {"custom__width": 110}),
            "answer_s": Column("Answered after", "Ответ через", {"unit": "dthms", "custom__width": 130}),
        },
        width=width,
        height=height,
    )


def newest(say: Say, *, width: int = 24, height: int = 12) -> table.Panel:
    """The newest alarms and warnings with their pictures."""
    opening = event_links(say)
    return listing(
        say,
        ("Last alarms and warnings", "Последние тревоги и предупреждения"),
        (
            "The newest 25 of the chosen time. A click on the kind or the picture opens the event in the console.",
            "Последние 25 за выбранное время. Щелчок по виду или снимку открывает событие в консоли.",
        ),
        "last_violations",
        {
            "time": Column("Time", "Время", TIME),
            "picture": Column(
                "Picture", "Снимок", {"custom__width": 110, "custom__cellOptions": {"type": "image"}, "links": opening}
            ),
            "kind": Column("Kind", "Вид", {"mappings": words(vocabulary.kinds(say)), "links": opening}),
            "missing": Column("Missing", "Нет", {"mappings": words(vocabulary.equipment(say)), "custom__width": 140}),
            "camera_name": Column("Camera", "Камера"),
            "zone": Column("Zone", "Зона", {"custom__width": 130}),
            "severity": Column(
                "Severity",
                "Важность",
                {
                    "mappings": words(vocabulary.severities(say)),
                    "custom__width": 140,
                    "custom__cellOptions": BACKGROUND,
                },
            ),
            "verdict": Column(
                "Judged",
                "Оценка",
                {
                    "mappings": [*words(vocabulary.verdicts(say)), empty_as("—", "#8e8e8e")],
                    "custom__width": 150,
                    "custom__cellOptions": TEXT,
                },
            ),
            "event_id": HIDDEN,
        },
        tall=True,
        width=width,
        height=height,
    )


def over_time(say: Say, query: str, title: tuple[str, str], about: tuple[str, str], *, width: int) -> timeseries.Panel:
    """Bars of alarms and warnings, one colour a kind."""
    panel = lines(say, title, about, query, series="kind", bars=True, stacked=True, decimals=0, width=width, height=9)
    return panel.mappings(words(vocabulary.kinds(say)))
