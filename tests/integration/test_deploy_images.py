"""The Dockerfile: linted, held beside the chart, and each target's environment made by the very command that it runs.

No image is built here: that needs a container engine. What an image would hold beside its base is the environment, and
that is made for real, started, and asked.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from tests.support.chart import STAGES, Pod, migration, pods, rendered
from tests.support.clickhouse import free_port

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "images" / "Dockerfile"
EXTRAS = {
    "ingest": "ingest", "postprocess": "postprocess", "api": "api", "triton-cpu": "triton", "triton-gpu": "models",
}  # fmt: skip
"""By target: the extra that it installs."""
TARGETS = tuple(EXTRAS)
BASES = {
    "docker.io/library/python:${PYTHON_TAG}@${PYTHON_DIGEST}": "PYTHON_DIGEST",
    "nvcr.io/nvidia/tritonserver:${TRITON_TAG}@${TRITON_DIGEST}": "TRITON_DIGEST",
}
"""What is pulled, and the argument that holds its digest."""
NEVER = ("torch", "ultralytics", "tensorrt", "panda3d", "pytest")
START_S_MAX = 90.0


def _hadolint(text: str) -> list[dict[str, Any]]:
    binary = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([binary, "--format", "json", "-"], input=text, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _stages() -> dict[str, list[tuple[str, str]]]:
    """Instructions of each stage by its name; what stands before the first stage is under ''."""
    stages: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    parser = DockerfileParser(fileobj=DOCKERFILE.open("rb"))
    for each in parser.structure:
        if each["instruction"] == "FROM":
            name = each["value"].split()[-1]
            stages[name] = []
        if each["instruction"] != "COMMENT":
            stages[name].append((each["instruction"], each["value"]))
    return stages


def _all(stage: str, instruction: str) -> list[str]:
    return [value for word, value in _stages()[stage] if word == instruction]


def _command(target: str) -> list[str]:
    (command,) = _all(target, "CMD")
    return list(json.loads(command))


def _pods_of(target: str) -> list[Pod]:
    """The pods of the chart that run an image."""
    found = (*pods(rendered("cpu")).values(), pods(rendered("gpu"))["triton"], migration(rendered("cpu")))
    return [pod for pod in found if pod.container["image"].startswith(f"zool-{target}:")]


def test_lint_finds_nothing() -> None:
    """Hadolint with all its rules, none ignored."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert "hadolint ignore" not in text
    assert _hadolint(text) == []
    assert "DL3007" in {one["code"] for one in _hadolint("FROM python:latest\n")}


def test_targets_are_the_images_of_the_chart() -> None:
    """Every image of ours that a pod asks for is a target, and every target is run by a pod."""
    ours = {pod.container["image"] for name in ("cpu", "gpu") for pod in pods(rendered(name)).values()}
    assert {image.split(":")[0].removeprefix("zool-") for image in ours if image.startswith("zool-")} == set(TARGETS)
    assert {pod.name for target in TARGETS for pod in _pods_of(target)} == {*STAGES, "triton", "migrate"}


def test_nothing_is_built_on_a_base_without_a_digest() -> None:
    """Two images are pulled, by digest; a digest has no default, so it has to be given."""
    pulled = [value for name in _stages() for value in _all(name, "FROM") if value.split()[0] not in _stages()]
    assert [one.split()[0] for one in pulled] == list(BASES)
    assert set(BASES.values()) <= set(_all("", "ARG"))


def test_what_is_packed_is_copied_and_sent() -> None:
    """The packages of the wheel and what describes it: sources exist, and .dockerignore lets them through."""
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for value in _all("source", "COPY") for source in value.split()[:-1]}
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert copied == {*packed, "pyproject.toml", "uv.lock", "README.md", "LICENSE"}
    assert all((ROOT / source).exists() for source in copied)
    assert copied <= sent


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_runs_what_its_pods_run(target: str) -> None:
    """Not root, by number, as in the chart; the same program; the ports of the pods; a health check that asks one."""
    (user,) = _all(target, "USER")
    uid, gid = (int(part) for part in user.split(":"))
    exposed = {int(port) for value in _all(target, "EXPOSE") for port in value.split()}
    (check,) = _all(target, "HEALTHCHECK")
    for pod in (pod for pod in _pods_of(target) if pod.name != "migrate"):
        security = pod.spec["securityContext"]
        assert (security["runAsUser"], security["runAsGroup"]) == (uid, gid)
        words = {"triton-cpu": 4, "triton-gpu": 5}.get(target, len(_command(target)))
        assert pod.argv[:words] == _command(target)[:words]
        assert exposed == set(pod.ports.values())
        port, path = pod.probe("livenessProbe")
        assert f"http://127.0.0.1:{port}{path}" in check


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_installs_one_extra_and_is_not_root_after_it(target: str) -> None:
    """`uv sync --locked` with the extra of the pod, without the tools of development."""
    (run,) = _all(f"build-{target}", "RUN")
    words = shlex.split(run)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert words[:5] == ["uv", "sync", "--locked", "--no-dev", "--no-editable"]
    assert words[5] == "--extra"
    assert words[6:] == [EXTRAS[target]]
    assert words[6] in extras
    after_user = _stages()[target][[word for word, _ in _stages()[target]].index("USER") :]
    assert {word for word, _ in after_user} <= {"USER", "ENV", "EXPOSE", "HEALTHCHECK", "CMD"}


