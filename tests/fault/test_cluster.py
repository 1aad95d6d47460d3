"""Three hosts, short: one dies and comes back; against the truth nothing is missing and nothing is there twice.

`zool bench cluster` is the long form: it cuts a host off, too, and replaces every program.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.demo import ROOT


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_host_dies(tmp_path: Path) -> None:
    """Its cameras and parts are the other's; spans are told and closed, a passage outside of them is there once."""
    command = [
        sys.executable, "-m", "deploy", "bench", "cluster", "--data-dir", str(tmp_path), "--cameras", "2",
        "--only", "kill", "--away", "25", "--calm", "3", "--json",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    details = json.loads(done.stdout)["conditions"]["details"]
    shown = json.dumps(details, ensure_ascii=False)
    (fault,) = details["faults"].values()
    assert None not in (fault["broker_s"], fault["ingest_s"], fault["decide_s"]), shown
    assert details["still_blind"] == [], shown
    assert (details["truth"]["crossings"]["missed"], details["truth"]["crossings"]["extra"]) == (0, 0), shown
    assert (details["stored"]["twice"], details["stored"]["missing"]) == (0, 0), shown
