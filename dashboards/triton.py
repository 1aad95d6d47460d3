"""Metrics of Triton that boards use, after its documentation ("Metrics" of the user guide). Pure.

Rules
- Triton exports more; what stands here is what is understood and used. Times are counters of microseconds.
- Those of GPUs are there where a GPU is: no machine without one can show them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

_MODEL = ("model", "version")


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that somebody else's program exports."""

    name: str
    kind: Literal["counter", "gauge"]
    labels: tuple[str, ...]
    meaning: str
    action: str
    needs_gpu: bool = False


TRITON = (
    Foreign(
        name="nv_inference_request_success",
        kind="counter",
        labels=_MODEL,
        meaning="requests answered",
        action="stands still while frames are due: see the model's state and failures",
    ),
    Foreign(
        name="nv_inference_request_failure",
        kind="counter",
        labels=(*_MODEL, "reason"),
        meaning="requests that failed",
        action="grows: Triton's log says why",
    ),
    Foreign(
        name="nv_inference_count",
        kind="counter",
        labels=_MODEL,
        meaning="frames or crops answered; a batch of eight counts as eight",
        action="see nv_inference_exec_count",
    ),
    Foreign(
        name="nv_inference_exec_count",
        kind="counter",
        labels=_MODEL,
        meaning="batches run",
        action="as many as inferences: nothing is batched",
    ),
    Foreign(
        name="nv_inference_request_duration_us",
        kind="counter",
        labels=_MODEL,
        meaning="time of requests, from arrival to answer",
        action="grows: see queue and compute",
    ),
    Foreign(
        name="nv_inference_queue_duration_us",
        kind="counter",
        labels=_MODEL,
        meaning="time that requests waited for an instance",
        action="grows: add instances or cards, or look less often",
    ),
    Foreign(
        name="nv_inference_compute_infer_duration_us",
        kind="counter",
        labels=_MODEL,
        meaning="time of the network itself",
        action="grows: the processor or the card is shared with something else",
    ),
    Foreign(
        name="nv_inference_pending_request_count",
        kind="gauge",
        labels=_MODEL,
        meaning="requests that wait for an instance",
        action="stays high: add instances or cards",
    ),
    Foreign(
        name="nv_cpu_utilization",
        kind="gauge",
        labels=(),
        meaning="share of the host's processors in use",
        action="near 1: frames will be dropped",
    ),
    Foreign(
        name="nv_cpu_memory_used_bytes",
        kind="gauge",
        labels=(),
        meaning="memory of the host in use",
        action="near the total: fewer instances",
    ),
    Foreign(
        name="nv_cpu_memory_total_bytes",
        kind="gauge",
        labels=(),
        meaning="memory of the host",
        action="see nv_cpu_memory_used_bytes",
    ),
    Foreign(
        name="nv_gpu_utilization",
        kind="gauge",
        labels=("gpu_uuid",),
        needs_gpu=True,
        meaning="share of time in which a kernel ran on the card",
        action="near 1: add a card",
    ),
    Foreign(
        name="nv_gpu_memory_used_bytes",
        kind="gauge",
        labels=("gpu_uuid",),
        needs_gpu=True,
        meaning="memory of the card in use",
        action="near the total: fewer instances",
    ),
    Foreign(
        name="nv_gpu_memory_total_bytes",
        kind="gauge",
        labels=("gpu_uuid",),
        needs_gpu=True,
        meaning="memory of the card",
        action="see nv_gpu_memory_used_bytes",
    ),
    Foreign(
        name="nv_gpu_power_usage",
        kind="gauge",
        labels=("gpu_uuid",),
        needs_gpu=True,
        meaning="power that the card takes, watts",
        action="at its limit: the card slows down",
    ),
    Foreign(
        name="nv_gpu_power_limit",
        kind="gauge",
        labels=("gpu_uuid",),
        needs_gpu=True,
        meaning="power that the card may take, watts",
        action="see nv_gpu_power_usage",
    ),
)
