"""The supervisor with real processes, and the broker with the accounts of one machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.errors import ComponentFailed
from deploy.up import machine
from deploy.up.plan import Component, nats_conf
from deploy.up.supervisor import Supervisor, takes_connections
from ingest.bus import Bus, BusTimeout, BusUnavailable, Entry
from ingest.contract import resume_subject
from ingest.settings import NatsSettings
from postprocess.system import gap, say
from postprocess.undertaker import Undertaker
from tests.support.postprocess import grave_of

ROOT = Path(__file__).resolve().parents[2]
LISTEN = "import socket,sys,time; s=socket.create_server(('127.0.0.1',int(sys.argv[1]))); "
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
FOREVER = "\nwhile True: time.sleep(60)"
FORKS = "import os; pid=os.fork(); open(sys.argv[2],'a').write(f'{os.getpid()}\\n'); "


def _component(name: str, script: str, *words: str, wave: int = 0) -> Component:
    port = machine.free_port()
    argv = (sys.executable, "-S", "-c", LISTEN + script + FOREVER, str(port), *words)
    return Component(name=name, argv=argv, ready_port=port, wave=wave, ready_s_max=30.0)


@contextlib.asynccontextmanager
async def _running(tmp_path: Path, *components: Component, said: list[str] | None = None) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(components, logs=tmp_path / "logs", say=(said if said is not None else []).append)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def _until(true: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def _pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    """Killed once: said in words, there again at once under a new process, and ready."""
    said: list[str] = []
    one = _component("one", "")
    async with _running(tmp_path, one, said=said) as supervisor:
        await supervisor.ready()
        first = supervisor.children["one"].process
        assert first is not None
        first.kill()
        await _until(lambda: supervisor.children["one"].process is not first)
        await _until(lambda: takes_connections("127.0.0.1", one.ready_port))
    assert any("one" in line and "died (signal 9), again now" in line for line in said)


async def test_what_keeps_dying_fails_with_its_last_words(tmp_path: Path) -> None:
    """The error names the component, the log, and shows what it said."""
    bad = Component(name="bad", argv=(sys.executable, "-S", "-c", "print('no weights'); raise SystemExit(3)"))
    said: list[str] = []
    async with _running(tmp_path, bad, said=said) as supervisor:
        with pytest.raises(ComponentFailed, match="it keeps dying") as caught:
            await supervisor.ready()
    assert "no weights" in caught.value.said
    assert (tmp_path / "logs" / "bad.log").read_text().count("no weights") >= 5
    assert any("died (code 3)" in line for line in said)


async def test_stop_ends_also_what_does_not_want_to(tmp_path: Path) -> None:
    """A child that ignores SIGTERM, and its fork, are killed; the polite one of the later wave ends by itself."""
    pids = tmp_path / "pids"
    stubborn = _component("stubborn", STUBBORN + FORKS, str(pids))
    async with _running(tmp_path, stubborn, _component("polite", "", wave=1)) as supervisor:
        await supervisor.ready()
        await _until(lambda: len(_pids(pids)) == 2)
        async with asyncio.timeout(10.0):
            await supervisor.stop()
        polite = supervisor.children["polite"].process
        assert polite is not None
        assert polite.returncode == -signal.SIGTERM
        await _until(lambda: not any(_alive(pid) for pid in _pids(pids)))


SUPERVISE = """
import asyncio, sys
from pathlib import Path
from deploy.up.plan import Component
from deploy.up.supervisor import Supervisor

async def main():
    argv = (sys.executable, "-S", "-c", sys.argv[2], sys.argv[3], sys.argv[4])
    one = Component(name="one", argv=argv, ready_port=int(sys.argv[3]))
    supervisor = Supervisor((one,), logs=Path(sys.argv[1]), say=lambda line: None)
    await supervisor.start()
    await supervisor.ready()
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_kill_9_of_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    """Neither the child nor what it forked outlives the supervisor, though both ignore SIGTERM."""
    pids = tmp_path / "pids"
    script = LISTEN + STUBBORN + FORKS + FOREVER
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISE, str(tmp_path / "logs"), script, str(machine.free_port()), str(pids),
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
    await _until(lambda: len(_pids(pids)) == 2)
    assert all(_alive(pid) for pid in _pids(pids))
    process.kill()
    await process.wait()
    await _until(lambda: not any(_alive(pid) for pid in _pids(pids)), 10.0)


