"""The api as it runs: its own process over a real nats-server and the real ClickHouse engine.

Ingest's part (states, probes, pictures) is played by the test on the same bus, through the same contract.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import clickhouse_connect
import httpx

from ingest.contract import FrameReport, FrameStamp, Shot
from ingest.settings import NatsSettings
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, Read
from postprocess.ddl import Keep, statements
from postprocess.looks import LOOK_COLUMNS, READ_COLUMNS, look
from postprocess.rows import EVENT_COLUMNS, PHOTO_COLUMNS, Columns, T, columns
from tests.support.clickhouse import ClickHouseServer
from tests.support.nats import nats_server

TOKEN = "test-token-0123456789abcdef"
START_S_MAX = 30.0


class Broker:
    """nats-server as a child process, on a port that it keeps over restarts."""

    def __init__(self, store: Path) -> None:
        self._store, self.port = store, -1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> NatsSettings:
        """How to reach it."""
        return NatsSettings(url=f"nats://127.0.0.1:{self.port}")

    def start(self) -> None:
        """Start, and wait for its port."""
        ports = self._store / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir(parents=True)
        command = [nats_server(), "-js", "-sd", str(self._store / "js"), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen([*command, "--ports_file_dir", str(ports)], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            for text in (path.read_text() for path in ports.glob("*.ports")):
                if "nats://127.0.0.1:" in text:
                    self.port = int(text.split("nats://127.0.0.1:")[1].split('"')[0])
                    return
            time.sleep(0.02)
        raise TimeoutError("nats-server did not start")

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class ApiProcess:
    """`python -m api` on a free port."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder, self._environ = folder, environ
        self._process: subprocess.Popen[str] | None = None
        self.url = self.acs = ""

    def start(self) -> None:
        """Start, and wait for its addresses: HTTP, and gRPC as `host:port` where it is switched on."""
        token_file = self._folder / "admin.token"
        token_file.write_text(TOKEN + "\n")
        environ = os.environ | {"ZOOL_API_PORT": "0", "ZOOL_API_TOKEN_FILE": str(token_file)} | self._environ
        with (self._folder / "api.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api"], env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip().rstrip("/")
        assert self.url, (self._folder / "api.log").read_text()
        if environ.get("ZOOL_API_ACS_ENABLED") != "false":
            self.acs = self._process.stdout.readline().strip().partition("://")[2]

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self._folder / "api.log").read_text()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """Ask it to stop, and return its exit code; it is killed when it does not."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(timeout=15)
        finally:
            if self.alive:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


class Site:
    """Broker, store and api together."""

    def __init__(
        self, folder: Path, environ: dict[str, str] | None = None, verify: ssl.SSLContext | bool = True
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.broker = Broker(folder / "nats")
        self.store = ClickHouseServer(folder / "clickhouse")
        self._folder, self._environ, self._verify = folder, environ or {}, verify
        self.api: ApiProcess

    def start(self) -> None:
        """Start all three and wait until the api is ready."""
        self.broker.start()
        self.store.start()
        with contextlib.closing(self._client("default")) as client:
            for statement in statements(
                "zool", Keep(events_days=3650, events_unmatched_days=3650, photos_days=3650, looks_days=3650)
            ):
                client.command(statement)
        found = self.store.settings
        environ = {
            "ZOOL_NATS_URL": self.broker.settings.url,
            "ZOOL_CLICKHOUSE_PORT": str(found.port),
            "ZOOL_CLICKHOUSE_USER": found.user,
            "ZOOL_CLICKHOUSE_PASSWORD": found.password,
        }
        self.api = ApiProcess(self._folder, environ | self._environ)
        self.api.start()
        self.until(lambda client: client.get("/health/ready").status_code == 200)

    def stop(self) -> None:
        """End all three."""
        try:
            self.api.stop()
        finally:
            self.store.kill()
            self.broker.kill()

    def client(self, *, token: str = TOKEN, language: str = "en") -> httpx.Client:
        """An HTTP client that has the token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Accept-Language": language}
        return httpx.Client(base_url=self.api.url, headers=headers, timeout=20, verify=self._verify)

    def until(self, done: object, *, timeout_s: float = 20.0) -> None:
        """Ask again and again until `done(client)` holds."""
        assert callable(done)
        deadline = time.monotonic() + timeout_s
        with self.client() as client:
            while not done(client):
                assert time.monotonic() < deadline, self.api.log
                time.sleep(0.05)

    def _client(self, database: str) -> clickhouse_connect.driver.client.Client:
        found = self.store.settings
        return clickhouse_connect.get_client(
            host=found.host, port=found.port, username=found.user, password=found.password, database=database
        )

    def keep(
        self,
        *events: Event,
        shots: tuple[Shot, ...] = (),
        looks: Sequence[FrameReport] = (),
        reads: Sequence[Read] = (),
    ) -> None:
        """Put events, photos, looks and reads into the store, as postprocess does."""
        with contextlib.closing(self._client("zool")) as client:
            if events:
                _insert(client, "events", EVENT_COLUMNS, events)
            if shots:
                _insert(client, "photos", PHOTO_COLUMNS, shots)
            if looks:
                _insert(client, "looks", LOOK_COLUMNS, [look(report) for report in looks])
            if reads:
                _insert(client, "reads", READ_COLUMNS, reads)


