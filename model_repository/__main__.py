"""`python -m model_repository`: build, serve, import, list and train models."""

from __future__ import annotations

import argparse
import math
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from model_repository import builder, registry, store, triton
from model_repository.contract import SURFACE_DEFECT
from model_repository.errors import EnsembleUnknown, ModelError, TrainingToolsMissing, WeightsMissing
from model_repository.evaluation import command as evaluation
from model_repository.evaluation import kept
from model_repository.gpu import command as gpu
from model_repository.learning import command as learning
from model_repository.listing import entry
from model_repository.pull import command as pull
from model_repository.registry import Ensemble

TRAININGS = {
    "detector": "model_repository.train.detector",
    "face_detector": "model_repository.train.face_detector",
    "face_embedding": "model_repository.train.face_embedding",
    "plate_corners": "model_repository.train.plate_corners",
    "plate_ocr": "model_repository.train.plate_ocr",
    SURFACE_DEFECT: "model_repository.train.surface_defect",
    "ppe": "model_repository.train.ppe",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit code (2: refused, with the reason on stderr)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["train"] and "--task" in words:
        options = learning.job_options(words[1:])
    else:
        options, rest = _parser().parse_known_args(words)
        if rest and options.command is not _train:
            _parser().error(f"unrecognized arguments: {' '.join(rest)}")
        options.rest = rest
    try:
        return int(options.command(options))
    except ModelError as error:
        print(f"zool models: {error}", file=sys.stderr)
        return 2


def measure_speed(data_directory: Path, names: tuple[str, ...], seconds: float) -> list[dict[str, Any]]:
    """For `zool bench models`: what `evaluation.speed` finds for every ensemble, the detector first, as plain dicts."""
    from model_repository.evaluation import speed  # noqa: PLC0415 - needs OpenCV and shared memory

    ensembles = _servable(argparse.Namespace(only=names, data_dir=data_directory))
    return [msgspec.to_builtins(speed.measure(each, data_directory, seconds=seconds)) for each in ensembles]


def measure_cycles(data_directory: Path, names: tuple[str, ...], count: int) -> dict[str, Any]:
    """For `zool bench models --cycles`: what `evaluation.cycles` finds for the first ensemble, as a plain dict."""
    from model_repository.evaluation import cycles  # noqa: PLC0415 - starts servers

    first = _servable(argparse.Namespace(only=names, data_dir=data_directory))[0]
    found: dict[str, Any] = msgspec.to_builtins(cycles.measure(first, data_directory, count))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_repository", description="Models: build, serve, import, train."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("build", help="render a ready Triton model repository")
    gpu.add_target(command)
    command.add_argument("--out", type=Path, required=True, help="folder of the repository; replaced when out of date")
    _with_common(command, _build)

    gpu.add_plan(commands.add_parser("plan", help="build the TensorRT plans of a repository where it is served"))

    command = commands.add_parser("serve", help="build if needed, then become the Triton server")
    command.add_argument("--repository", type=Path, required=True)
    command.add_argument("--prebuilt", action="store_true", help="serve the repository as it lies there")
    for face in ("grpc", "http", "metrics"):
        command.add_argument(f"--{face}-port", type=int, required=True, metavar="N")
    command.add_argument(
        "--host", default=triton.HOST, help="address of all three; Triton asks for no password (default: %(default)s)"
    )
    _with_common(command, _serve)

    _with_import(commands.add_parser("import", help="put weights of your own to use"))

    command = commands.add_parser("pull", help="fetch public weights of the catalogue and put them to use, or list it")
    pull.add_arguments(command)
    _with_common(command, _pull)

    command = commands.add_parser("list", help="which weights there are, which are in use (*), what they are worth")
    command.add_argument("--json", action="store_true", help="print one JSON array")
    _with_common(command, _list)

    for name, function, text in (
        ("use", _use, "put weights that were imported before, or the starter, to use"),
        ("remove", _remove, "delete imported weights"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("task", choices=[task.name for task in registry.TASKS])
        command.add_argument("name")
        _with_common(command, function)

    command = commands.add_parser("eval", help="what an ensemble is worth on pictures with their truth")
    evaluation.add_arguments(command)
    _with_common(command, evaluation.run)

    command = commands.add_parser("report", help="write the tables of MODELS.md from cards and kept evaluations")
    command.add_argument("--out", type=Path, default=Path("MODELS.md"), help="default: %(default)s")
    command.add_argument("--results", type=Path, action="append", help="folder of evaluations; default: the package's")
    command.set_defaults(command=_report)

    command = commands.add_parser("fit", help="fit a model without a network on a few good pictures")
    command.add_argument("task", choices=[SURFACE_DEFECT])
    command.add_argument("--good", type=Path, required=True, metavar="DIR", help="pictures of one size without a flaw")
    command.add_argument("--name", default="", help="default: the name of the folder")
    command.add_argument("--replace", action="store_true", help="another model of that name is thrown away")
    _with_common(command, _fit)

    learning.add_commands(commands, _with_common)

    command = commands.add_parser(
        "train", add_help=False, help="TASK: a starter on rendered scenes; --task TASK --data DIR: go on from feedback"
    )
    command.add_argument("task", choices=sorted(TRAININGS))
    command.set_defaults(command=_train)
    return parser


def _with_common(command: argparse.ArgumentParser, function: object) -> None:
    default = Path(os.environ.get("ZOOL_DATA_DIR", "data"))
    command.add_argument("--data-dir", type=Path, default=default, help="default: %(default)s")
    command.add_argument("--only", action="append", help=argparse.SUPPRESS)
    command.set_defaults(command=function)


def _with_import(command: argparse.ArgumentParser) -> None:
    tasks = [task.name for task in registry.TASKS if task.importer]
    command.add_argument("file", type=Path)
    command.add_argument("--as", dest="task", required=True, metavar="TASK", help=f"one of: {', '.join(tasks)}")
    command.add_argument("--name", default="", help="default: the name of the file")
    command.add_argument("--replace", action="store_true", help="other weights of that name are thrown away")
    command.add_argument(
        "--trust-checkpoint", action="store_true",
        help="a .pt file is loaded, which RUNS THE CODE IN IT, and exported by ultralytics (group `export`); without "
        "this a checkpoint is refused",
    )  # fmt: skip
    command.add_argument("--labels", type=Path, help="class names, one per line, where the file does not hold them")
    command.add_argument("--items", type=Path, help="which classes are which equipment (TOML), where names don't say")
    command.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help="where the file leaves its input size open")
    command.add_argument("--alphabet", default="", help="characters of a plate reader, in the order of its classes")
    command.add_argument("--colour", choices=["rgb", "bgr"], default="", help="order of the channels; default: rgb")
    command.add_argument("--mean", type=_triple, metavar="A,B,C", help="is subtracted from pixels of 0 to 255")
    command.add_argument("--std", type=_triple, metavar="A,B,C", help="pixels are divided by it after that")
    command.add_argument("--licence", default="", help="where the file does not say")
    command.add_argument("--version", default="", help="default: the file's, else the start of its SHA-256")
    _with_common(command, _import)


def _size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text)
    if not sides:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 640x384")
    return int(sides[1]), int(sides[2])


def _triple(text: str) -> tuple[float, float, float]:
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3) or not all(math.isfinite(each) for each in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not one number or three with commas between them")
    first, second, third = numbers if len(numbers) == 3 else numbers * 3
    return first, second, third


def _build(options: argparse.Namespace) -> int:
    written = builder.build(options.out, options.data_dir, _servable(options), gpu.target_of(options))
    print(f"{options.out}: {'built' if written else 'up to date'}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    """Become Triton: the process keeps its id, so that whoever started it watches the server itself."""
    wheel = triton.locate()
    if not options.prebuilt:
        builder.build(options.repository, options.data_dir, _servable(options))
    backends = triton.prepare(wheel, options.repository.with_name(f"{options.repository.name}.backends"))
    triton.sweep(options.repository)
    ports = triton.Ports(
        grpc=options.grpc_port, http=options.http_port, metrics=options.metrics_port, host=options.host
    )
    command = triton.server_command(
        wheel,
        repository=options.repository,
        backends=backends,
        ports=ports,
        environ=os.environ,
        models=builder.ensembles_in(options.repository),
        key=triton.write_control(options.repository, ports).key,
    )
    os.execve(command.argv[0], list(command.argv), dict(command.environ))  # noqa: S606


def _servable(options: argparse.Namespace) -> tuple[Ensemble, ...]:
    """The ensembles that have weights; the others are named and left out. Without a detector nothing can be served."""
    servable = []
    for ensemble in _ensembles(options):
        try:
            builder.find_weights((ensemble,), options.data_dir)
        except WeightsMissing as error:
            if ensemble.name == registry.REQUIRED:
                raise
            print(f"zool models: {ensemble.name} is not served: {error}", file=sys.stderr)
        else:
            servable.append(ensemble)
    return tuple(servable)


def _import(options: argparse.Namespace) -> int:
    from model_repository import importer  # noqa: PLC0415 - reading networks is slow to import
    from model_repository.imports import checkpoint  # noqa: PLC0415

    fields = ("name", "labels", "items", "size", "alphabet", "colour", "mean", "std", "licence", "version")
    said = {field: getattr(options, field) for field in fields}
    with tempfile.TemporaryDirectory(prefix="zool-import-") as folder:
        path = options.file
        if options.trust_checkpoint and path.suffix.lower() in checkpoint.CHECKPOINTS:
            path = checkpoint.exported(path, Path(folder), options.size)
        card = importer.examine(path, options.task, **said)
        weights = store.add(path, card, options.data_dir, replace=options.replace)
    print(f"{card.task}: {card.name} ({card.head}, {card.input_width}x{card.input_height}, {len(card.labels)} classes)")
    print(f"deployed to {weights.path}; it is served from the next start of Triton on")
    return 0


def _pull(options: argparse.Namespace) -> int:
    pulled = pull.run(options)
    if pulled is None:
        return 0
    code = main(["import", *pulled.words, "--data-dir", str(options.data_dir)])
    if code == 0:
        pulled.path.unlink(missing_ok=True)
    else:
        print(f"zool models: the file is kept: {pulled.path}", file=sys.stderr)
    return code


def _fit(options: argparse.Namespace) -> int:
    from model_repository.defects import fitting  # noqa: PLC0415 - reading pictures is slow to import

    fitted = fitting.fit_folder(options.good)
    name = options.name or fitting.default_name(options.good)
    weights = fitting.deploy(fitted, name, options.data_dir, replace=options.replace)
    print(f"{options.task}: {name}, {len(fitted.paths)} good pictures, {fitted.size[0]}x{fitted.size[1]}")
    print(fitted.summary)
    print(f"deployed to {weights.path}; it is served from the next start of Triton on")
    return 0


def _list(options: argparse.Namespace) -> int:
    found = kept.evaluations([kept.RESULTS, kept.kept_in(options.data_dir)])
    entries = [
        entry(weights.card, used=used, figure=kept.headline(found, weights.card.sha256))
        for task in registry.TASKS
        for weights, used in store.known(task.name, options.data_dir)
    ]
    if options.json:
        print(msgspec.json.encode(entries).decode())
        return 0
    for each in entries:
        size, classes = f"{each.input_width}x{each.input_height}", f"{each.classes} classes" if each.classes else ""
        print(
            f"{'*' if each.live else ' '} {each.task:16} {each.name:28} {each.version:13} {size:9} {classes:12}"
            f"{each.licence or '-':22} {each.sha256[:12]}  {each.figure or '-'}"
        )
    return 0


def _report(options: argparse.Namespace) -> int:
    changed = kept.write_report(options.out, options.results or [kept.RESULTS])
    print(f"{options.out}: {'written' if changed else 'up to date'}")
    return 0


def _use(options: argparse.Namespace) -> int:
    store.use(options.task, options.name, options.data_dir)
    print(f"{options.task}: {options.name} is served from the next start of Triton on")
    return 0


def _remove(options: argparse.Namespace) -> int:
    store.remove(options.task, options.name, options.data_dir)
    print(f"{options.task}: {options.name} is gone; the running Triton keeps it until its next start")
    return 0


def _train(options: argparse.Namespace) -> int:
    sys.argv = [f"train {options.task}", *options.rest]
    try:
        runpy.run_module(TRAININGS[options.task], run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        raise TrainingToolsMissing(error.name or str(error)) from error
    return 0


def _ensembles(options: argparse.Namespace) -> tuple[Ensemble, ...]:
    """Those asked for, else all: the slots of the data directory included."""
    if not options.only:
        return registry.with_slots(store.slots(options.data_dir))
    found = {name: registry.ensemble(name) for name in options.only}
    unknown = [name for name, each in found.items() if each is None]
    if unknown:
        raise EnsembleUnknown(
            unknown[0], tuple(each.name for each in registry.with_slots(store.slots(options.data_dir)))
        )
    return tuple(each for each in found.values() if each)


if __name__ == "__main__":
    sys.exit(main())
