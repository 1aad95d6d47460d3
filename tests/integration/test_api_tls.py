"""TLS by configuration: HTTPS at the api, and a real nats-server that speaks TLS and asks for certificates."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from ingest.bus import Bus
from ingest.process import Health
from ingest.settings import NatsSettings, SettingsError
from tests.support.api import TOKEN, Site, running_site
from tests.support.nats import nats_server
from tests.support.postprocess import until
from tests.support.tls import certificates

WAIT_S = 60.0


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server's certificate, a client's, and an authority of strangers."""
    return certificates(tmp_path_factory.mktemp("tls"), "127.0.0.1", "api")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tls: Path) -> Iterator[Site]:
    """A site whose api speaks HTTPS."""
    environ = {
        "ZOOL_API_TLS_CERT_FILE": str(tls / "127.0.0.1.pem"),
        "ZOOL_API_TLS_KEY_FILE": str(tls / "127.0.0.1.key"),
        "ZOOL_API_ACS_ENABLED": "false",
    }
    with running_site(tmp_path_factory.mktemp("api-tls"), environ, verify=trusting(tls / "ca.pem")) as running:
        yield running


def trusting(path: Path) -> ssl.SSLContext:
    """A client's trust in one authority."""
    return ssl.create_default_context(cafile=str(path))


def test_https_with_cookies_for_tls_alone(site: Site, tls: Path) -> None:
    """Verified by its authority alone; HSTS on every answer; a session's cookie is `__Host-` and Secure."""
    assert site.api.url.startswith("https://")
    password = "Kx7-lange-Worte"
    with httpx.Client(base_url=site.api.url, verify=trusting(tls / "ca.pem"), timeout=20) as http:
        admin = {"Authorization": f"Bearer {TOKEN}"}
        assert http.get("/api/v1/cameras").headers["strict-transport-security"] == "max-age=31536000"
        body = {"name": "ann", "role": "viewer", "password": password}
        assert http.post("/api/v1/users", json=body, headers=admin).status_code == 201
        answer = http.post("/api/v1/session", json={"name": "ann", "password": password})
        assert answer.status_code in {200, 201}, answer.text
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-zool_session=")
    assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(site.api.url, verify=trusting(tls / "stranger.pem"))
    with pytest.raises(httpx.HTTPError):
        httpx.get(site.api.url.replace("https://", "http://"))


@pytest.mark.parametrize(
    ("cert", "key", "named"),
    [
        ("127.0.0.1.pem", "", "tls_key_file"),
        ("", "127.0.0.1.key", "tls_cert_file"),
        ("api.pem", "127.0.0.1.key", "tls_cert_file"),
    ],
)
def test_half_a_pair_or_a_wrong_one_refuses_the_start(tls: Path, cert: str, key: str, named: str) -> None:
    """Exit code 2, naming the key."""
    environ = {
        "ZOOL_API_PORT": "0",
        "ZOOL_API_TLS_CERT_FILE": str(tls / cert) if cert else "",
        "ZOOL_API_TLS_KEY_FILE": str(tls / key) if key else "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "api"], env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert f"[api] {named}" in done.stderr or named in done.stderr


@contextlib.asynccontextmanager
async def broker(folder: Path, tls: Path) -> AsyncIterator[NatsSettings]:
    """A nats-server over TLS that asks clients for certificates."""
    ports = folder / "ports"
    ports.mkdir()
    process = await asyncio.create_subprocess_exec(
        nats_server(), "-js", "-sd", str(folder / "js"), "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(ports),
        "--tls", "--tlscert", str(tls / "127.0.0.1.pem"), "--tlskey", str(tls / "127.0.0.1.key"),
        "--tlsverify", "--tlscacert", str(tls / "ca.pem"), stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said: list[str] = []

    async def told() -> bool:
        said[:] = [text for path in ports.glob("*.ports") if "127.0.0.1:" in (text := path.read_text())]
        return bool(said)

    try:
        await until(told, "the broker's port", deadline_s=WAIT_S)
        port = int(said[0].split("127.0.0.1:")[1].split('"')[0])
        yield NatsSettings(
            url=f"tls://127.0.0.1:{port}", ca_file=str(tls / "ca.pem"),
            cert_file=str(tls / "api.pem"), key_file=str(tls / "api.key"),
        )  # fmt: skip
    finally:
        process.kill()
        await process.wait()


async def test_the_broker_over_tls(tmp_path: Path, tls: Path) -> None:
    """With the right authority and an own certificate streams work; trusting another, it is away and says why."""
    async with broker(tmp_path, tls) as settings:
        async with asyncio.timeout(WAIT_S):
            async with Bus.open(settings, name="api") as bus:
                await bus.ensure_streams("EVENTS")
                assert await bus.last_seq("EVENTS") == 0
        stranger = NatsSettings(url=settings.url, ca_file=str(tls / "stranger.pem"))
        health = Health("api")

        async def refused() -> bool:
            return "CERTIFICATE_VERIFY_FAILED" in str(health.snapshot())

        async def connect() -> None:
            async with Bus.open(stranger, name="api", health=health):
                raise AssertionError("it trusted a stranger")

        connecting = asyncio.create_task(connect())
        await until(refused, "the certificate is refused in words", deadline_s=WAIT_S)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


@pytest.mark.parametrize(
    ("url", "ca_file", "key"),
    [
        ("nats://h:1", "x", "url"),
        ("tls://h:1,nats://i:1", "", "url"),
        ("tls://h:1", "/nowhere", "ca_file"),
    ],
)
async def test_tls_that_would_not_be_is_refused(url: str, ca_file: str, key: str) -> None:
    """An authority beside a plain address, and one that is not there."""
    with pytest.raises(SettingsError) as refused:
        async with Bus.open(NatsSettings(url=url, ca_file=ca_file), name="api"):
            pass
    assert refused.value.key == key
