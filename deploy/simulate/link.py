"""The seam for faults: every RTP packet of a camera passes through its link on the way to each viewer.

A camera without faults has one that changes nothing, or what `ServerSettings.link_of` gives; one with a script of
faults has a `faults.FaultLink`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Link(Protocol):
    """The network between one camera and its viewers."""

    def carry(self, viewer: int, packets: Sequence[bytes], now_us: int) -> Sequence[bytes]:
        """The whole RTP packets that `viewer` (its SSRC) is sent now, in place of `packets`, one picture's.

        `now_us` is the wall clock. A link may keep packets and give them out with a later picture.
        """
        ...


class PerfectLink:
    """Everything arrives, once, in order, at once."""

    def carry(self, viewer: int, packets: Sequence[bytes], now_us: int) -> Sequence[bytes]:  # noqa: ARG002 (the seam)
        """Give `packets` back as they are."""
        return packets
