"""The command that starts Triton, and what is said where it cannot be started."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from model_repository import triton
from model_repository.errors import LibpythonMissing, ServerMissing, StubMissing

WHEEL = triton.Wheel(
    binary=Path("/w/bin/tritonserver"),
    backend=Path("/w/backends/python"),
    stub=Path("/w/stubs/3.11/stub"),
    libraries=(Path("/w/libs"), Path("/py/lib")),
    scripts=Path("/venv/bin"),
)


def _command(environ: dict[str, str]) -> triton.Command:
    return triton.server_command(
        WHEEL,
        repository=Path("/data/triton"),
        backends=Path("/data/backends"),
        ports=triton.Ports(grpc=1, http=2, metrics=3),
        environ=environ,
    )


def test_all_faces_are_bound_to_loopback() -> None:
    """Triton has no authentication: gRPC, HTTP and metrics are for this machine only."""
    argv = _command({}).argv
    for face, port in (("grpc", 1), ("http", 2), ("metrics", 3)):
        assert f"--{face}-address=127.0.0.1" in argv
        assert f"--{face}-port={port}" in argv


def test_another_address_is_taken_only_by_name() -> None:
    """A pod has to be reached from outside; its network policy keeps strangers away."""
    ports = triton.Ports(grpc=1, http=2, metrics=3, host="0.0.0.0")
    argv = triton.server_command(
        WHEEL, repository=Path("/data/triton"), backends=Path("/b"), ports=ports, environ={}
    ).argv
    assert {word for word in argv if "-address=" in word} == {
        f"--{face}-address=0.0.0.0" for face in ("grpc", "http", "metrics")
    }


def test_inherited_paths_stay_behind_ours() -> None:
    """Our libraries and scripts come first, what was there before is kept."""
    environ = _command({"PATH": "/usr/bin", "LD_LIBRARY_PATH": "/opt", "LANG": "C"}).environ
    assert environ["PATH"] == "/venv/bin:/usr/bin"
    assert environ["LD_LIBRARY_PATH"] == "/w/libs:/py/lib:/opt"
    assert environ["LANG"] == "C"


def test_the_server_is_found_in_this_environment() -> None:
    """All the parts that the wheel brings are there, for the running Python."""
    wheel = triton.locate()
    assert wheel.binary.exists()
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in str(wheel.stub)


def test_a_python_without_a_stub_is_refused() -> None:
    """The message names the versions that would do."""
    with pytest.raises(StubMissing, match=r"3\.99.*use Python 3\.11, 3\.12 or 3\.13"):
        triton.locate("3.99")


def test_a_missing_libpython_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stub needs the shared library of Python; the message says what to install."""
    monkeypatch.setattr(triton, "_on_loader_path", lambda _: False)
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: str(tmp_path))
    with pytest.raises(LibpythonMissing, match=r"apt install libpython3\.\d+"):
        triton.locate()


def test_a_missing_server_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the wheel there is no server."""
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"purelib": str(tmp_path), "scripts": str(tmp_path)})
    with pytest.raises(ServerMissing, match="nvidia-pytriton"):
        triton.locate()


def test_backends_are_laid_out_with_links(tmp_path: Path) -> None:
    """Backend, stub and this package lie in one folder, also when it was there before."""
    wheel = triton.locate()
    for _ in range(2):
        folder = triton.prepare(wheel, tmp_path / "backends") / "python"
    assert (folder / wheel.stub.name).resolve() == wheel.stub.resolve()
    assert (folder / "model_repository" / "contract.py").exists()
    assert (folder / "triton_python_backend_utils.py").exists()
