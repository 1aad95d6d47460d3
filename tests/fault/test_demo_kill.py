"""Kill -9 of each component of the running demo: it comes back by itself, events go on, none is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from deploy.demo.record import FOREVER_US
from tests.support.demo import RunningDemo, report, running_demo

VICTIMS = {
    "ingest": "-m ingest",
    "recognise": "-m postprocess recognise",
    "decide": "-m postprocess decide",
    "store": "-m postprocess store",
    "api": "-m api",
    "nats": "nats-server",
    "clickhouse": "deploy.clickhouse",
    "triton": "tritonserver",
}
BACK_S_MAX = 60.0


def _pid_of(demo: RunningDemo, words: str) -> int | None:
    """The component's process, among the children of the demo."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == demo.process.pid and words in command:
            return int(folder.name)
    return None


def _events(demo: RunningDemo) -> int:
    """How many passages the store has, 0 while it or the api is away."""
    request = urllib.request.Request(  # noqa: S310
        f"{demo.url}/api/v1/events?limit=500", headers={"Authorization": f"Bearer {demo.token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return sum(item["kind"].startswith("vehicle_") for item in json.loads(answer.read())["items"])
    except OSError:
        return 0


def _wait(what: str, demo: RunningDemo, happened: object) -> None:
    deadline = time.monotonic() + BACK_S_MAX
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"{what}:\n" + "\n".join(demo.said[-30:])
        assert demo.process.poll() is None
        time.sleep(0.25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_component_may_be_killed(tmp_path: Path) -> None:
    """One after the other: another process takes its place, further events arrive.

    Against the truth no passage is missing outside of the spans that were reported blind, and none is there twice.
    """
    with running_demo(
        tmp_path / "data", cameras=["gate-day", "gate-dusk"], arguments=["--for", "500", "--json"]
    ) as demo:
        demo.wait_ready()
        _wait("no first event", demo, lambda: _events(demo) > 0)
        known = 0
        for name, words in VICTIMS.items():
            old = _pid_of(demo, words)
            assert old is not None, name
            known = max(known, _events(demo))
            os.kill(old, signal.SIGKILL)
            _wait(f"{name} did not come back", demo, lambda w=words, o=old: _pid_of(demo, w) not in {None, o})
            _wait(f"no event after {name} was killed", demo, lambda b=known: _events(demo) >= b + 2)
        demo.process.send_signal(signal.SIGINT)
        found = report(demo)
    crossings = found["crossings"]
    shown = json.dumps(found, ensure_ascii=False)
    assert crossings["expected"] >= len(VICTIMS), shown
    assert (crossings["missed"], crossings["extra"]) == ([], []), shown
    assert all(span["to_us"] < FOREVER_US for span in found["blind"]), shown
    print(json.dumps([crossings, found["blind"]], ensure_ascii=False))
