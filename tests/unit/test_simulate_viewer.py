"""One viewer with a network that can be filled by hand: numbering, reports, dropping of whole groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploy.simulate.clip import Clip, Picture
from deploy.simulate.feed import Clock, Feed, Moment, Unit, prepare, schedule_of
from deploy.simulate.link import PerfectLink
from deploy.simulate.nal import Codec, ParameterSets
from deploy.simulate.viewer import FeedViewer, Sent

CLIP = Clip(
    path=Path("gate.mp4"),
    codec=Codec.H264,
    width=16,
    height=16,
    fps=25.0,
    duration_ticks=4 * 3600,
    parameter_sets=ParameterSets(sps=(b"\x67\x01",), pps=(b"\x68\x01",)),
    pictures=tuple(
        Picture(nals=(b"\x65" + bytes(size),), pts_ticks=n * 3600, dts_ticks=n * 3600, keyframe=n % 2 == 0)
        for n, size in enumerate((3000, 10, 2000, 10))
    ),
)
KEY = Unit(payloads=(b"k", b"k"), size_bytes=2, keyframe=True)
DELTA = Unit(payloads=(b"d",), size_bytes=1, keyframe=False)
MOMENT = Moment(timestamp=0x1_0000_0000, captured_us=5)


class Network:
    """Keeps what it is given; `backlog` is set by the test."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.reports: list[bytes] = []
        self.backlog = 0
        self.closed = False

    def rtp(self, packets: Sequence[bytes]) -> None:
        """Keep them."""
        self.packets += packets

    def rtcp(self, packet: bytes) -> None:
        """Keep it."""
        self.reports.append(packet)

    def backlog_bytes(self) -> int:
        """What the test says."""
        return self.backlog

    def close(self) -> None:
        """Note it."""
        self.closed = True


def viewer() -> tuple[FeedViewer, Network, Sent]:
    """A viewer of a camera that stands still."""
    clock = Clock(wall_us=0, loop_s=0.0, loop_time=lambda: 0.0)
    feed = Feed("gate", prepare(CLIP), schedule_of(CLIP, 0, loop=True), clock)
    network, sent = Network(), Sent()
    return FeedViewer(feed, network, PerfectLink(), sent), network, sent


def test_prepared_once() -> None:
    """Long units are cut, the largest group and the rate are known."""
    prepared = prepare(CLIP)
    assert [len(unit.payloads) for unit in prepared.units] == [3, 1, 2, 1]
    assert prepared.gop_bytes_max == sum(unit.size_bytes for unit in prepared.units[:2])
    assert prepared.bytes_per_s == sum(unit.size_bytes for unit in prepared.units) * 25 // 4


def test_period_is_longer_than_the_sending() -> None:
    """A file whose duration is given too short still sends its loops one after the other."""
    schedule = schedule_of(CLIP, 0, loop=True)
    assert schedule.period_ticks == 4 * 3600
    short = Clip(**{field: getattr(CLIP, field) for field in CLIP.__struct_fields__} | {"duration_ticks": 1})
    assert schedule_of(short, 0, loop=True).period_ticks == 3 * 3600 + 1


def test_numbers_follow_on() -> None:
    """Sequence numbers have no gap over pictures and wrap at 16 bits; every picture is counted."""
    one, network, sent = viewer()
    one.seq = 0xFFFF
    for unit in (KEY, DELTA):
        one.show(unit, MOMENT, 0)
    assert [int.from_bytes(packet[2:4]) for packet in network.packets] == [0xFFFF, 0, 1]
    assert (sent.pictures, sent.packets, sent.octets) == (2, 3, 3)


def test_report_before_the_first_picture_and_every_two_seconds() -> None:
    """The first report comes with the first picture and says its time; the next after two seconds."""
    one, network, _ = viewer()
    for now_us in (1, 2, 2_000_000, 2_000_001):
        one.show(DELTA, MOMENT, now_us)
    assert len(network.reports) == 2
    assert int.from_bytes(network.reports[0][16:20]) == 0
    assert int.from_bytes(network.reports[1][20:24]) == 3


def test_whole_groups_are_dropped() -> None:
    """Behind, nothing is sent up to a keyframe at which half has drained."""
    one, network, sent = viewer()
    full, half = one.backlog_bytes_max + 1, one.backlog_bytes_max // 2
    #          shown          full: dropped     drained, but no keyframe   key, too full   key: shown again
    script = [(KEY, 0, True), (DELTA, full, False), (DELTA, 0, False), (KEY, half + 1, False), (KEY, half, True)]
    for unit, backlog, shown in script:
        network.backlog = backlog
        before = len(network.packets)
        one.show(unit, MOMENT, 0)
        assert (len(network.packets) > before) == shown
    assert (sent.gops_dropped, sent.pictures_dropped) == (2, 3)


def test_end_and_stop() -> None:
    """The end is said by BYE; stopping forgets what has not left."""
    one, network, _ = viewer()
    one.end()
    assert network.reports[0][-7] == 203
    one.stop()
    assert network.closed
