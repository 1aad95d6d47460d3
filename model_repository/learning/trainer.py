"""The process of a training: `python -m model_repository.learning.trainer SPEC.json`. Edge (files, clock, process).

In: a `JobSpec`. Out, in the folder of the job: progress.jsonl (one `Epoch` per line), checkpoint.npz after every
epoch, plots as PNG, the package (network and card) with its training.json, report.json at the very end.
It goes on from a checkpoint that it finds. Nothing it does touches what is served.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from model_repository import card, heads
from model_repository.card import Weights
from model_repository.contract import letterbox
from model_repository.errors import ModelError
from model_repository.evaluation import datasets
from model_repository.evaluation.alone import tensor
from model_repository.evaluation.pictures import letterboxed
from model_repository.evaluation.precision import Picture, average_precision
from model_repository.learning import fitting, folder, plots
from model_repository.learning.aims import Truth, aims
from model_repository.learning.contract import Epoch, Example, JobReport, JobSpec, TrainingRecord
from model_repository.learning.errors import NothingToLearn
from model_repository.learning.fitting import Cells, State
from model_repository.learning.judging import judged_only
from model_repository.learning.surgery import Answer, Surgeon, scores
from model_repository.store import TRAINING_FILE

Floats = npt.NDArray[np.float32]

CELLS_MAX = 3_000_000
VAL_MAX = 200
FIGURE = "mAP50 on val"


class Seen(NamedTuple):
    """A picture of `val`: what the network sees in it, and what is true."""

    answer: Answer
    truth: Truth


class Learnt(NamedTuple):
    """What the new weights come from."""

    base: Weights
    dataset: str
    examples: list[Example]


def main(argv: Sequence[str]) -> int:
    """Run the job of a spec; returns the exit code."""
    spec = msgspec.json.decode(Path(argv[0]).read_bytes(), type=JobSpec)
    os.nice(max(0, spec.nice - os.nice(0)))
    if spec.memory_mb_max:
        resource.setrlimit(resource.RLIMIT_AS, (spec.memory_mb_max << 20, spec.memory_mb_max << 20))
    cv2.setNumThreads(spec.threads)
    try:
        report = train(spec)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    out = Path(spec.out) / "report.json"
    out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def train(spec: JobSpec) -> JobReport:
    """Teach the last layers. Raises PackageUnsuited, NothingToLearn, DataUnusable."""
    data, out = Path(spec.data), Path(spec.out)
    base = card.load(Path(spec.base))
    described = folder.read_card(data)
    examples = {split: folder.read(data, split) for split in ("train", "val")}
    for split, own in examples.items():
        if not own:
            raise NothingToLearn(spec.data, f"there are no examples in `{split}`")
    surgeon = Surgeon(base, spec.threads)
    cells = _cells(surgeon, data / "train", examples["train"])
    seen = [_seen(surgeon, data / "val", each) for each in examples["val"][:VAL_MAX]]
    origin = [fitting.begin(layer.weight, layer.bias) for layer in surgeon.layers]
    states, epochs, stopped = _epochs(spec, cells, seen, origin, len(base.card.labels))
    best = max(epochs, key=lambda each: each.val)
    learnt = Learnt(base, described.id, [each for own in examples.values() for each in own])
    weights = _package(spec, surgeon, states, learnt)
    drawn = plots.curves(epochs, out / "plots")
    return JobReport(
        name=spec.name,
        base=base.card.ref,
        dataset=described.id,
        examples={split: len(own) for split, own in examples.items()},
        epochs=tuple(epochs),
        best_epoch=best.epoch,
        stopped=stopped,
        figure=FIGURE,
        before=epochs[0].val,
        after=best.val,
        weights=str(weights),
        plots=tuple(map(str, drawn)),
    )


def _epochs(
    spec: JobSpec, cells: list[Cells], seen: list[Seen], origin: list[State], classes: int
) -> tuple[list[State], list[Epoch], str]:
    """All epochs, from a checkpoint where there is one; the best states, and why it ended. Epoch 0 is the beginning."""
    out = Path(spec.out)
    states, best, epochs = _checkpoint(out, origin)
    if not epochs:
        epochs = [Epoch(epoch=0, loss=0.0, val=_figure(seen, states, classes), seconds=0.0)]
        _tell(out, epochs[0])
    top = max(epochs, key=lambda each: each.val)
    while epochs[-1].epoch < spec.epochs_max:
        number, before = epochs[-1].epoch + 1, time.monotonic()
        if number - top.epoch > spec.patience:
            return best, epochs, f"early stop: {spec.patience} epochs without a better figure"
        losses = []
        for index, own in enumerate(cells):
            seed = spec.seed * 1_000_003 + number * 101 + index
            states[index], loss = fitting.epoch(states[index], own, origin[index], rate=spec.rate, seed=seed)
            losses.append(loss)
        val = _figure(seen, states, classes)
        epochs.append(Epoch(epoch=number, loss=sum(losses), val=val, seconds=time.monotonic() - before))
        if val > top.val:
            top, best = epochs[-1], list(states)
        _save(out, states, best)
        _tell(out, epochs[-1])
    return best, epochs, "all epochs"


def _cells(surgeon: Surgeon, where: Path, examples: list[Example]) -> list[Cells]:
    """What each layer learns from, of all pictures; bounded by CELLS_MAX."""
    parts: list[list[Cells]] = [[] for _ in surgeon.layers]
    total = 0
    for example in examples:
        seen = _seen(surgeon, where, example)
        aim = aims(seen.answer.boxes, seen.answer.scores, seen.truth)
        begin = 0
        for own, features in zip(parts, seen.answer.features, strict=True):
            inside = (aim.cells >= begin) & (aim.cells < begin + len(features))
            rows = aim.cells[inside] - begin
            own.append(Cells(features[rows], aim.targets[inside], aim.weights[inside]))
            begin += len(features)
        total += len(aim.cells)
        if total > CELLS_MAX:
            break
    return [Cells(*(np.concatenate(part) for part in zip(*own, strict=True))) for own in parts]


def _seen(surgeon: Surgeon, where: Path, example: Example) -> Seen:
    made = surgeon.card
    picture = datasets.picture(where / example.file)
    fitted = letterbox((picture.shape[1], picture.shape[0]), (made.input_width, made.input_height), made.anchor)
    inside = letterboxed(picture, made)
    if made.colour == "rgb":
        inside = np.asarray(cv2.cvtColor(inside, cv2.COLOR_BGR2RGB), np.uint8)
    answer = surgeon.answer(tensor(made, inside, "tensor(float)", 4))
    number = {label: index for index, label in enumerate(made.labels)}
    boxes = tuple((number[label], fitted.to_tensor(box)) for label, box in example.boxes if label in number)
    judged = tuple((number[each.label], fitted.to_tensor(each.area)) for each in example.judged if each.label in number)
    return Seen(answer, Truth(boxes, judged))


def _figure(seen: list[Seen], states: list[State], classes: int) -> float:
    """MAP50 on `val` with these layers; 0 where there is nothing to find."""
    layers = [(state.weight, state.bias) for state in states]
    found = average_precision([_picture(each, layers) for each in seen], classes)
    return 0.0 if np.isnan(found.map50) else round(found.map50, 5)


def _picture(seen: Seen, layers: list[tuple[Floats, Floats]]) -> Picture:
    now = scores(seen.answer.features, layers)
    head = np.concatenate([_centred(seen.answer.boxes), now], axis=1).T.astype(np.float32)
    far = float(max(4.0, seen.answer.boxes.max()))
    rows = heads.candidates(head, "yolov8", (int(far) + 1, int(far) + 1))
    boxes, found, classes, count = heads.select(rows)
    table = np.column_stack((boxes, found, classes))[:count].astype(np.float32)
    true = np.array([(kind, *box) for kind, box in seen.truth.boxes], np.float32).reshape(-1, 5)
    return Picture(judged_only(table, seen.truth.judged), true)


def _centred(boxes: Floats) -> Floats:
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _package(spec: JobSpec, surgeon: Surgeon, states: list[State], learnt: Learnt) -> Path:
    """Write the new weights, their card and what they have seen; returns the path of the weights."""
    base = learnt.base
    path = Path(spec.out) / "package" / f"{spec.name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    surgeon.save([(state.weight, state.bias) for state in states], path)
    sha256 = card.file_sha256(path)
    earlier = _record_of(base)
    made = msgspec.structs.replace(
        base.card, name=spec.name, version=sha256[: card.VERSION_CHARS], sha256=sha256, starter=base.card.starter,
        trained_on=f"{base.card.trained_on}; last layers on {len(learnt.examples)} examples of this site",
        figures={}, command=f"zool models train --task {spec.task} --from {base.card.name}",
    )  # fmt: skip
    card.save(made, path.with_suffix(".json"))
    record = TrainingRecord(
        base=base.card.ref,
        datasets=(*earlier.datasets, learnt.dataset),
        groups=tuple(sorted({*earlier.groups, *(each.group for each in learnt.examples)})),
        pictures=tuple(sorted({*earlier.pictures, *(each.sha256 for each in learnt.examples)})),
    )
    (path.parent / TRAINING_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    return path


def _record_of(base: Weights) -> TrainingRecord:
    """What the weights that it begins with have seen: it is inherited."""
    path = base.path.with_name(TRAINING_FILE)
    if not path.exists():
        return TrainingRecord(base=base.card.ref)
    return msgspec.json.decode(path.read_bytes(), type=TrainingRecord)


def _tell(out: Path, epoch: Epoch) -> None:
    line = msgspec.json.encode(epoch)
    with (out / "progress.jsonl").open("ab") as file:
        file.write(line + b"\n")
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


def _save(out: Path, states: list[State], best: list[State]) -> None:
    arrays = {
        f"{name}.{index}.{field}": np.asarray(getattr(state, field))
        for name, own in (("now", states), ("best", best))
        for index, state in enumerate(own)
        for field in State._fields
    }
    draft = out / "checkpoint.part.npz"
    np.savez(draft, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own parameters
    draft.replace(out / "checkpoint.npz")


def _checkpoint(out: Path, origin: list[State]) -> tuple[list[State], list[State], list[Epoch]]:
    """States and epochs so far; the beginning where there is no checkpoint."""
    path, told = out / "checkpoint.npz", out / "progress.jsonl"
    if not path.exists():
        told.unlink(missing_ok=True)
        return list(origin), list(origin), []
    with np.load(path) as arrays:
        states, best = (
            [_loaded(arrays, f"{name}.{index}") for index in range(len(origin))] for name in ("now", "best")
        )
    epochs = [msgspec.json.decode(line, type=Epoch) for line in told.read_bytes().splitlines() if line]
    return states, best, epochs


def _loaded(arrays: Mapping[str, Any], prefix: str) -> State:
    weight, bias, first, second = (arrays[f"{prefix}.{field}"] for field in State._fields[:-1])
    return State(weight, bias, first, second, int(arrays[f"{prefix}.steps"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
