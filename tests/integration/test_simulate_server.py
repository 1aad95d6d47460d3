"""The camera simulator on real sockets, watched through libav and through a bare socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest

from deploy.simulate.auth import Credentials
from deploy.simulate.errors import (
    CodecNotServedError,
    FileMissingError,
    NameTakenError,
    NotAVideoError,
    NoVideoTrackError,
    PortInUseError,
)
from deploy.simulate.server import CameraServer, ServerSettings, Source
from tests.support.simulate import PERIOD_US, direct_hashes, make_clip, watch

PICTURES = 25


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second, B-frames, a keyframe every ten pictures."""
    return make_clip(tmp_path_factory.mktemp("clip") / "gate.mp4", pictures=PICTURES, gop=10, b_frames=2)


@pytest.fixture
def udp_port() -> Iterator[str]:
    """A transport header with a port that belongs to this test, on which nobody answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        yield f"RTP/AVP;unicast;client_port={port}-{port ^ 1}"


async def eventually(true: Callable[[], bool], within_s: float = 20) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "did not come true in time"
        await asyncio.sleep(0.02)


class Bare:
    """A client without any cleverness."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.cseq = reader, writer, 0

    @classmethod
    async def to(cls, server: CameraServer) -> Bare:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def ask(self, method: str, url: str, **headers: str) -> tuple[int, str]:
        """Status and whole text of the answer; only before PLAY, when nothing else comes."""
        self.cseq += 1
        lines = [
            f"{method} {url} RTSP/1.0",
            f"CSeq: {self.cseq}",
            *(f"{key}: {value}" for key, value in headers.items()),
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = [line.split(":")[1] for line in head.split("\r\n") if line.startswith("Content-Length")]
        body = (await self.reader.readexactly(int(length[0]))).decode() if length else ""
        return int(head.split(" ")[1]), head + body

    async def play(self, url: str, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> None:
        """Set up and play."""
        assert (await self.ask("SETUP", url + "/trackID=0", Transport=transport))[0] == 200
        assert (await self.ask("PLAY", url))[0] == 200

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        await self.writer.wait_closed()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_shows_the_right_picture_at_the_right_time(clip: Path, transport: str) -> None:
    """Over three loops no picture is missing, each is the file's own, its capture time is right to 0.1 ms."""
    async with CameraServer([clip]) as server:
        started_us = server.status()[0].started_at * 1e6
        seen = await asyncio.to_thread(watch, server.url("gate"), transport, 3 * PICTURES)
    truth = direct_hashes(clip)
    numbers = [round((captured_us - started_us) / PERIOD_US) for captured_us, _ in seen]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))
    assert [one for _, one in seen] == [truth[number % PICTURES] for number in numbers]
    assert max(abs(us - started_us - number * PERIOD_US) for (us, _), number in zip(seen, numbers, strict=True)) < 100


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_whole_file_then_the_end(tmp_path: Path, transport: str) -> None:
    """Without loop a client that came in time gets the whole file and then its end; who comes later is told."""
    path = make_clip(tmp_path / "once.mp4", pictures=75, gop=75, b_frames=2)
    async with CameraServer([path], settings=ServerSettings(loop=False)) as server:
        seen = await asyncio.to_thread(watch, server.url("once"), transport)
        status, text = await (late := await Bare.to(server)).ask("DESCRIBE", server.url("once"))
        await late.close()
        assert server.status()[0].ended
    assert [one for _, one in seen] == direct_hashes(path)
    assert status == 404
    assert "has ended" in text


async def test_hevc(tmp_path: Path) -> None:
    """H.265 is served as it is, too."""
    path = make_clip(tmp_path / "hevc.mp4", pictures=PICTURES, gop=10, codec="libx265")
    truth = direct_hashes(path)
    async with CameraServer([path]) as server:
        started_us = server.status()[0].started_at * 1e6
        seen = await asyncio.to_thread(watch, server.url("hevc"), "tcp", 30)
    assert [one for _, one in seen] == [truth[round((us - started_us) / PERIOD_US) % PICTURES] for us, _ in seen]


