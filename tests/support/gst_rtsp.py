"""An RTSP server that nobody here wrote: GStreamer's, run by the system's Python (`gir1.2-gst-rtsp-server-1.0`).

Usage: /usr/bin/python3 gst_rtsp.py SOURCE …   A source is a file, served as /<stem> to one client at a time, from its
beginning, at its own pace; or NAME=PIPELINE with a payloader `pay0`. The bound port is printed first. Standard library
and GStreamer only.
"""

import sys
from pathlib import Path

import gi  # type: ignore[import-not-found,unused-ignore]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found,unused-ignore]  # noqa: E402

PIPELINE = "( filesrc location={path} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"


def main(sources: list[str]) -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for source in sources:
        name, mark, pipeline = source.partition("=")
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {pipeline} )" if mark else PIPELINE.format(path=source))
        server.get_mount_points().add_factory(f"/{name if mark else Path(source).stem}", factory)
    if not server.attach(None):
        sys.exit("gst_rtsp: no port to listen on")
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1:])
