"""The shell of every program: SIGTERM ends it, whatever it waits for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, sys
from ingest.process import run

async def main(process):
    if sys.argv[1] == "begun":
        process.health.started()
        process.stop_s_max = 0.1
    lost = False
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:  # as asyncio.wait_for of Python 3.11 does when the answer comes with it
            if lost:
                raise
            lost = True

sys.exit(run("test", main, []))
"""


@pytest.mark.parametrize("state", ["begun", "waiting"])
def test_a_cancellation_that_was_lost_is_said_again(state: str) -> None:
    """A program whose library swallows the first one ends all the same, with code 0."""
    environ = os.environ | {"ZOOL_FACE_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, state], env=environ, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert "face at" in process.stderr.readline()
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
