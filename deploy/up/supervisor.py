"""The supervisor: starts the components, watches them, starts again what died, stops everything in order.

Edge (asyncio, processes, signals). Each component is the head of a session of its own, so that what it forks (Triton's
stubs) dies with it. Two nets under it: the kernel kills a component whose supervisor died (PR_SET_PDEATHSIG), and
`warden.py` kills the groups.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from deploy.errors import ComponentFailed
from deploy.up.plan import Component, respawn_delay_s

LOG_BYTES_MAX = 8 * 1024 * 1024
SAID_LINES = 12
STOP_S_MAX = 9.0
CRASH_LOOP_DEATHS = 5
EXIT_POLL_S = 0.05
LOG_S_MAX = 1.0
"""For the last lines of a component that has ended."""
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One component: its process, its log and its deaths."""

    def __init__(self, component: Component, logs: Path, environ: dict[str, str]) -> None:
        self.component = component
        self.log_file = logs / f"{component.name}.log"
        self._environ = environ | dict(component.environ)
        self.process: asyncio.subprocess.Process | None = None
        self.said: collections.deque[str] = collections.deque(maxlen=SAID_LINES)
        self.deaths_s: list[float] = []
        self.started_s = 0.0

    async def start(self) -> asyncio.subprocess.Process:
        """Start it as the head of its own session."""
        self.started_s = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            *self.component.argv,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
            limit=256 * 1024,
        )
        return self.process

    async def keep_log(self, process: asyncio.subprocess.Process) -> None:
        """Copy what it says into its log, which stays bounded, until it ends."""
        if process.stdout is None:
            return
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the limit: it was dropped, go on with the next
                continue
            if not line:
                return
            self.said.append(line.decode(errors="replace").rstrip())
            if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES_MAX:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))
            with self.log_file.open("ab") as log:
                log.write(line)

    def signal_group(self, number: int) -> None:
        """Send a signal to it and all that it forked."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """All components of one machine. `say` takes one line for the person in front of it."""

    def __init__(self, components: tuple[Component, ...], *, logs: Path, say: Callable[[str], None]) -> None:
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._say = say
        environ = dict(os.environ)
        self.children = {c.name: Child(c, logs, environ) for c in components}
        self._tasks: list[asyncio.Task[None]] = []
        self._warden: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def start(self) -> None:
        """Start everything at once."""
        script = Path(__file__).with_name("warden.py")
        self._warden = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(script), stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        for child in self.children.values():
            self._tasks.append(asyncio.create_task(self._keep(child)))

    async def ready(self) -> None:
        """Wait until every component is ready, saying so line by line; raises `ComponentFailed`."""
        await asyncio.gather(*(self._wait_ready(child) for child in self.children.values()))

    async def _wait_ready(self, child: Child) -> None:
        begun = time.monotonic()
        limit_s = child.component.ready_s_max
        while not await asyncio.to_thread(is_ready, child.component):
            if len(child.deaths_s) >= CRASH_LOOP_DEATHS:
                raise ComponentFailed(child.component.name, "it keeps dying", child.log_file, list(child.said))
            if time.monotonic() - begun > limit_s:
                reason = f"not ready after {limit_s:.0f} s"
                raise ComponentFailed(child.component.name, reason, child.log_file, list(child.said))
            await asyncio.sleep(0.1)
        self._say(f"  {child.component.name:<11} ready  {time.monotonic() - begun:5.1f} s")

    async def _keep(self, child: Child) -> None:
        """Run a component for ever."""
        while not self._stopping:
            process = await child.start()
            await self._tell_warden(f"+{process.pid}")
            reading = asyncio.create_task(child.keep_log(process))
            await wait_for_exit(process)
            child.signal_group(signal.SIGKILL)  # what it forked must not outlive it, and holds the log's pipe open
            await asyncio.wait({reading}, timeout=LOG_S_MAX)
            reading.cancel()
            await self._tell_warden(f"-{process.pid}")
            if self._stopping:
                return
            now = time.monotonic()
            child.deaths_s.append(now)
            delay_s = respawn_delay_s(child.deaths_s, now)
            how = (
                f"signal {-(process.returncode or 0)}"
                if (process.returncode or 0) < 0
                else f"code {process.returncode}"
            )
            again = f"again in {delay_s:.1f} s" if delay_s else "again now"
            self._say(f"  {child.component.name:<11} died ({how}), {again}")
            await asyncio.sleep(delay_s)

    async def _tell_warden(self, line: str) -> None:
        if self._warden is not None and self._warden.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._warden.stdin.write(f"{line}\n".encode())
                await self._warden.stdin.drain()

    async def kill(self) -> None:
        """Kill -9 of everything at once, and nothing is started again: as if the host had died."""
        self._stopping = True
        for child in self.children.values():
            child.signal_group(signal.SIGKILL)
        await self.stop()

    async def stop(self) -> None:
        """Stop wave by wave; what has not ended by the deadline is killed."""
        self._stopping = True
        deadline = time.monotonic() + STOP_S_MAX
        waves = sorted({child.component.wave for child in self.children.values()})
        for number, wave in enumerate(waves):
            members = [c for c in self.children.values() if c.component.wave == wave]
            for child in members:
                child.signal_group(signal.SIGTERM)
            left_s = (deadline - time.monotonic()) * (number + 1) / len(waves)
            waits = [asyncio.create_task(wait_for_exit(c.process)) for c in members if c.process is not None]
            if waits:
                await asyncio.wait(waits, timeout=max(0.1, left_s))
            for child in members:
                child.signal_group(signal.SIGKILL)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._warden is not None and self._warden.stdin is not None:
            self._warden.stdin.close()
            await self._warden.wait()


async def wait_for_exit(process: asyncio.subprocess.Process) -> None:
    """Until the process itself has ended; asyncio's own `wait` also waits for pipes, which its children may hold."""
    while process.returncode is None:  # noqa: ASYNC110 - the transport sets it, and offers nothing to wait for
        await asyncio.sleep(EXIT_POLL_S)


def is_ready(component: Component) -> bool:
    """Ask a component whether it is ready."""
    if component.ready_url:
        try:
            with urllib.request.urlopen(component.ready_url, timeout=2) as answer:  # noqa: S310 - our own loopback
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError, ValueError):
            return False
    return takes_connections(component.ready_host, component.ready_port)


def takes_connections(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
