"""Which box is the same thing as before: two-stage association after ByteTrack, aware of the time between looks.

Pure: no I/O, no clock; `now_us` is the stamp of the frame.

Rules
- Strong boxes are matched first; weak ones may only continue a track that the look before had found: one that is out of
  sight would else be led by noise onto whatever hides it. A track is never begun by a weak box.
- A track takes at most one box of a frame and a box goes to at most one track.
- A thing seen once is tentative; the second look confirms it and gives it an id, `<epoch>-<n>`, never used again.
- Detectors waver between car, bus and truck: labels of one group continue each other, the votes name the track.
- A thing goes on about as it went: over a span of not looking, in which it may be anywhere, only what is found near the
  expected place continues it.
- A track not seen for `lost_s` ends, before a box could continue it, or at once when it has moved out of the picture.
- Time in which nothing changed in the picture does not count (`rest`): what stood there stands there still.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import lap
import msgspec
import numpy as np
import numpy.typing as npt

from ingest.motion import SPEED, Motion, PixelBox

GROUPS = {"car": "vehicle", "bus": "vehicle", "truck": "vehicle", "bicycle": "cycle", "motorcycle": "cycle"}
FORBIDDEN = 1e3
SPEED_HITS = 3
"""After so many looks the speed of a thing is known."""
WAY_SHARE = 0.5
FEW = 16
"""So many pairs of boxes are compared one by one."""


class TrackPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the tracker."""

    strong_min: float = 0.4
    start_min: float = 0.45
    hits_min: int = 2
    lost_s: float = 1.5
    tentative_s: float = 0.6
    sigmas_max: float = 3.0
    giou_min: float = -0.6
    weak_iou_min: float = 0.3
    twin_iou_min: float = 0.7
    area_ratio_max: float = 4.0
    sizes_max: float = 0.5
    """How far from the expected place a box may be, in its sizes (root of its area), beside half of its way."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A box as the detector gave it, in pixels of the full frame."""

    box: PixelBox
    label: str
    confidence: float


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a box: the track that took it ("" = none, or not yet confirmed) and that track's name by votes."""

    track: str = ""
    label: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a frame: one `Taken` per box, in order, and the tracks given up."""

    taken: tuple[Taken, ...]
    ended: tuple[str, ...]


class _Track:
    __slots__ = ("followed", "group", "hits", "motion", "name", "seen_us", "slack", "votes")

    def __init__(self, seen: Seen, now_us: int) -> None:
        self.group = group_of(seen.label)
        self.motion = Motion(seen.box)
        self.hits, self.seen_us, self.name = 1, now_us, ""
        self.followed = True
        self.slack = 0.0
        self.votes = {seen.label: seen.confidence}

    def predict(self, dt_s: float, period_s: float) -> None:
        """Move on; until its speed is known a thing may have gone as far as anything goes between two usual looks."""
        unknown = SPEED * self.motion.size * min(dt_s, period_s) if self.hits < SPEED_HITS else 0.0
        self.slack += WAY_SHARE * self.motion.way(dt_s) + unknown
        self.motion.predict(dt_s)

    def take(self, seen: Seen, now_us: int) -> None:
        self.motion.correct(seen.box)
        self.hits, self.seen_us, self.slack = self.hits + 1, now_us, 0.0
        self.votes[seen.label] = self.votes.get(seen.label, 0.0) + seen.confidence

    @property
    def label(self) -> str:
        return max(sorted(self.votes), key=lambda label: self.votes[label])


class Names(msgspec.Struct, kw_only=True):
    """How many tracks were named; trackers of one camera share it, so that no name is given twice."""

    given: int = 0


class Tracks(msgspec.Struct, kw_only=True):
    """State of one tracker of a camera; belongs to one caller and is changed by `step`, `rest` and `give_up`."""

    epoch: int
    width: int
    height: int
    names: Names = msgspec.field(default_factory=Names)
    now_us: int | None = None
    period_s: float = 0.0
    """Usual time between looks; a span of not looking hardly moves it."""
    live: list[_Track] = []

    @property
    def restless(self) -> bool:
        """Whether something is not settled yet: a track seen once, or one not found in the last look."""
        return any(not track.name or track.seen_us != self.now_us for track in self.live)


def group_of(label: str) -> str:
    """Labels of one group may continue each other's tracks."""
    return GROUPS.get(label, label)