def _insert(
    client: clickhouse_connect.driver.client.Client, table: str, builders: Columns[T], items: Sequence[T]
) -> None:
    client.insert(table, columns(builders, items), column_names=list(builders), column_oriented=True)


@contextlib.contextmanager
def running_site(
    folder: Path, environ: dict[str, str] | None = None, *, verify: ssl.SSLContext | bool = True
) -> Iterator[Site]:
    """A running site; ended at the end."""
    site = Site(folder, environ, verify)
    try:
        site.start()
        yield site
    finally:
        if hasattr(site, "api"):
            site.stop()


def vehicle_event(
    number: int, *, camera: str = "gate-1", at_us: int = 1_780_000_000_000_000, **fields: object
) -> Event:
    """One vehicle event, a second apart from the one before."""
    values: dict[str, object] = {
        "event_id": f"event-{camera}-{number:04d}",
        "version": 1,
        "kind": "vehicle_entry",
        "camera": camera,
        "opened_at_us": at_us + number * 1_000_000,
        "function": "vehicles",
        "rule": "gate",
        "track": f"t{number}",
        "epoch": 7,
        "direction": "entry",
        "label": "truck",
        "confidence": 0.91,
        "plate": "А123ВС77",
        "plate_confidence": 0.97,
        "plate_reads": 4,
        "box": (0.1, 0.2, 0.5, 0.6),
        "photos": (
            EventPhoto(
                shot_id=f"shot-{camera}-{number}",
                captured_at_us=at_us + number * 1_000_000 + 123_456,
                quad=((0.2, 0.5), (0.3, 0.5), (0.3, 0.55), (0.2, 0.55)),
                thumbnail=b"\xff\xd8small",
            ),
        ),
        "models": (ModelRef(name="starter-detector", version="1", sha256="ab" * 32, starter=True),),
        "settings_revision": 3,
        "frame_seq": 25,
    }
    return Event(**(values | fields))  # type: ignore[arg-type]


def shot_of(event: Event, jpeg: bytes = b"\xff\xd8large") -> Shot:
    """The shot behind an event's first photo."""
    photo = event.photos[0]
    stamp = FrameStamp(camera=event.camera, epoch=event.epoch, seq=25, captured_at_us=photo.captured_at_us)
    return Shot(
        shot_id=photo.shot_id,
        stamp=stamp,
        recogniser="plate_reader",
        track=event.track,
        label=event.label,
        box=(0.1, 0.2, 0.5, 0.6),
        crop=(0.08, 0.18, 0.52, 0.62),
        jpeg=jpeg,
        width=400,
        height=300,
        quality=0.8,
        ordinal=0,
    )
