"""Debian's Prometheus: scraping, or holding samples that were made up; asked over its HTTP interface."""

from __future__ import annotations

import contextlib
import math
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from dashboards.preview.answer import Answer, Series
from dashboards.preview.macros import Span
from tests.support.clickhouse import free_port

START_S_MAX = 60.0
CONFIG = Path(__file__).resolve().parents[2] / "dashboards" / "provisioning" / "prometheus.yml"


class Prometheus:
    """A running one."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def ready(self) -> bool:
        """Whether it answers questions."""
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def instant(self, expr: str, at_s: float) -> Answer:
        """The value of every series at a time."""
        found = self._get("/api/v1/query", {"query": expr, "time": at_s})
        return Answer(series=tuple(_series(one["metric"], [one["value"]]) for one in found))

    def range(self, expr: str, span: Span) -> Answer:
        """The values of every series over a span."""
        asked = {
            "query": expr, "start": span.since.timestamp(), "end": span.until.timestamp(), "step": span.interval_s,
        }  # fmt: skip
        return Answer(
            series=tuple(_series(one["metric"], one["values"]) for one in self._get("/api/v1/query_range", asked))
        )

    def _get(self, path: str, asked: Mapping[str, Any]) -> list[Any]:
        answer = self._client.get(path, params=asked).json()
        assert answer["status"] == "success", answer
        found: list[Any] = answer["data"]["result"]
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _series(labels: Mapping[str, str], values: Sequence[tuple[float, str]]) -> Series:
    points = tuple((float(at), float(value)) for at, value in values)
    return Series(
        name=labels.get("__name__", "Value"), labels=labels, points=tuple(p for p in points if not math.isnan(p[1]))
    )


@contextlib.contextmanager
def running_prometheus(folder: Path, *, config: Path = CONFIG) -> Iterator[Prometheus]:
    """A server on data in `folder`/data with a configuration; killed at the end."""
    port = free_port()
    command = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=10y",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    server = Prometheus(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + START_S_MAX
        while not server.ready():
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            assert time.monotonic() < deadline, "Prometheus did not become ready"
            time.sleep(0.1)
        yield server
    finally:
        server.close()
        process.kill()
        process.wait()


def backfill(folder: Path, openmetrics: str) -> None:
    """Samples with their times into a Prometheus that does not run yet."""
    text = folder / "samples.txt"
    text.write_text(openmetrics)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder / "data")]
    subprocess.run(command, check=True)
