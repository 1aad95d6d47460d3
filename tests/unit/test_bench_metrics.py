"""What the processes' metrics say over a window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deploy.bench import metrics
from deploy.bench.metrics import Faces, Scrape


def text(analysed: int, gated: int | None = None, dropped: tuple[int, int] = (0, 0)) -> str:
    """The face of an ingest with one camera."""
    rows = [
        "# TYPE zool_ingest_frames_analysed_total counter",
        f'zool_ingest_frames_analysed_total{{camera="a"}} {analysed}',
        "# TYPE zool_ingest_frames_dropped_total counter",
        f'zool_ingest_frames_dropped_total{{camera="a",reason="newest"}} {dropped[0]}',
        f'zool_ingest_frames_dropped_total{{camera="a",reason="deadline"}} {dropped[1]}',
        "# TYPE zool_ingest_inference_seconds histogram",
        f'zool_ingest_inference_seconds_bucket{{le="+Inf"}} {analysed}',
        f"zool_ingest_inference_seconds_sum {analysed * 0.02}",
        f"zool_ingest_inference_seconds_count {analysed}",
        "# TYPE zool_else gauge",
        "zool_else 7",
    ]
    if gated is not None:
        rows += [
            "# TYPE zool_ingest_frames_gated_total counter",
            f'zool_ingest_frames_gated_total{{camera="a"}} {gated}',
        ]
    return "\n".join(rows) + "\n"


def faces(*texts: str | None) -> list[Faces]:
    """One scrape every 10 s; None = nobody answered."""
    return [
        metrics.read(Scrape(at_s=10.0 * n, texts={} if one is None else {"ingest": one})) for n, one in enumerate(texts)
    ]


def test_labels_other_than_the_camera_are_summed() -> None:
    """Drops of two reasons are one number; names that no benchmark wants are left out."""
    values = faces(text(5, dropped=(2, 3)))[0].values
    assert values[metrics.DROPPED] == {"a": 5.0}
    assert values["zool_ingest_inference_seconds_count"] == {"": 5.0}
    assert "zool_else" not in values


@pytest.mark.parametrize(
    ("values", "growth"),
    [([], 0.0), ([5.0], 0.0), ([5.0, 9.0], 4.0), ([5.0, 9.0, 2.0, 3.0], 7.0)],
)
def test_a_counter_that_falls_began_anew(values: Sequence[float], growth: float) -> None:
    """5 → 9 (killed) 2 → 3: 4 before, 2 and 1 behind."""
    assert metrics.increase(values) == pytest.approx(growth)


def test_looks_are_analysed_and_gated() -> None:
    """A frame that the gate held back was looked at all the same."""
    assert metrics.looks(faces(text(0, 0), text(20, 30)), "a") == pytest.approx(50.0)


def test_what_is_absent_gives_nothing() -> None:
    """Without a gate looks are the analysed; an unknown camera, or one reading, has no growth."""
    seen = faces(text(0), None, text(50))
    assert metrics.looks(seen, "a") == pytest.approx(50.0)
    assert metrics.grown(seen, metrics.GATED, "a") is None
    assert metrics.grown(seen[:1], metrics.ANALYSED, "a") is None
    assert metrics.looks(seen, "b") == 0.0
    assert metrics.span_s(seen, metrics.ANALYSED) == pytest.approx(20.0)
    assert metrics.span_s(seen, metrics.GATED) == 0.0
    assert metrics.least(seen, metrics.RATE_FACTOR) is None
    assert metrics.least(seen, metrics.ANALYSED) == 0.0


def test_looks_a_second_and_camera() -> None:
    """50 looks in 10 s of one camera, and none of nothing."""
    assert metrics.looks_per_s(faces(text(0), text(50)), ["a"]) == pytest.approx(5.0)
    assert metrics.looks_per_s(faces(None, None), ["a"]) == 0.0


def test_mean_of_a_histogram_is_that_of_the_window() -> None:
    """20 ms each; none where nothing came in or nothing was told."""
    assert metrics.mean_ms(faces(text(10), text(30)), metrics.INFERENCE) == pytest.approx(20.0)
    assert metrics.mean_ms(faces(text(10), text(10)), metrics.INFERENCE) is None
    assert metrics.mean_ms(faces(None), metrics.INFERENCE) is None
