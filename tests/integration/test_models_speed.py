"""`zool bench models`: real servers are asked over both transports; what comes out is one object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.bench.models import result_of
from model_repository import registry
from model_repository.contract import PLATE_READER
from model_repository.evaluation import speed

SPEED = {
    "ensemble": "detector",
    "models": ["n"],
    "points": [
        {"clients": 1, "transport": "gRPC", "images_per_s": 30.0, "p50_ms": 30.0, "p95_ms": 40.0},
        {"clients": 2, "transport": "gRPC", "images_per_s": 45.0, "p50_ms": 40.0, "p95_ms": 60.0},
    ],
    "alone_images_per_s": 60.0,
    "memory_mb": 200.0,
}


def test_the_figure_is_the_best_rate_over_the_engine_alone() -> None:
    """Value, floor, ratio and target of the first ensemble; every point stands in the details."""
    result = result_of([SPEED], 5.0, {"cpus": 2})
    assert (result.value, result.floor, result.ratio, result.target) == (45.0, 60.0, 0.75, 36.0)
    assert result.spread == [30.0, 45.0]
    assert result.conditions["details"]["detector gRPC 2"]["p95_ms"] == 60.0
    assert result_of([{**SPEED, "alone_images_per_s": None}], 5.0, {}).ratio is None


def test_both_transports_are_measured(tmp_path: Path) -> None:
    """Two clients over gRPC and over shared memory, the two networks alone, and the memory of the server."""
    ensemble = registry.ensemble(PLATE_READER)
    assert ensemble
    found = speed.measure(ensemble, tmp_path, seconds=1.0, clients=(2,))
    assert [(point.clients, point.transport) for point in found.points] == [(2, "gRPC"), (2, "shared memory")]
    assert all(point.images_per_s > 0 and point.p50_ms > 0 for point in found.points)
    assert found.alone_images_per_s
    assert found.memory_mb > 50
    assert not list(Path("/dev/shm").glob("zool_speed_*"))  # noqa: S108 - where regions lie


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` gives the object that every benchmark gives."""
    words = ["bench", "models", "--ensemble", PLATE_READER, "--for", "0.5", "--json", "--data-dir", str(tmp_path)]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(printed) == {"name", "value", "unit", "floor", "ratio", "target", "spread", "conditions"}
    assert printed["unit"] == "images/s of plate_reader"
