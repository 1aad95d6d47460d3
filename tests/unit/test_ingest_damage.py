"""Which pictures are whole, and which reference pictures are missing."""

from pathlib import Path

import av
import pytest
from av.bitstream import BitStreamFilterContext

from ingest.damage import REFRESH_US, Damage, FrameNumbers
from tests.support.simulate import make_clip


def packets(path: Path) -> list[tuple[bytes, bool]]:
    """Packets of a clip as a camera sends them (Annex B), and whether they are key frames."""
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        return [
            (bytes(out), out.is_keyframe)
            for packet in clip.demux(stream)
            for out in to_annex_b.filter(packet if packet.size else None)
        ]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_whole_stream_misses_nothing(tmp_path: Path, b_frames: int) -> None:
    """Over several key frames, and where the counter begins anew (it has four bits)."""
    numbers = FrameNumbers()
    coded = packets(make_clip(tmp_path / "clip.mp4", pictures=120, gop=50, b_frames=b_frames))
    assert [numbers.missing(data) for data, _ in coded] == [0] * 120


@pytest.mark.parametrize("count", [1, 3])
def test_lost_references_are_counted(tmp_path: Path, count: int) -> None:
    """At the next picture; not again at those behind it."""
    numbers = FrameNumbers()
    coded = packets(make_clip(tmp_path / "clip.mp4", pictures=50, gop=50))
    missing = [numbers.missing(data) for data, _ in (*coded[:20], *coded[20 + count :])]
    assert missing == [0] * 20 + [count] + [0] * (29 - count)


def test_what_is_no_stream_misses_nothing() -> None:
    """Garbage, a slice without parameters, parameters that end early."""
    numbers = FrameNumbers()
    for data in (
        b"",
        b"\x00\x00\x01",
        b"\x00\x00\x01\x41\xff",
        b"\x00\x00\x01\x67\x64",
        b"\x00\x00\x01\x41",
        b"\x07" * 9,
    ):
        assert numbers.missing(data) == 0


def test_broken_until_the_next_key_frame() -> None:
    """Key ok ok CORRUPT ok ok key ok: four are not whole; without key frames, all for ten seconds."""
    damage = Damage()
    pictures = [("key", 0), ("", 1), ("corrupt", 2), ("", 3), ("", 4), ("key", 5), ("", 6)]
    broken = [damage.broken(corrupt=k == "corrupt", key=k == "key", now_us=t) for k, t in pictures]
    assert broken == [False, False, True, True, True, False, False]
    damage.hurt(7)
    damage.hurt(8)
    assert damage.broken(corrupt=False, key=False, now_us=9)
    assert damage.broken(corrupt=True, key=True, now_us=10)
    assert not damage.broken(corrupt=False, key=False, now_us=10 + REFRESH_US)
