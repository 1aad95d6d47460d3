"""Whether a picture is worth a look: has anything changed since the last one looked at? Pure: no I/O, no clock.

Pictures are compared as cells: the luma of the detector's tensor, averaged over `CELL` x `CELL` pixels.

Rules
- What a picture is compared with is the last one that was *let through*, not the one before: what creeps adds up until
  it shows, and a slow change of light costs a look now and then, not one for each picture.
- A cell changed when it differs by more than `levels` beyond `NOISE_SIGMAS` times its usual movement by itself. That is
  followed per cell as a running median (sigma-delta, Manzanera and Richefeu 2007): what moves in most pictures (rain,
  leaves, a flickering lamp) is learnt in seconds; what moves now and then (vehicles, the digits of a clock) is not.
- Single cells are noise; an object is `cells_min` cells with a neighbour each.
- A still picture is looked at all the same every `still_us`, after a pause, and while the tracker is restless.
"""

from __future__ import annotations

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]

CELL = 4
NOISE_SIGMAS = 3.0
NOISE_STEP = 0.2
"""Grey levels by which the usual movement of a cell is corrected per picture."""
PAUSE_US = 1_000_000
"""After a pause like this, whatever it was, the next picture is looked at: what is new in it is not known."""

_ACROSS: Plane = np.ones((1, 2), np.uint8)
_DOWN: Plane = np.ones((2, 1), np.uint8)


class GatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When the gate opens."""

    levels: float = 6.0
    """Grey levels (0..255)."""
    cells_min: int = 3
    still_us: int = 1_000_000


class Gate:
    """State of one camera's gate for one tensor geometry."""

    def __init__(self, policy: GatePolicy, ignore: Plane | None = None) -> None:
        """`ignore` uint8 [height, width] of the luma: where it is not 0, nothing counts as a change."""
        self._policy = policy
        self._count = None if ignore is None else cv2.compare(cells(ignore), 0, cv2.CMP_EQ)
        self._reference: Plane | None = None
        self._before: Plane | None = None
        self._noise: Any = None
        self._seen_us = 0
        self.passed_us = 0
        """Stamp of the picture that others are compared with."""
        self.stirred_us = 0
        """Stamp of the last picture in which something had changed, or that was asked for."""

    def opens(self, luma: Plane, now_us: int, *, restless: bool = False, sparse: bool = False) -> bool:
        """Whether the picture with this luma, uint8 [height, width], is to be looked at; once for each, in order.

        `sparse`: those between were left out because nothing happens, which is no pause.
        """
        now = cells(luma)
        if self._changed(now) or restless:
            self.stirred_us = now_us
        opened = self.stirred_us == now_us or now_us - self.passed_us >= self._policy.still_us
        opened = opened or (not sparse and now_us - self._seen_us >= PAUSE_US)
        self._seen_us = now_us
        if opened:
            self._reference, self.passed_us = now, now_us
        return opened

    def _changed(self, now: Plane) -> bool:
        if self._reference is None or self._before is None:
            self._before, self._noise = now, np.zeros(now.shape, np.float32)
            return True
        moved = cv2.absdiff(now, self._before).astype(np.float32)
        self._noise += np.clip(moved - self._noise, -NOISE_STEP, NOISE_STEP)
        self._before = now
        limit = self._noise * NOISE_SIGMAS + self._policy.levels
        changed = cv2.compare(cv2.absdiff(now, self._reference).astype(np.float32), limit, cv2.CMP_GT)
        if self._count is not None:
            changed = cv2.bitwise_and(changed, self._count)
        joined = cv2.bitwise_or(
            cv2.morphologyEx(changed, cv2.MORPH_OPEN, _ACROSS), cv2.morphologyEx(changed, cv2.MORPH_OPEN, _DOWN)
        )
        return int(cv2.countNonZero(joined)) >= self._policy.cells_min


def cells(luma: Plane) -> Plane:
    """Means over 4 x 4 pixels, uint8 [height // 4, width // 4], by halving twice: only that is fast in OpenCV."""
    height, width = (side // CELL * CELL for side in luma.shape)
    half = cv2.resize(luma[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, (width // CELL, height // CELL), interpolation=cv2.INTER_AREA), np.uint8)
