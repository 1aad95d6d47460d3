"""Renders a Triton model repository for a target from the sources in `ensembles/` and the deployed weights.

Rules of this file
- Reads the package's own sources and the data directory, writes only the folder that it was told to.
- A repository appears whole or not at all: it is built beside its place and moved there in one step.
- A repository that was built from the same sources and weights is left alone: starting again costs no build.

What there is to build stands in `registry`; templates name their models by `$ensemble`, because slots share sources.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from model_repository import card, store
from model_repository.card import Weights, WeightsCard
from model_repository.contract import (
    DETECTIONS_MAX,
    PLATE_CHARS_MAX,
    REGION_BYTES,
    TEXT_BYTES,
    ModelCard,
    version_number,
)
from model_repository.errors import WeightsMissing
from model_repository.limits import CANDIDATES_MAX
from model_repository.registry import ENSEMBLES, Ensemble, Step
from model_repository.target import CPU, Target

SOURCES = Path(__file__).parent / "ensembles"
STAMP = "BUILT.json"
ENSEMBLE_LINE = 'platform: "ensemble"'
PLATE_OCR = "plate_ocr"
GRAPH_SOURCES = tuple((Path(__file__).parent / "gpu").glob("*.py"))


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One folder of the repository, rendered but not written."""

    name: str
    config: str
    source: Path | None = None
    weights: Mapping[str, Weights] = {}
    """By the stem of the file in the version folder."""
    cards: Mapping[str, WeightsCard] = {}
    """Cards that come without their networks, by stem."""
    graph: str = ""
    """The graph that the network is put into (`gpu.graph.GRAPHS`); '' where a Python step runs it as it is."""
    version: int = 1
    """Of an ensemble the number of its card (`contract.version_number`): a switch shows in every answer."""


def render(
    ensembles: tuple[Ensemble, ...],
    weights: Mapping[str, Weights],
    target: Target = CPU,
    batch_max: Mapping[str, int] = {},
) -> tuple[Model, ...]:
    """Fill the templates: the models of all ensembles, steps first. Pure but for reading sources.

    `weights` by task; `batch_max` by ensemble, where its networks take fewer pictures at a time than the target asks.
    """
    models: list[Model] = []
    for ensemble in ensembles:
        values = _values(ensemble, weights) | target.values(batch_max.get(ensemble.name, target.batch))
        models.extend(_model(ensemble, step, weights, values, target) for step in ensemble.steps_on(target.name))
        template = _source(ensemble, "config.pbtxt", target)
        number = version_number(_card_text(ensemble, weights))
        models.append(Model(name=ensemble.name, config=_filled(template, values), version=number))
    return tuple(models)


def _model(
    ensemble: Ensemble, step: Step, weights: Mapping[str, Weights], values: Mapping[str, str], target: Target
) -> Model:
    return Model(
        name=f"{ensemble.name}_{step.name}",
        config=_filled(_source(ensemble, f"{step.name}/config.pbtxt", target), values),
        source=None if step.graph else _source(ensemble, f"{step.name}/model.py", target),
        weights=_weights_of(step, weights),
        cards={each.partition("/")[0]: weights[each].card for each in step.cards},
        graph=step.graph,
    )


def _source(ensemble: Ensemble, path: str, target: Target) -> Path:
    """A file of an ensemble's sources; what is the same on the GPU is not written twice."""
    folder = SOURCES / ensemble.source
    own = folder / target.name / path
    return own if own.exists() else folder / path


def _weights_of(step: Step, weights: Mapping[str, Weights]) -> dict[str, Weights]:
    """The networks of a step by the stem of their file: the first is `network`, the others are named by their task."""
    found = {("network" if index == 0 else each): weights[each] for index, each in enumerate(step.tasks)}
    return found | {each: weights[each] for each in step.optional if each in weights}


def build(out: Path, data_directory: Path, ensembles: tuple[Ensemble, ...] = ENSEMBLES, target: Target = CPU) -> bool:
    """Make `out` a ready model repository; returns whether anything had to be written.

    For the GPU it is ready when `gpu.plans` has built its plans on the machine that serves it. Raises WeightsMissing,
    CardInvalid, WeightsChanged, GraphUnusable.
    """
    weights = find_weights(ensembles, data_directory)
    models = render(ensembles, weights, target, _batch_max(ensembles, weights, target))
    stamp = _stamp(models)
    if _read_stamp(out) == stamp:
        return False
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for model in models:
            write(model, draft / model.name)
        (draft / STAMP).write_text(stamp, "utf-8")
        _replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _batch_max(ensembles: tuple[Ensemble, ...], weights: Mapping[str, Weights], target: Target) -> dict[str, int]:
    """1 for the ensembles with a network that is fixed to one picture at a time."""
    if target.name == "cpu":
        return {}
    from model_repository.gpu import check  # noqa: PLC0415 - slow to import, and for the GPU alone

    fixed = {}
    for ensemble in ensembles:
        steps = [step for step in ensemble.steps_on(target.name) if step.graph]
        if not all(check.batches(_graph(step.graph, weights[step.tasks[0]]), ensemble.name) for step in steps):
            fixed[ensemble.name] = 1
    return fixed


def _graph(name: str, weights: Weights) -> Any:
    from model_repository.gpu.graph import GRAPHS  # noqa: PLC0415 - slow to import, and for the GPU alone

    return GRAPHS[name](weights.path, weights.card)


