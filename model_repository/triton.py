"""How the real Triton server is started on one machine: from the wheel, with the Python backend of this very Python.

Rules of this file
- `server_command` is pure: paths and ports in, arguments and environment out. `locate` and `prepare` touch the disk.
- All three faces (gRPC, HTTP, metrics) are bound to the loopback address unless another one is asked for by name:
  Triton has no authentication.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import msgspec

from model_repository.errors import LibpythonMissing, ServerMissing, StubMissing

HOST = "127.0.0.1"


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


def server_command(
    wheel: Wheel, *, repository: Path, backends: Path, ports: Ports, environ: Mapping[str, str]
) -> Command:
    """The command line and environment of a server on a built repository; `environ` is what it inherits."""
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
        ),
        environ={
            **environ,
            "LD_LIBRARY_PATH": _joined(libraries, environ.get("LD_LIBRARY_PATH", "")),
            # The stub ignores PYTHONPATH; it finds the environment by the `python3` that stands first on the PATH.
            "PATH": _joined([str(wheel.scripts)], environ.get("PATH", "")),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
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