async def test_two_clients_see_the_same(clip: Path) -> None:
    """Clients of one camera, one by TCP and one by UDP, see the same picture at the same capture time."""
    async with CameraServer([clip]) as server:
        url = server.url("gate")
        one, other = map(
            dict, await asyncio.gather(*(asyncio.to_thread(watch, url, transport, 50) for transport in ("tcp", "udp")))
        )
    common = one.keys() & other.keys()
    assert len(common) > PICTURES
    assert all(one[captured_us] == other[captured_us] for captured_us in common)


async def test_copies_and_names(clip: Path) -> None:
    """Copies are cameras of their own, a little apart in time; a name that is not ASCII has an address, too."""
    sources = [Source(path=clip, copies=3), Source(path=clip, name="проходная")]
    async with CameraServer(sources) as server:
        assert server.names == ("gate-1", "gate-2", "gate-3", "проходная")
        assert len({camera.started_at for camera in server.status()[:3]}) == 3
        assert len(await asyncio.to_thread(watch, server.url("проходная"), "tcp", 3)) >= 3
        assert len(await asyncio.to_thread(watch, server.url("gate-3"), "tcp", 3)) >= 3


async def test_password(clip: Path) -> None:
    """The right password opens the stream, a wrong one or none is 401."""
    settings = ServerSettings(credentials=Credentials(user="viewer", password="s3cret"))
    async with CameraServer([clip], settings=settings) as server:
        url = server.url("gate")
        assert await asyncio.to_thread(watch, url.replace("//", "//viewer:s3cret@"), "tcp", 3)
        for wrong in (url, url.replace("//", "//viewer:wrong@"), url.replace("//", "//other:s3cret@")):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                await asyncio.to_thread(watch, wrong, "tcp", 3)


async def test_slow_client_delays_nobody(tmp_path: Path) -> None:
    """A client that stops reading loses whole groups of pictures, and is the only one."""
    path = make_clip(tmp_path / "noise.mp4", pictures=50, gop=5, noise=True)
    async with CameraServer([Source(path=path, name="slow"), Source(path=path, name="fast")]) as server:
        sleeper = await Bare.to(server)
        await sleeper.play(server.url("slow"))
        seen = await asyncio.to_thread(watch, server.url("fast"), "tcp", 50)
        await eventually(lambda: server.status()[0].gops_dropped > 0)
        assert server.status()[1].gops_dropped == 0
        await sleeper.close()
        await eventually(lambda: server.status()[0].clients == 0)
    numbers = [round(captured_us / PERIOD_US) for captured_us, _ in seen]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"PLAY " + b"x" * 20_000])
async def test_garbage_ends_its_connection_only(clip: Path, garbage: bytes) -> None:
    """What is no RTSP is answered with 400 and the door; the neighbour goes on playing."""
    async with CameraServer([clip]) as server:
        neighbour, stranger = await Bare.to(server), await Bare.to(server)
        await neighbour.play(server.url("gate"))
        stranger.writer.write(garbage)
        assert (await stranger.reader.read()).startswith(b"RTSP/1.0 400 ")
        assert await neighbour.reader.readexactly(1000)
        assert server.status()[0].clients == 1
        await stranger.close()
        await neighbour.close()


async def test_methods(clip: Path) -> None:
    """Each request in the wrong place has its own answer, and the connection lives on."""
    async with CameraServer([clip]) as server:
        url, client = server.url("gate"), await Bare.to(server)
        assert "DESCRIBE" in (await client.ask("OPTIONS", "*"))[1]
        assert (await client.ask("PLAY", url))[0] == 455
        assert (await client.ask("TEARDOWN", url))[0] == 455
        assert (await client.ask("PAUSE", url))[0] == 405
        assert (await client.ask("DANCE", url))[0] == 501
        status, text = await client.ask("DESCRIBE", url + "-unknown")
        assert (status, "There is no camera /gate-unknown here." in text) == (404, True)
        assert (await client.ask("SETUP", url, Transport="RTP/SAVP;unicast"))[0] == 461
        assert (await client.ask("SETUP", url, Transport="RTP/AVP/TCP"))[0] == 200
        assert (await client.ask("PLAY", url, Session="nobody"))[0] == 454
        assert (await client.ask("GET_PARAMETER", url))[0] == 200
        assert (await client.ask("TEARDOWN", url))[0] == 200
        assert (await client.ask("PLAY", url))[0] == 455
        await client.close()


