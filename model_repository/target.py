"""What a repository is built for: the values that its templates take from the target. Pure.

cpu   Python steps run the networks (OpenVINO); one process a step
gpu   networks are TensorRT plans with what is around them in their graph, on every card; Python steps need numpy
and OpenCV only. Without a card (`gpus` 0) the very same graphs run by Triton's ONNX Runtime backend.
"""

from __future__ import annotations

from typing import Literal

import msgspec

CPU_BATCH_MAX = 8
GPUS_MAX = 64

Name = Literal["cpu", "gpu"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a repository will be served."""

    name: Name = "cpu"
    gpus: int = 0
    instances: int = 2
    """Of every network on every card: while one copies, the other computes."""
    batch: int = 8

    def values(self, batch_max: int) -> dict[str, str]:
        """Template values; `batch_max` is what the ensemble's networks can take at most."""
        batch = min(batch_max, self.batch) if self.name == "gpu" else CPU_BATCH_MAX
        return {
            "batch_max": str(batch),
            "python_instances": str(max(1, 2 * self.gpus) if self.name == "gpu" else 1),
            "gpu_runtime": 'platform: "tensorrt_plan"' if self.gpus else 'backend: "onnxruntime"',
            "gpu_instances": _instance_group(self.gpus, self.instances),
            "gpu_batching": _batching(batch),
        }


CPU = Target()


def _instance_group(gpus: int, instances: int) -> str:
    if not gpus:
        return "instance_group [ { count: 1 kind: KIND_CPU } ]"
    numbers = ", ".join(map(str, range(gpus)))
    return f"instance_group [ {{ count: {instances} kind: KIND_GPU gpus: [ {numbers} ] }} ]"


def _batching(batch: int) -> str:
    """Batches that a plan is tuned for are preferred; a lone frame waits two milliseconds at most."""
    if batch == 1:
        return "dynamic_batching { max_queue_delay_microseconds: 0 }"
    sizes = ", ".join(str(size) for size in sorted({max(1, batch // 2), batch}))
    return f"dynamic_batching {{ preferred_batch_size: [ {sizes} ] max_queue_delay_microseconds: 2000 }}"
