"""What can go wrong in the learning loop.

ModelError
├─ FeedbackUnreachable     the api that is asked for feedback
├─ NothingToLearn          no feedback became an example, or a split is empty
├─ PackageUnsuited         weights that this trainer can't go on with
├─ TrainerMissing          torch is not in this environment
├─ JobUnusable             a name for a job that can't be taken
├─ JobFailed               the process of a training ended
├─ CandidateUnknown        neither a job's result nor an imported set has that name
├─ GateRefused             a new version that may not go live, with every reason
├─ ControlRefused          Triton did not load, unload or switch
└─ NothingToRollBack       there is no version before this one
"""

from __future__ import annotations

from pathlib import Path

from model_repository.errors import ModelError


class FeedbackUnreachable(ModelError):  # noqa: N818 - says what is the case
    """The api did not answer, or refused."""

    def __init__(self, url: str, reason: str) -> None:
        """Hold the address (without credentials) and the reason."""
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        """Say what was asked and why there is no answer."""
        return f"{self.url}: {self.reason}; is the api running there, and may this token read events and photos?"


class NothingToLearn(ModelError):  # noqa: N818 - says what is the case
    """No examples."""

    def __init__(self, where: str, reason: str) -> None:
        """Hold the place and what is missing."""
        super().__init__(where, reason)
        self.where, self.reason = where, reason

    def __str__(self) -> str:
        """Say what is missing and where it comes from."""
        return f"{self.where}: {self.reason}; judge more events in the console (Events, Review), on several days"


class PackageUnsuited(ModelError):  # noqa: N818 - says what is the case
    """Weights that a trainer can't go on with."""

    def __init__(self, name: str, reason: str) -> None:
        """Hold the name of the weights and what does not fit."""
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        """Say what does not fit and what else there is."""
        return f"{self.name}: {self.reason}"


class JobUnusable(ModelError):  # noqa: N818 - says what is the case
    """A job can't begin, or go on, in that folder."""

    def __init__(self, folder: Path, reason: str) -> None:
        """Hold the folder of the job and what is wrong."""
        super().__init__(folder, reason)
        self.folder, self.reason = folder, reason

    def __str__(self) -> str:
        """Say both."""
        return f"{self.folder}: {self.reason}"


class JobFailed(ModelError):  # noqa: N818 - says what is the case
    """The process of a training ended without weights."""

    def __init__(self, folder: Path, code: int, last: str) -> None:
        """Hold the job's folder, the exit code and its last words."""
        super().__init__(folder, code, last)
        self.folder, self.code, self.last = folder, code, last

    def __str__(self) -> str:
        """Say how it ended and how to go on."""
        return f"the training in {self.folder} ended with {self.code}: {self.last or 'no word'}; `--resume` goes on"


class CandidateUnknown(ModelError):  # noqa: N818 - says what is the case
    """There is nothing of that name to deploy."""

    def __init__(self, task: str, name: str, names: tuple[str, ...]) -> None:
        """Hold what was asked for and what there is."""
        super().__init__(task, name, names)
        self.task, self.name, self.names = task, name, names

    def __str__(self) -> str:
        """Name what there is."""
        there = ", ".join(self.names) or "nothing yet; `zool models train --task` makes one"
        return f"{self.task}: no training and no import is named {self.name!r}; there is: {there}"


class GateRefused(ModelError):  # noqa: N818 - says what is the case
    """A new version may not go live."""

    def __init__(self, name: str, reasons: tuple[str, ...]) -> None:
        """Hold the name and every reason."""
        super().__init__(name, reasons)
        self.name, self.reasons = name, reasons

    def __str__(self) -> str:
        """All reasons."""
        return f"{self.name} does not go live: {'; '.join(self.reasons)}"


class ControlRefused(ModelError):  # noqa: N818 - says what is the case
    """Triton did not do what it was told."""

    def __init__(self, what: str, reason: str) -> None:
        """Hold what was asked of it and its answer."""
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        """Say what was asked and what it said."""
        return f"Triton: {self.what} failed: {self.reason}; the version that was live still is"


class NothingToRollBack(ModelError):  # noqa: N818 - says what is the case
    """There is no version before the live one."""

    def __init__(self, task: str) -> None:
        """Hold the task."""
        super().__init__(task)
        self.task = task

    def __str__(self) -> str:
        """Say so."""
        return f"{self.task}: nothing was deployed before the live version; `zool models list` says what there is"
