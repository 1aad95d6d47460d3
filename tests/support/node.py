"""What a node does with a pod, without Kubernetes: volumes as folders, environment, command, on loopback.

Hosts and ports are the only things that are changed: a Service's address becomes the loopback port of the program that
this node runs for it, 0.0.0.0 becomes 127.0.0.1, a port of the container becomes a free one, and a path under a mount
becomes the folder that stands for the volume. What a container has beside that comes from the manifest alone.

Two stand-ins, because the real program can't be had here: `clickhouse-server` is the same engine in
`deploy.clickhouse`, and `tritonserver` is the server of the wheel, with its Python backend.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from model_repository import triton
from tests.support.chart import SECRETS, Pod
from tests.support.clickhouse import free_port
from tests.support.helm import Rendered
from tests.support.nats import nats_server

READY_S_MAX = 120.0
STOP_S_MAX = 30.0
"""terminationGracePeriodSeconds, where a pod says nothing."""


class Running:
    """A container's process."""

    def __init__(self, pod: Pod, process: subprocess.Popen[bytes], ports: Mapping[int, int], log: Path) -> None:
        self.pod, self.process, self.ports, self._log = pod, process, ports, log

    def status(self, probe: str) -> int:
        """The status that a probe gets; 0 = no connection."""
        port, path = self.pod.probe(probe)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def wait_ready(self) -> None:
        """Until the readiness probe is answered with 200."""
        deadline = time.monotonic() + READY_S_MAX
        while self.status("readinessProbe") != 200:
            assert self.process.poll() is None, f"{self.pod.name} ended: {self.log[-2000:]}"
            assert time.monotonic() < deadline, f"{self.pod.name} is not ready: {self.log[-2000:]}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        """What it said."""
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        """SIGTERM, as the kubelet sends it; its exit code, or that of SIGKILL at the end of its time."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


