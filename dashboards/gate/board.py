"""The board "Gate" put together: panels in the order in which they are read. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from dashboards.gate import cameras, system, traffic
from dashboards.gate.variables import variables
from dashboards.text import Language, speaking

ZOOL_URL = "http://127.0.0.1:8080"


def gate(language: Language, *, zool_url: str = ZOOL_URL) -> models.Dashboard:
    """The board in a language; `zool_url` is where a browser finds the console."""
    say = speaking(language)
    board = (
        builders.Dashboard(say("Gate", "Проходная"))
        .uid(f"zool-gate-{language}")
        .description(
            say(
                "Who drove in and out, who is still there, and whether the cameras that say so can be trusted.",
                "Кто въехал и выехал, кто ещё на территории и можно ли верить камерам, которые это говорят.",
            )
        )
        .tags(["zool", "zool-gate"])
        .time("now-24h", "now")
        .timezone("browser")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(variables(say, zool_url=zool_url))
        .link(
            builders.DashboardLink("English / Русский")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["zool-gate"])
            .keep_time(True)
            .include_vars(True)
        )
        .with_panel(traffic.on_site(say))
        .with_panel(traffic.passages(say))
        .with_panel(traffic.read_rate(say))
        .with_panel(cameras.live(say))
        .with_panel(system.late_now(say))
        .with_panel(traffic.by_hour(say))
        .with_panel(traffic.read_rate_over_time(say))
        .with_panel(traffic.last_vehicles(say))
        .with_panel(traffic.on_site_list(say))
        .with_row(builders.Row(say("Cameras", "Камеры")))
        .with_panel(cameras.table_of_cameras(say))
        .with_panel(cameras.live_over_time(say))
        .with_panel(cameras.blind(say))
        .with_panel(cameras.blind_causes(say))
        .with_row(builders.Row(say("System", "Система")))
        .with_panel(system.components(say))
        .with_panel(system.late_over_time(say))
        .with_panel(system.troubles(say))
    )
    return _numbered(board.build())


def _numbered(board: models.Dashboard) -> models.Dashboard:
    """Ids 1, 2, 3 … in the order of the panels: the same in every language."""
    for number, panel in enumerate(board.panels or [], 1):
        panel.id_val = number
    return board
