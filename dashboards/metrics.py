"""Every metric there is, with its labels, its meaning and what to do when it moves; the page METRICS.md.

Pure but for importing the stages' `metrics.py`, which hold them.

Rules
- The set is closed: what boards and alerts ask for is in here, and what is in here a board or an alert asks for.
- The text of a metric reads "what it is; what to do when it moves".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Literal

import msgspec
import prometheus_client

import api.metrics
import ingest.metrics
import postprocess.metrics
from dashboards.triton import TRITON

PARTS: tuple[tuple[str, ModuleType], ...] = (
    ("ingest", ingest.metrics),
    ("postprocess", postprocess.metrics),
    ("api", api.metrics),
)
HEAD = """# Metrics

All that boards and alerts stand on: a closed set. This page is written by `zool dashboards metrics`; a test compares it
with the code. Every process answers `/metrics`. Labels are bounded by what is set up (cameras, targets, functions) or
by lists in the code.
"""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric under the name that queries use."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    action: str

    @property
    def series(self) -> dict[str, frozenset[str]]:
        """Names of its series → their labels."""
        labels = frozenset(self.labels)
        if self.kind != "histogram":
            return {self.name: labels}
        return {f"{self.name}_bucket": labels | {"le"}, f"{self.name}_count": labels, f"{self.name}_sum": labels}


def of_module(module: ModuleType) -> Iterator[Metric]:
    """The metrics of a stage, in the order in which they stand there."""
    for value in vars(module).values():
        match value:
            case prometheus_client.Counter():
                yield _metric(value, "counter", "_total")
            case prometheus_client.Gauge():
                yield _metric(value, "gauge", "")
            case prometheus_client.Histogram():
                yield _metric(value, "histogram", "")
            case _:
                pass


def _metric(
    value: prometheus_client.Counter | prometheus_client.Gauge | prometheus_client.Histogram,
    kind: Literal["counter", "gauge", "histogram"],
    suffix: str,
) -> Metric:
    meaning, _, action = value._documentation.partition("; ")  # noqa: SLF001 - the library has no other way to ask
    return Metric(
        name=value._name + suffix,  # noqa: SLF001
        kind=kind,
        labels=tuple(value._labelnames),  # noqa: SLF001
        meaning=meaning,
        action=action.rstrip("."),
    )


def exported() -> dict[str, frozenset[str]]:
    """Name of every series that a running system can have → its labels; Prometheus' own `up` among them."""
    found: dict[str, frozenset[str]] = {"up": frozenset()}
    for _, module in PARTS:
        for metric in of_module(module):
            found |= metric.series
    return found | {one.name: frozenset(one.labels) for one in TRITON}


def page() -> str:
    """METRICS.md."""
    parts = [HEAD]
    for title, module in PARTS:
        rows = [(m.name, m.kind, m.labels, m.meaning, m.action) for m in of_module(module)]
        parts.append(_section(title, f"`{title}/metrics.py`.", rows))
    foreign = [(f.name + (" *" if f.needs_gpu else ""), f.kind, f.labels, f.meaning, f.action) for f in TRITON]
    about = "Of Triton's own those that are used here. Times are in microseconds. * only where there is a GPU."
    parts.append(_section("Triton", about, foreign))
    return "\n".join(parts)


def _section(title: str, about: str, rows: Sequence[tuple[str, str, tuple[str, ...], str, str]]) -> str:
    table = ["| metric | kind | labels | meaning | when it moves |", "|---|---|---|---|---|"]
    for name, kind, labels, meaning, action in rows:
        shown, mark = name.removesuffix(" *"), " *" if name.endswith(" *") else ""
        cells = (f"`{shown}`{mark}", kind, ", ".join(labels) or "–", meaning, action or "–")
        table.append("| " + " | ".join(cell.replace("|", " \\| ") for cell in cells) + " |")
    return f"## {title}\n\n{about}\n\n" + "\n".join(table) + "\n"
