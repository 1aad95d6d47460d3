"""GStreamer's RTSP server as a child of the test (system packages: see `make test-system`)."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

SCRIPT = Path(__file__).with_name("gst_rtsp.py")


@contextlib.contextmanager
def gstreamer(*sources: str) -> Iterator[str]:
    """Serve files or pipelines; the address without the path."""
    server = subprocess.Popen(["/usr/bin/python3", str(SCRIPT), *sources], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, (
            "GStreamer's RTSP server did not start: gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-{good,bad}"
        )
        yield f"rtsp://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
