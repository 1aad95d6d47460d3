"""Hosts that are network namespaces of this machine, on a switch that lets each be cut off.

Edge (processes, iproute2 and unshare of util-linux).

Rules
- All of it stands in a network namespace of the benchmark's own (`enter`), so that nothing is seen outside, nothing is
  left behind, and no right over this machine's network is needed where user namespaces are allowed.
- A host that is cut off keeps its carrier: what it sends and is sent is dropped in silence, as behind a dead switch.
- Where namespaces can't be had, hosts are addresses of loopback, and being cut off is a pause of all their processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

Kind = Literal["netns", "loopback"]

SWITCH = "sw"
NETWORK = "198.18.0"
"""Of the network for benchmarks (RFC 2544), which is nobody's."""
LOOPBACK_NETWORK = "127.0.0"
_WAYS: tuple[tuple[str, ...], ...] = (("unshare", "--net"), ("unshare", "--map-root-user", "--net"))


def enter() -> Kind:
    """Begin this very command anew in a network of its own; returns only where that can't be: `loopback`."""
    for way in _WAYS:
        with contextlib.suppress(OSError):
            tried = subprocess.run(
                [*way, "ip", "link", "add", SWITCH, "type", "bridge"], capture_output=True, check=False
            )
            if tried.returncode == 0:
                os.execvp(way[0], [*way, sys.executable, "-m", "deploy", *sys.argv[1:], "--wires", "netns"])  # noqa: S606 - no shell
    return "loopback"


class Wires:
    """The hosts by name."""

    def __init__(self, kind: Kind, names: Sequence[str]) -> None:
        self.kind = kind
        network = NETWORK if kind == "netns" else LOOPBACK_NETWORK
        self.addresses: Mapping[str, str] = {name: f"{network}.{11 + number}" for number, name in enumerate(names)}
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self.pids: Callable[[str], Sequence[int]] = lambda _host: ()
        """Process groups of a host, for the pause."""

    def prefix(self, host: str) -> tuple[str, ...]:
        """What stands before a command so that it runs on the host."""
        if self.kind == "loopback":
            return ()
        return ("nsenter", f"--net=/proc/{self._holders[host].pid}/ns/net", "--")

    def cut(self, host: str) -> None:
        """Nothing passes to and from the host any more."""
        if self.kind == "netns":
            _ip("link", "set", f"p-{host}", "nomaster")
        else:
            self._signal(host, signal.SIGSTOP)

    def mend(self, host: str) -> None:
        """All passes again."""
        if self.kind == "netns":
            _ip("link", "set", f"p-{host}", "master", SWITCH)
        else:
            self._signal(host, signal.SIGCONT)

    def plug(self) -> None:
        """Make the hosts."""
        if self.kind == "loopback":
            return
        _ip("link", "set", "lo", "up")
        _ip("link", "add", SWITCH, "type", "bridge", "forward_delay", "0")
        _ip("addr", "add", f"{NETWORK}.1/24", "dev", SWITCH)
        _ip("link", "set", SWITCH, "up")
        for name, address in self.addresses.items():
            holder = self._holders[name] = subprocess.Popen(
                ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            assert holder.stdout is not None  # noqa: S101 - it was asked for
            holder.stdout.readline()
            _ip("link", "add", f"p-{name}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
            _ip("link", "set", f"p-{name}", "master", SWITCH, "up")
            for words in (("addr", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
                _run(*self.prefix(name), "ip", *words)

    def unplug(self) -> None:
        """End them: a namespace goes with its last process."""
        for holder in self._holders.values():
            holder.kill()
            holder.communicate()
        self._holders.clear()

    def _signal(self, host: str, number: int) -> None:
        for pid in self.pids(host):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)


@contextlib.contextmanager
def plugged(kind: Kind, names: Sequence[str]) -> Iterator[Wires]:
    """Hosts until the end of the block."""
    wires = Wires(kind, names)
    try:
        wires.plug()
        yield wires
    finally:
        wires.unplug()


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