def step(tracks: Tracks, seen: Sequence[Seen], now_us: int, policy: TrackPolicy) -> Step:
    """Take the boxes of the next frame; `tracks` is changed in place."""
    dt_s = 0.0 if tracks.now_us is None else max(0.0, (now_us - tracks.now_us) / 1e6)
    before_us, tracks.now_us = tracks.now_us, now_us
    tracks.period_s += 0.2 * (min(dt_s, 3 * tracks.period_s) - tracks.period_s) if tracks.period_s else dt_s
    ended = give_up(tracks, now_us, policy)
    for track in tracks.live:
        track.followed = track.seen_us == before_us
        track.predict(dt_s, tracks.period_s)
    owner: dict[int, _Track] = {}
    for group in sorted({group_of(s.label) for s in seen}):
        _associate(tracks, seen, group, policy, owner)
    for index, track in owner.items():
        track.take(seen[index], now_us)
        if not track.name and track.hits >= policy.hits_min:
            tracks.names.given += 1
            track.name = f"{tracks.epoch}-{tracks.names.given}"
    for track in tracks.live:
        if track.seen_us < now_us:
            track.motion.hold_size()
    ended += _keep(tracks, lambda track: track.seen_us == now_us or not _outside(track.motion.box, tracks))
    _begin(tracks, seen, owner, now_us, policy)
    taken = tuple(_taken(owner.get(index)) for index in range(len(seen)))
    return Step(taken=taken, ended=ended)


def rest(tracks: Tracks, span_us: int) -> None:
    """Let a span pass in which nothing changed in the picture; call before the look that follows it."""
    if tracks.now_us is not None:
        tracks.now_us += span_us
    for track in tracks.live:
        track.seen_us += span_us


def give_up(tracks: Tracks, now_us: int, policy: TrackPolicy) -> tuple[str, ...]:
    """End the tracks that were not seen for too long; by itself where the detector was asked and did not answer."""
    return _keep(tracks, lambda track: (now_us - track.seen_us) / 1e6 <= _patience_s(track, tracks, policy))


def _taken(track: _Track | None) -> Taken:
    return Taken(track=track.name, label=track.label) if track is not None and track.name else Taken()


def _associate(tracks: Tracks, seen: Sequence[Seen], group: str, policy: TrackPolicy, owner: dict[int, _Track]) -> None:
    """Match the boxes of a group: strong to confirmed, weak to what the look before had found, strong to tentative."""
    strong = [i for i, s in enumerate(seen) if group_of(s.label) == group and s.confidence >= policy.strong_min]
    weak = [i for i, s in enumerate(seen) if group_of(s.label) == group and s.confidence < policy.strong_min]
    named = [t for t in tracks.live if t.group == group and t.name]
    fresh = [t for t in tracks.live if t.group == group and not t.name]
    owner.update(_match(named, seen, strong, policy))
    taken = {id(t) for t in owner.values()}
    rest = [t for t in named if id(t) not in taken and t.followed]
    owner.update(_match_weak(rest, seen, weak, policy))
    owner.update(_match(fresh, seen, [i for i in strong if i not in owner], policy))


def _match(
    candidates: list[_Track], seen: Sequence[Seen], indices: list[int], policy: TrackPolicy
) -> dict[int, _Track]:
    """Assign boxes to tracks by overlap and distance, within the reach of each track's motion."""
    if not candidates or not indices:
        return {}
    predicted = np.array([t.motion.box for t in candidates])
    boxes = np.array([seen[i].box for i in indices])
    _, giou = overlaps(predicted, boxes)
    cost = (1.0 - giou) / 2.0
    cost[giou < policy.giou_min] = FORBIDDEN
    cost[_too_far(candidates, predicted, boxes, policy)] = FORBIDDEN
    return _assign(candidates, indices, cost)


def _match_weak(
    candidates: list[_Track], seen: Sequence[Seen], indices: list[int], policy: TrackPolicy
) -> dict[int, _Track]:
    """Let weak boxes continue tracks that they overlap well."""
    if not candidates or not indices:
        return {}
    iou, _ = overlaps(np.array([t.motion.box for t in candidates]), np.array([seen[i].box for i in indices]))
    cost = 1.0 - iou
    cost[iou < policy.weak_iou_min] = FORBIDDEN
    return _assign(candidates, indices, cost)


