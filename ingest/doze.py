"""Which pictures of a camera may be left undecoded while nothing happens. Pure: no I/O, no clock.

Rules
- It dozes off at a key frame, once nothing has changed for `after_us`; from then on key frames alone are decoded and go
  through the motion gate like others.
- The packets since the last key frame are kept: whoever wakes it gets the very next picture, not the next key frame.
- What wakes it: a key frame that differs, a packet larger than the largest between key frames before (coding what moves
  takes bytes), somebody who wants pictures.
- A camera whose key frames are further apart than `gap_us_max` never dozes: what moves slowly would be seen so late.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Choice = Literal["decode", "alone", "keep", "wake"]
"""decode it · it is a key frame: decode it by itself · keep it undecoded · decode what was kept and then this one"""


class DozePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When pictures are left undecoded."""

    after_us: int = 3_000_000
    gap_us_max: int = 4_000_000
    kept_bytes_max: int = 8 * 1024 * 1024
    stir_factor: float = 1.3
    stir_bytes: int = 200
    """A packet stirs that is this much larger than `stir_factor` times the largest that is usual."""


FADE = 0.8
"""What was the largest packet counts so much less with each key frame."""


class Doze:
    """State of one connection."""

    def __init__(self, policy: DozePolicy) -> None:
        self._policy = policy
        self._awake_us: int | None = None
        self._key_us: int | None = None
        self._usual = self._largest = 0.0
        self._kept_bytes = 0
        self.dozing = False
        self.gap_us = 0
        """Between the last two key frames."""

    def moved(self, now_us: int) -> None:
        """Something has changed, or somebody wants every picture: stay awake for a while."""
        self._awake_us = max(self._awake_us or 0, now_us + self._policy.after_us)

    def choose(self, *, key: bool, size: int, now_us: int) -> Choice:
        """What to do with the next packet of `size` bytes; once for each, in order."""
        if self._awake_us is None:
            self.moved(now_us)
        return self._key(size, now_us) if key else self._other(size, now_us)

    def _key(self, size: int, now_us: int) -> Choice:
        self.gap_us = 0 if self._key_us is None else now_us - self._key_us
        near = 0 < self.gap_us <= self._policy.gap_us_max
        self._key_us, self._kept_bytes = now_us, size
        self._usual, self._largest = max(self._largest, FADE * self._usual), 0.0
        self.dozing = near and not self._awake(now_us)
        return "alone" if self.dozing else "decode"

    def _other(self, size: int, now_us: int) -> Choice:
        large = size > self._usual * self._policy.stir_factor + self._policy.stir_bytes
        self._largest = max(self._largest, size)
        if not self.dozing:
            return "decode"
        self._kept_bytes += size
        late = self._key_us is not None and now_us - self._key_us > self._policy.gap_us_max
        if not (large or late or self._awake(now_us) or self._kept_bytes > self._policy.kept_bytes_max):
            return "keep"
        self.moved(now_us)
        self.dozing = False
        return "wake"

    def _awake(self, now_us: int) -> bool:
        return self._awake_us is not None and now_us < self._awake_us
