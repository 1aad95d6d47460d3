"""`zool acs watch` as a process: killed and started again under load, over restarts of what it watches, over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from ingest.bus import Bus
from ingest.contract import encode, events_subject
from postprocess.contract import Event
from tests.support.acs import publish
from tests.support.api import TOKEN, Site, running_site, vehicle_event
from tests.support.clickhouse import free_port
from tests.support.tls import certificates

WAIT_S_MAX = 120.0
PER_S = 300
KILLS = 6


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own and a certificate that it gave to 127.0.0.1."""
    return certificates(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tls: Path) -> Iterator[Site]:
    """One running site with TLS, on a port that it keeps over restarts of the api."""
    environ = {
        "ZOOL_API_ACS_PORT": str(free_port()),
        "ZOOL_API_ACS_TLS_CERT_FILE": str(tls / "127.0.0.1.pem"),
        "ZOOL_API_ACS_TLS_KEY_FILE": str(tls / "127.0.0.1.key"),
    }
    with running_site(tmp_path_factory.mktemp("acs-watch"), environ) as running:
        yield running


class Watcher:
    """`zool acs watch --json` that writes what it shows into a file."""

    def __init__(self, site: Site, folder: Path, tls: Path, *words: str) -> None:
        self._token, self._shown, self._said = folder / "token", folder / "shown", folder / "said"
        self._token.write_text(TOKEN)
        self._command = (
            sys.executable, "-m", "deploy", "acs", "watch", "--json", "--address", site.api.acs,
            "--token-file", str(self._token), "--ca-file", str(tls / "ca.pem"), *words,
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it shows is appended."""
        with self._shown.open("ab") as shown, self._said.open("ab") as said:
            self._process = subprocess.Popen(self._command, stdout=shown, stderr=said)

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def said(self) -> str:
        """What it told its user."""
        return self._said.read_text()

    def shown(self) -> list[dict[str, Any]]:
        """Whole lines on its standard output, of all its lives."""
        return [json.loads(line) for line in self._shown.read_bytes().split(b"\n")[:-1]] if self._shown.exists() else []


@contextlib.contextmanager
def watching(site: Site, folder: Path, tls: Path, *words: str) -> Iterator[Watcher]:
    """A started watcher, killed at the end."""
    watcher = Watcher(site, folder, tls, *words)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.kill()


async def until(done: Callable[[], bool], watcher: Watcher) -> None:
    """Look again and again."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not done():
        assert time.monotonic() < deadline, watcher.said
        await asyncio.sleep(0.02)


async def load(site: Site, camera: str, enough: asyncio.Event) -> list[str]:
    """Publish events, two versions each, at a steady rate until it is enough; their message ids, in order."""
    written: list[str] = []
    async with Bus.open(site.broker.settings, name="load") as bus:
        async for event in _paced(camera):
            if enough.is_set() and not len(written) % 2:
                break
            await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)
            written.append(event.message_id)
    return written


