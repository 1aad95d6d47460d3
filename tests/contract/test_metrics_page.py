"""METRICS.md: what the code says, complete, with something to do for each."""

from __future__ import annotations

import re
from pathlib import Path

from dashboards.__main__ import METRICS, main
from dashboards.metrics import PARTS, of_module, page

NAMES = [metric.name for _, module in PARTS for metric in of_module(module)]


def test_the_committed_page_is_what_the_code_gives(tmp_path: Path) -> None:
    """`zool dashboards metrics` changes nothing."""
    assert METRICS.read_text() == page()
    assert main(["metrics", "--out", str(tmp_path / "METRICS.md")]) == 0
    assert (tmp_path / "METRICS.md").read_text() == page()


def test_every_metric_says_what_it_is_and_what_to_do() -> None:
    """By the form of its text."""
    assert len(NAMES) > 60
    assert len(set(NAMES)) == len(NAMES)
    for _, module in PARTS:
        for metric in of_module(module):
            assert len(metric.meaning) > 8, metric.name
            assert len(metric.action) > 5, metric.name


def test_names_carry_units_and_belong_to_a_part() -> None:
    """By Prometheus' habit: seconds, bytes, and `_total` for what is counted."""
    for _, module in PARTS:
        for metric in of_module(module):
            assert re.fullmatch(
                r"zool_(ingest|recognise|decide|store|deliver|postprocess|api|queue|disk|table)_[a-z_]+", metric.name
            )
            assert metric.name.endswith("_total") == (metric.kind == "counter")


def test_labels_are_bounded() -> None:
    """Only labels whose values are set up by the site or listed in the code: no ids, no addresses."""
    known = {
        "act", "camera", "cause", "code", "consumer", "detector", "disk", "face", "fault", "function", "kind", "method",
        "outcome", "plate", "reader", "reason", "recogniser", "route", "source", "stage", "status", "stream", "table",
        "target", "verdict", "what",
    }  # fmt: skip
    assert {label for _, module in PARTS for metric in of_module(module) for label in metric.labels} <= known
