"""Streams of a server that nobody here wrote, the wrong ones among them: the cause in words."""

from collections.abc import Iterator

import pytest

from ingest.contract import ProbeReply, ProbeRequest, decode, encode
from ingest.decode import VideoStream
from ingest.probe import Prober
from tests.support.gstreamer import gstreamer

pytestmark = pytest.mark.system

RAW = "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
SOURCES = {
    "good": f"{RAW} ! openh264enc gop-size=25 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "sound": "audiotestsrc is-live=true ! audioconvert ! rtpL16pay name=pay0 pt=96",
    "motion-jpeg": f"{RAW} ! jpegenc ! rtpjpegpay name=pay0 pt=26",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server with all of them."""
    with gstreamer(*(f"{name}={pipeline}" for name, pipeline in SOURCES.items())) as address:
        yield address


@pytest.mark.parametrize(
    ("name", "transport", "cause"),
    [
        ("good", "tcp", "none"),
        ("good", "udp", "none"),
        ("sound", "tcp", "no_video"),
        ("motion-jpeg", "tcp", "codec"),
        ("nothing", "tcp", "not_found"),
    ],
)
async def test_a_stranger_is_named(server: str, name: str, transport: str, cause: str) -> None:
    """Good over both transports; without video or of another codec it is refused by name."""
    prober = Prober(VideoStream, 1)
    request = ProbeRequest(url=f"{server}/{name}", transport="udp" if transport == "udp" else "tcp")
    reply = decode(await prober.answer("", encode(request)), ProbeReply)
    prober.close()
    assert reply.cause == cause, reply.detail
    assert reply.ok == (cause == "none")
    if reply.ok:
        assert (reply.codec, reply.width, reply.height) == ("h264", 320, 240)
        assert reply.jpeg
    else:
        assert reply.detail
