"""The benchmark of the gallery: figures out of what the child says, and what may be said of errors."""

from __future__ import annotations

from typing import Any

from deploy.bench import faces
from postprocess.gallery_speed import measured

TOLD: dict[str, Any] = {
    "people": 100_000, "dimension": 128, "threads": 2,
    "search_ms": [float(n) for n in range(1, 101)], "bare_ms": [4.0] * 100, "cpu_ms": [3.0] * 100,
    "found": 1.0, "change_ms": [0.01, 0.02], "built_s": 1.0, "resident_mb": 60.0, "blocks_mb": 52.0,
}  # fmt: skip


def evaluation(value: float, high: float, pairs: int) -> dict[str, Any]:
    """As `zool models eval face_embedder` writes it."""
    figure = {"name": "falsely accepted at cosine 0.40", "value": value, "low": 0.0, "high": high, "n": pairs}
    return {"measured": {"served": [{"name": "face found", "value": 1.0}, figure]}}


def test_the_figure_and_its_floor() -> None:
    """The 95th percentile of all searches, over that of the bare product, with the spread of five parts."""
    result = faces.result_of(TOLD, None, {}, 1.0)
    assert (result.value, result.floor, result.ratio, result.spread) == (95.0, 4.0, 23.75, [19.0, 99.0])
    assert result.conditions["details"]["error at this size"].startswith("unknown: no evaluation")


def test_few_pairs_say_nothing_of_many_people() -> None:
    """958 pairs without a false accept leave anything possible among 100 000 people."""
    said = faces.error_at(evaluation(0.0, 0.228, 958), 100_000)
    assert said.startswith("unknown: 958 pairs")
    assert "needs 1.0e-07 in one comparison" in said


def test_enough_pairs_say_something() -> None:
    """A bound of one in a million is one stranger in a hundred thousand people times ten."""
    assert faces.error_at(evaluation(0.0, 1e-6, 5_000_000), 100_000).startswith("below 0.095:")


def test_the_child_measures_a_gallery() -> None:
    """Everybody who is looked for is found among random people; every figure is there."""
    told = measured(3000, 64, 20)
    assert (told["found"], len(told["search_ms"]), len(told["bare_ms"])) == (1.0, 20, 20)
    assert told["blocks_mb"] > 0
    assert min(told["change_ms"]) > 0