async def test_teardown_ends_the_stream(clip: Path, udp_port: str) -> None:
    """After TEARDOWN nobody watches and nothing more is sent; the connection can be used again."""
    async with CameraServer([clip]) as server:
        client = await Bare.to(server)
        await client.play(server.url("gate"), udp_port)
        await eventually(lambda: server.status()[0].clients == 1)
        assert (await client.ask("TEARDOWN", server.url("gate")))[0] == 200
        assert server.status()[0].clients == 0
        await client.play(server.url("gate"))
        assert server.status()[0].clients == 1
        await client.close()


async def test_silent_udp_client_is_cut_off(clip: Path, udp_port: str) -> None:
    """A UDP session without keep-alive ends after its timeout; one over TCP that takes everything does not."""
    async with CameraServer([clip], settings=ServerSettings(session_timeout_s=0.5)) as server:
        silent, taking = await Bare.to(server), await Bare.to(server)
        await silent.play(server.url("gate"), udp_port)
        await taking.play(server.url("gate"))
        drain = asyncio.create_task(taking.reader.read(-1))
        await eventually(lambda: server.status()[0].clients == 1)
        assert await silent.reader.read() == b""
        assert not drain.done()
        drain.cancel()
        await silent.close()
        await taking.close()


async def test_too_many_clients(clip: Path) -> None:
    """The connection beyond the limit is answered with 503."""
    async with CameraServer([clip], settings=ServerSettings(clients_max=1)) as server:
        first, second = await Bare.to(server), await Bare.to(server)
        assert (await first.ask("OPTIONS", "*"))[0] == 200
        assert (await second.reader.read()).startswith(b"RTSP/1.0 503 ")
        await first.close()
        await second.close()


async def test_packets_pass_the_link(clip: Path) -> None:
    """A link given for a camera sees every packet before it is sent, and what it withholds is not sent."""

    class Cut:
        carried = 0

        def carry(self, viewer: int, packets: Sequence[bytes], now_us: int) -> Sequence[bytes]:
            """Lose everything."""
            assert (viewer, now_us) > (0, 0)
            assert all(packet[0] == 0x80 for packet in packets)
            self.carried += 1
            return ()

    link = Cut()
    async with CameraServer([clip], settings=ServerSettings(link_of=lambda _name: link)) as server:
        client = await Bare.to(server)
        await client.play(server.url("gate"))
        await eventually(lambda: link.carried > 5)
        # Only sender reports came: version 2, type 200, on the second channel.
        assert (await client.reader.readexactly(6))[4:6] == b"\x80\xc8"
        await client.close()


async def test_what_cannot_be_served(tmp_path: Path, clip: Path) -> None:
    """Each file that cannot be a camera has its own error, which names it."""
    (tmp_path / "text.mp4").write_text("not a video at all")
    make_clip(tmp_path / "old.mp4", pictures=3, gop=3, codec="mpeg4")
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.sample_rate = 8000
        container.mux([*sound.encode(frame), *sound.encode(None)])
    expected = {
        "absent.mp4": FileMissingError,
        "text.mp4": NotAVideoError,
        "old.mp4": CodecNotServedError,
        "sound.wav": NoVideoTrackError,
    }
    for name, error in expected.items():
        with pytest.raises(error, match=name):
            await CameraServer([tmp_path / name]).__aenter__()
    with pytest.raises(NameTakenError, match="/gate"):
        await CameraServer([clip, clip]).__aenter__()
    async with CameraServer([clip]) as server:
        with pytest.raises(PortInUseError, match=str(server.port)):
            await CameraServer([clip], port=server.port).__aenter__()
