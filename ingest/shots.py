"""Which looks at a track are worth a picture for a recogniser. Pure: no I/O, no clock; `now_us` is the frame's stamp.

Rules
- The best look is known only when a track ends, and a waiting lorry never ends: the first usable look is taken, then
  each look that gains enough, at most `shots_max`.
- A vote needs more than one look: the first `LOOKS_FREE` are taken without a gain, while they are not clearly worse
  than the best.
- The shots that are left are spread over the quality still to be had: a long approach must not use them up far away.
- Size may mislead (a lorry is largest while its plate is still out of the frame), so a look is taken every
  `SPREAD_GAP_MS` even without a gain, while more than `SHOTS_RESERVED` are left for better ones.
- What may change on a living track (`again_s`) is looked at again, however many shots were taken before.
- Quality is comparable within a track only: size counts most; a cut or covered object counts less.
- A fixed area is shot on a raster of time, whatever stands there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from ingest.contract import Box, FrameShotPolicy, ShotPolicy

LOOKS_FREE = 3
WORSE_MAX = 0.05
"""How much worse than the best a free look may be."""
FREE_GAP = 2.0
"""Free looks keep twice the policy's gap: pictures of one moment vote alike."""
SPREAD_GAP_MS = 800.0
SHOTS_RESERVED = 2
SPREAD_PART = 0.6
"""Of the best quality so far: a look taken for its time alone may not be worse than this."""
EDGE = 0.004
"""Closer to the frame's border than this, relative: the object is cut."""
CUT_FACTOR = 0.55
COVERED_FACTOR = 0.6
SIDE_OCTAVES = 3.0
"""From `side_px_min` to eight times that, size goes from 0 to 1."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed track's box on this frame; `confidence` of the detector. A fixed area has no track and no label."""

    track: str
    label: str
    box: Box
    confidence: float


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """A shot to be taken."""

    recogniser: str
    candidate: Candidate
    quality: float
    ordinal: int
    beside: int = 0
    """How many fixed areas were shot for the recogniser on this very frame before."""


class _Taken(msgspec.Struct, kw_only=True):
    count: int = 0
    again: int = 0
    """Those among them that were due to time alone."""
    best: float = 0.0
    last_us: int = 0


class ShotBook(msgspec.Struct, kw_only=True):
    """State: what was taken of each living track, per recogniser."""

    taken: dict[tuple[str, str], _Taken] = {}
    areas: dict[FrameShotPolicy, int] = {}
    """When each fixed area is due again (stamp)."""
    frames: dict[str, int] = {}
    """Shots of fixed areas so far, per recogniser."""

    def forget(self, tracks: Sequence[str]) -> None:
        """Drop the tracks that ended."""
        gone = set(tracks)
        for key in [key for key in self.taken if key[1] in gone]:
            del self.taken[key]


def quality(candidate: Candidate, others: Sequence[Candidate], size: tuple[int, int], side_px_min: int) -> float:
    """0..1: how much a recogniser may hope for from this look; `size` is the frame's width and height in pixels."""
    side = _side_px(candidate.box, size)
    grown = math.log2(max(1.0, side / side_px_min)) / SIDE_OCTAVES
    worth = 0.15 + 0.75 * min(1.0, grown) + 0.10 * candidate.confidence
    if _cut(candidate.box):
        worth *= CUT_FACTOR
    covered = max((_covered_by(candidate.box, o.box) for o in others if o.track != candidate.track), default=0.0)
    return worth * (1.0 - COVERED_FACTOR * covered)


def pick(
    book: ShotBook, policies: Sequence[ShotPolicy], candidates: Sequence[Candidate], size: tuple[int, int], now_us: int
) -> list[Pick]:
    """Choose the shots of this frame and note them in the book."""
    picks: list[Pick] = []
    for policy in policies:
        for candidate in candidates:
            if candidate.label not in policy.labels or _side_px(candidate.box, size) < policy.side_px_min:
                continue
            worth = quality(candidate, candidates, size, policy.side_px_min)
            taken = book.taken.setdefault((policy.recogniser, candidate.track), _Taken())
            again = taken.count > 0 and _due_again(policy, taken, now_us)
            if not again and not _wanted(policy, taken, worth, now_us):
                continue
            picks.append(
                Pick(recogniser=policy.recogniser, candidate=candidate, quality=round(worth, 4), ordinal=taken.count)
            )
            taken.count, taken.best, taken.last_us = taken.count + 1, max(taken.best, worth), now_us
            taken.again += again
    return picks


def pick_areas(book: ShotBook, policies: Sequence[FrameShotPolicy], now_us: int) -> list[Pick]:
    """Choose the fixed areas that are due on this frame and note them in the book."""
    for gone in book.areas.keys() - set(policies):
        del book.areas[gone]
    picks: list[Pick] = []
    for policy in policies:
        due_us, period_us = book.areas.get(policy, now_us), round(policy.every_s * 1e6)
        if now_us < due_us:
            continue
        book.areas[policy] = (due_us if now_us - due_us < period_us else now_us) + period_us
        area = Candidate(track="", label="", box=policy.area, confidence=0.0)
        ordinal = book.frames.get(policy.recogniser, 0)
        beside = sum(other.recogniser == policy.recogniser for other in picks)
        picks.append(Pick(recogniser=policy.recogniser, candidate=area, quality=1.0, ordinal=ordinal, beside=beside))
        book.frames[policy.recogniser] = ordinal + 1
    return picks


def _due_again(policy: ShotPolicy, taken: _Taken, now_us: int) -> bool:
    """Whether so much time has passed since the last shot that what it showed may have changed."""
    waited_ms = (now_us - taken.last_us) / 1000
    return policy.again_s is not None and waited_ms >= max(policy.again_s * 1000, policy.gap_ms_min)


def _wanted(policy: ShotPolicy, taken: _Taken, worth: float, now_us: int) -> bool:
    """Whether a look of this worth is to be taken now."""
    if taken.count - taken.again >= policy.shots_max:
        return False
    if taken.count == 0:
        return True
    waited_ms = (now_us - taken.last_us) / 1000
    if waited_ms < policy.gap_ms_min:
        return False
    left = policy.shots_max - (taken.count - taken.again)
    if worth >= taken.best + max(policy.gain_min, (1.0 - taken.best) / (left + 1)):
        return True
    if left > SHOTS_RESERVED and waited_ms >= SPREAD_GAP_MS and worth >= SPREAD_PART * taken.best:
        return True
    free = taken.count - taken.again < LOOKS_FREE and worth >= taken.best - WORSE_MAX
    return free and waited_ms >= FREE_GAP * policy.gap_ms_min


def _side_px(box: Box, size: tuple[int, int]) -> float:
    return min((box[2] - box[0]) * size[0], (box[3] - box[1]) * size[1])


def _cut(box: Box) -> bool:
    return box[0] <= EDGE or box[1] <= EDGE or box[2] >= 1 - EDGE or box[3] >= 1 - EDGE


def _covered_by(box: Box, other: Box) -> float:
    """Part of a box that something nearer (its foot is lower in the picture) may hide."""
    if other[3] <= box[3]:
        return 0.0
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((box[2] - box[0]) * (box[3] - box[1]))
