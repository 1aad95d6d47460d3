"""What the GPU target refuses.

GpuRefused
├── GraphUnusable       a network that cannot be put into one graph with what is around it
├── NoGpu               no card is found
├── GpuCountWrong       more cards were asked for than there are
├── GpuMemoryShort      a card's free memory does not hold the plans
├── PlanFailed          TensorRT could not build a plan
├── PlanForeign         a plan of another TensorRT, card or network
└── PlanToolsMissing    neither the tensorrt package nor trtexec is there
"""

from __future__ import annotations

from pathlib import Path

from model_repository.errors import ModelError


class GpuRefused(ModelError):  # noqa: N818 - says what is the case
    """Anything that the GPU target refuses."""


class GraphUnusable(GpuRefused):
    """A network that cannot be put into one graph with what is around it."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the network and the reason."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name both."""
        return f"{self.path} cannot be made ready for TensorRT: {self.reason}"


class NoGpu(GpuRefused):
    """No card is found."""

    def __str__(self) -> str:
        """Say what was looked for and what can be done without a card."""
        return (
            "no NVIDIA GPU was found (nvidia-smi is not there or lists none): install the driver, build where the card "
            "is, or give --gpus N to render for N cards that are elsewhere (--gpus 0: the same graphs by ONNX Runtime "
            "on the CPU of the Triton container)"
        )


class GpuCountWrong(GpuRefused):
    """More cards were asked for than there are."""

    def __init__(self, asked: int, found: int) -> None:
        """Hold both numbers."""
        super().__init__(asked, found)
        self.asked, self.found = asked, found

    def __str__(self) -> str:
        """Name both numbers."""
        return f"the repository is for {self.asked} GPUs, this machine has {self.found}: build with --gpus {self.found}"


class GpuMemoryShort(GpuRefused):
    """A card's free memory does not hold the plans."""

    def __init__(self, card: str, free_mib: int, needed_mib: int) -> None:
        """Hold the card and both numbers."""
        super().__init__(card, free_mib, needed_mib)
        self.card, self.free_mib, self.needed_mib = card, free_mib, needed_mib

    def __str__(self) -> str:
        """Name both numbers."""
        return (
            f"{self.card} has {self.free_mib} MiB free, building and serving these networks needs about "
            f"{self.needed_mib} MiB: stop what uses the card, or give --instances 1 or a smaller --batch"
        )


class PlanFailed(GpuRefused):
    """TensorRT could not build a plan."""

    def __init__(self, model: str, reason: str) -> None:
        """Hold the Triton model and what TensorRT said."""
        super().__init__(model, reason)
        self.model, self.reason = model, reason

    def __str__(self) -> str:
        """Name both."""
        return f"TensorRT could not build the plan of {self.model}: {self.reason}"


class PlanForeign(GpuRefused):
    """A plan of another TensorRT, card or network."""

    def __init__(self, model: str, what: str, there: str, here: str) -> None:
        """Hold the Triton model, what differs, and both values."""
        super().__init__(model, what, there, here)
        self.model, self.what, self.there, self.here = model, what, there, here

    def __str__(self) -> str:
        """Say what differs and how to build it here."""
        return (
            f"the plan of {self.model} was built for {self.what} {self.there or 'nothing'}, here it is {self.here}: a "
            "plan runs only where it was built; run `zool models plan` on this machine"
        )


class PlanToolsMissing(GpuRefused):
    """Neither the tensorrt package nor trtexec is there."""

    def __str__(self) -> str:
        """Say where they come from."""
        return (
            "neither the Python package tensorrt nor trtexec is there: run this in NVIDIA's Triton or TensorRT "
            "container, or install the extra `gpu` in the version of the Triton that serves"
        )
