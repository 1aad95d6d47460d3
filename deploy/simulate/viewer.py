"""One client that plays: its numbering, its sender reports, and what it is not sent when it cannot keep up. No I/O.

A client that does not read fills its outlet. From `backlog_bytes_max` on, pictures are dropped up to a keyframe at
which half of that has drained: a decoder sees a jump in time and never a broken picture, and nobody else waits.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from deploy.simulate.faults import filler
from deploy.simulate.feed import Feed, Moment, Unit
from deploy.simulate.link import Link
from deploy.simulate.outlet import Outlet
from deploy.simulate.rtp import UINT16, UINT32, goodbye, packets_of, sender_report

REPORT_INTERVAL_US = 2_000_000
BACKLOG_BYTES_MIN = 1024 * 1024


class Sent(msgspec.Struct, kw_only=True):
    """What left a camera so far, over all its viewers."""

    pictures: int = 0
    packets: int = 0
    octets: int = 0
    pictures_dropped: int = 0
    gops_dropped: int = 0


class FeedViewer:
    """A playing session."""

    def __init__(self, feed: Feed, outlet: Outlet, link: Link, sent: Sent) -> None:
        """Nothing is sent before `start`; `sent` is the camera's account, shared by its viewers."""
        self.feed = feed
        self.outlet = outlet
        self.first = 0
        self.ssrc = random.getrandbits(32)
        self.seq = random.getrandbits(16)
        self.backlog_bytes_max = max(BACKLOG_BYTES_MIN, 2 * feed.prepared.gop_bytes_max)
        self._link = link
        self._total = sent
        self._own = Sent()
        self._report_us = 0
        self._dropping = False

    @property
    def first_timestamp(self) -> int:
        """The RTP timestamp of the first picture, for RTP-Info."""
        return self.feed.moment(self.first).timestamp & UINT32

    def tune_in(self) -> None:
        """Choose the picture to begin with: the keyframe of what the camera shows now."""
        self.first = self.feed.first_number()

    def start(self) -> None:
        """Send from the last keyframe on."""
        self.feed.join(self, self.first)

    def stop(self) -> None:
        """Send nothing more."""
        self.feed.leave(self)
        self.outlet.close()

    def show(self, unit: Unit, moment: Moment, now_us: int) -> None:
        """Send one picture, with a report before it when one is due, unless the client is behind."""
        if not unit.keyframe and self.feed.script.value("slow", now_us) is not None:
            return
        if not self._keeps_up(unit):
            self._total.pictures_dropped += 1
            return
        if now_us >= self._report_us:
            self._report_us = now_us + REPORT_INTERVAL_US
            self._report(moment, now_us)
        packets = packets_of(self._payloads(unit, now_us), self.seq, moment.timestamp, self.ssrc)
        self.seq = (self.seq + len(packets)) & UINT16
        for account in (self._own, self._total):
            account.pictures += 1
            account.packets += len(packets)
            account.octets += unit.size_bytes
        self.outlet.rtp(self._link.carry(self.ssrc, packets, now_us))

    def end(self) -> None:
        """Say goodbye: the camera has ended."""
        self.outlet.rtcp(goodbye(ssrc=self.ssrc, cname=self.feed.name))

    def _keeps_up(self, unit: Unit) -> bool:
        backlog_bytes = self.outlet.backlog_bytes()
        if self._dropping and unit.keyframe:
            self._dropping = backlog_bytes > self.backlog_bytes_max // 2
            self._total.gops_dropped += self._dropping
        elif not self._dropping and backlog_bytes > self.backlog_bytes_max:
            self._dropping = True
            self._total.gops_dropped += 1
        return not self._dropping

    def _payloads(self, unit: Unit, now_us: int) -> Sequence[bytes]:
        factor = self.feed.script.value("bitrate", now_us)
        if factor is None:
            return unit.payloads
        return (*unit.payloads, *filler(self.feed.prepared.clip.codec, unit.size_bytes, factor))

    def _report(self, moment: Moment, now_us: int) -> None:
        ahead_s = self.feed.script.value("clock", now_us) or 0.0
        self.outlet.rtcp(
            sender_report(
                ssrc=self.ssrc,
                unix_us=moment.captured_us + round(ahead_s * 1e6),
                timestamp=moment.timestamp,
                packets=self._own.packets,
                octets=self._own.octets,
                cname=self.feed.name,
            )
        )
