"""What a test says to a running folder: on its broker, and by commands."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from deploy.up import machine
from ingest.bus import Bus
from ingest.settings import NatsSettings
from tests.support.demo import ROOT


@contextlib.asynccontextmanager
async def speaking(data_dir: Path, account: str) -> AsyncIterator[Bus]:
    """The broker of a running folder, under one of its accounts."""
    ports = machine.kept_ports(data_dir)
    assert ports is not None
    password = json.loads((data_dir / "passwords.json").read_text())[account]
    settings = NatsSettings(url=f"nats://127.0.0.1:{ports.nats}", user=account, password=password)
    async with Bus.open(settings, name="test") as bus:
        yield bus


def zool(*words: str) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", *words], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
