"""Slopes, percentiles and sums over samples."""

from __future__ import annotations

import pytest

from deploy.bench import series
from deploy.bench.series import Reading, Sample
from deploy.bench.usage import Usage


def sample(at_s: float, *, ingest_mb: float = 100.0, cpu_s: float = 0.0, head: int = 7) -> Sample:
    """The system at one time: ingest, and what does not count as the system."""
    other = Reading(head=8, usage=Usage(rss_bytes=10**9))
    usage = Usage(rss_bytes=round(ingest_mb * 1e6), threads=4, files=9, cpu_s=cpu_s, processes=1)
    components = {"ingest": Reading(head=head, usage=usage), "simulator": other, "bench": other}
    return Sample(at_s=at_s, components=components)


def test_slope_of_a_line_is_its_rise_a_minute() -> None:
    """2 MB more every 30 s are 4 MB/min, wherever the line begins."""
    assert series.slope_per_min([(30.0 * n, 70.0 + 2.0 * n) for n in range(5)]) == pytest.approx(4.0)
    assert series.slope_per_min([(0.0, 5.0), (10.0, 5.0)]) == pytest.approx(0.0)


def test_slope_is_least_squares() -> None:
    """0 1 0 1 at 0..3 s rises 0.2 a second."""
    assert series.slope_per_min([(0, 0), (1, 1), (2, 0), (3, 1)]) == pytest.approx(12.0)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (1.0, 3.0)]])
def test_no_slope_of_one_time(points: list[tuple[float, float]]) -> None:
    """A slope needs two different times."""
    assert series.slope_per_min(points) is None


def test_slopes_of_parts() -> None:
    """Rising, then flat: the halves say so; parts of a single point say nothing."""
    points = [(0.0, 0.0), (60.0, 6.0), (120.0, 6.0), (180.0, 6.0)]
    assert series.part_slopes(points, 2) == pytest.approx([6.0, 0.0])
    assert series.part_slopes(points, 4) == []


def test_spread_is_lowest_and_highest() -> None:
    """Order does not matter; of nothing there is none."""
    assert series.spread([3.0, 1.0, 2.00049]) == [1.0, 3.0]
    assert series.spread([]) is None


def test_percentiles_by_nearest_rank() -> None:
    """1..100: the percentile is the number itself; one value is all of them; none gives only the count."""
    assert series.percentiles([float(n) for n in range(100, 0, -1)]) == {
        "p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0, "count": 100,
    }  # fmt: skip
    assert series.percentiles([7.0]) == {"p50": 7.0, "p95": 7.0, "p99": 7.0, "max": 7.0, "count": 1}
    assert series.percentiles([]) == {"count": 0}


def test_thirds_of_a_window() -> None:
    """Edges belong to the later third; what lies outside the window to none."""
    points = [(-1.0, 0.0), (0.0, 1.0), (2.9, 2.0), (3.0, 3.0), (8.9, 4.0), (9.0, 5.0)]
    assert series.thirds(points, 9.0) == [[1.0, 2.0], [3.0], [4.0]]


def test_total_leaves_out_cameras_and_the_benchmark() -> None:
    """Only what `zool up` runs counts, and only after the warm-up."""
    samples = [sample(0.0, ingest_mb=50), sample(10.0, ingest_mb=60), sample(20.0, ingest_mb=70)]
    assert series.total_rss(samples, 10.0) == [(10.0, 60.0), (20.0, 70.0)]


def test_cpu_is_not_counted_over_a_restart() -> None:
    """0→5 s CPU in 10 s, a new process that begins at 0, then 0→1 in 10 s: 6 in 20."""
    seen = [(0.0, 7, 0.0), (10.0, 7, 5.0), (20.0, 9, 0.0), (30.0, 9, 1.0)]
    readings = [(at, Reading(head=head, usage=Usage(cpu_s=cpu_s))) for at, head, cpu_s in seen]
    assert series.cores(readings) == pytest.approx(0.3)
    assert series.cores(readings[:1]) is None


def test_a_component_in_figures() -> None:
    """Memory at the warm-up and at the end, slope behind the warm-up only, cores, restarts."""
    samples = [sample(30.0 * n, ingest_mb=100 + mb, cpu_s=15.0 * n) for n, mb in enumerate((0, 50, 51, 52))]
    assert series.component("ingest", samples, 30.0) == {
        "rss_warm_mb": 150.0, "rss_end_mb": 152.0, "rss_mb_per_min": 2.0, "cpu_cores": 0.5,
        "threads": [4, 4], "files": [9, 9], "processes": 1, "restarts": 0,
    }  # fmt: skip
    assert series.component("ingest", [*samples, sample(120.0, head=70)], 30.0)["restarts"] == 1
    assert series.component("ingest", samples[:1], 30.0)["rss_mb_per_min"] is None
    assert series.component("decide", samples, 30.0) == {}
