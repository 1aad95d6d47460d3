"""The capacity model: its sums, its queue, and the model beside a measurement."""

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.__main__ import main
from deploy.capacity.against import Compared, compared, site_of
from deploy.capacity.model import Site, need, wait_ms


def result(cameras: int = 20, gated: float | None = 0.54) -> dict[str, Any]:
    """What a benchmark printed: the budget of BENCHMARKS.md, typical, 20 cameras."""
    costs = {"ingest": 40.2, "triton": 32.7, "nats": 3.0, "clickhouse": 4.1, "recognise": 2.9, "decide": 2.1,
             "store": 0.9, "api": 0.4}  # fmt: skip
    window = {
        "cameras": cameras,
        "looks_per_s": 5.0,
        "gated_ratio": gated,
        "expected": 74,
        "blind": 0,
        "window_s": 60.0,
    }
    components = {"ingest": {"rss_end_mb": 1100.0}, "triton": {"rss_end_mb": 1000.0}, "simulator": {"rss_end_mb": 1e6}}
    details = {
        "window": window,
        "budget": {name: {"core_ms_per_s_camera": cost} for name, cost in costs.items()},
        "components": components,
    }
    return {"conditions": {"profile": "typical", "details": details}}


def test_the_queue_is_exact_where_a_formula_is_known() -> None:
    """M/D/1 waits ρ·s / 2(1-ρ), M/M/1 twice that; more servers wait less; too much work waits for ever."""
    assert wait_ms(50.0, 10.0, 1, spread=0.0) == pytest.approx(0.5 * 10.0 / (2 * 0.5))
    assert wait_ms(50.0, 10.0, 1, spread=1.0) == pytest.approx(0.5 * 10.0 / 0.5)
    assert wait_ms(100.0, 10.0, 2) < wait_ms(50.0, 10.0, 1)
    assert math.isinf(wait_ms(100.0, 10.0, 1))
    assert wait_ms(0.0, 10.0, 1) == 0.0


def test_the_model_follows_what_it_was_made_of() -> None:
    """Within a tenth of the two budgets that its constants come from."""
    typical = need(Site(cameras=20, passages_per_hour=222.0))
    assert typical.ingest_core_ms == pytest.approx(40.2, rel=0.1)
    assert typical.triton_core_ms == pytest.approx(32.7, rel=0.1)
    assert typical.rest_core_ms == pytest.approx(13.4, rel=0.1)
    busy = need(Site(cameras=10, activity="busy", passages_per_hour=873.0))
    assert busy.ingest_core_ms == pytest.approx(62.3, rel=0.1)
    assert busy.triton_core_ms == pytest.approx(73.1, rel=0.1)
    assert busy.rest_core_ms == pytest.approx(37.5, rel=0.1)


def test_more_of_anything_needs_more() -> None:
    """Cameras, pictures, pixels, codec, activity; a card takes the looks off the cores; servers may be given."""
    plain = need(Site(cameras=10))
    for changed in (Site(cameras=20), Site(cameras=10, fps=50), Site(cameras=10, width=3840, height=2160),
                    Site(cameras=10, codec="h265"), Site(cameras=10, activity="busy")):  # fmt: skip
        assert need(changed).cores > plain.cores
    card = need(Site(cameras=10, on_card=True, look_ms=8.0, batch=8))
    assert card.triton_core_ms == 0.0
    assert card.cores < plain.cores
    assert need(Site(cameras=10, servers=1)).utilisation == pytest.approx(23 * 14.6 / 1000)
    assert need(Site(cameras=10, photos_days=60)).disk_gb > plain.disk_gb


def test_the_share_of_the_gate_is_the_runs_own() -> None:
    """The model is asked for the looks that there were, and compared quantity by quantity."""
    site = site_of(result())
    assert site.cameras == 20
    assert site.looked_per_s == pytest.approx(2.3)
    assert site_of(result(gated=None)).looked_per_s == pytest.approx(5.0)
    rows = {row.what: row for row in compared(result())}
    assert rows["memory, GB"].measured == pytest.approx(2.1)
    assert all(abs(rows[f"{name}, core-ms"].error) < 0.1 for name in ("ingest", "Triton", "the rest", "all"))
    assert Compared(what="nothing", model=1.0, measured=0.0).error == 0.0


def test_the_command_prints_sizes_and_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each size; JSON; an overload as such; a measurement beside the model; a file that is none."""
    assert main(["capacity"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["10", "30", "100", "1000"]
    assert main(["capacity", "--cameras", "7", "--card", "--look-ms", "9", "--batch", "8", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["cameras"], one["triton_core_ms"]) == (7, 0.0)
    file = tmp_path / "streams.json"
    file.write_bytes(msgspec.json.encode(result()))
    assert main(["capacity", "--against", str(file)]) == 0
    assert "| ingest, core-ms |" in capsys.readouterr().out
    file.write_text("{}")
    assert main(["capacity", "--against", str(file)]) == 2
    assert "zool bench streams --json" in capsys.readouterr().err
