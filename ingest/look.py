"""One look at a camera: boxes become tracks, a report and the choice of shots. Pure: no I/O, no clock.

Rules
- The tracker sees every box, the weak ones too; the class floor decides afterwards what is published.
- A report is written for every looked-at frame; without detections it says "looked, nothing".
- `seq` counts reports of an epoch without gaps: a gap in the stream is a loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ingest import shots, track
from ingest.clock import Clock
from ingest.config import IngestSettings
from ingest.contract import Camera, Detection, FrameReport, FrameStamp, IngestPlan, Point, Shot, ShotPolicy
from ingest.detector import relative
from ingest.gate import GatePolicy
from model_repository.contract import ModelRef

POLICY = track.TrackPolicy()
FPS_MIN, FPS_MAX = 0.1, 30.0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a camera now: its plan over its settings over the defaults."""

    fps: float
    floor: Mapping[str, float]
    policies: tuple[ShotPolicy, ...] = ()
    masks: tuple[tuple[Point, ...], ...] = ()
    ignored: tuple[tuple[Point, ...], ...] = ()
    gate: GatePolicy | None = None
    enlarge: float = 1.15


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The frame that was looked at: when, by whose clock, its size in pixels, and by which model."""

    captured_us: int
    clock: Clock
    size: tuple[int, int]
    model: ModelRef
    before_us: int = 0
    """Stamp of the look before, those at which nothing had changed among them."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    report: FrameReport
    picks: tuple[shots.Pick, ...]


def rules(settings: IngestSettings, camera: Camera, plan: IngestPlan | None) -> Rules:
    """Function over camera over config.ini (DESIGN, "Which setting wins")."""
    plan = plan or IngestPlan(camera=camera.id)
    floor = plan.class_floor or dict.fromkeys(settings.class_list, settings.confidence_ratio)
    return Rules(
        fps=min(FPS_MAX, max(FPS_MIN, plan.analysis_fps or camera.analysis_fps or settings.analysis_fps)),
        floor=floor,
        policies=plan.shots,
        masks=_polygons(plan.masks),
        ignored=_polygons(camera.motion_masks),
        gate=_gate(settings, plan),
        enlarge=settings.bounding_box,
    )


def _polygons(areas: Sequence[Sequence[Point]]) -> tuple[tuple[Point, ...], ...]:
    return tuple(tuple(_inside(point) for point in area) for area in areas if len(area) >= 3)


def _gate(settings: IngestSettings, plan: IngestPlan) -> GatePolicy | None:
    if not settings.motion_gate or plan.every_look:
        return None
    return GatePolicy(levels=settings.motion_levels, still_us=round(1e6 / settings.still_fps))


def _inside(point: Point) -> Point:
    """A corner of a mask, put back into the frame where somebody wrote it outside."""
    return min(1.0, max(0.0, point[0])), min(1.0, max(0.0, point[1]))


class Looker:
    """State of a camera's looks: tracker, shots taken, counter of reports."""

    def __init__(self, camera: str, epoch: int) -> None:
        self._camera, self._epoch, self._seq = camera, epoch, 0
        self._tracks = track.Tracks(epoch=epoch, width=0, height=0)
        self._book = shots.ShotBook()

    @property
    def restless(self) -> bool:
        """Whether the next frame is needed even if nothing changes: a track is new, or was not found in the last."""
        return self._tracks.restless

    @property
    def tracks_live(self) -> int:
        """Tracks alive, tentative ones included."""
        return len(self._tracks.live)

    def look(self, seen: Sequence[track.Seen], moment: Moment, rules: Rules) -> Look:
        """Take the boxes of one frame."""
        self._tracks.width, self._tracks.height = moment.size
        step = track.step(self._tracks, seen, moment.captured_us, POLICY)
        self._book.forget(step.ended)
        self._seq += 1
        stamp = FrameStamp(
            camera=self._camera,
            epoch=self._epoch,
            seq=self._seq,
            captured_at_us=moment.captured_us,
            clock=moment.clock,
        )
        detections = tuple(
            detection
            for box, taken in zip(seen, step.taken, strict=True)
            if (detection := _published(box, taken, moment.size, rules.floor)) is not None
        )
        report = FrameReport(
            stamp=stamp,
            detections=detections,
            ended_tracks=step.ended,
            model=moment.model,
            width=moment.size[0],
            height=moment.size[1],
            before_us=moment.before_us,
        )
        candidates = [
            shots.Candidate(track=d.track, label=d.label, box=d.box, confidence=d.confidence)
            for d in detections
            if d.track
        ]
        picks = shots.pick(self._book, rules.policies, candidates, moment.size, moment.captured_us)
        return Look(report=report, picks=tuple(picks))


def _published(
    seen: track.Seen, taken: track.Taken, size: tuple[int, int], floor: Mapping[str, float]
) -> Detection | None:
    """The box as it goes out, or None where the floor keeps it back."""
    label = taken.label or seen.label
    if label not in floor or seen.confidence < floor[label]:
        return None
    return Detection(
        box=relative(seen.box, size),
        label=label,
        confidence=round(seen.confidence, 4),
        track=taken.track,
        label_seen=seen.label if seen.label != label else "",
    )


def shot(
    pick: shots.Pick, stamp: FrameStamp, cut: tuple[float, float, float, float], jpeg: bytes, size: tuple[int, int]
) -> Shot:
    """The message of a shot; its id is a function of what it shows."""
    return Shot(
        shot_id=f"{stamp.camera}.{pick.candidate.track}.{pick.recogniser}.{pick.ordinal}",
        stamp=stamp,
        recogniser=pick.recogniser,
        track=pick.candidate.track,
        label=pick.candidate.label,
        box=pick.candidate.box,
        crop=cut,
        jpeg=jpeg,
        width=size[0],
        height=size[1],
        quality=pick.quality,
        ordinal=pick.ordinal,
    )