def find_weights(ensembles: tuple[Ensemble, ...], data_directory: Path) -> dict[str, Weights]:
    """The weights in use for every task of the ensembles. Raises WeightsMissing, CardInvalid, WeightsChanged."""
    tasks = {task for ensemble in ensembles for task in ensemble.tasks}
    found = {task: store.deployed(task, data_directory) for task in sorted(tasks)}
    for task in sorted({task for ensemble in ensembles for task in ensemble.optional}):
        with contextlib.suppress(WeightsMissing):
            found[task] = store.deployed(task, data_directory)
    return found


def public_card(ensemble: Ensemble, weights: Mapping[str, Weights]) -> ModelCard:
    """The card that travels with an ensemble: of its one network, or of the last one with all named as parts.

    What goes in is what the first network takes.
    """
    optional = [task for task in ensemble.optional if task in weights]
    cards = [weights[task].card for task in (*ensemble.tasks, *optional)]
    last = _last(ensemble, weights).public()
    if len(cards) == 1:
        return last
    return msgspec.structs.replace(
        last,
        task=ensemble.name,
        starter=any(each.starter for each in cards),
        input_width=cards[0].input_width,
        input_height=cards[0].input_height,
        anchor="top_left",
        fill=cards[0].fill,
        parts=tuple(each.ref for each in cards),
    )


def _last(ensemble: Ensemble, weights: Mapping[str, Weights]) -> WeightsCard:
    """The card of the network that gives the answer."""
    return weights[ensemble.tasks[-1]].card


def _values(ensemble: Ensemble, weights: Mapping[str, Weights]) -> dict[str, str]:
    public = public_card(ensemble, weights)
    numbers = {
        "frame_rows": public.input_height * 3 // 2,
        "frame_width": public.input_width,
        "candidates_max": CANDIDATES_MAX,
        "detections_max": DETECTIONS_MAX,
        "crop_width": public.input_width,
        "crop_height": public.input_height,
        "chars_max": PLATE_CHARS_MAX,
        "text_bytes": TEXT_BYTES,
        "region_bytes": REGION_BYTES,
        "face_side": _last(ensemble, weights).input_width,
        "embedding_size": public.embedding_size,
        "items": len(public.labels),
    }
    numbers |= _strip(weights[PLATE_OCR].card) if PLATE_OCR in ensemble.tasks else {}
    # A JSON string is a valid string of protobuf's text format as long as nothing is written as \u.
    quoted = json.dumps(_card_text(ensemble, weights), ensure_ascii=False)
    texts = {"card": quoted, "ensemble": ensemble.name}
    return {name: str(number) for name, number in numbers.items()} | texts


def _card_text(ensemble: Ensemble, weights: Mapping[str, Weights]) -> str:
    return msgspec.json.encode(public_card(ensemble, weights)).decode()


def _strip(reader: WeightsCard) -> dict[str, int]:
    """A straightened plate is as large, and of the colour, as its reader takes it."""
    channels = 1 if reader.colour == "gray" else 3
    return {"strip_width": reader.input_width, "strip_height": reader.input_height, "strip_channels": channels}


def _filled(template: Path, values: Mapping[str, str]) -> str:
    return Template(template.read_text("utf-8")).substitute(values)


def _stamp(models: tuple[Model, ...]) -> str:
    digest = hashlib.sha256()
    for model in models:
        digest.update(model.config.encode())
        if model.source:
            digest.update(model.source.read_bytes())
        if model.graph:
            digest.update(model.graph.encode() + b"".join(path.read_bytes() for path in sorted(GRAPH_SOURCES)))
        cards = {**model.cards, **{stem: each.card for stem, each in model.weights.items()}}
        for stem, each in sorted(cards.items()):
            digest.update(stem.encode() + msgspec.json.encode(each))
    return json.dumps({"models": [model.name for model in models], "sha256": digest.hexdigest()}) + "\n"


def ensembles_in(repository: Path) -> tuple[str, ...]:
    """The ensembles of a built repository, apart from those that were put beside the live ones for a trial."""
    try:
        named = json.loads(_read_stamp(repository))["models"]
    except (ValueError, KeyError):
        named = [path.parent.name for path in sorted(repository.glob("*/config.pbtxt"))]
    configs = {name: repository / name / "config.pbtxt" for name in named}
    return tuple(name for name, path in configs.items() if path.exists() and ENSEMBLE_LINE in path.read_text("utf-8"))


def _read_stamp(out: Path) -> str:
    try:
        return (out / STAMP).read_text("utf-8")
    except OSError:
        return ""


def write(model: Model, folder: Path) -> None:
    """Write one rendered model into a folder that is not there yet."""
    version = folder / str(model.version)
    version.mkdir(parents=True)
    (folder / "config.pbtxt").write_text(model.config, "utf-8")
    if model.source:
        shutil.copyfile(model.source, version / "model.py")
    for stem, weights in model.weights.items():
        if model.graph:
            (version / "model.onnx").write_bytes(_graph(model.graph, weights).SerializeToString())
        else:
            shutil.copyfile(weights.path, version / f"{stem}{weights.path.suffix}")
        card.save(weights.card, version / f"{stem}.json")
    for stem, each in model.cards.items():
        card.save(each, version / f"{stem}.json")


def _replace(draft: Path, out: Path) -> None:
    """Put a finished folder in the place of another; between the two renames there is none, never half of one."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        out.rename(old)
    draft.rename(out)
    shutil.rmtree(old, ignore_errors=True)
