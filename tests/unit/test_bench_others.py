"""Figures beside others: cost of decoding, the server beside the engine, the plain loop, the time code."""

from __future__ import annotations

import pytest

from deploy.bench import article, decoding, glass, models, speed
from deploy.bench.article import Rates
from deploy.bench.decoding import Cost
from deploy.bench.streams import Search
from deploy.bench.triton_client import Run
from deploy.simulate.command import Announcement


def test_cost_is_by_second_and_camera() -> None:
    """3 s of processor in 30 s of 10 cameras are 10 ms; parts of no length are left out."""
    one = decoding.cost([(0.0, 1.0), (10.0, 2.5), (10.0, 2.5), (30.0, 4.0)], 10, 250.0)
    assert (one.core_ms_per_s, one.fps) == (10.0, 25.0)
    assert one.parts == pytest.approx((15.0, 7.5))


def test_a_row_has_its_ratio_to_the_floor() -> None:
    """And its median and spread over the parts."""
    row = decoding.shown(Cost(core_ms_per_s=30.0, parts=(20.0, 30.0, 40.0), fps=25.0),
                         Cost(core_ms_per_s=40.0, parts=(), fps=25.0))  # fmt: skip
    assert (row["ratio"], row["median"], row["spread"]) == (0.75, 30.0, [20.0, 40.0])
    bare = decoding.shown(Cost(core_ms_per_s=30.0, parts=(), fps=25.0), Cost(core_ms_per_s=0.0, parts=(), fps=25.0))
    assert (bare["ratio"], bare["median"], bare["spread"]) == (None, None, [])


@pytest.mark.parametrize(("line", "frames"), [("frame=120\n", 120), ('{"frames": 7}\n', 7), ("fps=25.0\n", 3), ("", 3)])
def test_frames_are_read_as_they_are_said(line: str, frames: int) -> None:
    """By ffmpeg or by our own reader; other lines change nothing."""
    assert decoding.frames_said(line, 3) == frames


def a_run(images: int, *, took_ms: float = 10.0) -> Run:
    """Requests of one second."""
    return Run(images=images, seconds=1.0, client_cpu_s=0.1, took_ms=(took_ms,) * images)


def test_the_best_way_is_the_figure() -> None:
    """Medians over repeats; 0.2 s of client in 200 requests are 1 ms."""
    runs = {"grpc, 1": [a_run(50), a_run(60)], "shared memory, 4": [a_run(90), a_run(110)], "none": [a_run(0)]}
    table = {name: speed.row(several) for name, several in runs.items()}
    assert table["shared memory, 4"] == {
        "images_per_s": 90.0, "spread": [90.0, 110.0], "request_p50_ms": 10.0, "request_p95_ms": 10.0,
        "client_cpu_ms": 1.0,
    }  # fmt: skip
    assert table["none"]["client_cpu_ms"] is None
    result = speed.result(table, runs, [100.0, 120.0, 130.0], {"model": "m"})
    assert (result.value, result.floor, result.ratio, result.target) == (90.0, 120.0, 0.75, 108.0)
    assert result.spread == [90.0, 110.0]
    assert "shared memory, 4" in result.unit
    assert speed.row([])["spread"] == []


def test_a_loop_holds_when_every_camera_has_its_frames_and_looks() -> None:
    """One that is late is enough to fail."""
    good = Rates(frames_per_s=(25.0, 9.9), looks_per_s=(5.0, 4.9), fps=(25.0, 10.0))
    late = Rates(frames_per_s=(25.0, 20.0), looks_per_s=(5.0, 4.9), fps=(25.0, 25.0))
    few = Rates(frames_per_s=(25.0,), looks_per_s=(4.0,), fps=(25.0,))
    assert [one.holds for one in (good, late, few)] == [True, False, False]
    assert [article.look_every(fps) for fps in (25.0, 29.97, 10.0, 2.0)] == [5, 6, 2, 1]
    assert article.line(good).endswith("holds")
    assert article.line(late).endswith("falls behind")
    result = article.result(Search(held=2, failed=3), [good, late], {"profile": "busy"})
    assert (result.value, result.target, result.spread) == (2.0, None, [2.0, 3.0])


def test_pictures_come_after_their_time_code() -> None:
    """40 ms behind, in the first loop and in the third; what could not be read is left out."""
    camera = Announcement(
        name="day", url="rtsp://x", started_at=1000.0, duration_s=40.0, fps=25.0, width=1, height=1, codec="h264"
    )
    seen = [(1_002_040_000, 50), (1_082_040_000, 50), (1_040_020_000, 0), (1_002_000_000, None)]
    assert glass.offsets_ms(seen, camera) == pytest.approx([40.0, 40.0, 20.0])


def test_what_a_cycle_leaves_is_told_behind_the_first_tenth() -> None:
    """The start warms up: 100, 120, then 0.5 MB a cycle."""
    memory = [100.0, 120.0, *(120.0 + 0.5 * number for number in range(1, 10))]
    result = models.cycles_of({"ensemble": "detector", "memory_mb": memory, "processes": [4] * 11}, {})
    assert (result.value, result.conditions["cycles"], result.spread) == (0.5, 10, [100.0, 124.5])
