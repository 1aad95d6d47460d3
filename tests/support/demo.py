"""The whole system on the demo site, as the command line starts it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "deploy" / "site"
START_S_MAX = 150.0


class RunningDemo:
    """`zool demo` as a process; `url` and `token` as it says them."""

    def __init__(self, process: subprocess.Popen[str], data_dir: Path) -> None:
        self.process, self.data_dir = process, data_dir
        self.url = ""
        self.said: list[str] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def token(self) -> str:
        """The administrator's."""
        return (self.data_dir / "admin.token").read_text().strip()

    def wait_ready(self) -> None:
        """Until the console's address was said; raises with all that was said if it never is."""
        if not self._ready.wait(START_S_MAX) or not self.url:
            raise RuntimeError("zool demo did not come up:\n" + "\n".join(self.said))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            found = re.search(r"console\s+(http://[\d.:]+)/", line)
            if found:
                self.url = found.group(1)
                self._ready.set()
        self._ready.set()


@contextlib.contextmanager
def running_demo(
    data_dir: Path, *, cameras: Sequence[str], arguments: Sequence[str] = (), source: Path = SITE
) -> Iterator[RunningDemo]:
    """A demo of some of the site's cameras, or of those in another folder; stopped by SIGTERM at the end."""
    site = data_dir.parent / "site"
    site.mkdir(parents=True)
    for name in cameras:
        for suffix in (".mp4", ".json"):
            shutil.copy(source / f"{name}{suffix}", site)
    command = [sys.executable, "-m", "deploy", "demo", "--data-dir", str(data_dir), "--site", str(site), "--port", "0"]
    with _running([*command, *arguments]) as process:
        yield RunningDemo(process, data_dir)


@contextlib.contextmanager
def running_up(data_dir: Path) -> Iterator[RunningDemo]:
    """`zool up` on a folder, ready: of an empty one nothing is in it; stopped by SIGTERM at the end."""
    command = [sys.executable, "-m", "deploy", "up", "--data-dir", str(data_dir), "--port", "0", "--acs-port", "0"]
    with _running(command) as process:
        system = RunningDemo(process, data_dir)
        system.wait_ready()
        yield system


@contextlib.contextmanager
def simulated_camera(name: str) -> Iterator[str]:
    """A clip of the demo site as a live camera; its address."""
    clip = str(SITE / f"{name}.mp4")
    command = [sys.executable, "-m", "deploy", "simulate", "--json", "--loop", "--port", "0", clip]
    with _running(command, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])


@contextlib.contextmanager
def _running(command: Sequence[str], *, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def report(demo: RunningDemo) -> dict[str, Any]:
    """The JSON that a demo with `--for … --json` prints at its end."""
    assert demo.process.stdout is not None
    text = demo.process.stdout.read()
    demo.process.wait(30)
    if not text:
        raise RuntimeError("zool demo gave no report:\n" + "\n".join(demo.said))
    found: dict[str, Any] = json.loads(text)
    return found
