"""Builds the TensorRT plans of a rendered repository on the machine that serves it, and tells foreign ones apart.

    <model>/1/model.onnx   the graph, from `build --target gpu`
    <model>/1/model.plan   what TensorRT made of it here
    <model>/1/plan.json    for which TensorRT, card, graph and batch

Rules of this file
- A plan is valid only for the TensorRT, the kind of card and the graph that it was built from; the stamp beside it says
  which. A plan whose stamp does not fit is never left to be loaded: Triton's own message would be of no help.
- A plan appears whole or not at all, its stamp after it.
- TensorRT stands behind `Engine`; this file imports neither it nor CUDA.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from model_repository.card import file_sha256
from model_repository.gpu.devices import Device
from model_repository.gpu.errors import GpuCountWrong, GpuMemoryShort, NoGpu, PlanForeign

MIB_PER_NETWORK = 600
"""What one network needs on a card while it is built: workspace, weights, CUDA's own. Serving needs less."""

GRAPH, PLAN, STAMP = "model.onnx", "model.plan", "plan.json"
TENSORRT = 'platform: "tensorrt_plan"'


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is tuned for: batches from `batch_min` to `batch_max`, best at `batch_best`; half precision."""

    batch_min: int = 1
    batch_best: int = 4
    batch_max: int = 8
    fp16: bool = True


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan was built for."""

    tensorrt: str
    card: str
    compute: str
    graph_sha256: str
    profile: Profile


class Engine(Protocol):
    """TensorRT, as far as it is needed here."""

    version: str

    def plan(self, graph: Path, profile: Profile) -> bytes:
        """Build. Raises PlanFailed."""
        ...


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One network of a repository."""

    model: str
    folder: Path
    profile: Profile


def jobs(repository: Path, *, fp16: bool = True) -> tuple[Job, ...]:
    """The networks that need a plan, in the order of their names."""
    found = []
    for config in sorted(repository.glob("*/config.pbtxt")):
        text = config.read_text("utf-8")
        if TENSORRT in text:
            batch = _batch_max(text)
            profile = Profile(batch_best=max(1, batch // 2), batch_max=batch, fp16=fp16)
            found.append(Job(model=config.parent.name, folder=config.parent / "1", profile=profile))
    return tuple(found)


def gpus_of(repository: Path) -> int:
    """For how many cards a repository was rendered; 0 where none of its networks is a plan."""
    for config in sorted(repository.glob("*/config.pbtxt")):
        text = config.read_text("utf-8")
        if TENSORRT in text:
            return len(text.partition("gpus: [")[2].partition("]")[0].split(","))
    return 0


def build(repository: Path, engine: Engine, devices: tuple[Device, ...], *, fp16: bool = True) -> tuple[str, ...]:
    """Build every plan that is missing or foreign; returns the models that were built.

    Raises NoGpu, GpuCountWrong, GpuMemoryShort, PlanFailed. Plans that were there before stay when one can't be built.
    """
    work = jobs(repository, fp16=fp16)
    refuse_unfit(gpus_of(repository), len(work), devices)
    built = []
    for job in work:
        wanted = _wanted(job, engine, devices[0])
        if _stamp(job) == wanted and (job.folder / PLAN).exists():
            continue
        data = engine.plan(job.folder / GRAPH, job.profile)
        (job.folder / STAMP).unlink(missing_ok=True)
        _write(job.folder / PLAN, data)
        _write(job.folder / STAMP, msgspec.json.format(msgspec.json.encode(wanted), indent=1))
        built.append(job.model)
    return tuple(built)


def verify(repository: Path, engine: Engine, devices: tuple[Device, ...], *, fp16: bool = True) -> None:
    """Refuse a repository whose plans are not of this machine. Raises NoGpu, GpuCountWrong, PlanForeign."""
    work = jobs(repository, fp16=fp16)
    refuse_unfit(gpus_of(repository), 0, devices)
    for job in work:
        wanted, there = _wanted(job, engine, devices[0]), _stamp(job)
        for what in ("tensorrt", "card", "compute", "graph_sha256", "profile"):
            one, other = getattr(there, what, ""), getattr(wanted, what)
            if one != other:
                raise PlanForeign(job.model, what.replace("_", " "), str(one), str(other))


def refuse_unfit(gpus: int, networks: int, devices: tuple[Device, ...]) -> None:
    """Raises NoGpu, GpuCountWrong, GpuMemoryShort."""
    if gpus and not devices:
        raise NoGpu
    if gpus > len(devices):
        raise GpuCountWrong(gpus, len(devices))
    for device in devices[:gpus]:
        needed = networks * MIB_PER_NETWORK
        if device.free_mib < needed:
            raise GpuMemoryShort(device.name, device.free_mib, needed)


def _wanted(job: Job, engine: Engine, device: Device) -> Stamp:
    return Stamp(
        tensorrt=engine.version,
        card=device.name,
        compute=device.compute,
        graph_sha256=file_sha256(job.folder / GRAPH),
        profile=job.profile,
    )


def _stamp(job: Job) -> Stamp | None:
    try:
        return msgspec.json.decode((job.folder / STAMP).read_bytes(), type=Stamp)
    except (OSError, msgspec.DecodeError):
        return None


def _batch_max(config: str) -> int:
    return int(config.partition("max_batch_size:")[2].split()[0])


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)
