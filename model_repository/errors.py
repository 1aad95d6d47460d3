"""What can go wrong with models: building, importing and serving them.

Each error holds its fields and writes its own sentence: what, where, what to do.

ModelError
├── CardInvalid             a card beside the weights cannot be read
├── WeightsMissing          no weights for a task that must be served
├── WeightsChanged          the file is not the one its card speaks of
├── WeightsUnknown          no set of weights of that name
├── EvaluationMissing       an ensemble that nothing evaluates
├── DataUnusable            pictures or truth that an evaluation cannot use
├── gpu.errors.GpuRefused   the GPU target: its own tree
├── ReportMarkerUnknown     a report asks for a card that is not there
├── EnsembleUnknown         no ensemble of that name
├── NameTaken               other weights have the name already
├── NameUnusable            a slot cannot be called so
├── ImportRefused           weights that a user gave cannot be taken
│   ├── FileUnreadable      not an ONNX file, or a broken one
│   ├── NeedsExport         a training checkpoint, not an exported network
│   ├── ExportToolsMissing  the group of packages that exports is not installed
│   ├── ExportFailed        ultralytics could not turn a checkpoint into ONNX
│   ├── TaskNotSupported    weights of this kind cannot be imported yet
│   ├── InputUnknown        the network does not take one picture
│   ├── HeadUnknown         the shape of the output fits no known head
│   ├── LandmarksMissing    a face detector without landmarks
│   ├── OneLabelOnly        a classifier that names one class per picture
│   ├── ItemsUnknown        no class of the network is equipment
│   ├── ItemsWrong          the items name a class that the network does not have
│   ├── LabelsNeeded        nothing says what the classes are called
│   ├── LabelsWrong         there are more or fewer names than classes
│   └── AlphabetWrong       the characters of a reader do not fit its answer
├── ServerFailed            a server that was started for an evaluation did not become ready
└── ServerMissing           Triton cannot be started on this machine
    ├── StubMissing         no Triton stub for the running Python
    └── LibpythonMissing    the stub's shared Python library is not installed
TrainingToolsMissing        the group of packages that trains is not installed
"""

from __future__ import annotations

from pathlib import Path

DETECTOR_INPUT = "one float picture [N, 3, height, width], both sides multiples of 32"
DETECTOR_HEADS = (
    "YOLOv8/11/26 [N, 4+classes, anchors], YOLOv5 and YOLOX [N, anchors, 5+classes], suppressed in the graph "
    "[N, boxes, 6]"
)


class ModelError(Exception):
    """Anything this stage refuses."""


class CardInvalid(ModelError):  # noqa: N818 - says what is the case
    """A card (JSON beside the weights) cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and what is wrong with it."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name the file and the fault."""
        return f"model card {self.path}: {self.reason}"


class WeightsMissing(ModelError):  # noqa: N818 - says what is the case
    """No weights are deployed for a task."""

    def __init__(self, task: str, looked: tuple[Path, ...]) -> None:
        """Hold the task and the places that were searched."""
        super().__init__(task, looked)
        self.task, self.looked = task, looked

    def __str__(self) -> str:
        """Say where weights would have been taken from and how to get some."""
        places = ", ".join(map(str, self.looked))
        if self.task == "surface_defect":
            return f"no fitted surface (looked at {places}): fit one with `zool models fit {self.task} --good DIR`"
        return (
            f"no weights for {self.task!r} (looked at {places}): import some with "
            f"`zool models import FILE --as {self.task}` or train the starter with `zool models train {self.task}`"
        )


class WeightsChanged(ModelError):  # noqa: N818 - says what is the case
    """The weights are not those their card was written for."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        """Hold the file and both hashes."""
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = path, expected, found

    def __str__(self) -> str:
        """Name both hashes."""
        return (
            f"weights {self.path} have SHA-256 {self.found[:12]}…, their card says {self.expected[:12]}…: "
            "import the file again, or restore it"
        )


class WeightsUnknown(ModelError):  # noqa: N818 - says what is the case
    """There is no set of weights of that name."""

    def __init__(self, task: str, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what there is."""
        super().__init__(task, name, names)
        self.task, self.name, self.names = task, name, names

    def __str__(self) -> str:
        """Name what there is."""
        return f"{self.task} has no weights {self.name!r} to choose; there are: {', '.join(self.names) or 'none'}"


class EnsembleUnknown(ModelError):  # noqa: N818 - says what is the case
    """There is no ensemble of that name."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what there is."""
        super().__init__(name, names)
        self.name, self.names = name, names

    def __str__(self) -> str:
        """Name what there is."""
        return f"there is no ensemble {self.name!r}; there are: {', '.join(self.names)}"


class EvaluationMissing(ModelError):  # noqa: N818 - says what is the case
    """Nothing evaluates this ensemble."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what can be evaluated."""
        super().__init__(name, names)
        self.name, self.names = name, names

    def __str__(self) -> str:
        """Name what can be evaluated."""
        return f"{self.name} cannot be evaluated; what can: {', '.join(self.names)}"


class DataUnusable(ModelError):  # noqa: N818 - says what is the case
    """Pictures or truth that an evaluation cannot use."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the place and what is wrong with it."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name both."""
        return f"{self.path}: {self.reason}"


