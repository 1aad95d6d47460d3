"""The board "Gate": panels in the order in which they are read. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from dashboards.gate import cameras, parking, system, traffic
from dashboards.layout import board, row
from dashboards.text import Language, speaking
from dashboards.variables import stay, variables


def gate(language: Language, *, zool_url: str) -> models.Dashboard:
    """The board in a language; `zool_url` is where a browser finds the console."""
    say = speaking(language)
    return board(
        "gate",
        language,
        title=say("Gate and parking", "Проходная и парковка"),
        about=say(
            "Who drove in and out, who is still there, and whether the cameras that say so can be trusted.",
            "Кто въехал и выехал, кто ещё на территории и можно ли верить камерам, которые это говорят.",
        ),
        variables=variables(say, zool_url=zool_url, further=(stay(say),)),
        panels=(
            traffic.on_site(say),
            traffic.passages(say),
            traffic.read_rate(say),
            cameras.live(say),
            system.late_now(say),
            traffic.by_hour(say),
            traffic.read_rate_over_time(say),
            traffic.last_vehicles(say),
            traffic.on_site_list(say),
            row(say, "Parking", "Парковка"),
            *parking.panels(say),
            row(say, "Cameras", "Камеры"),
            cameras.table_of_cameras(say),
            cameras.live_over_time(say),
            cameras.blind(say),
            cameras.blind_causes(say),
            row(say, "System", "Система"),
            system.components(say),
            system.late_over_time(say),
            system.troubles(say),
        ),
    )