def _environment(target: str, folder: Path) -> Path:
    """The environment of an image, made by the Dockerfile's own command."""
    (run,) = _all(f"build-{target}", "RUN")
    uv = str(Path(sys.executable).with_name("uv"))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [uv, *shlex.split(run)[1:], "--python", sys.executable, "--quiet"],
        cwd=ROOT, env=inherited | {"UV_PROJECT_ENVIRONMENT": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def _answer(url: str) -> tuple[int, dict[str, Any]]:
    opener = urllib.request.build_opener(_Any())
    try:
        with opener.open(url, timeout=5) as answer:
            body = answer.read()
            return answer.status, json.loads(body) if body else {}
    except OSError:
        return 0, {}


class _Any(urllib.request.HTTPErrorProcessor):
    """503 is an answer here, not an error."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ARG002 - its place in the call
        """As it came."""
        return response


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("ingest", []),
        ("postprocess", ["recognise"]),
        ("postprocess", ["decide"]),
        ("postprocess", ["store"]),
        ("postprocess", ["deliver"]),
        ("api", []),
    ],
)
def test_the_extra_of_a_stage_is_enough_to_run_it(
    target: str, words: list[str], tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """In a clean environment the program comes up to where it waits for its broker; what trains is not there."""
    python = _once(target, tmp_path_factory) / "bin" / "python"
    assert _missing(python, NEVER) == set(NEVER)
    assert _missing(python, ("openvino", "pytriton", "chdb")) == {"openvino", "pytriton", "chdb"}
    port = free_port()
    environ = {
        "PATH": "/usr/bin:/bin",
        "ZOOL_FACE_PORT": str(port),
        "ZOOL_API_PORT": "0",
        "ZOOL_NATS_URL": "nats://127.0.0.1:1",
        "ZOOL_TRITON_URL": "127.0.0.1:1",
    }
    _until(
        [str(python), *_command(target)[1:], *words],
        environ,
        tmp_path,
        lambda: "nats" in _answer(f"http://127.0.0.1:{port}/health/ready")[1].get("components", {}),
    )


@pytest.mark.slow
def test_the_extra_of_postprocess_is_enough_to_migrate(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """The command of the chart's Job comes as far as the store, which is not there."""
    python = _once("postprocess", tmp_path_factory) / "bin" / "python"
    done = _run(python, migration(rendered("cpu")).argv[1:], tmp_path, {"ZOOL_CLICKHOUSE_HOST": "127.0.0.1"})
    assert done.returncode == 2
    assert "[clickhouse] host" in done.stderr


@pytest.mark.slow
def test_the_extra_of_models_is_enough_to_build_for_a_card(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """The commands of the chart's init containers: the repository is built; plans are refused without a card."""
    python = _once("triton-gpu", tmp_path_factory) / "bin" / "python"
    assert _missing(python, (*NEVER, "nats", "litestar", "pytriton")) == {*NEVER, "nats", "litestar", "pytriton"}
    build, plan = (each["command"] for each in pods(rendered("gpu"))["triton"].spec["initContainers"])
    done = _run(python, [word.replace("/var/lib/zool", str(tmp_path)) for word in build[1:]], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "triton" / "detector" / "config.pbtxt").exists()
    refused = _run(python, [word.replace("/var/lib/zool", str(tmp_path)) for word in plan[1:]], tmp_path)
    assert (refused.returncode, "GPU" in refused.stderr) == (2, True)


def _run(
    python: Path, words: list[str], folder: Path, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *words], cwd=folder, env={"PATH": "/usr/bin:/bin"} | (environ or {}), capture_output=True, text=True,
        timeout=START_S_MAX, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_bill_of_materials_names_what_is_installed(target: str) -> None:
    """The command of the README needs no engine: packages of the extra with their versions, none of what trains."""
    extra, uv = EXTRAS[target], str(Path(sys.executable).with_name("uv"))
    words = ["export", "--frozen", "--offline", "--no-dev", "--extra", extra, "--format", "cyclonedx1.5", "--quiet"]
    done = subprocess.run([uv, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    bill = json.loads(done.stdout)
    held = {each["name"]: each["version"] for each in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert held["msgspec"] == importlib.metadata.version("msgspec")
    assert not {*NEVER} & set(held)
    typical = {"ingest": "av", "postprocess": "clickhouse-connect", "api": "litestar", "triton": "nvidia-pytriton"}
    assert typical.get(extra, "onnx") in held


@pytest.mark.slow
def test_the_extra_of_triton_is_enough_to_serve(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """In a clean environment Triton serves every ensemble; the networks are run by what the extra brings."""
    python = _once("triton-cpu", tmp_path_factory) / "bin" / "python"
    assert _missing(python, (*NEVER, "nats", "litestar", "chdb")) == {*NEVER, "nats", "litestar", "chdb"}
    ports = {face: free_port() for face in ("grpc", "http", "metrics")}
    argv = [str(python), *_command("triton-cpu")[1:4], f"--repository={tmp_path}/triton", f"--data-dir={tmp_path}"]
    argv += [f"--{face}-port={port}" for face, port in ports.items()]
    ready = f"http://127.0.0.1:{ports['http']}/v2/health/ready"
    _until(argv, {"PATH": "/usr/bin:/bin"}, tmp_path, lambda: _answer(ready)[0] == 200)


_made: dict[str, Path] = {}


def _once(target: str, factory: pytest.TempPathFactory) -> Path:
    if target not in _made:
        _made[target] = _environment(target, factory.mktemp(target) / "env")
    return _made[target]


def _missing(python: Path, modules: tuple[str, ...]) -> set[str]:
    """Those of the modules that an environment does not have."""
    code = "import sys; from importlib.util import find_spec as f; print(*(m for m in sys.argv[1:] if f(m) is None))"
    done = subprocess.run([python, "-I", "-c", code, *modules], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _until(argv: list[str], environ: dict[str, str], folder: Path, true: Any) -> None:
    """Run a program until something holds; it must not end before."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(argv, env=environ, cwd=folder, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_S_MAX
        while not true():
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(60)
