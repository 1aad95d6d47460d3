"""What libav says may hold a camera's password: no process of ours writes it."""

from __future__ import annotations

import subprocess
import sys

SAID = """
import logging
from ingest import decode, process
process._log_to_stderr("ingest")
logging.getLogger("libav.rtsp").critical("rtsp://anna:secret@10.0.0.9/1")
logging.getLogger("zool").warning("heard")
"""


def test_libav_is_silent_in_a_process_that_logs() -> None:
    """The levels that the process sets do not undo what the decoder asks for."""
    done = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True, timeout=60)
    assert "heard" in done.stderr
    assert "10.0.0.9" not in done.stderr