class ReportMarkerUnknown(ModelError):  # noqa: N818 - says what is the case
    """A report asks for a card that is not there."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what there is."""
        super().__init__(name, names)
        self.name, self.names = name, names

    def __str__(self) -> str:
        """Name what there is."""
        return f"the report asks for the card {self.name!r}; there are: {', '.join(self.names)}"


class NameTaken(ModelError):  # noqa: N818 - says what is the case
    """Other weights were imported under the same name."""

    def __init__(self, task: str, name: str, there: str, given: str) -> None:
        """Hold the name and both hashes."""
        super().__init__(task, name, there, given)
        self.task, self.name, self.there, self.given = task, name, there, given

    def __str__(self) -> str:
        """Say how to keep both and how to replace."""
        return (
            f"{self.task} has other weights named {self.name!r} (SHA-256 {self.there[:12]}…, the file given has "
            f"{self.given[:12]}…): give --name OTHER to keep both, or --replace"
        )


class NameUnusable(ModelError):  # noqa: N818 - says what is the case
    """A slot cannot have this name."""

    def __init__(self, name: str) -> None:
        """Hold the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say which names can be used."""
        return (
            f"{self.name!r} cannot be the name of a further detector: give --name with 1 to 40 of a-z, 0-9, _ and -, "
            "a letter or digit first (it becomes the ensemble object_detector_NAME)"
        )


class ImportRefused(ModelError):  # noqa: N818 - says what is the case
    """Weights that a user gave cannot be taken."""


class FileUnreadable(ImportRefused):
    """The file is no ONNX network, or a broken one."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and what the reader said."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name the file and the fault."""
        return f"{self.path} cannot be read as an ONNX network: {self.reason}"


class NeedsExport(ImportRefused):
    """A training checkpoint: running it would mean running the code inside."""

    def __init__(self, path: Path, names: tuple[str, ...] = ()) -> None:
        """Hold the file and what loading it would call."""
        super().__init__(path, names)
        self.path, self.names = path, names

    def __str__(self) -> str:
        """Say what is in it and how to turn it into something that can be taken."""
        if not self.names:
            return (
                f"{self.path} holds numbers without a network: export it to ONNX where it was trained and import the "
                ".onnx file"
            )
        some = ", ".join(self.names[:4]) + (f" and {len(self.names) - 4} more" if len(self.names) > 4 else "")
        return (
            f"{self.path} is a training checkpoint: loading it runs code ({some}). Export it to ONNX where it was "
            "trained (for ultralytics: `yolo export model=… format=onnx`) and import the .onnx file; or, if you trust "
            "whoever made it, give --trust-checkpoint (needs `uv sync --group export`)"
        )


class ExportToolsMissing(ImportRefused):
    """The group of packages that exports is not installed."""

    def __init__(self, package: str) -> None:
        """Hold the package that is not there."""
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        """Say how to get it."""
        return f"exporting a checkpoint needs {self.package}, which is not installed: uv sync --group export"


class ExportFailed(ImportRefused):
    """ultralytics could not turn a checkpoint into ONNX."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and the last words of the export."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name both."""
        return f"{self.path} could not be exported: {self.reason}"


class TaskNotSupported(ImportRefused):
    """Weights of this kind cannot be imported yet."""

    def __init__(self, task: str, supported: tuple[str, ...]) -> None:
        """Hold the task and those that can be imported."""
        super().__init__(task, supported)
        self.task, self.supported = task, supported

    def __str__(self) -> str:
        """Name what can be imported."""
        return f"importing as {self.task!r} is not supported; supported: {', '.join(self.supported)}"


class InputUnknown(ImportRefused):
    """The network does not take one picture."""

    def __init__(self, path: Path, found: str, expected: str = "") -> None:
        """Hold the file, the inputs it has, and what a network of the task takes; default: a detector."""
        super().__init__(path, found, expected)
        self.path, self.found, self.expected = path, found, expected or DETECTOR_INPUT

    def __str__(self) -> str:
        """Say what was found and what is expected."""
        return (
            f"{self.path} takes {self.found}; expected {self.expected} (give --size WIDTHxHEIGHT where the file leaves "
            "its sides open)"
        )


class HeadUnknown(ImportRefused):
    """The shape of the output fits no known head."""

    def __init__(self, path: Path, found: str, known: str = "") -> None:
        """Hold the file, the outputs it has, and the heads of the task; default: a detector's."""
        super().__init__(path, found, known)
        self.path, self.found, self.known = path, found, known or DETECTOR_HEADS

    def __str__(self) -> str:
        """Name the heads that are known."""
        return f"{self.path} answers {self.found}, which is no head that can be read here; known: {self.known}"


class LandmarksMissing(ImportRefused):
    """A face detector without landmarks."""

    def __init__(self, path: Path, found: str) -> None:
        """Hold the file and the outputs it has."""
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        """Say what they are needed for, and what has them."""
        return (
            f"{self.path} answers {self.found}: no landmarks. A face is turned upright by its eyes, nose and mouth "
            "before it is recognised; take a detector that finds the five points (SCRFD *_bnkps, YuNet)"
        )


