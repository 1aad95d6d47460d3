"""The programs as processes: usage, wrong settings, a broker that is not there yet."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.nats import NatsServer
from tests.support.postprocess import ROOT, until


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "postprocess", *words],
        cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [(), ("delivery",)])
def test_usage(words: tuple[str, ...]) -> None:
    """Which programs there are."""
    done = run(*words)
    assert done.returncode == 2
    assert "recognise|decide|store|deliver" in done.stderr


@pytest.mark.parametrize(
    ("program", "text", "said"),
    [
        ("recognise", "[recognise]\ninflight_max = many\n", "[recognise] inflight_max = 'many'"),
        ("decide", "[decide]\nsnapshot = 1\n", "did you mean 'snapshot_s'"),
        ("store", "[store]\nevents_days = 0\n", "[store] events_days = '0'"),
        ("deliver", "[deliver]\ncommand_s = 0\n", "[deliver] command_s = '0'"),
        ("deliver", "[decide]\ntimezone = Mars/Base\n", "an IANA name"),
    ],
)
def test_a_wrong_setting_is_named(program: str, text: str, said: str, tmp_path: Path) -> None:
    """Key, value and what is allowed; exit code 2."""
    config = tmp_path / "config.ini"
    config.write_text(text)
    done = run(program, "--config", str(config))
    assert done.returncode == 2
    assert said in done.stderr


async def test_decide_waits_for_its_broker(tmp_path: Path) -> None:
    """Alive but not ready without NATS, and it says so; ready by itself when NATS comes."""
    nats = NatsServer(tmp_path)
    await nats.start()
    await nats.kill()  # its port is known now, nobody listens there
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "postprocess", "decide",
        cwd=ROOT, env=os.environ | {"ZOOL_NATS_URL": nats.settings.url}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        found = None
        while found is None:
            line = await asyncio.wait_for(process.stderr.readline(), 30)
            found = re.search(rb"face at (http://\S+)", line)
        face = found.group(1).decode()
        assert await asyncio.to_thread(status, f"{face}/health/live") == 200
        assert await asyncio.to_thread(status, f"{face}/health/ready") == 503
        await nats.start()

        async def ready() -> bool:
            return await asyncio.to_thread(status, f"{face}/health/ready") == 200

        await until(ready, "decide ready")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await nats.kill()


def status(url: str) -> int:
    """HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own face
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
