"""Panels about parking lots: how full, how long, who. Pure."""

from __future__ import annotations

from dashboards.layout import Panels
from dashboards.panels import HIDDEN, Column, lines, listing, ranking
from dashboards.parts import BLUE, GREEN, ORANGE
from dashboards.places import event_links
from dashboards.text import Say


def panels(say: Say) -> Panels:
    """All of them."""
    return (
        ranking(
            say,
            ("In the lots now", "Сейчас на стоянках"),
            (
                "Open stays, by lot: an entry without an exit yet, not older than “Stays at most”.",
                "Открытые стоянки по площадкам: въезд без выезда, не старше «Стоит не дольше».",
            ),
            "parking_now",
            "vehicles",
            limits=((None, BLUE),),
            width=6,
        ),
        lines(
            say,
            ("How long they stay", "Сколько стоят"),
            (
                "Of the stays that ended in each hour: half are shorter, nine of ten are shorter.",
                "По стоянкам, законченным в этот час: короче половина и девять из десяти.",
            ),
            "parking_stays",
            unit="s",
            width=9,
            columns={
                "half": Column(
                    "half are shorter", "короче половина", {"color": {"mode": "fixed", "fixedColor": GREEN}}
                ),
                "most": Column("90 % are shorter", "короче 90 %", {"color": {"mode": "fixed", "fixedColor": ORANGE}}),
            },
        ),
        listing(
            say,
            ("In the lots, the longest first", "На стоянках, дольше всех — первыми"),
            ("The open stays behind the bars.", "Открытые стоянки, которые посчитаны слева."),
            "parking_list",
            {
                "plate": Column("Plate", "Номер", {"links": event_links(say), "custom__width": 125}),
                "lot": Column("Lot", "Площадка"),
                "since": Column("Since", "С", {"unit": "dateTimeAsLocal", "custom__width": 165}),
                "stay_s": Column("Stays", "Стоит", {"unit": "dthms", "custom__width": 110}),
                "event_id": HIDDEN,
            },
            width=9,
        ),
    )