class Node:
    """Runs pods of a rendered chart; `addresses` maps host:port of the manifests to loopback ports."""

    def __init__(
        self, folder: Path, found: Rendered, addresses: Mapping[str, int] | None = None, *, sealed: bool = False
    ) -> None:
        """`sealed`: in a mount namespace where only the pod's volumes can be written (needs the right to make one)."""
        self.folder, self._found, self._sealed = folder, found, sealed
        self.addresses = dict(addresses or {})
        self.given: dict[str, Path] = {}
        """Folders that stand for volumes by name: what a claim would hold."""

    @contextlib.contextmanager
    def running(self, pod: Pod) -> Iterator[Running]:
        """The pod's container; stopped at the end."""
        home = self.folder / pod.name
        ports = {port: free_port() for port in pod.ports.values()}
        mounts = {m["mountPath"]: self._volume(pod, home, m["name"]) for m in pod.container["volumeMounts"]}
        work, log = home / "work", home / "log"
        work.mkdir(parents=True)
        words = [self._word(word, ports, mounts) for word in pod.argv]
        environ = {key: self._value(key, value, ports, mounts) for key, value in pod.environ().items()}
        if pod.name == "api":  # its own default is the port after the api's, which here may be somebody else's
            environ.setdefault("ZOOL_API_ACS_PORT", "0")
        self._address(environ)
        for path in mounts.values():
            self._config(path, ports, mounts)
        argv, extra = self._program(pod, words, environ, ports, mounts)
        if self._sealed:
            argv = sealed(argv, mounts.values(), mounts["/tmp"])  # noqa: S108
        with log.open("wb") as out:
            process = subprocess.Popen(
                argv, cwd=work, stdout=out, stderr=out, start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "HOME": str(mounts["/tmp"]), **environ, **extra},  # noqa: S108
            )  # fmt: skip
        self._serve(pod, ports)
        running = Running(pod, process, ports, log)
        try:
            yield running
        finally:
            if process.poll() is None:
                running.stop()
            with contextlib.suppress(ProcessLookupError):  # what it forked
                os.killpg(process.pid, signal.SIGKILL)
        assert list(work.iterdir()) == [], f"{pod.name} writes into its working directory, which is read-only in a pod"

    def once(self, pod: Pod, container: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """A container that ends by itself: that of a Job, or one that runs before the pod's own."""
        container = container or pod.container
        home = self.folder / f"{pod.name}-{container['name']}"
        mounts = {m["mountPath"]: self._volume(pod, home, m["name"]) for m in container["volumeMounts"]}
        name, *rest = [self._text(word, mounts) for word in container["command"]]
        assert name == "python"
        environ = pod.environ() if container == pod.container else {}
        self._address(environ)
        return subprocess.run(
            [sys.executable, *rest], cwd=home, capture_output=True, text=True, timeout=READY_S_MAX, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(mounts["/tmp"]), **environ},  # noqa: S108
        )  # fmt: skip

    def _volume(self, pod: Pod, home: Path, name: str) -> Path:
        if name in self.given:
            return self.given[name]
        path = home / "volumes" / name
        path.mkdir(parents=True)
        for volume in (volume for volume in pod.spec["volumes"] if volume["name"] == name):
            source = volume.get("configMap") or volume.get("secret") or {}
            held = self._data(volume)
            for key, text in held.items():
                items = {item["key"]: item["path"] for item in source.get("items", [])} or {key: key}
                if key in items:
                    (path / items[key]).write_text(text, encoding="utf-8")
        return path

    def _data(self, volume: Mapping[str, Any]) -> dict[str, str]:
        if "configMap" in volume:
            return dict(self._found.one("ConfigMap", volume["configMap"]["name"])["data"])
        return SECRETS[volume["secret"]["secretName"]] if "secret" in volume else {}

    def _word(self, word: str, ports: Mapping[int, int], mounts: Mapping[str, Path]) -> str:
        word = re.sub(r"(?<=-port=)\d+$", lambda m: str(ports[int(m[0])]), word)
        return self._text(word, mounts)

    def _value(self, key: str, value: str, ports: Mapping[int, int], mounts: Mapping[str, Path]) -> str:
        if key in {"ZOOL_FACE_PORT", "ZOOL_API_PORT", "ZOOL_API_ACS_PORT"}:
            return str(ports[int(value)])
        return self._text(value, mounts)

    def _text(self, text: str, mounts: Mapping[str, Path]) -> str:
        longest_first = "|".join(re.escape(mount) for mount in sorted(mounts, key=len, reverse=True))
        text = re.sub(rf"(?<![\w/])({longest_first})(?=/|$|\")", lambda m: str(mounts[m[1]]), text)
        return text.replace("0.0.0.0", "127.0.0.1")

    def _address(self, environ: dict[str, str]) -> None:
        """Addresses of servers become those of the programs that run here."""
        for key in ("ZOOL_NATS_URL", "ZOOL_TRITON_URL"):
            for address, port in self.addresses.items():
                if key in environ:
                    environ[key] = environ[key].replace(address, f"127.0.0.1:{port}")
        if "ZOOL_CLICKHOUSE_HOST" in environ:
            address = f"{environ['ZOOL_CLICKHOUSE_HOST']}:{environ['ZOOL_CLICKHOUSE_PORT']}"
            environ |= {"ZOOL_CLICKHOUSE_HOST": "127.0.0.1", "ZOOL_CLICKHOUSE_PORT": str(self.addresses[address])}

    def _config(self, volume: Path, ports: Mapping[int, int], mounts: Mapping[str, Path]) -> None:
        """The broker's configuration names addresses and folders too."""
        for path in [volume] if volume.name == "nats.conf" else volume.glob("nats.conf"):
            address = r"(?:(?<=0\.0\.0\.0:)|(?<=127\.0\.0\.1:))\d+"
            text = re.sub(address, lambda m: str(ports[int(m[0])]), path.read_text(encoding="utf-8"))
            path.write_text(self._text(text, mounts), encoding="utf-8")

    def _serve(self, pod: Pod, ports: Mapping[int, int]) -> None:
        for service in self._found.of("Service"):
            if service["spec"]["selector"].items() <= pod.template["metadata"]["labels"].items():
                for port in service["spec"]["ports"]:
                    address = f"{service['metadata']['name']}:{port['port']}"
                    self.addresses[address] = ports[pod.ports[port["targetPort"]]]

    def _program(
        self,
        pod: Pod,
        words: list[str],
        environ: Mapping[str, str],
        ports: Mapping[int, int],
        mounts: Mapping[str, Path],
    ) -> tuple[list[str], dict[str, str]]:
        """The command with the program as it is found here, and what the program needs beside the manifest."""
        name, *rest = words
        if name == "python":
            return [sys.executable, *rest], {}
        if name == "sh":
            return self._shell(rest, ports, mounts)
        if name == "nats-server":
            return [nats_server(), *rest], {}
        if name == "clickhouse-server":
            data, port = mounts["/var/lib/clickhouse"] / "data", ports[pod.ports["http"]]
            argv = [sys.executable, "-m", "deploy.clickhouse", "--data", str(data), "--port", str(port)]
            password = environ["CLICKHOUSE_USER_PASSWORD"]
            return argv, {"ZOOL_CLICKHOUSE_PASSWORD": password, "ZOOL_CLICKHOUSE_USER": "zool"}
        assert name == "tritonserver"
        wheel = triton.locate()
        repository = mounts["/var/lib/zool"] / "triton"
        command = triton.server_command(
            wheel, repository=repository, backends=repository, ports=triton.Ports(grpc=1, http=2, metrics=3), environ={}
        )
        backends = triton.prepare(wheel, self.folder / "backends")
        path = f"{command.environ['PATH']}:/usr/bin:/bin"
        return [str(wheel.binary), *rest, f"--backend-directory={backends}"], {**command.environ, "PATH": path}

    def _shell(
        self, words: list[str], ports: Mapping[int, int], mounts: Mapping[str, Path]
    ) -> tuple[list[str], dict[str, str]]:
        """A script of compose.yaml, with the programs of this machine; of the two stand-ins it needs the store's."""
        flag, script = words
        if "exec clickhouse-server" in script:
            data, port = mounts["/var/lib/clickhouse"] / "data", next(iter(ports.values()))
            stand_in = f"python -m deploy.clickhouse --data {data} --port {port}"
            own = 'export ZOOL_CLICKHOUSE_USER=zool "ZOOL_CLICKHOUSE_PASSWORD=$CLICKHOUSE_USER_PASSWORD"; exec '
            script = script.partition("exec clickhouse-server")[0] + own + stand_in
        programs = (Path(sys.executable).parent, Path(nats_server()).parent)
        return ["/bin/sh", flag, script], {"PATH": ":".join(map(str, (*programs, "/usr/bin", "/bin")))}


_SEAL = """
for volume in $VOLUMES; do mount --bind "$volume" "$volume"; done
mount -o remount,ro,bind /
mount --bind "$TEMPORARY" /tmp
unset VOLUMES TEMPORARY
exec "$@"
"""


def sealed(argv: list[str], volumes: Iterable[Path], temporary: Path) -> list[str]:
    """The command in a namespace with a read-only root, as the kubelet gives it; no folder of these under /tmp."""
    folders = " ".join(str(path) for path in {*volumes, temporary})
    names = [f"VOLUMES={folders}", f"TEMPORARY={temporary}"]
    return ["unshare", "--map-root-user", "--mount", "env", *names, "sh", "-ec", _SEAL, "sh", *argv]
