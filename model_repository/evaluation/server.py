"""A Triton of one's own for as long as something is measured: built, started on free ports, stopped at the end.

Edge (processes, clock).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client

from model_repository.contract import CARD_PARAMETER, DETECTOR, ModelCard
from model_repository.errors import ServerFailed

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120.0
REQUEST_TIMEOUT_S = 60.0


class TritonServer:
    """A server that can be killed and started again on the same repository, on the same ports."""

    def __init__(self, folder: Path, data_directory: Path, ensembles: tuple[str, ...] = ()) -> None:
        """Nothing is started yet; `folder` takes the built repository and the log."""
        self.folder, self._data, self._ensembles = folder, data_directory, ensembles
        self.grpc_port, self.http_port, self.metrics_port = _free_ports(3)
        self._log = folder / "triton.log"
        self.words: list[str] = []
        """More options of `serve`."""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where gRPC is served."""
        return f"127.0.0.1:{self.grpc_port}"

    def start(self) -> None:
        """Start, and wait until every model is ready; raises ServerFailed with the end of its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        only = [word for ensemble in self._ensembles for word in ("--only", ensemble)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "model_repository", "serve", *only, *self.words,
                    "--repository", str(self.folder / "models"),
                    "--data-dir", str(self._data), "--grpc-port", str(self.grpc_port),
                    "--http-port", str(self.http_port), "--metrics-port", str(self.metrics_port),
                ],
                cwd=REPOSITORY_ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(self._log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """SIGTERM, and -9 after ten seconds."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/v2/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextlib.contextmanager
def triton_server(folder: Path, data_directory: Path, ensembles: tuple[str, ...] = ()) -> Iterator[TritonServer]:
    """A running server on the weights deployed in `data_directory`, starters where none are; default: all ensembles."""
    server = TritonServer(folder, data_directory, ensembles)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def model_card(triton: client.InferenceServerClient, ensemble: str = DETECTOR) -> ModelCard:
    """The card that travels with an ensemble."""
    config = triton.get_model_config(ensemble).config
    return msgspec.json.decode(config.parameters[CARD_PARAMETER].string_value, type=ModelCard)


def infer(
    triton: client.InferenceServerClient, ensemble: str, **arrays: npt.NDArray[np.uint8]
) -> dict[str, np.ndarray]:
    """One request; arrays with the batch axis in front. Returns all outputs by name."""
    inputs = []
    for name, array in arrays.items():
        tensor = client.InferInput(name, list(array.shape), "UINT8")
        tensor.set_data_from_numpy(array)
        inputs.append(tensor)
    answer = triton.infer(ensemble, inputs, client_timeout=REQUEST_TIMEOUT_S)
    return {output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs}


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
