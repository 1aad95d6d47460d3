"""The boards against the running demo: its store, and a real Prometheus that scrapes every process of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import BOARDS
from dashboards.alerts.rule import Alert
from dashboards.alerts.rules import LOSS
from dashboards.preview.board import promql_targets, read_board, sql_targets
from dashboards.preview.macros import Chosen, Span, promql
from dashboards.preview.page import Context, page
from deploy.up.outlook import GRAFANA_FILE, TARGETS_FILE
from postprocess.contract import ClickHouseSettings
from tests.support.boards import Asker
from tests.support.demo import RunningDemo, running_demo
from tests.support.preview import answers, draw
from tests.support.prometheus import CONFIG, Prometheus, running_prometheus

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

BOARD = read_board(BOARDS / "gate.ru.json")
ALL_BOARDS = [read_board(path) for path in sorted(BOARDS.glob("*.ru.json"))]
ON_FAULT = re.compile(
    r"zool_(api_(garbage|stream_gaps|stream_cut|dead_letters|door|failed|acs|audit|verdicts|wall|certificate)|deliver_"
    r"|decide_(gaps|notes|snapshots_shortened)|ingest_(outbox_dropped|further|picture_fault|crops_missed|probes|blind)"
    r"|postprocess_(dead|gaps|stopped)|recognise_(photos|retries|gallery|lag|confidence)|store_(retries|skipped))"
    r"|nv_gpu_|reason|cause!=|outcome"
)
"""Series that appear with a trouble, a card, a delivery, a door or a person: the demo of two cameras has none."""
SCRAPE_S = 1
WAIT_S_MAX = 180.0
MAY_BE_EMPTY = {
    "Не просматривались, по причинам", "Сейчас на стоянках", "Сколько стоят", "На стоянках, дольше всех — первыми",
}  # fmt: skip
"""On a system that was always looking and has no parking lot."""


class Running:
    """The demo, its store, and Prometheus beside it."""

    def __init__(self, demo: RunningDemo, asker: Asker, metrics: Prometheus) -> None:
        self.demo, self.asker, self.metrics = demo, asker, metrics

    @property
    def span(self) -> Span:
        """The last ten minutes."""
        now = datetime.now(UTC)
        return Span(since=now - timedelta(minutes=10), until=now, interval_s=2)

    def variables(self) -> dict[str, Chosen]:
        """As the board stands when it is opened."""
        return self.asker.variables(BOARD, self.span)

    def until(self, what: str, condition: Any) -> None:
        """Wait until something holds."""
        end = time.monotonic() + WAIT_S_MAX
        while not condition():
            assert time.monotonic() < end, f"not within {WAIT_S_MAX:g} s: {what}"
            time.sleep(0.5)


def store_of(data_dir: Path) -> ClickHouseSettings:
    """The store's address as Grafana is told it."""
    told = dict(line.split("=", 1) for line in (data_dir / GRAFANA_FILE).read_text().splitlines())
    return ClickHouseSettings(
        host=told["ZOOL_CLICKHOUSE_HOST"], port=int(told["ZOOL_CLICKHOUSE_PORT"]), user=told["ZOOL_CLICKHOUSE_USER"],
        password=told["ZOOL_CLICKHOUSE_PASSWORD"], database=told["ZOOL_CLICKHOUSE_DATABASE"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Once for all tests: two cameras of the site, until both ways were driven and read."""
    folder = tmp_path_factory.mktemp("boards")
    with running_demo(folder / "data", cameras=("gate-day", "gate-dusk")) as demo:
        demo.wait_ready()
        config = folder / "prometheus.yml"
        text = CONFIG.read_text().replace("targets.json", str(demo.data_dir / TARGETS_FILE))
        config.write_text(text.replace("scrape_interval: 15s", f"scrape_interval: {SCRAPE_S}s"))
        asker = Asker(store_of(demo.data_dir))
        with running_prometheus(folder, config=config) as metrics:
            found = Running(demo, asker, metrics)
            found.until("entries, exits, and final ones with a plate", lambda: _driven(found))
            found.until("two scrapes after an event", lambda: _counted(found))
            yield found
        asker.close()


def _driven(found: Running) -> bool:
    sql = {panel["id"]: text for panel, text in sql_targets(BOARD)}
    ((entries, exits),) = found.asker.ask(sql[2], found.span, found.variables()).rows
    ((rate,),) = found.asker.ask(sql[3], found.span, found.variables()).rows
    return entries >= 2 and exits >= 1 and bool(rate)


def _counted(found: Running) -> bool:
    expr = "sum(rate(zool_decide_lag_seconds_count[1m])) > 0"
    return bool(found.metrics.instant(expr, time.time()).series)


@pytest.mark.parametrize(
    ("panel", "expr"),
    [
        pytest.param(panel, expr, id=f"{board['uid']}-{panel['id']}-{number}")
        for board in ALL_BOARDS
        for number, (panel, expr) in enumerate(promql_targets(board))
    ],
)
def test_every_metric_answers(running: Running, panel: dict[str, Any], expr: str) -> None:
    """Each expression gives a series from what the system's /metrics say now."""
    asked = promql(expr, running.span, running.variables(), scrape_s=SCRAPE_S)

    def answered() -> bool:
        return bool(running.metrics.instant(asked, time.time()).series)

    if not answered() and not ON_FAULT.search(expr):
        running.until(f"{panel['title']}: a series for {asked}", answered)


@pytest.mark.parametrize(
    "expr", [expr for panel, expr in promql_targets(BOARD) if panel["title"] == "Потери и повторы"]
)
def test_nothing_was_lost(running: Running, expr: str) -> None:
    """A counter with labels appears with its first count: a system without troubles has no series."""
    asked = promql(expr, running.span, running.variables(), scrape_s=SCRAPE_S)
    assert all(series.last == 0 for series in running.metrics.instant(asked, time.time()).series)


@pytest.mark.parametrize("alert", LOSS.alerts, ids=lambda alert: alert.name)
def test_no_loss_is_told(running: Running, alert: Alert) -> None:
    """A system at rest loses nothing; alerts on how fast it is are the machine's matter."""
    assert not running.metrics.instant(alert.expr, time.time()).series


@pytest.mark.parametrize(("panel", "sql"), [pytest.param(p, s, id=str(p["id"])) for p, s in sql_targets(BOARD)])
def test_every_panel_answers(running: Running, panel: dict[str, Any], sql: str) -> None:
    """Rows from the events of the running system."""
    found = running.asker.ask(sql, running.span, running.variables())
    assert found.rows or panel["title"] in MAY_BE_EMPTY


def test_cameras_have_their_names(running: Running) -> None:
    """The store followed the bucket: options are the site's cameras with their names."""
    assert set(running.variables()["camera"].options) == {"gate-day", "gate-dusk"}
    sql = next(text for panel, text in sql_targets(BOARD) if panel["title"] == "Камеры")
    rows = running.asker.ask(sql, running.span, running.variables()).records
    assert {row["camera_name"]: row["state"] for row in rows} == {"gate-day": "watched", "gate-dusk": "watched"}


def test_pictures_are_in_the_table(running: Running) -> None:
    """The newest vehicles come with a JPEG inside."""
    sql = next(text for panel, text in sql_targets(BOARD) if panel["title"] == "Последние машины")
    rows = running.asker.ask(sql, running.span, running.variables()).records
    assert any(row["picture"].startswith("data:image/jpeg;base64,/9j/") for row in rows)


def test_the_whole_board_is_drawn(running: Running, tmp_path: Path) -> None:
    """Every panel of the JSON finds its place in the preview."""
    variables, span = running.variables(), running.span
    context = Context(span=span, zone=UTC, answers=answers(BOARD, running.asker, running.metrics, span, variables))
    html = page(BOARD, context, variables, "")
    assert html.count("<section") == len(BOARD["panels"])
    draw(html, tmp_path / "board.png")
    assert (tmp_path / "board.png").stat().st_size > 50_000