def _too_far(
    candidates: list[_Track],
    predicted: npt.NDArray[np.float64],
    boxes: npt.NDArray[np.float64],
    policy: TrackPolicy,
) -> npt.NDArray[np.bool_]:
    """Pairs whose centres are further apart than the motion allows, or whose areas differ too much."""
    reach = np.array([t.motion.reach for t in candidates])
    centres = (predicted[:, None, :2] + predicted[:, None, 2:]) / 2 - (boxes[None, :, :2] + boxes[None, :, 2:]) / 2
    sigmas = np.hypot(centres[..., 0] / reach[:, None, 0], centres[..., 1] / reach[:, None, 1])
    ratio = np.abs(np.log(_areas(predicted)[:, None] / _areas(boxes)[None, :]))
    allowed = np.array([policy.sizes_max * t.motion.size + t.slack for t in candidates])
    astray = np.hypot(centres[..., 0], centres[..., 1]) > allowed[:, None]
    far: npt.NDArray[np.bool_] = (sigmas > policy.sigmas_max) | (ratio > math.log(policy.area_ratio_max)) | astray
    return far


def _assign(candidates: list[_Track], indices: list[int], cost: npt.NDArray[np.float64]) -> dict[int, _Track]:
    """Cheapest assignment that uses no forbidden pair."""
    _, columns, _ = lap.lapjv(np.ascontiguousarray(cost), extend_cost=True, cost_limit=FORBIDDEN / 2)
    return {indices[column]: candidates[row] for row, column in enumerate(columns) if column >= 0}


def _keep(tracks: Tracks, good: Callable[[_Track], bool]) -> tuple[str, ...]:
    """Drop the tracks that are not good; the confirmed among them are named."""
    ended = tuple(track.name for track in tracks.live if track.name and not good(track))
    tracks.live = [track for track in tracks.live if good(track)]
    return ended


def _patience_s(track: _Track, tracks: Tracks, policy: TrackPolicy) -> float:
    """How long a track may go unseen: at rates of a look in seconds, for a look or two more."""
    return max(policy.lost_s if track.name else policy.tentative_s, 2.5 * tracks.period_s)


def _outside(box: PixelBox, tracks: Tracks) -> bool:
    """Whether the centre of a box has left the picture."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return not (0 <= x <= tracks.width and 0 <= y <= tracks.height)


def _begin(tracks: Tracks, seen: Sequence[Seen], owner: dict[int, _Track], now_us: int, policy: TrackPolicy) -> None:
    """Begin tracks with strong boxes that nobody took and that are no second box of a thing already taken."""
    free = [i for i, s in enumerate(seen) if i not in owner and s.confidence >= policy.start_min]
    for index in sorted(free, key=lambda i: -seen[i].confidence):
        group = group_of(seen[index].label)
        taken = [seen[i].box for i, t in owner.items() if t.group == group]
        if taken:
            iou, _ = overlaps(np.array([seen[index].box]), np.array(taken))
            if iou.max() >= policy.twin_iou_min:
                continue
        track = _Track(seen[index], now_us)
        tracks.live.append(track)
        owner[index] = track


def overlaps(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """IoU and generalised IoU, float64 [len(a), len(b)] each, of boxes [n, 4] as x1, y1, x2, y2."""
    if len(a) * len(b) <= FEW:
        pairs = np.array([[_overlap(one, two) for two in b.tolist()] for one in a.tolist()])
        return pairs[..., 0], pairs[..., 1]
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    union = _areas(a)[:, None] + _areas(b)[None, :] - shared
    hull_low = np.minimum(a[:, None, :2], b[None, :, :2])
    hull_high = np.maximum(a[:, None, 2:], b[None, :, 2:])
    hull = np.prod(hull_high - hull_low, axis=2)
    iou = shared / union
    return iou, iou - (hull - union) / hull


def _overlap(a: list[float], b: list[float]) -> tuple[float, float]:
    """IoU and generalised IoU of two boxes: numpy is slow on few numbers."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = wide * high if wide > 0 and high > 0 else 0.0
    union = _area(a) + _area(b) - shared
    hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    iou = shared / union
    return iou, iou - (hull - union) / hull


def _area(box: list[float]) -> float:
    return max(1e-3, box[2] - box[0]) * max(1e-3, box[3] - box[1])


def _areas(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    areas: npt.NDArray[np.float64] = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 1e-3, None), axis=1)
    return areas
