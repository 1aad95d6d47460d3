"""Opening streams: servers that refuse, are silent or talk nonsense."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import av
import numpy as np
import pytest

from deploy.simulate.auth import Credentials
from deploy.simulate.server import CameraServer, ServerSettings, Source
from ingest import decode
from ingest.decode import Decoded, Decoder, VideoStream
from ingest.errors import CameraError
from ingest.planes import Picture
from tests.support.simulate import digest, direct_hashes, make_clip

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


def opened(url: str) -> str:
    """The cause why a stream can't be watched (or why it ended), with its sentence checked."""
    with (
        pytest.raises(CameraError) as ended,
        VideoStream(url, transport="tcp", open_timeout_s=1.0, stall_s=1.0) as stream,
    ):
        list(stream.frames())
    assert "secret" not in str(ended.value)
    assert "127.0.0.1" in str(ended.value)
    return ended.value.cause


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[CameraServer]:
    """A camera that asks for a password and whose stream ends after a second."""
    clip = make_clip(tmp_path / "gate.mp4", pictures=25, gop=25)
    settings = ServerSettings(loop=False, credentials=Credentials(user="admin", password="secret"))
    async with CameraServer([Source(path=clip)], settings=settings) as server:
        yield server


@pytest.mark.parametrize("login", ["", "admin:wrong@", "nobody:secret@"])
async def test_wrong_password(camera: CameraServer, login: str) -> None:
    """Without or with the wrong login the cause is `auth`."""
    assert await asyncio.to_thread(opened, f"rtsp://{login}127.0.0.1:{camera.port}/gate") == "auth"


async def test_a_stream_that_ends(camera: CameraServer) -> None:
    """With the right login it plays, and its end is a broken stream, to be opened anew."""
    assert await asyncio.to_thread(opened, f"rtsp://admin:secret@127.0.0.1:{camera.port}/gate") == "broken"


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with noise."""
    await reader.read(1000)
    writer.write(bytes(range(256)) * 64 + b"\r\n\r\n")
    writer.close()


async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server on the camera's port, which sends the client to a file."""
    await reader.read(1000)
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An RTSP server that sends the client to a file."""
    request = await reader.read(1000)
    number = request.split(b"CSeq: ")[1].split(b"\r\n")[0]
    writer.write(b"RTSP/1.0 302 Found\r\nCSeq: " + number + b"\r\nLocation: file:///etc/passwd\r\n\r\n")
    writer.close()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("talk", "causes"),
    [
        (nonsense, {"broken"}),
        (web, {"broken", "unsafe_url", "not_found"}),
        (elsewhere, {"broken", "unsafe_url", "not_found"}),
        (silence, {"timeout"}),
    ],
)
async def test_servers_that_are_no_cameras(talk: Talk, causes: set[str]) -> None:
    """Noise, web pages, redirections to files and silence end in a cause, in time."""
    talks = set[asyncio.Task[None]]()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.ensure_future(talk(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(opened, f"rtsp://u:secret@127.0.0.1:{port}/x") in causes
        await asyncio.gather(*talks)
    server.close()


async def test_opening_leaves_no_thread_behind() -> None:
    """Thirty failures later there are as many threads as before."""
    before = threading.active_count()
    for _ in range(30):
        with pytest.raises(CameraError):
            VideoStream("rtsp://127.0.0.1:1/x", transport="tcp", open_timeout_s=1.0, stall_s=1.0)
    assert threading.active_count() == before


async def test_a_card_that_is_not_there(camera: CameraServer, caplog: pytest.LogCaptureFixture) -> None:
    """The processor decodes instead, and the log says so once, with what this build knows."""
    decode._device.cache_clear()
    url = f"rtsp://admin:secret@127.0.0.1:{camera.port}/gate"

    def first() -> Picture:
        decoder = Decoder(hardware="cuda", skip_loop_filter="none")
        with VideoStream(url, transport="tcp", open_timeout_s=5.0, stall_s=5.0, decoder=decoder) as stream:
            return next(frame.picture() for frame in stream.frames() if frame is not None)

    for _ in range(2):
        assert (await asyncio.to_thread(first)).width > 0
    assert sum("decoded by the processor" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("size", [(64, 48), (62, 46)])
def test_pictures_of_a_card(size: tuple[int, int]) -> None:
    """NV12, as a card gives it, has the planes of the same picture in I420."""
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    plain = av.VideoFrame.from_ndarray(noise, format="bgr24").reformat(format="yuv420p")
    mine, other = (
        Decoded(frame=frame, arrival_us=0, wallclock_us=None).picture()
        for frame in (plain, plain.reformat(format="nv12"))
    )
    assert all(np.array_equal(getattr(mine, name), getattr(other, name)) for name in "yuv")


class Script:
    """Dozes from the second key frame on and wakes in the middle of the second group of pictures."""

    def __init__(self, wake_at: int) -> None:
        self.chosen, self._wake_at = list[str](), wake_at

    def choose(self, *, key: bool, **_: int) -> str:
        """By the number of the packet."""
        number = len(self.chosen)
        awake = number < 25 or number > self._wake_at
        asleep = "alone" if key else "keep"
        self.chosen.append("decode" if awake else "wake" if number == self._wake_at else asleep)
        return self.chosen[-1]


@pytest.mark.parametrize(("codec", "b_frames"), [("libx264", 0), ("libx264", 2), ("libx265", 0)])
async def test_what_was_left_undecoded_is_there_when_it_is_wanted(tmp_path: Path, codec: str, b_frames: int) -> None:
    """A key frame by itself, then the very next picture after waking: all as if every packet had been decoded."""
    clip = make_clip(tmp_path / "gate.mp4", pictures=75, gop=25, codec=codec, b_frames=b_frames)
    async with CameraServer([Source(path=clip)], settings=ServerSettings(loop=False)) as server:
        played = await asyncio.to_thread(_played, server.status()[0].url, Script(40))
    truth = direct_hashes(clip)
    numbers = [truth.index(picture) for picture in played]
    assert numbers[: numbers.index(25) + 1] == [*range(numbers.index(25)), 25]
    after = numbers[numbers.index(25) + 1 :]
    assert after == list(range(after[0], after[0] + len(after)))
    assert 40 - b_frames <= after[0] <= 40 + b_frames
    assert after[-1] >= 74 - b_frames


def _played(url: str, script: Script) -> list[str]:
    """The pictures of a stream until its end, in short."""
    pictures, exact = list[str](), Decoder(skip_loop_filter="none")
    with (
        VideoStream(url, transport="tcp", open_timeout_s=20.0, stall_s=20.0, decoder=exact) as stream,
        contextlib.suppress(CameraError),
    ):
        for decoded in stream.frames(script):  # type: ignore[arg-type]
            if decoded is not None:
                pictures.append(digest(decoded.frame))
    return pictures