async def _paced(camera: str) -> AsyncIterator[Event]:
    begun = asyncio.get_running_loop().time()
    for number in itertools.count():
        await asyncio.sleep(max(0.0, begun + number / PER_S - asyncio.get_running_loop().time()))
        yield vehicle_event(number // 2, camera=camera, version=1 + number % 2, final=bool(number % 2))


def size(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def last(path: Path) -> list[dict[str, Any]]:
    """The last whole line of a file."""
    with path.open("rb") as file:
        file.seek(max(0, size(path) - 10_000))
        return [json.loads(line) for line in file.read().split(b"\n")[:-1][-1:]]


def keys(lines: list[dict[str, Any]]) -> list[str]:
    """Idempotency keys of the events among lines."""
    return [line["event"]["idempotency_key"] for line in lines if "event" in line]


async def under_kills(site: Site, camera: str, watcher: Watcher, output: Path) -> list[str]:
    """Kill the watcher again and again while events come, each time after it has written more; what was published."""
    enough = asyncio.Event()
    writing = asyncio.create_task(load(site, camera, enough))
    for _ in range(KILLS):
        seen = size(output)
        await until(lambda seen=seen: size(output) > seen + 30_000, watcher)  # type: ignore[misc]
        watcher.kill()
        watcher.start()
    enough.set()
    return await writing


@pytest.mark.slow
async def test_a_journal_holds_every_event_exactly_once(site: Site, tmp_path: Path, tls: Path) -> None:
    """Killed with -9 six times under load: the file has each event once, in order, each with a cursor of its own."""
    journal = tmp_path / "journal"

    def whole() -> list[dict[str, Any]]:
        return [json.loads(line) for line in journal.read_bytes().split(b"\n")[:-1]]

    words = ("--journal", str(journal), "--camera", "load-1")
    with watching(site, tmp_path, tls, *words) as watcher:
        await until(lambda: journal.exists() and len(whole()) == 1, watcher)  # its place is written down: it listens
        written = await under_kills(site, "load-1", watcher, journal)
        await until(lambda: keys(last(journal)) == written[-1:], watcher)
        assert keys(whole()) == written
        assert len({line["cursor"] for line in whole()}) == len(written) + 1


@pytest.mark.slow
async def test_with_a_cursor_file_every_event_comes_once_by_cursor(site: Site, tmp_path: Path, tls: Path) -> None:
    """Killed with -9 six times under load: none is missing; what is doubled has the same cursor, one at most a kill."""
    kept = tmp_path / "cursor"
    words = ("--cursor-file", str(kept), "--camera", "load-2")
    with watching(site, tmp_path, tls, *words) as watcher:
        await until(kept.exists, watcher)
        written = await under_kills(site, "load-2", watcher, tmp_path / "shown")
        await until(lambda: keys(last(tmp_path / "shown")) == written[-1:], watcher)
        shown = watcher.shown()
    by_cursor = {line["cursor"]: line for line in shown}
    assert keys(list(by_cursor.values())) == written
    assert len(shown) - len(by_cursor) <= KILLS


async def test_restarts_lose_nothing(site: Site, tmp_path: Path, tls: Path) -> None:
    """The api is stopped and started, the broker killed and started: the client comes back with all events."""
    words = ("--cursor-file", str(tmp_path / "cursor"), "--camera", "restart-1")
    with watching(site, tmp_path, tls, *words) as watcher:
        await until((tmp_path / "cursor").exists, watcher)
        await publish(site, vehicle_event(1, camera="restart-1"))
        await until(lambda: len(watcher.shown()) == 1, watcher)
        assert site.api.stop() == 0
        await publish(site, vehicle_event(2, camera="restart-1"))
        site.api.start()
        await until(lambda: len(watcher.shown()) == 2, watcher)
        site.broker.kill()
        site.broker.start()
        await publish(site, vehicle_event(3, camera="restart-1"))
        await until(lambda: len(watcher.shown()) == 3, watcher)
        assert keys(watcher.shown()) == [f"event-restart-1-000{n}.1" for n in (1, 2, 3)]
        assert "UNAVAILABLE" in watcher.said


def test_a_stranger_is_not_trusted(site: Site, tmp_path: Path, tls: Path) -> None:
    """A server whose authority is not ours gets no token; plaintext to a TLS port says so and goes on trying."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    with watching(site, tmp_path, tmp_path) as watcher:
        deadline = time.monotonic() + WAIT_S_MAX
        while "UNAVAILABLE" not in watcher.said:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert watcher.shown() == []
    assert tls.exists()


def test_a_wrong_token_ends_it(site: Site, tmp_path: Path, tls: Path) -> None:
    """Exit code 1 and the server's words: coming back would not help."""
    token = tmp_path / "token"
    token.write_text("wrong-token-wrong-token")
    ended = subprocess.run(
        (sys.executable, "-m", "deploy", "acs", "watch", "--address", f"grpcs://{site.api.acs}",
         "--token-file", str(token), "--ca-file", str(tls / "ca.pem")),
        check=False, capture_output=True, text=True, timeout=WAIT_S_MAX,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "UNAUTHENTICATED: Nobody here has this access token." in ended.stderr
