"""Helm's own engine for tests: lint, and install against a server that records what it is sent.

Run as a process of its own (`python -m tests.support.helm`), one request on standard input, one answer on standard
output: the library is Go's, with a runtime and signal handlers that pytest should not have in it.

There is no Kubernetes here. `_Recorder` answers what Helm asks for before it installs (version, resource lists), knows
no object, and gives back what it is sent; everything between values and manifests is Helm's.
"""

from __future__ import annotations

import ctypes
import http.server
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "chart"
APART = Path(sys.prefix) / "apart"
"""Wheels of apart.txt."""
LIBRARY = APART / "helm_sdkpy" / "_lib" / "linux-amd64" / "libhelm_sdkpy.so"
RELEASE, NAMESPACE = "zool", "video"
HELM_S_MAX = 120

_KINDS = {
    "v1": ("ConfigMap", "Secret", "Service", "ServiceAccount", "PersistentVolumeClaim"),
    "apps/v1": ("Deployment", "StatefulSet"),
    "batch/v1": ("Job",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": ("NetworkPolicy", "Ingress"),
    "gateway.networking.k8s.io/v1": ("HTTPRoute", "GRPCRoute"),
    "monitoring.coreos.com/v1": ("PodMonitor", "PrometheusRule"),
    "keda.sh/v1alpha1": ("ScaledObject",),
}


class HelmRefused(Exception):  # noqa: N818 - an answer, not a fault
    """Helm would not install; the text is Helm's."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What Helm made of a chart and values."""

    objects: tuple[dict[str, Any], ...]
    hooks: tuple[dict[str, Any], ...]
    """What Helm makes at a moment of its own, such as before an upgrade."""
    notes: str
    posted: tuple[dict[str, Any], ...]
    """The same objects as they arrived at the server, without the release's own record."""

    def of(self, kind: str) -> tuple[dict[str, Any], ...]:
        """All objects of a kind."""
        return tuple(each for each in self.objects if each["kind"] == kind)

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """The object of a kind and name."""
        (found,) = (each for each in self.of(kind) if each["metadata"]["name"] == name)
        return found


def render(values: Mapping[str, Any], chart: Path = CHART) -> Rendered:
    """Install with values over the chart's defaults; raises `HelmRefused`."""
    answer = _ask({"action": "install", "chart": str(chart), "values": values})
    manifests = [each for each in yaml.safe_load_all(answer["release"]["manifest"]) if each]
    hooks = [yaml.safe_load(each["manifest"]) for each in answer["release"].get("hooks") or []]
    notes = answer["release"]["info"]["notes"]
    return Rendered(objects=tuple(manifests), hooks=tuple(hooks), notes=notes, posted=tuple(answer["posted"]))


def lint(chart: Path = CHART) -> list[dict[str, Any]]:
    """Helm's messages, `Severity` 1 (information), 2 (warning) or 3 (error)."""
    found = _ask({"action": "lint", "chart": str(chart)})["lint"]
    return list(found["Messages"] or [])


def values_file(name: str) -> dict[str, Any]:
    """A set of values that lies beside the chart."""
    read: dict[str, Any] = yaml.safe_load((CHART / name).read_text(encoding="utf-8"))
    return read


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    if not LIBRARY.exists():
        raise FileNotFoundError(f"{LIBRARY} is missing: run `make install`")
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.helm"],
        input=json.dumps(request), capture_output=True, text=True, timeout=HELM_S_MAX, cwd=ROOT, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"Helm's process ended with {done.returncode}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise HelmRefused(answer["refused"])
    return answer


class _Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: two would wait for each other's acknowledgement, 40 ms each time
    posted: list[dict[str, Any]] = []

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        found = _discovery(path)
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self._answer(200 if found else 404, json.dumps(found or status).encode(), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "application/json")
        if kind == "application/json":
            self.posted.append(json.loads(body))
        self._answer(201, body, kind)

    do_PUT = do_PATCH = do_POST  # noqa: N815 - the base class calls them so

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _discovery(path: str) -> dict[str, Any] | None:
    """What a server says of itself before anything is asked of it; None = not there."""
    groups = [
        {"name": v.partition("/")[0], "versions": [{"groupVersion": v, "version": v.partition("/")[2]}],
         "preferredVersion": {"groupVersion": v, "version": v.partition("/")[2]}}
        for v in _KINDS if "/" in v
    ]  # fmt: skip
    told: dict[str, dict[str, Any]] = {
        "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
    }
    for version, kinds in _KINDS.items():
        resources = [
            {"name": _plural(kind), "kind": kind, "namespaced": True, "verbs": ["get", "create"]} for kind in kinds
        ]
        base = "/api/" if version == "v1" else "/apis/"
        told[base + version] = {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
    return told.get(path)


def _plural(kind: str) -> str:
    return kind.lower().removesuffix("y") + "ies" if kind.endswith("y") else kind.lower() + "s"


def _serve_one_request() -> None:
    """The process: read a request, call the library, write the answer."""
    request = json.load(sys.stdin)
    library = ctypes.CDLL(str(LIBRARY))
    library.helm_sdkpy_last_error.restype = ctypes.c_char_p
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as kubeconfig:
        json.dump(_kubeconfig(server.server_port), kubeconfig)
        kubeconfig.flush()
        handle = ctypes.c_ulonglong()
        failed = library.helm_sdkpy_config_create(
            NAMESPACE.encode(), kubeconfig.name.encode(), None, b"{}", ctypes.byref(handle)
        )
        answer = {"refused": library.helm_sdkpy_last_error().decode()} if failed else _call(library, handle, request)
    json.dump(answer, sys.stdout)


def _call(library: ctypes.CDLL, handle: ctypes.c_ulonglong, request: Mapping[str, Any]) -> dict[str, Any]:
    out, chart = ctypes.c_void_p(), str(request["chart"]).encode()
    if request["action"] == "lint":
        failed = library.helm_sdkpy_lint(handle, chart, ctypes.byref(out))
    else:
        options = {"wait": False, "timeout_seconds": 60, "server_side_apply": "false", "create_namespace": False,
                   "disable_openapi_validation": True}  # fmt: skip
        failed = library.helm_sdkpy_install(
            handle, RELEASE.encode(), chart, json.dumps(request["values"]).encode(), b"",
            json.dumps(options).encode(), ctypes.byref(out),
        )  # fmt: skip
    if failed:
        return {"refused": library.helm_sdkpy_last_error().decode()}
    result = json.loads(ctypes.string_at(out.value or 0))
    return {"lint": result} if request["action"] == "lint" else {"release": result, "posted": _Recorder.posted}


def _kubeconfig(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "test", "namespace": NAMESPACE}}],
        "current-context": "here",
    }


if __name__ == "__main__":
    _serve_one_request()