async def test_a_log_stays_readable_after_a_line_without_end(tmp_path: Path) -> None:
    """A line over the limit is dropped; what comes after it is there."""
    script = "print('x' * 1_000_000); print('after', flush=True)"
    async with _running(tmp_path, _component("loud", script)) as supervisor:
        await _until(lambda: "after" in supervisor.children["loud"].said)


def test_second_start_on_the_same_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused with 2 and the process that holds it, before anything is started."""
    held = machine.open_data_dir(tmp_path)
    try:
        assert main(["up", "--data-dir", str(tmp_path), "--port", "0"]) == 2
    finally:
        os.close(held)
    assert f"process {os.getpid()}" in capsys.readouterr().err
    assert not (tmp_path / "logs").exists()


def test_a_taken_port_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused with 2; nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["up", "--data-dir", str(tmp_path / "data"), "--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err
    assert not (tmp_path / "data" / "logs").exists()


@contextlib.asynccontextmanager
async def _broker(tmp_path: Path) -> AsyncIterator[Callable[[str], contextlib.AbstractAsyncContextManager[Bus]]]:
    """nats-server with the generated configuration; gives `open(account)`."""
    ports, secrets = machine.choose_ports("127.0.0.1", 0), machine.passwords(tmp_path)
    conf = tmp_path / "nats.conf"
    machine.write_private(conf, nats_conf(ports, tmp_path, secrets))
    nats = Component(name="nats", argv=(machine.find_nats_server(), "-c", str(conf)), ready_port=ports.nats)
    async with _running(tmp_path, nats) as supervisor:
        await supervisor.ready()

        def open_bus(name: str) -> contextlib.AbstractAsyncContextManager[Bus]:
            url = f"nats://127.0.0.1:{ports.nats}"
            return Bus.open(NatsSettings(url=url, user=name, password=secrets[name]), name=name)

        yield open_bus


async def test_each_account_does_its_job(tmp_path: Path) -> None:
    """Ingest leases and reports, decide consumes and decides, api watches users and hears cameras; each its own way."""
    async with (
        _broker(tmp_path) as bus,
        bus("ingest") as ingest,
        bus("decide") as decide,
        bus("api") as api,
        bus("store") as store,
    ):
        await ingest.ensure_streams("DETECTIONS", "SHOTS", "EVENTS", "DEAD")
        await ingest.ensure_buckets("cameras", "leases", "plans")
        await api.ensure_buckets("users", "cameras")
        assert await ingest.bucket("leases").put("gate", b"1", expect=0) > 0
        await api.bucket("cameras").put("gate", b"{}")
        assert list(await ingest.bucket("cameras").all()) == ["gate"]
        assert [entry.key async for entry in _standing(store)] == ["gate"]
        await ingest.publish("zool.detections.gate", b"seen", message_id="1")
        consumer = await decide.consumer("DETECTIONS", "decide")
        messages: list[bytes] = []
        while not messages:
            for message in await consumer.fetch(1, timeout_s=2):
                messages.append(message.payload)
                await message.ack()
        await decide.publish("zool.events.gate.vehicle_entry", b"event", message_id="e")
        await decide.bucket("plans").put("gate", b"{}")
        reader = await api.reader("EVENTS", subject="zool.events.>", start_seq=1)
        assert [m.payload for m in await reader.fetch(1, timeout_s=5)] == [b"event"]
        await api.bucket("users").put("maria", b"hash")
        assert list(await api.bucket("users").all()) == ["maria"]
        await _speak(api, ingest)
    (tmp_path / "again").mkdir()
    async with _broker(tmp_path / "again") as bus, bus("recognise") as recognise, bus("api") as api:
        await _give_up(recognise, api)


async def _give_up(recognise: Bus, api: Bus) -> None:
    """Recognise takes care of what nobody acknowledged, speaks for the system, and is told to go on by the api."""
    await recognise.ensure_streams("SHOTS", "EVENTS", "DEAD", "ADVISORIES")
    grave = grave_of(recognise, "recognise")
    await grave.listen()
    await api.publish("zool.shots.plate_reader.gate", b"killer", message_id="s1")
    consumer = await recognise.consumer("SHOTS", "r", ack_wait_s=0.2, deliver_max=1)
    working = asyncio.create_task(Undertaker(recognise, grave, [("SHOTS", "r")]).work())
    async with asyncio.timeout(60):
        while (letter := await api.next_message("DEAD", "zool.dead.recognise", 1)) is None:
            await consumer.fetch(1, timeout_s=0.3)
    working.cancel()
    assert b"killer" in letter.payload
    await say(recognise, gap("r", "SHOTS", 1, 2, 3))
    assert await api.next_message("EVENTS", "zool.events.system.system_gap", 1) is not None
    assert await api.ask(resume_subject("recognise"), b"", timeout_s=5) == b""


async def _standing(bus: Bus) -> AsyncIterator[Entry]:
    """Cameras as a program that follows them finds them at its start."""
    async for entry in bus.bucket("cameras").watch():
        if entry is None:
            return
        yield entry


async def _speak(api: Bus, ingest: Bus) -> None:
    """Core messages both ways: a question of the api, a state of ingest."""

    async def answer(_: str, payload: bytes) -> bytes:
        return payload.upper()

    heard = asyncio.Event()

    async def hear(_: str, payload: bytes) -> None:
        heard.set()

    await ingest.serve("zool.rpc.probe", answer)
    await api.listen("zool.state.*", hear)
    reply = b""
    while not reply:
        with contextlib.suppress(BusTimeout):
            reply = await api.ask("zool.rpc.probe", b"a", timeout_s=5)
    assert reply == b"A"
    async with asyncio.timeout(10):
        while not heard.is_set():
            await ingest.tell("zool.state.gate", b"s")
            await asyncio.sleep(0.02)


async def test_no_account_does_what_is_not_its_job(tmp_path: Path) -> None:
    """Users are read by the api alone; nobody deletes or purges a stream, nobody speaks for another."""
    async with _broker(tmp_path) as bus, bus("api") as api, bus("store") as store:
        await api.ensure_streams("EVENTS")
        await api.ensure_buckets("users", "cameras")
        await api.bucket("users").put("maria", b"hash")
        store._js._timeout = api._js._timeout = 0.5  # a refused request has no answer: don't wait long for it
        with pytest.raises(BusUnavailable):
            await store.bucket("users").get("maria")
        with pytest.raises(BusUnavailable):
            await store.bucket("cameras").put("gate", b"{}")
        with pytest.raises(BusUnavailable):
            await store.publish("zool.detections.gate", b"forged", message_id="1", timeout_s=0.5)
        for one in (store, api):
            for verb in ("DELETE", "PURGE"):
                with pytest.raises(BusTimeout):
                    await one.ask(f"$JS.API.STREAM.{verb}.EVENTS", b"", timeout_s=0.5)
        await _dead_letters(store, api)
        await _overhear(store, api)
        kept = await api.bucket("users").get("maria")
        assert kept is not None
        assert kept.value == b"hash"


async def _dead_letters(store: Bus, api: Bus) -> None:
    """A stage puts letters in and can't look at them; the api reads them, says them again and takes them out."""
    await api.ensure_streams("DEAD")
    await store.publish("zool.dead.store", b"letter", message_id="d")
    with pytest.raises(BusUnavailable):
        await store.next_message("DEAD", "zool.dead.*", 1)
    with pytest.raises(BusUnavailable):
        await store.remove_message("DEAD", 1)
    found = await api.next_message("DEAD", "zool.dead.*", 1)
    assert found is not None
    assert (found.seq, found.payload, found.message_id) == (1, b"letter", "d")
    await api.publish("zool.events.gate.vehicle_entry", b"again", message_id="d.replay1")
    assert await api.remove_message("DEAD", 1)
    assert not await api.remove_message("DEAD", 1)
    assert await api.next_message("DEAD", "zool.dead.*", 1) is None


async def _overhear(spy: Bus, api: Bus) -> None:
    """What the broker answers one account reaches no other, however it listens."""
    overheard: list[str] = []

    async def hear(subject: str, _: bytes) -> None:
        overheard.append(subject)

    for subject in ("_INBOX.>", "_INBOX_api.>", "*.>"):
        await spy.listen(subject, hear)
    assert await api.bucket("users").get("maria") is not None
    await spy._client.flush()
    assert overheard == []
