"""Chaos: components of the running system are killed and paused at random, for long; `make chaos` runs it.

The short form that every test run has is `test_demo_kill`. How many faults: ZOOL_CHAOS_FAULTS; which: ZOOL_CHAOS_SEED.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fault.test_demo_kill import BACK_S_MAX, VICTIMS, _events, _pid_of, _wait
from tests.support.demo import SITE, report, running_demo

FAULTS = int(os.environ.get("ZOOL_CHAOS_FAULTS", "100"))
SEED = int(os.environ.get("ZOOL_CHAOS_SEED", "1"))
CAMERAS = 8
CLIPS = ("gate-day", "gate-dusk", "gate-rain")
PAUSE_S = (0.5, 8.0)
BETWEEN_S = (2.0, 6.0)
SECONDS_MAX = FAULTS * (PAUSE_S[1] + BETWEEN_S[1]) + 300


def cameras(folder: Path, count: int = CAMERAS, clips: Sequence[str] = CLIPS) -> list[str]:
    """So many cameras out of a few clips, each with the truth of its clip."""
    folder.mkdir(parents=True)
    names = [f"gate-{number + 1}" for number in range(count)]
    for number, name in enumerate(names):
        clip = clips[number % len(clips)]
        truth = json.loads((SITE / f"{clip}.json").read_text())
        (folder / f"{name}.json").write_text(json.dumps(truth | {"camera": name}))
        (folder / f"{name}.mp4").hardlink_to(SITE / f"{clip}.mp4")
    return names


@pytest.mark.chaos
@pytest.mark.timeout(SECONDS_MAX + 600)
def test_nothing_is_lost_or_doubled_in_chaos(tmp_path: Path) -> None:
    """Kill -9 and pauses at random, against the truth none missing outside of blind spans, none twice."""
    chance = random.Random(SEED)
    names = cameras(tmp_path / "clips")
    asked = ["--for", str(SECONDS_MAX), "--json"]
    with running_demo(tmp_path / "data", cameras=names, arguments=asked, source=tmp_path / "clips") as demo:
        demo.wait_ready()
        _wait("no first event", demo, lambda: _events(demo) > 0)
        for number in range(FAULTS):
            name = chance.choice(sorted(VICTIMS))
            pid, pause_s = _pid_of(demo, VICTIMS[name]), chance.uniform(*PAUSE_S) if chance.random() < 0.4 else 0.0
            print(f"{number + 1}/{FAULTS} {name} {f'paused {pause_s:.1f} s' if pause_s else 'killed'} (pid {pid})")
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP if pause_s else signal.SIGKILL)
                time.sleep(pause_s)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            time.sleep(chance.uniform(*BETWEEN_S))
            assert demo.process.poll() is None, "\n".join(demo.said[-30:])
        known = _events(demo)
        _wait("no event after the last fault", demo, lambda: _events(demo) >= min(known + 2, 500))
        time.sleep(BACK_S_MAX / 2)  # what was under way becomes final
        demo.process.send_signal(signal.SIGINT)
        found = report(demo)
    crossings = found["crossings"]
    print(json.dumps({"crossings": crossings, "blind": found["blind"]}, ensure_ascii=False))
    assert (crossings["missed"], crossings["extra"]) == ([], [])
    assert crossings["expected"] > FAULTS
