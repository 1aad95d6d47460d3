"""How the real Triton server is started on one machine: from the wheel, with the Python backend of this very Python.

Rules of this file
- `server_command` is pure: paths and ports in, arguments and environment out. `locate` and `prepare` touch the disk.
- All three faces (gRPC, HTTP, metrics) are bound to the loopback address unless another one is asked for by name:
  Triton has no authentication.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import msgspec

from model_repository.errors import LibpythonMissing, ServerMissing, StubMissing

HOST = "127.0.0.1"
CONTROL_HEADER = "zool-control"


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of the server lie in this environment."""

    binary: Path
    backend: Path
    stub: Path
    libraries: tuple[Path, ...]
    scripts: Path


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Ports of the three faces, and the address that they are bound to."""

    grpc: int
    http: int
    metrics: int
    host: str = HOST


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What to execute."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]


def locate(python_version: str = "") -> Wheel:
    """Find the server in the running environment.

    Raises ServerMissing, StubMissing, LibpythonMissing, each saying what to install.
    """
    version = python_version or f"{sys.version_info.major}.{sys.version_info.minor}"
    site = Path(sysconfig.get_paths()["purelib"])
    server = site / "pytriton" / "tritonserver"
    binary = server / "bin" / "tritonserver"
    if not binary.exists():
        raise ServerMissing(binary)
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        raise StubMissing(stub, version)
    library_folder = Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib")
    bundled = site / "nvidia_pytriton.libs"
    shared = library_folder / f"libpython{version}.so.1.0"
    if not shared.exists() and not _on_loader_path(shared.name):
        raise LibpythonMissing(library_folder, version)
    return Wheel(
        binary=binary,
        backend=server / "backends" / "python",
        stub=stub,
        libraries=(bundled, library_folder) if shared.exists() else (bundled,),
        scripts=Path(sysconfig.get_paths()["scripts"]),
    )


def prepare(wheel: Wheel, folder: Path) -> Path:
    """Lay out a backend directory of links: the wheel keeps the backend and its stubs apart. Returns the directory.

    The folder of the backend is on the path of every step, so this package is linked there too.
    """
    backend = folder / "python"
    shutil.rmtree(folder, ignore_errors=True)
    backend.mkdir(parents=True)
    for part in sorted(wheel.backend.iterdir()):
        (backend / part.name).symlink_to(part)
    (backend / wheel.stub.name).symlink_to(wheel.stub)
    package = Path(__file__).resolve().parent
    (backend / package.name).symlink_to(package)
    return folder


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """Who may load and unload models: a file beside the repository, readable by its owner alone."""

    url: str
    """Of gRPC."""
    metrics: str
    """Address of Triton's metrics."""
    repository: str
    key: str
    """Is sent along with every such request; without it Triton refuses."""


def control_file(repository: Path) -> Path:
    """Where the control of the server on a repository lies."""
    return repository.with_name(f"{repository.name}.control")


def write_control(repository: Path, ports: Ports) -> Control:
    """Make a new key and write it down before the server starts."""
    host = HOST if ports.host == "0.0.0.0" else ports.host
    control = Control(
        url=f"{host}:{ports.grpc}",
        metrics=f"http://{host}:{ports.metrics}/metrics",
        repository=str(repository.resolve()),
        key=secrets.token_hex(16),
    )
    path = control_file(repository)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.encode(control))
    draft.replace(path)
    return control


def server_command(
    wheel: Wheel,
    *,
    repository: Path,
    backends: Path,
    ports: Ports,
    environ: Mapping[str, str],
    models: tuple[str, ...] = (),
    key: str = "",
) -> Command:
    """The command line and environment of a server on a built repository; `environ` is what it inherits.

    With `models`, only those (and their steps) are loaded at start, and others may be loaded later by who has `key`.
    """
    options = {
        "model-repository": repository,
        "backend-directory": backends,
        "grpc-address": ports.host,
        "grpc-port": ports.grpc,
        "http-address": ports.host,
        "http-port": ports.http,
        "metrics-address": ports.host,
        "metrics-port": ports.metrics,
        "allow-gpu-metrics": "false",
        "http-thread-count": 2,
        "exit-on-error": "true",
        "strict-readiness": "true",
        "exit-timeout-secs": 5,
        "log-info": "false",
        "log-warning": "true",
        "backend-config": f"python,shm-region-prefix-name={shm_prefix(repository)}",
    }
    libraries = [str(path) for path in wheel.libraries]
    return Command(
        # The configurations are complete: asking every step for its own would start each of them twice.
        argv=(
            str(wheel.binary),
            "--disable-auto-complete-config",
            *(f"--{name}={value}" for name, value in options.items()),
            *_explicit(models, key),
        ),
        environ={
            **environ,
            "LD_LIBRARY_PATH": _joined(libraries, environ.get("LD_LIBRARY_PATH", "")),
            # The stub ignores PYTHONPATH; it finds the environment by the `python3` that stands first on the PATH.
            "PATH": _joined([str(wheel.scripts)], environ.get("PATH", "")),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )


def _explicit(models: tuple[str, ...], key: str) -> tuple[str, ...]:
    if not models:
        return ()
    return (
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in models),
        # Who may load models may run code: the rest of the machine reaches this port, too.
        f"--grpc-restricted-protocol=model-repository:{CONTROL_HEADER}={key}",
        f"--http-restricted-api=model-repository:{CONTROL_HEADER}={key}",
    )


def shm_prefix(repository: Path) -> str:
    """The names of the shared memory regions of the servers on one repository start with this."""
    return f"zool_{hashlib.sha256(bytes(repository.resolve())).hexdigest()[:8]}_"


def _joined(paths: list[str], inherited: str) -> str:
    return os.pathsep.join([*paths, *([inherited] if inherited else [])])


def _on_loader_path(name: str) -> bool:
    folders = ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
    return any((Path(folder) / name).exists() for folder in folders)


def sweep(repository: Path) -> int:
    """Remove shared memory that an earlier server on this repository left when it was killed; returns how many.

    Only to be called when no server runs on the repository.
    """
    left = sorted(Path("/dev/shm").glob(f"{shm_prefix(repository)}*"))  # noqa: S108 - where the backend puts it
    for region in left:
        region.unlink(missing_ok=True)
    return len(left)
