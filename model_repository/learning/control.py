"""Which version the running Triton serves: staged beside the live one, switched in one step. Edge (gRPC, files).

An ensemble names its steps. So a new version comes as further steps `<ensemble>__<tag>_<step>` under a trial ensemble
`<ensemble>__<tag>`, loaded while the old one goes on answering; the switch is the reload of one configuration, that of
the ensemble itself, which names the new steps and carries the new card. Triton replaces a loaded model when the new one
is ready and lets requests under way end on the old one; its steps are unloaded only when nothing of them is left.

What a crash leaves: the stamp of the repository is taken away before the live configuration changes, so a Triton that
starts again builds from what the data directory says is live.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from tritonclient import grpc as client
from tritonclient.utils import InferenceServerException

from model_repository import builder, triton
from model_repository.card import Weights
from model_repository.learning.beside import trial_of, with_candidate
from model_repository.learning.errors import ControlRefused
from model_repository.registry import Ensemble

LOAD_S_MAX = 120.0
BEFORE = "__before"
DRAIN_S = 3.0
"""Longer than any request of a client may take: then nothing is left on the steps of the old version."""


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is loaded beside the live one."""

    trial: str
    """The ensemble that it can be asked as."""
    config: str
    """Of the live ensemble, once it is this version."""
    version: int
    steps: tuple[str, ...]


class Control:
    """Loads, switches, unloads; a context manager."""

    def __init__(self, data_directory: Path, *, file: Path | None = None) -> None:
        """Of the Triton of a data directory, or of the control file named. Raises ControlRefused."""
        path = file or triton.control_file(data_directory / "triton")
        try:
            self._control = msgspec.json.decode(path.read_bytes(), type=triton.Control)
        except (OSError, msgspec.DecodeError) as error:
            raise ControlRefused(f"reading {path}", str(error)) from error
        self.url, self.metrics = self._control.url, self._control.metrics
        self._repository, self._data = Path(self._control.repository), data_directory
        self._headers = {f"triton-grpc-protocol-{triton.CONTROL_HEADER}": self._control.key}

    def __enter__(self) -> Self:
        self.client = client.InferenceServerClient(self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def answers(self) -> bool:
        """Whether that Triton runs."""
        try:
            return bool(self.client.is_server_ready(client_timeout=5.0))
        except InferenceServerException:
            return False

    def ready(self) -> set[str]:
        """Names of all models that answer now."""
        index = self.client.get_model_repository_index(headers=self._headers)
        return {each.name for each in index.models if each.state == "READY"}

    def stage(self, ensemble: Ensemble, weights: Weights) -> Staged:
        """Load a version beside the live one. Raises ControlRefused; nothing has changed then."""
        trial = trial_of(ensemble, weights)
        models = builder.render((trial,), with_candidate(ensemble, weights, self._data))
        for model in models:
            shutil.rmtree(self._repository / model.name, ignore_errors=True)
            builder.write(model, self._repository / model.name)
        *steps, whole = (model.name for model in models)
        config = models[-1].config.replace(f'name: "{trial.name}"', f'name: "{ensemble.name}"', 1)
        staged = Staged(trial=trial.name, config=config, version=models[-1].version, steps=tuple(steps))
        try:
            for name in (*steps, whole):
                self._load(name)
        except ControlRefused:
            self.discard(staged)
            raise
        return staged

    def switch(self, ensemble: Ensemble, staged: Staged) -> Staged:
        """Make a staged version the live one; returns the one before, which stays loaded. Raises ControlRefused."""
        folder = self._repository / ensemble.name
        old = (folder / "config.pbtxt").read_text("utf-8")
        numbers = [path for path in folder.iterdir() if path.is_dir()]
        before = Staged(
            trial=f"{ensemble.name}{BEFORE}", config=old, version=max(int(path.name) for path in numbers),
            steps=steps_of(old),
        )  # fmt: skip
        (self._repository / builder.STAMP).unlink(missing_ok=True)
        (folder / str(staged.version)).mkdir(exist_ok=True)
        for path in numbers:
            if path.name != str(staged.version):
                shutil.rmtree(path)
        _put(folder / "config.pbtxt", staged.config)
        try:
            self._load(ensemble.name)
        except ControlRefused:
            _put(folder / "config.pbtxt", old)
            raise
        return before

    def keep_asking(self, ensemble: Ensemble, before: Staged) -> None:
        """Load the version before under a name of its own, so that it can be held against the live one."""
        folder = self._repository / before.trial
        (folder / str(before.version)).mkdir(parents=True, exist_ok=True)
        config = before.config.replace(f'name: "{ensemble.name}"', f'name: "{before.trial}"', 1)
        _put(folder / "config.pbtxt", config)
        self._load(before.trial)

    def discard(self, staged: Staged) -> None:
        """Unload a trial that does not go live."""
        self.unload((staged.trial, *reversed(staged.steps)))

    def unload(self, names: tuple[str, ...]) -> None:
        """Unload models and remove their folders; one that is not there is left alone."""
        for name in names:
            try:
                self.client.unload_model(name, headers=self._headers)
            except InferenceServerException:
                continue
            finally:
                shutil.rmtree(self._repository / name, ignore_errors=True)

    def retire(self, before: Staged) -> None:
        """Unload the version before, once its last requests have ended."""
        time.sleep(DRAIN_S)
        self.discard(before)

    def _load(self, name: str) -> None:
        try:
            self.client.load_model(name, headers=self._headers, client_timeout=LOAD_S_MAX)
        except InferenceServerException as error:
            raise ControlRefused(f"loading {name}", str(error.message())) from error


def steps_of(config: str) -> tuple[str, ...]:
    """The steps that the configuration of an ensemble names."""
    return tuple(re.findall(r'model_name: "([^"]+)"', config))


def _put(path: Path, text: str) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(text, "utf-8")
    draft.replace(path)
