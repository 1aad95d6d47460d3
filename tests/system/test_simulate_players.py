"""Players that nobody here wrote play the simulated cameras: ffprobe and GStreamer."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from deploy.simulate.server import CameraServer
from tests.support.realdata import real
from tests.support.simulate import HEIGHT, WIDTH, make_clip

pytestmark = pytest.mark.system
_WITHIN_S = 60


async def output_of(*command: str) -> tuple[int, str]:
    """Exit status and all output of a command; a missing one fails with the name of what to install."""
    assert shutil.which(command[0]), f"{command[0]} is missing: apt install ffmpeg gstreamer1.0-tools"
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(_WITHIN_S):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds in each codec, B-frames in H.264."""
    b_frames = 2 if request.param == "libx264" else 0
    path = tmp_path_factory.mktemp("clip") / f"{request.param}.mp4"
    return make_clip(path, pictures=50, gop=25, b_frames=b_frames, codec=request.param)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffprobe(clip: Path, transport: str) -> None:
    """Ffprobe names codec, size and rate, without a complaint."""
    async with CameraServer([clip]) as server:
        shown = "stream=codec_name,width,height,avg_frame_rate"
        options = ["-v", "warning", "-rtsp_transport", transport, "-show_entries", shown, "-of", "json"]
        status, text = await output_of("ffprobe", *options, server.url(clip.stem))
    assert status == 0, text
    codec = "h264" if clip.stem == "libx264" else "hevc"
    expected = {"codec_name": codec, "width": WIDTH, "height": HEIGHT, "avg_frame_rate": "25/1"}
    assert expected in msgspec.json.decode(text)["streams"], text


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_gstreamer(clip: Path, transport: str) -> None:
    """GStreamer plays through the end of the loop: 75 pictures of a clip of 50."""
    kind = "h264" if clip.stem == "libx264" else "h265"
    async with CameraServer([clip]) as server:
        source = f"rtspsrc location={server.url(clip.stem)} protocols={transport} latency=200"
        pipeline = f"{source} ! rtp{kind}depay ! {kind}parse ! video/x-{kind},alignment=au ! fakesink num-buffers=75"
        status, text = await output_of("gst-launch-1.0", *pipeline.split())
    assert status == 0, text
    assert "Got EOS" in text
    assert "WARNING" not in text


@pytest.mark.parametrize(
    ("name", "decoder"),
    [("plates_ar", "rtph264depay ! h264parse ! openh264dec"), ("retail_1080p_hevc", "rtph265depay ! h265parse")],
)
async def test_real_clips(name: str, decoder: str) -> None:
    """Clips of real cameras, with pictures out of order, play in both."""
    async with CameraServer([real(f"videos/{name}.mp4")]) as server:
        pipeline = f"rtspsrc location={server.url(name)} protocols=tcp ! {decoder} ! fakesink num-buffers=30"
        status, text = await output_of("gst-launch-1.0", *pipeline.split())
        assert (status, "Got EOS" in text) == (0, True), text
        status, text = await output_of("ffprobe", "-v", "error", "-rtsp_transport", "udp", server.url(name))
        assert (status, text) == (0, "")
