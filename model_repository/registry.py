"""Which tasks and ensembles there are: two tables that everything else looks things up in.

Pure: no I/O. One line per task, one block per ensemble: add yours here and nowhere else.

Rules of this file
- A *task* is what a set of weights is for; each has its own folder under `<data-dir>/models/`.
- An *ensemble* is what clients call; its steps run the weights of tasks. Its sources lie in `ensembles/<folder>/`, a
  step's in `ensembles/<folder>/<step>/`, and the Triton name of a step is `<ensemble>_<step>`.
- A task has one set of weights in use (`deployed`), or, with `slots`, every imported set is in use, each in an
  ensemble of its own `<task>_<name>`. The weights of a slot are named `<task>/<name>` wherever a task is named.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from model_repository.contract import (
    DETECTOR,
    FACE_EMBEDDER,
    OBJECT_DETECTOR,
    PLATE_READER,
    PPE_CLASSIFIER,
    SURFACE_DEFECT,
)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What weights can be put in for."""

    name: str
    importer: str = ""
    """Module with `examine(asked: imports.request.Asked) -> WeightsCard`; '' for what can't be imported."""
    slots: bool = False
    file: str = "network.onnx"
    """The name under which the weights are kept; their card lies beside them with the suffix .json."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One model of an ensemble.

    In the version folder of the built model the first network is `network.onnx`, every further one `<task>.onnx` (with
    the suffix of the task's file), each with its card beside it; `cards` come without their networks, as `<task>.json`
    (of a slot without its name).
    """

    name: str
    tasks: tuple[str, ...] = ()
    """The networks it runs; without one of them the ensemble is not served."""
    optional: tuple[str, ...] = ()
    """Networks that it runs where there are any."""
    cards: tuple[str, ...] = ()
    """Tasks whose card it must know, because another step runs their network."""
    graph: str = ""
    """On the GPU: the graph of `gpu.graph.GRAPHS` that the network is put into; '' for a Python step."""


class Ensemble(msgspec.Struct, frozen=True, kw_only=True):
    """What clients call. `folder` holds the sources of its steps; '' is the ensemble's own name."""

    name: str
    steps: tuple[Step, ...]
    folder: str = ""
    evaluation: str = ""
    """Module with `evaluate(bench: evaluation.task.Bench) -> Measured`; '' for what can't be evaluated."""

    gpu_steps: tuple[Step, ...] = ()
    """Where its networks are plans; without them its Python steps run on the GPU target as they do on the CPU."""

    def steps_on(self, target: str) -> tuple[Step, ...]:
        """The steps for 'cpu' or 'gpu'."""
        return self.gpu_steps if target == "gpu" and self.gpu_steps else self.steps

    @property
    def source(self) -> str:
        """The folder under `ensembles/` with its templates."""
        return self.folder or self.name

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose weights it cannot do without, each once, in the order of its steps."""
        return tuple(dict.fromkeys(task for step in self.steps for task in step.tasks))

    @property
    def optional(self) -> tuple[str, ...]:
        """The tasks whose weights it uses where there are any."""
        return tuple(task for step in self.steps for task in step.optional)


TASKS: tuple[Task, ...] = (
    Task(name=DETECTOR, importer="model_repository.imports.detector"),
    Task(name=OBJECT_DETECTOR, importer="model_repository.imports.detector", slots=True),
    Task(name="plate_corners", importer="model_repository.imports.plate_corners"),
    Task(name="plate_ocr", importer="model_repository.imports.plate_ocr"),
    Task(name=SURFACE_DEFECT, file="surface.npz"),
    Task(name="face_detector", importer="model_repository.imports.face_detector"),
    Task(name="face_embedding", importer="model_repository.imports.face_embedding"),
    Task(name="ppe", importer="model_repository.imports.ppe"),
)

EVALUATION_OF_DETECTORS = "model_repository.evaluation.detector"

ENSEMBLES: tuple[Ensemble, ...] = (
    Ensemble(
        name=DETECTOR,
        steps=(Step(name="network", tasks=(DETECTOR,)), Step(name="boxes", cards=(DETECTOR,))),
        gpu_steps=(
            Step(name="network", tasks=(DETECTOR,), graph="detector"),
            Step(name="boxes", cards=(DETECTOR,)),
        ),
        evaluation=EVALUATION_OF_DETECTORS,
    ),
    Ensemble(
        name=PLATE_READER,
        steps=(
            Step(name="corners", tasks=("plate_corners",), cards=("plate_ocr",)),
            Step(name="text", tasks=("plate_ocr",)),
        ),
        gpu_steps=(
            Step(name="finder", tasks=("plate_corners",), graph="plate_finder"),
            Step(name="corners", cards=("plate_corners", "plate_ocr")),
            Step(name="reader", tasks=("plate_ocr",), graph="plate_reader"),
            Step(name="text", cards=("plate_ocr",)),
        ),
        evaluation="model_repository.evaluation.plate_reader",
    ),
    Ensemble(
        name=SURFACE_DEFECT,
        steps=(Step(name="features", tasks=(SURFACE_DEFECT,)), Step(name="score", tasks=(SURFACE_DEFECT,))),
        evaluation="model_repository.evaluation.surface_defect",
    ),
    Ensemble(
        name=FACE_EMBEDDER,
        steps=(
            Step(name="finder", tasks=("face_detector",), cards=("face_embedding",)),
            Step(name="embedding", tasks=("face_embedding",)),
        ),
        evaluation="model_repository.evaluation.faces",
    ),
    Ensemble(
        name=PPE_CLASSIFIER,
        steps=(Step(name="evidence", tasks=("ppe",)), Step(name="items", cards=("ppe",))),
        evaluation="model_repository.evaluation.ppe",
    ),
)

REQUIRED = DETECTOR
"""Without this ensemble nothing is served; any other without weights is named and left out."""


def task(name: str) -> Task | None:
    """The task of that name, or of that slot (`<task>/<name>`)."""
    plain = name.split("/", 1)[0]
    return next((each for each in TASKS if each.name == plain), None)


def ensemble(name: str) -> Ensemble | None:
    """The ensemble of that name, slots included."""
    return next((each for each in with_slots(_slot_of(name)) if each.name == name), None)


def with_slots(slots: Iterable[str]) -> tuple[Ensemble, ...]:
    """All ensembles; `slots` names the weights in slots as `<task>/<name>`."""
    return (*ENSEMBLES, *(object_detector(slot) for slot in slots))


def object_detector(slot: str) -> Ensemble:
    """The ensemble of a further detector: steps and sources are those of `detector`."""
    return Ensemble(
        name=slot.replace("/", "_", 1),
        steps=(Step(name="network", tasks=(slot,)), Step(name="boxes", cards=(slot,))),
        gpu_steps=(Step(name="network", tasks=(slot,), graph="detector"), Step(name="boxes", cards=(slot,))),
        folder=DETECTOR,
        evaluation=EVALUATION_OF_DETECTORS,
    )


def renamed(ensemble: Ensemble, *, name: str, folder: str) -> Ensemble:
    """The same steps under another name, from the sources in `folder`."""
    return msgspec.structs.replace(ensemble, name=name, folder=folder)


def _slot_of(name: str) -> tuple[str, ...]:
    prefix = f"{OBJECT_DETECTOR}_"
    return (f"{OBJECT_DETECTOR}/{name.removeprefix(prefix)}",) if name.startswith(prefix) else ()
