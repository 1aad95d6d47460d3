"""A site that is kept: looked at by the doctor, bundled for support, backed up while it runs, wiped and put back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import tarfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ingest.contract import Shot, encode, events_subject, shots_subject
from postprocess.contract import Event
from tests.support.console_past import Past
from tests.support.demo import RunningDemo, running_up
from tests.support.up import speaking, zool

PASSWORD = "a-word-that-nobody-else-uses"
ASKED = (
    "/cameras", "/regions", "/vehicles", "/people", "/users", "/deliveries/targets", "/deliveries/rules",
    "/parking/lots", "/cameras/gate-1/functions", "/events?limit=200&until={until}",
    "/events?camera=gate-day&limit=100&until={until}", "/events?plate=%D0%A2926%D0%A3%D0%A5977&limit=50&until={until}",
)  # fmt: skip
PEOPLE_SPEAK = {"name": "Gate 1", "id": "gate-1", "url": f"rtsp://viewer:{PASSWORD}@127.0.0.1:9/1", "region": "plant"}


class Asking:
    """The API as its administrator."""

    def __init__(self, up: RunningDemo) -> None:
        self.http = httpx.Client(
            base_url=f"{up.url}/api/v1", headers={"Authorization": f"Bearer {up.token}"}, timeout=30, trust_env=False
        )

    def write(self, method: str, path: str, body: object) -> None:
        """It must be taken."""
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text

    def read(self, path: str) -> Any:
        """JSON of an answer."""
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    def answers(self, until: str) -> dict[str, Any]:
        """What is asked before and after."""
        found = {path: self.read(path.format(until=until)) for path in ASKED}
        for camera in found["/cameras"]["items"]:
            del camera["state"]  # how it is at this moment, not what is kept
        return found

    def events(self, camera: str) -> list[dict[str, Any]]:
        """All events of a camera."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.read(f"/events?camera={camera}&limit=200{cursor}")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


def settings(api: Asking) -> None:
    """Region, camera with credentials, function, lists, people, users."""
    api.write("POST", "/regions", {"id": "plant", "name": "Завод"})
    api.write("POST", "/cameras", PEOPLE_SPEAK)
    line = {"id": "gate", "a": [0.03, 0.83], "b": [0.97, 0.83], "entry": "forward"}
    api.write("PUT", "/cameras/gate-1/functions/vehicles", {"settings": {"lines": [line]}})
    api.write("PUT", "/parking/lots/plant", {"capacity": 40})
    api.write("POST", "/people", {"id": "ivanova", "name": "Иванова Анна", "department": "Цех 1"})
    api.write("POST", "/users", {"name": "boss", "role": "administrator", "password": PASSWORD})