class OneLabelOnly(ImportRefused):
    """A classifier that names one class per picture."""

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        """Hold the file and its classes."""
        super().__init__(path, classes)
        self.path, self.classes = path, classes

    def __str__(self) -> str:
        """Say why that is not enough."""
        return (
            f"{self.path} gives {', '.join(self.classes)} as shares of one whole: one label per picture. A person "
            "wears several things at once; a multi-label classifier (a sigmoid per class) or a detector is needed"
        )


class ItemsUnknown(ImportRefused):
    """No class of a network is equipment."""

    def __init__(self, path: Path, classes: tuple[str, ...]) -> None:
        """Hold the file and its classes."""
        super().__init__(path, classes)
        self.path, self.classes = path, classes

    def __str__(self) -> str:
        """Say how to name the items."""
        return (
            f"none of the classes of {self.path} ({', '.join(self.classes[:12])}) is known equipment or half of a pair "
            "X / NO-X: say which are with --items FILE (model_repository/README.md has an example)"
        )


class ItemsWrong(ImportRefused):
    """The items name a class that the network does not have."""

    def __init__(self, source: Path, name: str, classes: tuple[str, ...]) -> None:
        """Hold the file, the name and the classes there are."""
        super().__init__(source, name, classes)
        self.source, self.name, self.classes = source, name, classes

    def __str__(self) -> str:
        """Name them."""
        return f"{self.source} names a class {self.name!r}; the network has {', '.join(self.classes[:20])}"


class LabelsNeeded(ImportRefused):
    """Nothing says what the classes are called."""

    def __init__(self, path: Path, classes: int) -> None:
        """Hold the file and how many classes it has."""
        super().__init__(path, classes)
        self.path, self.classes = path, classes

    def __str__(self) -> str:
        """Say how to give the names."""
        return f"{self.path} has {self.classes} classes and does not name them: give --labels FILE, one name per line"


class LabelsWrong(ImportRefused):
    """There are more or fewer names than classes."""

    def __init__(self, source: str, found: int, classes: int) -> None:
        """Hold where the names came from and both counts."""
        super().__init__(source, found, classes)
        self.source, self.found, self.classes = source, found, classes

    def __str__(self) -> str:
        """Name both counts."""
        return f"{self.source} holds {self.found} names, the network has {self.classes} classes"


class AlphabetWrong(ImportRefused):
    """The characters of a reader of plates do not fit its answer."""

    def __init__(self, path: Path, given: int, answer: tuple[int, ...]) -> None:
        """Hold the file, how many characters were given (0: none) and the shape of the answer."""
        super().__init__(path, given, answer)
        self.path, self.given, self.answer = path, given, answer

    def __str__(self) -> str:
        """Say what would fit."""
        asked = f"the alphabet given has {self.given} characters" if self.given else "no alphabet was given"
        return (
            f"{self.path} answers {list(self.answer)} and {asked}: give --alphabet with one character per class, in "
            "the network's order, the blank at the end as '-' or '_' or left out (known without it: 23 and 37 classes)"
        )


class ServerFailed(ModelError):  # noqa: N818 - says what is the case
    """A server that was started did not become ready."""

    def __init__(self, log: str) -> None:
        """Hold the end of its log."""
        super().__init__(log)
        self.log = log

    def __str__(self) -> str:
        """Show the end of the log."""
        return f"Triton did not start: {self.log}"


class ServerMissing(ModelError):  # noqa: N818 - says what is the case
    """Triton cannot be started on this machine."""

    def __init__(self, looked: Path) -> None:
        """Hold the place where the server was expected."""
        super().__init__(looked)
        self.looked = looked

    def __str__(self) -> str:
        """Name the package that carries it."""
        return f"no Triton server at {self.looked}: install the package nvidia-pytriton (extra `onebox`)"


class StubMissing(ServerMissing):
    """Triton's Python backend has no stub for the running Python."""

    def __init__(self, looked: Path, version: str) -> None:
        """Hold the place and the Python version, '3.11'."""
        super().__init__(looked)
        self.version = version

    def __str__(self) -> str:
        """Name the Pythons that would do."""
        return f"Triton has no stub for Python {self.version} at {self.looked}: use Python 3.11, 3.12 or 3.13"


class LibpythonMissing(ServerMissing):
    """The stub is linked with a shared libpython that is not there."""

    def __init__(self, looked: Path, version: str) -> None:
        """Hold the directory that was searched beside the loader's own, and the Python version, '3.11'."""
        super().__init__(looked)
        self.version = version

    def __str__(self) -> str:
        """Name the package to install."""
        return (
            f"libpython{self.version}.so.1.0 is neither in {self.looked} nor on the loader's path, and Triton's "
            f"Python backend needs it: apt install libpython{self.version}"
        )


class TrainingToolsMissing(ModelError):  # noqa: N818 - says what is the case
    """The group of packages that trains is not installed."""

    def __init__(self, package: str) -> None:
        """Hold the package that could not be imported."""
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        """Say how to get it."""
        return f"training needs {self.package}, which is not installed: uv sync --group train"
