"""What the benchmark of pictures makes of its runs."""

from pathlib import Path

import pytest

from deploy.bench.health import FAULTS, Found, load, report, upper
from deploy.bench.result import as_text
from tests.support.simulate import make_scene


@pytest.mark.parametrize(("count", "bound"), [(0, 2.996), (1, 4.744), (10, 16.962)])
def test_the_bound_is_the_exact_one(count: int, bound: float) -> None:
    """As in tables of the Poisson distribution: with none seen the rule of three."""
    assert upper(count) == pytest.approx(bound, abs=0.001)


def test_the_table_has_every_fault() -> None:
    """Found of runs, median and longest delay, what else was told, false alarms with their bound."""
    found = {name: Found() for name in FAULTS} | {"blur": Found(runs=3, delays_s=[5, 9, 6], ends_s=[5], beside=1)}
    result = report(found, {"blurred": 1}, 24.0, conditions={"clips": 2})
    assert result.value == pytest.approx(4.744, abs=0.001)
    row = result.conditions["details"]["faults"]["blur"]
    assert row == {
        "found": "3/3", "delay_s": 6, "delay_max_s": 9, "end_s": 5, "others": 1, "false": 1, "false_day_max": 4.74,
    }  # fmt: skip
    assert "blur=0.6" in as_text(result)


def test_a_clip_is_thinned(tmp_path: Path) -> None:
    """Pictures evenly over the file, at the rate that they stand for."""
    clip = load(make_scene(tmp_path / "scene.mp4", pictures=300))
    assert (len(clip.pictures), clip.per_s) == (150, 12.5)
    assert clip.pictures[0][0].shape == (180, 320)
