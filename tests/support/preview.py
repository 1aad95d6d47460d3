"""`python -m tests.support.preview`: draws the boards into dashboards/images, from a made-up day in real servers.

The day is `tests.support.day`: events by code, through the real row builders into the real ClickHouse engine; pictures
of the newest passages from the clips of the demo site; samples of metrics by code, into a real Prometheus. Needs
Chromium and Prometheus (tests/system/install).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from dashboards.__main__ import BOARDS
from dashboards.build import BUILDERS
from dashboards.preview.answer import Answer
from dashboards.preview.board import Json, panels, read_board
from dashboards.preview.macros import Chosen, Span, promql
from dashboards.preview.page import Context, page
from tests.support.boards import Asker, fill, span_of
from tests.support.clickhouse import running_clickhouse
from tests.support.console import browser_page
from tests.support.day import CAMERAS, Picture, camera_events, passages, pictured, vehicle_events, without_lost
from tests.support.day_people import everything
from tests.support.prometheus import Prometheus, backfill, running_prometheus
from tests.support.samples import samples as day_of_samples

IMAGES = BOARDS.parent / "images"
SITE = BOARDS.parents[1] / "deploy" / "site"
ZONE = timezone(timedelta(hours=3))
END = datetime(2026, 3, 4, 13, 30, tzinfo=UTC)
SCRAPE_S = 60
NOTES = {
    "en": "Preview drawn from the board's JSON and a made-up day; not a Grafana screenshot",
    "ru": "Эскиз по JSON доски и придуманному дню; не снимок Grafana",
}
CLIPS = ("gate-day", "gate-dusk", "gate-rain")


def pictures(wanted: int = 12) -> list[Picture]:
    """Passages of the demo site's clips with the part of the picture where they happen, clip by clip in turn."""
    found = [list(_of_clip(name)) for name in CLIPS]
    turns = [one for together in zip(*found, strict=False) for one in together]
    return turns[:wanted]


def _of_clip(name: str) -> Iterator[Picture]:
    truth = json.loads((SITE / f"{name}.json").read_text())
    at = {round(one["at_s"] * truth["fps"]): one for one in truth["events"]}
    with av.open(str(SITE / f"{name}.mp4")) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if (one := at.get(number)) is not None:
                label = one["vehicle_class"]
                camera = "gate-south" if label in {"truck", "bus"} else "gate-north"
                is_exit = one["kind"] == "vehicle_exit"
                yield Picture(
                    camera="gate-north-out" if is_exit and camera == "gate-north" else camera,
                    kind=one["kind"], plate=one["plate"], label=label,
                    jpeg=_jpeg(frame.to_ndarray(format="bgr24"), right=is_exit),
                )  # fmt: skip


def _jpeg(frame: np.ndarray, *, right: bool) -> bytes:
    height, width = frame.shape[:2]
    left = 0.5 if right else 0.04
    part = frame[int(0.5 * height) : int(0.96 * height), int(left * width) : int((left + 0.46) * width)]
    small = cv2.resize(part, (200, round(200 * part.shape[0] / part.shape[1])), interpolation=cv2.INTER_AREA)
    found: bytes = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return found


def samples(end_s: float) -> str:
    """A day of metrics once a minute: the same outages as in the day's events."""
    times = [end_s - 24 * 3600 + n * SCRAPE_S for n in range(24 * 60 + 1)]

    def series(name: str, labels: str, value: Callable[[float], float]) -> list[str]:
        return [f"{name}{{{labels}}} {value(at):g} {at}" for at in times]

    lines = ["# TYPE up gauge"]
    for part in ("api", "decide", "ingest", "recognise", "store", "triton"):
        night = partial(_night, end_s) if part == "ingest" else lambda _: False
        lines += series("up", f'job="zool",component="{part}"', lambda at, night=night: not night(at))
    lines.append("# TYPE zool_ingest_camera_live gauge")
    for camera in (one.id for one in CAMERAS if one.enabled):
        lines += series("zool_ingest_camera_live", f'camera="{camera}"', partial(_live, camera, end_s))
    lines += ["# TYPE zool_decide_lag_seconds histogram", *_lags(times)]
    for name, labels in (
        ("zool_postprocess_dead", 'stage="store"'), ("zool_decide_gaps", 'stream="READS"'),
        ("zool_ingest_outbox_dropped", 'camera="gate-north"'), ("zool_store_retries", 'table="events"'),
    ):  # fmt: skip
        lines.append(f"# TYPE {name} counter")
        times_tried = 4 if name == "zool_store_retries" else 0
        lines += series(f"{name}_total", labels, lambda at, n=times_tried: n * (at > end_s - 8 * 3600))
    made = frozenset(
        {"zool_ingest_camera_live", "zool_decide_lag_seconds", "zool_postprocess_dead_total", "zool_decide_gaps_total"}
        | {"zool_ingest_outbox_dropped_total", "zool_store_retries_total"}
    )
    lines += day_of_samples(end_s, leave_out=made)
    return "\n".join([*lines, "# EOF\n"])


