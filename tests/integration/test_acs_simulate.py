"""`zool acs simulate` as a process, over TLS with a certificate of its own: barrier, reader, offline, journal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Self

import grpc  # type: ignore[import-untyped]
import pytest

from api.acs.v1 import doors_pb2 as dp
from api.acs.v1 import doors_pb2_grpc
from deploy.acs.client import Target
from tests.support.acs import publish
from tests.support.api import TOKEN, Site, running_site
from tests.support.clickhouse import free_port
from tests.support.doors import passage
from tests.support.tls import certificates

LISTED = "А123ВС77"
WAIT_S = 60.0


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the server, and of clients, from one authority."""
    return certificates(tmp_path_factory.mktemp("tls"), "127.0.0.1", "controller-1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tls: Path) -> Iterator[Site]:
    """A site that asks clients for certificates, on a port that it keeps; with a gate, a listed plate and a card."""
    environ = {
        "ZOOL_API_ACS_PORT": str(free_port()),
        "ZOOL_API_ACS_TLS_CERT_FILE": str(tls / "127.0.0.1.pem"),
        "ZOOL_API_ACS_TLS_KEY_FILE": str(tls / "127.0.0.1.key"),
        "ZOOL_API_ACS_TLS_CLIENT_CA_FILE": str(tls / "ca.pem"),
    }
    with running_site(tmp_path_factory.mktemp("acs-simulate"), environ) as running:
        with running.client() as http:
            door = {"places": [{"camera": "cam-gate"}], "everybody": True, "age_s_max": 30}
            assert http.put("/api/v1/doors/gate", json=door).status_code == 201
            assert http.post("/api/v1/vehicles", json={"plate": LISTED, "list": "allow"}).status_code == 201
            assert http.post("/api/v1/people", json={"id": "ann", "name": "A.", "badge": "1042"}).status_code == 201
        yield running


class Simulated:
    """The process, with what it was given to read, and its journal."""

    def __init__(self, site: Site, folder: Path, tls: Path) -> None:
        (folder / "token").write_text(TOKEN)
        self.journal = folder / "journal"
        self._argv = [
            sys.executable, "-m", "deploy", "acs", "simulate", "--address", site.api.acs, "--door", "gate",
            "--token-file", str(folder / "token"), "--journal", str(self.journal), "--lists", str(folder / "lists"),
            "--pass-s", "0.2", "--ca-file", str(tls / "ca.pem"),
            "--cert-file", str(tls / "controller-1.pem"), "--key-file", str(tls / "controller-1.key"),
        ]  # fmt: skip
        self.lists, self._said = folder / "lists", folder / "said"
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stderr=said)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.close()

    @property
    def _reader(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def read(self, line: str) -> None:
        """The reader reads something."""
        self._reader.write(f"{line}\n".encode())
        self._reader.flush()

    def lines(self) -> list[dict[str, Any]]:
        """The journal."""
        text = self.journal.read_bytes() if self.journal.exists() else b""
        return [json.loads(line) for line in text.splitlines() if line.startswith(b"{")]

    def did(self) -> list[str]:
        """What the barrier did."""
        return [line["did"] for line in self.lines() if "did" in line]

    def until(self, done: Callable[[], bool]) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + WAIT_S
        while not done():
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < deadline, (self.lines(), self._said.read_text())
            time.sleep(0.05)


def test_without_a_certificate_nobody_comes_in(site: Site, tls: Path) -> None:
    """A token alone is not enough, and a certificate alone neither."""
    roots = (tls / "ca.pem").read_bytes()
    pair = (tls / "controller-1.key").read_bytes(), (tls / "controller-1.pem").read_bytes()
    for credentials, token, code in (
        (grpc.ssl_channel_credentials(roots), TOKEN, grpc.StatusCode.UNAVAILABLE),
        (grpc.ssl_channel_credentials(roots, *pair), "x" * 20, grpc.StatusCode.UNAUTHENTICATED),
    ):
        metadata = Target(address="", token=token).metadata
        with grpc.secure_channel(site.api.acs, credentials) as channel:
            ask = doors_pb2_grpc.DoorsStub(channel).OfflineList
            with pytest.raises(grpc.RpcError) as refused:
                ask(dp.OfflineListRequest(door="gate"), metadata=metadata, timeout=30)
        assert refused.value.code() == code


async def test_a_barrier_a_reader_and_an_outage(site: Site, tmp_path: Path, tls: Path) -> None:
    """Opens for a plate and a card; while the server is away by its list alone; afterwards all is reported."""
    with Simulated(site, tmp_path, tls) as simulated:
        site.until(lambda http: http.get("/api/v1/doors/gate").json()["listeners"] == 1, timeout_s=WAIT_S)
        await publish(
            site, passage(1, camera="cam-gate", plate=LISTED), passage(2, camera="cam-gate", plate="М001ММ99")
        )
        simulated.until(lambda: sorted(simulated.did()) == ["opened", "passed", "refused"])
        simulated.read("card 1042 gate entry")
        simulated.until(lambda: simulated.did().count("passed") == 2)
        simulated.until(simulated.lists.exists)
        site.api.stop()
        simulated.read("card 1042 gate entry")
        simulated.until(lambda: simulated.did().count("passed") == 3)
        simulated.read("card 6666 gate entry")
        simulated.until(lambda: simulated.did().count("refused") == 2)
        simulated.read("nonsense")
        simulated.until(lambda: any("unread" in line for line in simulated.lines()))
        site.api.start()
        site.until(_reported, timeout_s=WAIT_S)
    opened = [line for line in simulated.lines() if line.get("did") == "opened"]
    assert len(opened) == len({line["decision"] for line in opened}) == 3


def _reported(http: Any) -> bool:
    """What was done while the server was away has become events, in the controller's name."""
    answer = http.get("/api/v1/doors/gate")
    recent = answer.json()["recent"] if answer.status_code == 200 else []
    offline = [one["reason"] for one in recent if one["note"].startswith("offline 1042")]
    return offline == ["passed", "opened"]
