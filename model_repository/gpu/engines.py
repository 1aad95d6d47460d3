"""TensorRT behind `plans.Engine`: by its Python package, or by trtexec. Edge: the only module that imports tensorrt.

Both build for the card they run on, with a profile of batches and, where asked, half precision.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import onnx

from model_repository.gpu.errors import PlanFailed, PlanToolsMissing
from model_repository.gpu.plans import Engine, Profile

TRTEXEC_PLACES = ("/usr/src/tensorrt/bin/trtexec", "/opt/tensorrt/bin/trtexec")
BUILD_TIMEOUT_S = 3600


def located() -> Engine:
    """The Python package where it is installed, else trtexec. Raises PlanToolsMissing."""
    try:
        return PackageEngine(importlib.import_module("tensorrt"))
    except ImportError:
        pass
    tool = shutil.which("trtexec") or next((place for place in TRTEXEC_PLACES if Path(place).exists()), None)
    if tool is None:
        raise PlanToolsMissing
    return TrtexecEngine(tool)


class PackageEngine:
    """The package `tensorrt`, version 10."""

    def __init__(self, tensorrt: Any) -> None:
        """Hold the imported package."""
        self._trt = tensorrt
        self.version = str(tensorrt.__version__)

    def plan(self, graph: Path, profile: Profile) -> bytes:
        """Parse, set the profile, build, serialise."""
        trt = self._trt
        logger = trt.Logger(trt.Logger.WARNING)
        builder = trt.Builder(logger)
        network = builder.create_network(0)
        parser = trt.OnnxParser(network, logger)
        if not parser.parse(graph.read_bytes()):
            reasons = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
            raise PlanFailed(graph.parent.parent.name, reasons[:500])
        config = builder.create_builder_config()
        if profile.fp16:
            config.set_flag(trt.BuilderFlag.FP16)
        ranges = builder.create_optimization_profile()
        for name, rest in inputs_of(graph):
            sizes = (profile.batch_min, profile.batch_best, profile.batch_max)
            ranges.set_shape(name, *((size, *rest) for size in sizes))
        config.add_optimization_profile(ranges)
        built = builder.build_serialized_network(network, config)
        if built is None:
            raise PlanFailed(graph.parent.parent.name, "the builder gave nothing back; its log stands above")
        return bytes(built)


class TrtexecEngine:
    """The tool `trtexec` of NVIDIA's containers."""

    def __init__(self, tool: str) -> None:
        """Hold the path of the tool and ask it for its version."""
        self._tool = tool
        self.version = version_in(_run([tool, "--help"], timeout_s=60)[1])

    def plan(self, graph: Path, profile: Profile) -> bytes:
        """Build into a file and read it."""
        with tempfile.TemporaryDirectory(prefix="zool-plan-") as folder:
            out = Path(folder) / "model.plan"
            code, said = _run([self._tool, *arguments(graph, out, profile)], timeout_s=BUILD_TIMEOUT_S)
            if code or not out.exists():
                raise PlanFailed(graph.parent.parent.name, said.strip()[-500:])
            return out.read_bytes()


def arguments(graph: Path, out: Path, profile: Profile) -> tuple[str, ...]:
    """What trtexec is asked with. Pure but for reading the graph's inputs."""
    shapes = {
        option: ",".join(f"{name}:{'x'.join(map(str, (size, *rest)))}" for name, rest in inputs_of(graph))
        for option, size in (
            ("minShapes", profile.batch_min),
            ("optShapes", profile.batch_best),
            ("maxShapes", profile.batch_max),
        )
    }
    half = ("--fp16",) if profile.fp16 else ()
    return (
        f"--onnx={graph}",
        f"--saveEngine={out}",
        "--skipInference",
        *half,
        *(f"--{k}={v}" for k, v in shapes.items()),
    )


def inputs_of(graph: Path) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape without the batch of every input of a made graph."""
    inputs = onnx.load(graph, load_external_data=False).graph.input
    return [(each.name, tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim[1:])) for each in inputs]


def version_in(text: str) -> str:
    """The version that trtexec prints at the top: `TensorRT v100300` or `v101001`."""
    match = re.search(r"TensorRT[ .]v?(\d{5,6})", text)
    if not match:
        return "unknown"
    number = int(match[1])
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _run(words: list[str], *, timeout_s: int) -> tuple[int, str]:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout + done.stderr
