"""`zool models eval`: start a Triton, ask it and the networks alone, print and keep what came out. Edge."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client

from model_repository import builder, registry
from model_repository.contract import ModelCard
from model_repository.errors import EnsembleUnknown, EvaluationMissing
from model_repository.evaluation.alone import Alone
from model_repository.evaluation.kept import kept_in
from model_repository.evaluation.server import infer, model_card, triton_server
from model_repository.evaluation.task import Arrays, Bench, Conditions, Evaluation, Figure, Measured, shown, times
from model_repository.registry import Ensemble

ENGINE = "Triton on the CPU (OpenVINO); alone: ONNX Runtime, float32"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare what `eval` understands, apart from --data-dir."""
    names = ", ".join(each.name for each in registry.ENSEMBLES if each.evaluation)
    command.add_argument("task", metavar="TASK", help=f"{names}, or object_detector_NAME of a further detector")
    command.add_argument("--name", default="", help="of a further detector, where TASK is object_detector")
    command.add_argument("--data", type=Path, required=True, help="folder with pictures and their truth (see README)")
    command.add_argument("--files", default="*", metavar="PATTERN", help="only pictures of that name; default: all")
    command.add_argument(
        "--class", dest="names", action="append", default=[], metavar="DATA=MODEL",
        help="a class of the data is another of the model; may be repeated",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="where the result is kept; default: the data directory"
    )


def run(options: argparse.Namespace) -> int:
    """Measure, print, keep. Raises EnsembleUnknown, EvaluationMissing, DataUnusable, WeightsMissing, ServerFailed."""
    ensemble = _ensemble(options.task, options.name)
    evaluation = evaluate(ensemble, options)
    print(_keep(evaluation, options.out or kept_in(options.data_dir)), file=sys.stderr)
    print(msgspec.json.encode(evaluation).decode() if options.json else as_text(evaluation))
    return 0


def evaluate(ensemble: Ensemble, options: argparse.Namespace) -> Evaluation:
    """One evaluation with its conditions."""
    weights = builder.find_weights((ensemble,), options.data_dir)
    alone = Alone()
    served: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="zool-eval-") as folder,
        triton_server(Path(folder), options.data_dir, (ensemble.name,)) as server,
        client.InferenceServerClient(server.url) as triton,
    ):
        card = model_card(triton, ensemble.name)

        def ask(**arrays: npt.NDArray[np.uint8]) -> Arrays:
            before = time.perf_counter()
            answer = infer(triton, ensemble.name, **arrays)
            served.append(time.perf_counter() - before)
            return answer

        names = dict(each.split("=", 1) for each in options.names if "=" in each)
        bench = Bench(
            ensemble=ensemble.name, data=options.data, card=card, weights=weights, ask=ask, alone=alone,
            names=names, files=options.files,
        )  # fmt: skip
        measured: Measured = importlib.import_module(ensemble.evaluation).evaluate(bench)
    speed = [times("Triton, one request at a time", served)]
    speed += [times(f"{task} alone", seconds) for task, seconds in alone.seconds.items()]
    return _evaluation(ensemble, card, measured, tuple(speed), options)


def _ensemble(task: str, name: str) -> Ensemble:
    asked = f"{task}_{name}" if name else task
    found = registry.ensemble(asked)
    if found is None:
        raise EnsembleUnknown(asked, tuple(each.name for each in registry.ENSEMBLES))
    if not found.evaluation:
        raise EvaluationMissing(found.name, tuple(each.name for each in registry.ENSEMBLES if each.evaluation))
    return found


def _evaluation(
    ensemble: Ensemble, card: ModelCard, measured: Measured, speed: tuple[Figure, ...], options: argparse.Namespace
) -> Evaluation:
    pattern = "" if options.files == "*" else f" --files '{options.files}'"
    classes = "".join(f" --class {each}" for each in options.names)
    data = options.data.resolve().name
    return Evaluation(
        ensemble=ensemble.name,
        models=card.parts or (card.ref,),
        input_width=card.input_width,
        input_height=card.input_height,
        data=data + (f" ({options.files})" if pattern else ""),
        measured=measured,
        speed=speed,
        conditions=Conditions(
            date=dt.datetime.now(dt.UTC).date().isoformat(),
            machine=_processor(),
            cores=len(os.sched_getaffinity(0)),
            engine=ENGINE,
            load=round(os.getloadavg()[0], 1),
            command=f"zool models eval {ensemble.name} --data {data}{pattern}{classes}",
        ),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _keep(evaluation: Evaluation, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    models = "+".join(model.name for model in evaluation.models)
    words = "".join(char if char.isalnum() else "-" for char in evaluation.data).strip("-")
    path = folder / f"{evaluation.ensemble}.{models}.{words}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation), indent=1) + b"\n")
    return path


def as_text(evaluation: Evaluation) -> str:
    """A table for the terminal."""
    models = ", ".join(f"{model.name} {model.version} {model.sha256[:12]}" for model in evaluation.models)
    alone = {figure.name: figure for figure in evaluation.measured.alone}
    rows = [f"{evaluation.ensemble}: {models}", f"{evaluation.data}: {evaluation.measured.items} pictures"]
    rows += [f"  {'':32} {'through Triton':>26} {'alone':>26} {'n':>6}"]
    rows += [
        f"  {each.name:32} {shown(each):>26} {shown(alone.get(each.name)):>26} {each.n:>6}"
        for each in evaluation.measured.served
    ]
    rows += [f"  {each.name:32} {shown(each):>26}" for each in evaluation.speed]
    rows += [f"  left out: {each}" for each in evaluation.measured.left_out]
    return "\n".join(rows)
