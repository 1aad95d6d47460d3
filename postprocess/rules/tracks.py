"""Tracks against lines, and tracks joined over a restart. Pure: no I/O, no clock.

Rules
- A track is on a side of a line when its foot (bottom centre of the box) is at least a band away from it; inside the
  band it keeps its last clear side. It crossed when it was clearly on one side, is clearly on the other, and its
  last step over the endless line went between a and b. Jitter at the line can't make two crossings.
- The tracker's identity is believed. A track cut by the end of its epoch (restart, takeover) or by a span of not
  looking is continued by a new track that begins within `join_us` near where it was expected to be.
- A track cut between the line and its band has crossed if it was on its way out of the band, and had been for some
  looks: nobody will see the rest, and one jump of a box is none.
- What is first seen within the band, right after a span of not looking, is on the side where its foot is: it was
  clearly there while nobody looked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from ingest.contract import Box, Detection, FrameReport, Point
from postprocess.contract import Line
from postprocess.geometry import bottom_centre, crossing, distance, overlap
from postprocess.rules.scene import FollowPolicy, Hit, Moved, Note, Scene, Side, Track, track_key

BAND_OF_HEIGHT = 0.04
SPEED_SMOOTHING = 0.5
TREND_S = 2.0
SETTLE_S = 0.5
RESUMED_US = 1_000_000
SAME_OVERLAP_MIN = 0.5
JOIN_WAY_SHARE = 0.25
JOIN_SIZE_RATIO_MIN = 0.4


def follow(scene: Scene, report: FrameReport, policy: FollowPolicy) -> Iterator[Moved | Note]:
    """Take a frame: yields what every track did, one after the other, those that are being cut first.

    The scene is as of the thing yielded, so that the caller may change it in between.
    """
    stamp, aspect = report.stamp, report.width / max(1, report.height)
    refusal = refused(scene, report)
    if refusal is not None:
        yield refusal
        return
    if stamp.epoch > scene.epoch or unlooked_us(scene, report, policy) > 0:
        yield from _cut(scene, aspect, policy)
        scene.resumed_us, scene.unnamed = stamp.captured_at_us, []
    scene.epoch, scene.seq = stamp.epoch, stamp.seq
    scene.looked_us = max(scene.looked_us, stamp.captured_at_us)
    scene.now_us = max(scene.now_us, stamp.captured_at_us)
    wanted = [found for found in report.detections if _counts(found, policy)]
    # Tracks that go on by themselves come first: a cut one must not be continued by a stranger.
    for found in sorted(wanted, key=lambda found: track_key(stamp.epoch, found.track) not in scene.tracks):
        yield _move(scene, report, found, aspect, policy)
    for name in report.ended_tracks:
        track = scene.tracks.get(track_key(stamp.epoch, name))
        if track is not None:
            track.ended_us = scene.now_us
    fresh = report.detections if stamp.captured_at_us <= scene.resumed_us + RESUMED_US else ()
    scene.unnamed = [found.box for found in fresh if _own(found, policy) and not found.track]
    scene.unnamed_us = stamp.captured_at_us


def refused(scene: Scene, report: FrameReport) -> Note | None:
    """Why a frame is not taken: an older epoch, or one that has been taken already."""
    if report.stamp.epoch < scene.epoch:
        return Note(kind="stale_epoch")
    if report.stamp.epoch == scene.epoch and report.stamp.seq <= scene.seq:
        return Note(kind="repeated_frame")
    return None


def unlooked_us(scene: Scene, report: FrameReport, policy: FollowPolicy) -> int:
    """How long nobody had looked when a frame came; 0 for a pause of up to `gap_us`."""
    pause_us = report.stamp.captured_at_us - max(scene.looked_us, report.before_us)
    return pause_us if pause_us > policy.gap_us else 0


def _counts(found: Detection, policy: FollowPolicy) -> bool:
    return _own(found, policy) and bool(found.track)


def _own(found: Detection, policy: FollowPolicy) -> bool:
    own = found.detector == policy.detector and found.confidence >= policy.confidence_min
    return own and found.label in policy.labels


def _cut(scene: Scene, aspect: float, policy: FollowPolicy) -> Iterator[Moved]:
    """Nobody looked since the frame before: decide what was under way at a line, then cut."""
    for track in [track for track in scene.tracks.values() if track.ended_us is None]:
        hits = settle(track, aspect, policy)
        if hits:
            yield Moved(track=track, found=None, hits=tuple(hits))
    for track in scene.tracks.values():  # it may be continued, by its own track or by another
        if track.ended_us is None:
            track.ended_us, track.cut = track.seen_us, True


def _move(scene: Scene, report: FrameReport, found: Detection, aspect: float, policy: FollowPolicy) -> Moved:
    at_us, key = report.stamp.captured_at_us, track_key(report.stamp.epoch, found.track)
    track, joined = scene.tracks.get(key), False
    if track is None:
        before = predecessor(scene, found.box, at_us, aspect, policy)
        track, joined = begin(report.stamp.epoch, found, at_us, before), before is not None
        scene.tracks[key] = track
        if before is None and at_us <= scene.resumed_us + RESUMED_US:
            _came(scene, track, aspect, policy)
    hits = advance(track, found, at_us, aspect, policy)
    return Moved(track=track, found=found, hits=tuple(hits), joined=joined)


def _came(scene: Scene, track: Track, aspect: float, policy: FollowPolicy) -> None:
    """A track that begins right after a span of not looking: it comes from where the look before saw it unnamed."""
    before = max(scene.unnamed, key=lambda box: overlap(box, track.box), default=None)
    if before is not None and overlap(before, track.box) >= SAME_OVERLAP_MIN and _alike(before, track.box):
        track.point, track.seen_us = bottom_centre(before), scene.unnamed_us
    track.sides = {line.id: Side(side=_half(line, track.point, aspect)) for line in policy.lines}


def advance(track: Track, found: Detection, at_us: int, aspect: float, policy: FollowPolicy) -> list[Hit]:
    """Move a track to where it was found; returns the lines it has now crossed."""
    point = bottom_centre(found.box)
    band = policy.band + BAND_OF_HEIGHT * (found.box[3] - found.box[1])
    at_us = max(at_us, track.seen_us)
    hits = [hit for line in policy.lines if (hit := _cross(track, line, (point, at_us), aspect, band)) is not None]
    elapsed_s = (at_us - track.seen_us) / 1e6
    if elapsed_s > 0:
        speed = ((point[0] - track.point[0]) / elapsed_s, (point[1] - track.point[1]) / elapsed_s)
        track.velocity = _towards(track.velocity, speed, SPEED_SMOOTHING)
        track.trend = _towards(track.trend, speed, 1.0 - math.exp(-elapsed_s / TREND_S))
    track.point, track.box, track.seen_us, track.ended_us, track.cut = point, found.box, at_us, None, False
    return hits


def settle(track: Track, aspect: float, policy: FollowPolicy) -> list[Hit]:
    """The crossings of a track that is being cut: it stood beyond a line and was about to leave the band."""
    x, y = track.point
    ahead = (x + track.velocity[0] * SETTLE_S, y + track.velocity[1] * SETTLE_S)
    went = (x + track.trend[0], y + track.trend[1])
    band = policy.band + BAND_OF_HEIGHT * (track.box[3] - track.box[1])
    hits = []
    for line in policy.lines:
        memory, segment = track.sides.get(line.id, Side()), (line.a, line.b)
        side = _half(line, track.point, aspect)
        leaves = distance(segment, ahead, aspect) * side >= band
        steady = distance(segment, went, aspect) * side > distance(segment, track.point, aspect) * side
        if memory.side == -side and memory.hit_within and leaves and steady:
            memory.side = side
            hits.append(Hit(line=line, forward=side > 0, at_us=memory.hit_us))
    return hits


def _cross(track: Track, line: Line, now: tuple[Point, int], aspect: float, band: float) -> Hit | None:
    point, at_us = now
    segment = (line.a, line.b)
    memory = track.sides.setdefault(line.id, Side())
    step = crossing(segment, track.point, point)
    if step is not None:
        memory.hit_us = track.seen_us + round((at_us - track.seen_us) * step[0])
        memory.hit_within = 0.0 <= step[1] <= 1.0
    away = distance(segment, point, aspect)
    if abs(away) < band:
        return None
    before, memory.side = memory.side, 1 if away > 0 else -1
    if before in (0, memory.side) or not memory.hit_within:
        return None
    return Hit(line=line, forward=memory.side > 0, at_us=memory.hit_us)


def _towards(old: Point, new: Point, share: float) -> Point:
    return (old[0] + (new[0] - old[0]) * share, old[1] + (new[1] - old[1]) * share)


def _half(line: Line, point: Point, aspect: float) -> Literal[-1, 1]:
    """Which half a point is in, however near to the line."""
    return 1 if distance((line.a, line.b), point, aspect) > 0 else -1


def predecessor(scene: Scene, box: Box, at_us: int, aspect: float, policy: FollowPolicy) -> Track | None:
    """The cut track that a new one continues: nearest to its expected place, of like size; None where there is none."""
    nearest: tuple[float, str] | None = None
    for key, track in scene.tracks.items():
        away = _off_place(track, box, at_us, aspect, policy)
        if away is not None and (nearest is None or (away, key) < nearest):
            nearest = (away, key)
    return None if nearest is None else scene.tracks[nearest[1]]


def _off_place(track: Track, box: Box, at_us: int, aspect: float, policy: FollowPolicy) -> float | None:
    gap_us = at_us - track.seen_us
    if not track.cut or not 0 <= gap_us <= policy.join_us or not _alike(track.box, box):
        return None
    way = (track.velocity[0] * gap_us / 1e6, track.velocity[1] * gap_us / 1e6)
    foot = bottom_centre(box)
    away = math.hypot((foot[0] - track.point[0] - way[0]) * aspect, foot[1] - track.point[1] - way[1])
    allowed = policy.join_distance + JOIN_WAY_SHARE * math.hypot(way[0] * aspect, way[1])
    return away if away <= allowed else None


def _alike(one: Box, two: Box) -> bool:
    heights = sorted((one[3] - one[1], two[3] - two[1]))
    return heights[0] >= JOIN_SIZE_RATIO_MIN * heights[1]


def begin(epoch: int, found: Detection, at_us: int, before: Track | None) -> Track:
    """A new track; one that continues another takes over its place, its sides, its root and its subject."""
    foot = bottom_centre(found.box)
    key = track_key(epoch, found.track)
    track = Track(epoch=epoch, name=found.track, root=key, subject=key, point=foot, box=found.box, seen_us=at_us)
    if before is not None:
        before.cut = False
        track.root, track.subject = before.root, before.subject
        track.sides, before.sides = before.sides, {}
        track.point, track.seen_us = before.point, before.seen_us
        track.velocity, track.trend = before.velocity, before.trend
    return track