def _night(end_s: float, at: float) -> bool:
    return 0 <= at - (end_s - 15 * 3600) < 2 * SCRAPE_S


def _live(camera: str, end_s: float, at: float) -> bool:
    away = camera == "gate-north-out" and 0 <= at - (end_s - 9 * 3600) < 11 * 60
    gone = camera == "car-park" and at >= end_s - 3600
    return not (away or gone or _night(end_s, at))


def _busy(at: float) -> float:
    """0 to 1, most at noon."""
    return (1 + math.sin((at / 86_400 - 0.15) * 2 * math.pi)) / 2


def _lags(times: list[float]) -> Iterator[str]:
    limits = ("0.05", "0.1", "0.2", "0.3", "0.5", "0.75", "1.0", "2.0", "5.0", "15.0", "60.0", "+Inf")
    for limit in limits:
        total = 0.0
        for at in times:
            total += (0.2 + _busy(at)) * _share_below(float(limit), 0.32 + 0.25 * _busy(at))
            yield f'zool_decide_lag_seconds_bucket{{le="{limit}"}} {total:.4f} {at}'


def _share_below(limit_s: float, middle_s: float) -> float:
    """Of delays that are log-logistic about their middle."""
    return 1.0 if limit_s == math.inf else 1 / (1 + (limit_s / middle_s) ** -5)


def answers(
    board: Json,
    asker: Asker,
    metrics: Prometheus,
    span: Span,
    variables: dict[str, Chosen],
    *,
    scrape_s: int = SCRAPE_S,
) -> dict[tuple[int, str], Answer]:
    """What every target of a board answers."""
    found: dict[tuple[int, str], Answer] = {}
    for panel in panels(board):
        for target in panel.get("targets", []):
            key = panel["id"], target["refId"]
            if "rawSql" in target:
                rows = asker.ask(target["rawSql"], span, variables)
                found[key] = Answer(names=rows.names, rows=rows.rows)
            else:
                expr = promql(target["expr"], span, variables, scrape_s=SCRAPE_S)
                instant = target.get("instant", False)
                found[key] = metrics.instant(expr, span.until.timestamp()) if instant else metrics.range(expr, span)
    return found


def draw(html: str, path: Path, *, scale: float = 1.0) -> None:
    """The page as a picture, by Chromium."""
    with browser_page(width=1680, height=1000, dark=True, scale=scale) as browser:
        browser.set_content(html)
        browser.screenshot(path=str(path), full_page=True)


def main() -> None:
    """Draw boards in both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("boards", nargs="*", default=list(BUILDERS), help="names; default: all")
    args = parser.parse_args()
    out, names = args.out, args.boards
    out.mkdir(parents=True, exist_ok=True)
    end_us = int(END.timestamp()) * 1_000_000
    day = pictured(without_lost(passages(end_us), end_us), pictures())
    span = span_of(END - timedelta(hours=24), END)
    with tempfile.TemporaryDirectory() as name, running_clickhouse(Path(name) / "clickhouse") as house:
        backfill(Path(name), samples(END.timestamp()))
        asyncio.run(
            fill(
                house.settings,
                CAMERAS,
                [*vehicle_events(day, end_us=end_us), *camera_events(end_us), *everything(day, end_us)],
            )
        )
        asker = Asker(house.settings)
        with running_prometheus(Path(name)) as metrics:
            for board_name, (language, note) in itertools.product(names, NOTES.items()):
                board = read_board(BOARDS / f"{board_name}.{language}.json")
                variables = asker.variables(board, span)
                context = Context(span=span, zone=ZONE, answers=answers(board, asker, metrics, span, variables))
                draw(page(board, context, variables, note), out / f"{board_name}.{language}.png", scale=0.6)
        asker.close()


if __name__ == "__main__":
    main()
