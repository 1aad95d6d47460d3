"""A day of made-up samples for the metrics that boards ask for, as OpenMetrics text. Pure.

What has no value here of its own follows the business of the day: counters by a rate, histograms about a middle. Cards
are shown as two that nobody has here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from dashboards.metrics import PARTS, Metric, of_module
from dashboards.triton import TRITON
from tests.support.day import CAMERAS

STEP_S = 300
VALUES: dict[str, Sequence[str]] = {
    "camera": [one.id for one in CAMERAS if one.enabled],
    "reason": ["newest", "deadline"],
    "detector": ["object_detector"],
    "recogniser": ["plate_reader", "face_embedder", "ppe_classifier"],
    "cause": ["none", "timeout"],
    "fault": ["blurred"],
    "stream": ["DETECTIONS", "SHOTS", "READS", "EVENTS"],
    "reader": ["store", "photos"],
    "consumer": ["store"],
    "table": ["events", "photos", "looks", "reads"],
    "kind": ["vehicle_entry", "ppe_violation"],
    "function": ["vehicles", "ppe"],
    "plate": ["read", "unread"],
    "stage": ["store"],
    "target": ["office", "barrier-1"],
    "outcome": ["sent"],
    "face": ["sse", "grpc"],
    "status": ["200", "404"],
    "method": ["GET"],
    "route": ["/events"],
    "disk": ["default"],
    "verdict": ["confirmed", "false_alarm"],
    "model": ["detector", "plate_reader_text", "face_embedding"],
    "version": ["1"],
    "gpu_uuid": ["GPU-made-up-0", "GPU-made-up-1"],
    "what": ["allow"],
    "code": ["OK"],
    "act": ["replayed"],
    "source": ["state"],
}
GAUGES = {
    "zool_ingest_rate_factor": 1.0,
    "zool_ingest_cameras_held": 4,
    "zool_ingest_camera_degraded": 0,
    "zool_ingest_lag_seconds": 0.14,
    "zool_ingest_picture_fault": 0,
    "zool_postprocess_stopped": 0,
    "zool_deliver_up": 1,
    "zool_disk_bytes": 1e12,
    "zool_disk_free_bytes": 6.2e11,
    "zool_queue_bytes": 1.1e9,
    "zool_queue_bytes_max": 5e9,
    "zool_queue_messages": 42_000,
    "zool_queue_age_seconds": 0.4,
    "zool_table_bytes": 3e9,
    "zool_table_rows": 2.4e7,
    "nv_cpu_utilization": 0.46,
    "nv_cpu_memory_used_bytes": 9e9,
    "nv_cpu_memory_total_bytes": 2.4e10,
    "nv_gpu_utilization": 0.37,
    "nv_gpu_memory_used_bytes": 6e9,
    "nv_gpu_memory_total_bytes": 2.4e10,
    "nv_gpu_power_usage": 62,
    "nv_gpu_power_limit": 72,
    "zool_recognise_gallery_samples": 180,
    "zool_decide_partitions": 16,
    "zool_decide_snapshot_bytes": 21_000,
    "zool_ingest_outbox_bytes": 0,
    "zool_ingest_spool_bytes": 0,
    "zool_decide_input_age_seconds": 0.03,
}
RATES = {
    "zool_ingest_frames_decoded_total": 25,
    "zool_ingest_frames_analysed_total": 3.2,
    "zool_ingest_frames_gated_total": 1.7,
    "zool_ingest_frames_skipped_total": 4,
    "zool_decide_inputs_total": 6,
    "zool_store_rows_total": 3,
    "nv_inference_count": 12,
    "nv_inference_exec_count": 5,
    "nv_inference_request_success": 12,
    "nv_inference_request_duration_us": 12 * 31_000,
    "nv_inference_queue_duration_us": 12 * 4200,
    "nv_inference_compute_infer_duration_us": 12 * 22_000,
    "zool_store_hours_counted_total": 0.07,
    "zool_api_requests_total": 2.5,
}
CALM = (
    "dead",
    "gaps",
    "dropped",
    "missed",
    "skipped",
    "garbage",
    "failure",
    "failures",
    "refused",
    "shortened",
    "cut",
    "retries",
)
MIDDLES = {"zool_recognise_confidence": 0.86, "zool_store_batch_rows": 14, "zool_ingest_inference_seconds": 0.03}
LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 2.0, 5.0, 10, 20, 50, 100, math.inf)


def busy(at: float) -> float:
    """0 to 1, most at noon."""
    return (1 + math.sin((at / 86_400 - 0.15) * 2 * math.pi)) / 2


def samples(end_s: float, *, leave_out: frozenset[str]) -> Iterator[str]:
    """Lines for all metrics but those that are made elsewhere."""
    times = [end_s - 24 * 3600 + n * STEP_S for n in range(24 * 3600 // STEP_S + 1)]
    own = [metric for _, module in PARTS for metric in of_module(module)]
    foreign = [
        Metric(name=one.name, kind=one.kind, labels=one.labels, meaning=one.meaning, action=one.action)
        for one in TRITON
    ]
    for metric in (*own, *foreign):
        if metric.name not in leave_out:
            yield f"# TYPE {metric.name.removesuffix('_total')} {_type(metric)}"
            yield from _of(metric, times)


def _type(metric: Metric) -> str:
    """Counters of Triton carry no `_total`, which OpenMetrics asks of counters."""
    return "unknown" if metric.kind == "counter" and not metric.name.endswith("_total") else metric.kind


def _of(metric: Metric, times: Sequence[float]) -> Iterator[str]:
    for number, values in enumerate(itertools.product(*(VALUES[label] for label in metric.labels))):
        labels = ",".join(f'{label}="{value}"' for label, value in zip(metric.labels, values, strict=True))
        wave = _wave(number)
        match metric.kind:
            case "gauge":
                level = GAUGES.get(metric.name, 2.0)
                flat = level in {0.0, 1.0} or "bytes" in metric.name or "total" in metric.name
                yield from (
                    _line(
                        metric.name, labels, at if "timestamp" in metric.name else level * (1 if flat else wave(at)), at
                    )
                    for at in times
                )
            case "counter":
                calm = any(word in metric.name for word in CALM)
                rate = 0.0 if calm else RATES.get(metric.name, 0.02)
                yield from _growing(metric.name, labels, times, lambda at, rate=rate, wave=wave: rate * wave(at))
            case "histogram":
                middle = MIDDLES.get(metric.name, 0.12)
                yield from _buckets(metric.name, labels, times, middle * (1 + 0.2 * number), wave)


def _wave(number: int) -> Callable[[float], float]:
    return lambda at: 0.35 + 0.65 * busy(at) + 0.12 * math.sin(at / 2700 + number) - 0.08 * number % 0.5


def _growing(name: str, labels: str, times: Sequence[float], rate: Callable[[float], float]) -> Iterator[str]:
    total = 0.0
    for at in times:
        total += STEP_S * max(0.0, rate(at))
        yield _line(name, labels, total, at)


def _buckets(
    name: str, labels: str, times: Sequence[float], middle: float, wave: Callable[[float], float]
) -> Iterator[str]:
    comma = "," if labels else ""
    for limit in LIMITS:
        told = "+Inf" if limit == math.inf else f"{float(limit)}"
        yield from _growing(
            f"{name}_bucket",
            f'{labels}{comma}le="{told}"',
            times,
            lambda at, limit=limit: wave(at) / (1 + (limit / (middle * (0.7 + 0.6 * busy(at)))) ** -5),
        )
    yield from _growing(f"{name}_count", labels, times, wave)


def _line(name: str, labels: str, value: float, at: float) -> str:
    shown = f"{{{labels}}}" if labels else ""
    return f"{name}{shown} {value:.6g} {at}"
