"""Faults of simulated cameras, scripted in time: what is wrong with which camera from when to when. Pure.

    [CAMERA:]KIND[=VALUE][@START[+DURATION]]      gate-1:loss=5@20s+10s

Rules
- Times are seconds since the server started; without a start a fault is there from the beginning, without a duration it
  stays. `@never` prepares a fault that a program switches on and off by itself (`Script.switch`).
- What a fault does to packets is in `FaultLink`, to pictures in `spoil.py` and `variant.py`, to connections in
  `doors.py`.
"""

from __future__ import annotations

import math
import random
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from deploy.simulate.errors import FaultError
from deploy.simulate.nal import Codec

Kind = Literal[
    "refuse", "auth", "disconnect", "stall", "drip", "loss", "corrupt", "bitrate", "clock", "slow",
    "black", "over", "blur", "cover", "move", "noise", "night", "freeze", "resolution", "parameters",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
PICTURE_KINDS: tuple[Kind, ...] = KINDS[KINDS.index("black") :]
"""Those for which the clip is coded once more at the start."""
VALUES: Mapping[Kind, tuple[float, float, float]] = {
    "disconnect": (5.0, 0.1, 3600.0),
    "drip": (2000.0, 1.0, 1e9),
    "loss": (5.0, 0.01, 100.0),
    "corrupt": (5.0, 0.01, 100.0),
    "bitrate": (10.0, 1.0, 100.0),
    "clock": (30.0, -1e6, 1e6),
    "resolution": (0.5, 0.1, 16.0),
    "slow": (1.0, 1.0, 1.0),
}
"""Default, least and greatest value of the kinds that have one; pictures' strength is 1, from 0.05 to 4."""
_STRENGTH = (1.0, 0.05, 4.0)
_WORD = re.compile(
    r"(?:(?P<camera>[^:=@]+):)?(?P<kind>[a-z]+)(?:=(?P<value>-?[\d.]+)%?)?"
    r"(?:@(?:(?P<never>never)|(?P<start>[\d.]+)s?(?:\+(?P<duration>[\d.]+)s?)?))?"
)
_US = 1_000_000
DRIP_BYTES_MAX = 4 * 1024 * 1024
"""What a dripping camera holds back at most; beyond it the oldest is thrown away, as its own buffer would."""
HEADER_BYTES = 16
"""RTP's header and the first bytes of the payload: a flipped bit there would be no damage but nonsense."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a script."""

    kind: Kind
    value: float
    camera: str = ""
    """Empty = all."""
    start_s: float = 0.0
    duration_s: float = math.inf

    def active(self, at_s: float) -> bool:
        """Whether it is there so long after the start."""
        return self.start_s <= at_s < self.start_s + self.duration_s

    @property
    def key(self) -> str:
        """Names the variant of the picture that it needs."""
        return (
            f"{self.kind}={self.value:g}@{self.start_s:g}" if self.kind == "freeze" else f"{self.kind}={self.value:g}"
        )


def read(text: str) -> Fault:
    """An entry as people write it; raises `FaultError`."""
    found = _WORD.fullmatch(text.strip())
    kind = next((kind for kind in KINDS if found is not None and kind == found["kind"]), None)
    if found is None or kind is None:
        raise FaultError(text, f"write [CAMERA:]KIND[=VALUE][@START[+DURATION]]; kinds: {', '.join(KINDS)}")
    default, least, greatest = VALUES.get(kind, _STRENGTH)
    try:
        value = float(found["value"] or default)
        start_s = math.inf if found["never"] else float(found["start"] or 0.0)
        duration_s = float(found["duration"] or math.inf)
    except ValueError:
        raise FaultError(text, "a number in it can't be read") from None
    if not least <= value <= greatest:
        raise FaultError(text, f"{kind} takes {least:g} to {greatest:g}")
    return Fault(kind=kind, value=value, camera=found["camera"] or "", start_s=start_s, duration_s=duration_s)


class Script:
    """The faults of one camera."""

    def __init__(self, faults: Iterable[Fault] = (), started_us: int = 0) -> None:
        self.faults = tuple(faults)
        self._started_us = started_us
        self._forced: dict[Kind, bool] = {}

    def switch(self, kind: Kind, *, on: bool) -> None:
        """Have a fault now, or no longer, whatever its times say."""
        self._forced[kind] = on

    def value(self, kind: Kind, now_us: int) -> float | None:
        """The value of a fault that is there now; None while it is not."""
        fault = self._active(kind, now_us)
        return None if fault is None else fault.value

    def variant(self, now_us: int) -> str:
        """The variant of the picture that is shown now; empty = the clip itself."""
        found = (fault for kind in PICTURE_KINDS if (fault := self._active(kind, now_us)) is not None)
        return next((fault.key for fault in found), "")

    def _active(self, kind: Kind, now_us: int) -> Fault | None:
        mine = [fault for fault in self.faults if fault.kind == kind]
        forced, at_s = self._forced.get(kind), (now_us - self._started_us) / _US
        return next((fault for fault in mine if (fault.active(at_s) if forced is None else forced)), None)


def filler(codec: Codec, payload_bytes: int, factor: float) -> tuple[bytes, ...]:
    """Payloads that say nothing and make a picture `factor` times as large (filler data, H.264 7.3.2.7)."""
    header = b"\x0c" if codec is Codec.H264 else b"\x4c\x01"
    left, found = round(payload_bytes * (factor - 1)), list[bytes]()
    while left > 0:
        size = min(1300, left)
        found.append(header + b"\xff" * size + b"\x80")
        left -= size
    return tuple(found)


class FaultLink:
    """The way to the viewers of a camera whose script loses, spoils, holds back or withholds packets."""

    def __init__(self, script: Script, seed: str) -> None:
        self._script, self._rng = script, random.Random(seed)
        self._held: dict[int, deque[bytes]] = {}
        self._budget: dict[int, tuple[float, int]] = {}

    def carry(self, viewer: int, packets: Sequence[bytes], now_us: int) -> Sequence[bytes]:
        """See `link.Link`."""
        value = self._script.value
        if value("stall", now_us) is not None:
            return ()
        loss, damage = value("loss", now_us), value("corrupt", now_us)
        if loss is not None:
            packets = [packet for packet in packets if self._rng.random() * 100 >= loss]
        if damage is not None:
            packets = [self._flip(p) if self._rng.random() * 100 < damage else p for p in packets]
        drip = value("drip", now_us)
        if drip is None and viewer not in self._held:
            return packets
        return self._drip(viewer, packets, now_us, drip)

    def _flip(self, packet: bytes) -> bytes:
        if len(packet) <= HEADER_BYTES:
            return packet
        spoilt = bytearray(packet)
        for _ in range(3):
            spoilt[self._rng.randrange(HEADER_BYTES, len(spoilt))] ^= 1 << self._rng.randrange(8)
        return bytes(spoilt)

    def _drip(self, viewer: int, packets: Sequence[bytes], now_us: int, rate: float | None) -> Sequence[bytes]:
        """So many bytes a second and no more; all that is held when the fault is over."""
        held = self._held.setdefault(viewer, deque())
        held.extend(packets)
        if rate is None:
            del self._held[viewer]
            self._budget.pop(viewer, None)
            return tuple(held)
        budget, since_us = self._budget.get(viewer, (0.0, now_us))
        budget, given = min(budget + rate * (now_us - since_us) / _US, rate), list[bytes]()
        while held and len(held[0]) <= budget:
            budget -= len(held[0])
            given.append(held.popleft())
        while sum(map(len, held)) > DRIP_BYTES_MAX:
            held.popleft()
        self._budget[viewer] = (budget, now_us)
        return given