def past() -> tuple[list[Event], list[Shot]]:
    """A day of a plant, that ended an hour ago."""
    made = Past(time.time_ns() // 1000 - 3_600_000_000, days=1)
    made.all()
    return made.events, [shot for shot in made.shots if shot.jpeg]


async def say_past(data_dir: Path, events: list[Event], shots: list[Shot]) -> None:
    """As decide and ingest would have said it."""
    async with speaking(data_dir, "ingest") as ingest:
        for shot in shots:
            subject = shots_subject(shot.recogniser, shot.stamp.camera)
            await ingest.publish(subject, encode(shot), message_id=shot.shot_id)
    async with speaking(data_dir, "decide") as decide:
        for event in events:
            await decide.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


class Speaker(threading.Thread):
    """Says events one after the other, two versions each, until it is told to stop."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(daemon=True)
        self._data_dir, self.enough = data_dir, threading.Event()
        self.said: list[str] = []

    def run(self) -> None:
        """All in one minute of event time, so that order is the order of saying."""
        asyncio.run(self._speak())

    async def _speak(self) -> None:
        opened_us = time.time_ns() // 60_000_000_000 * 60_000_000
        async with speaking(self._data_dir, "decide") as bus:
            while not self.enough.is_set():
                one = Event(
                    event_id=f"live-{len(self.said):06d}", version=1, kind="vehicle_entry", camera="live",
                    opened_at_us=opened_us + len(self.said), function="vehicles", plate="А001АА77",
                )  # fmt: skip
                for event in (one, msgspec.structs.replace(one, version=2, final=True)):
                    await bus.publish("zool.events.live.vehicle_entry", encode(event), message_id=event.message_id)
                self.said.append(one.event_id)


def until_stored(api: Asking, camera: str, wanted: set[str]) -> None:
    """The store has them."""
    deadline = time.monotonic() + 90
    while not wanted <= {one["id"] for one in api.events(camera)}:
        assert time.monotonic() < deadline, f"not stored: {len(wanted)} events of {camera}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this file lies."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[RunningDemo]:
    """A site with settings."""
    with running_up(folder / "data") as up:
        settings(Asking(up))
        yield up


def component(data_dir: Path, words: str) -> int:
    """The process of a component of this folder."""
    supervisor = (data_dir / "lock").read_text()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode()
            parent = (path.parent / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if words in command and parent == supervisor:
            return int(path.parent.name)
    raise AssertionError(f"{words} does not run")


@pytest.mark.timeout(300)
def test_the_doctor_on_a_site_that_runs(site: RunningDemo) -> None:
    """Well; with a component that hangs it is named, and the code is 1."""
    well = zool("doctor", "--data-dir", str(site.data_dir), "--port", "0", "--json")
    told = {one["name"]: one for one in json.loads(well.stdout)["checks"]}
    assert well.returncode == 0, well.stdout
    assert {told[name]["state"] for name in ("site", "health", "streams", "secrets", "clock-nats")} == {"ok"}
    pid = component(site.data_dir, "postprocess deliver")
    os.kill(pid, signal.SIGSTOP)
    try:
        ill = zool("doctor", "--data-dir", str(site.data_dir), "--port", "0", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)
    health = [one for one in json.loads(ill.stdout)["checks"] if one["name"] == "health"]
    assert ill.returncode == 1
    assert [(one["where"], one["state"]) for one in health] == [("deliver", "fail")]
    assert "logs/deliver.log" in health[0]["todo"]


@pytest.mark.timeout(300)
def test_a_support_bundle_of_a_site_that_runs(site: RunningDemo, folder: Path) -> None:
    """Health, metrics, streams, schema and logs are inside; secrets and names of people are not."""
    data, file = site.data_dir, folder / "bundle.zip"
    api = Asking(site)
    made = api.http.post("/users/boss/tokens", json={"name": "t"}).json()["secret"]
    (data / "secrets" / "hook").write_text("whsec_planted+word\n")
    (data / "secrets" / "hook").chmod(0o600)
    done = zool("support-bundle", str(file), "--data-dir", str(data))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(file) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    planted = [PASSWORD, made, site.token, (data / "secrets.key").read_text().strip(), "whsec_planted+word"]
    planted += json.loads((data / "passwords.json").read_text()).values()
    planted += ["Иванова", "ivanova"]
    for name, text in texts.items():
        assert [one for one in planted if one in text] == [], name
    assert '"name": "EVENTS"' in texts["streams.json"]
    assert "CREATE TABLE zool.events" in texts["schema.sql"]
    assert json.loads(texts["health/api.txt"])["ready"] is True
    assert "zool_" in texts["metrics/ingest.txt"]
    assert len([name for name in texts if name.startswith("logs/")]) == 9


@pytest.mark.timeout(400)
def test_backup_wipe_restore_gives_the_same_answers(site: RunningDemo, folder: Path) -> None:
    """Settings, people, users, lists, events and photos are as before; of what was said meanwhile nothing is torn."""
    data, file = site.data_dir, folder / "site.zool"
    api = Asking(site)
    events, shots = past()
    asyncio.run(say_past(data, events, shots))
    for camera in sorted({event.camera for event in events}):
        until_stored(api, camera, {event.event_id for event in events if event.camera == camera})
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    before = api.answers(until)
    photos = {one["url"] for event in api.events("gate-day") for one in event["photos"]}
    pictures = {url: httpx.get(site.url + url, headers=dict(api.http.headers)).content for url in sorted(photos)[:5]}
    assert pictures
    chain = links(api)
    speaker = Speaker(data)
    speaker.start()
    until_stored(api, "live", {"live-000003"})
    first = len(speaker.said)
    done = zool("backup", str(file), "--data-dir", str(data))
    speaker.enough.set()
    speaker.join(30)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    key = (data / "secrets.key").read_bytes()
    with tarfile.open(file) as tar:
        assert not [name for name in tar.getnames() if "secret" in name or "token" in name]
    (folder / "cut").write_bytes(file.read_bytes()[:-20_000])
    cut = zool("restore", str(folder / "cut"), "--data-dir", str(folder / "never"))
    assert (cut.returncode, "cut off" in cut.stderr, (folder / "never").exists()) == (1, True, False)
    full = zool("restore", str(file), "--data-dir", str(data))
    assert (full.returncode, "is not empty" in full.stderr) == (1, True)

    site.process.terminate()
    site.process.wait(60)
    shutil.rmtree(data)
    back = zool("restore", str(file), "--data-dir", str(data))
    assert back.returncode == 0, back.stderr
    (data / "secrets.key").write_bytes(key)
    (data / "secrets.key").chmod(0o600)
    with running_up(data) as up:
        again = Asking(up)
        assert again.answers(until) == before
        assert links(again)[: len(chain)] == chain
        for url, picture in pictures.items():
            assert httpx.get(up.url + url, headers=dict(again.http.headers)).content == picture
        streamed = asyncio.run(versions(data))
        until_stored(again, "live", set(streamed))
        whole(again, speaker.said, first)
        assert zool("doctor", "--data-dir", str(data), "--port", "0").returncode == 0


def links(api: Asking) -> list[Any]:
    """The chain of the audit."""
    found: list[Any] = api.read("/audit/links")["items"]
    return found


def whole(api: Asking, said: list[str], first: int) -> None:
    """Events said meanwhile: each once, none missing before one that is there, none of those said before the backup."""
    found = Counter(one["id"] for one in api.events("live"))
    assert set(found.values()) == {1}
    assert sorted(found) == said[: len(found)]
    assert len(found) >= first


async def versions(data_dir: Path) -> list[str]:
    """Ids of the events that the restored stream holds."""
    found: list[str] = []
    async with speaking(data_dir, "api") as bus:
        seq = 1
        while (one := await bus.next_message("EVENTS", "zool.events.live.*", seq)) is not None:
            seq = one.seq + 1
            found.append(one.message_id.rpartition(".")[0])
    return found
