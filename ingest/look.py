"""One look at a camera: boxes become tracks, a report and the choice of shots. Pure: no I/O, no clock.

Rules
- The tracker sees every box, the weak ones too; the class floor decides afterwards what is published.
- Each detector has a tracker of its own: what one sees neither continues nor covers what another saw.
- A report is written for every looked-at frame; without detections it says "looked, nothing".
- `seq` counts reports of an epoch without gaps: a gap in the stream is a loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ingest import shots, track
from ingest.clock import Clock
from ingest.config import IngestSettings, PictureSettings
from ingest.contract import (
    Box,
    Camera,
    Detection,
    DetectorPlan,
    FrameReport,
    FrameShotPolicy,
    FrameStamp,
    IngestPlan,
    Point,
    Shot,
    ShotPolicy,
)
from ingest.detector import relative
from ingest.gate import GatePolicy
from ingest.health import settings_for
from model_repository.contract import DETECTOR, ModelRef

POLICY = track.TrackPolicy()
FPS_MIN, FPS_MAX = 0.1, 30.0
EVERY_S_MIN = 0.2


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a camera now: its plan over its settings over the defaults."""

    fps: float
    floor: Mapping[str, float]
    policies: tuple[ShotPolicy, ...] = ()
    areas: tuple[FrameShotPolicy, ...] = ()
    detectors: tuple[DetectorPlan, ...] = ()
    """Further ones, each once."""
    masks: tuple[tuple[Point, ...], ...] = ()
    ignored: tuple[tuple[Point, ...], ...] = ()
    gate: GatePolicy | None = None
    picture: PictureSettings | None = None
    """When its pictures count as bad; None = they are not checked."""
    enlarge: float = 1.15


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The frame that was looked at: when, by whose clock, its size in pixels, and by which model."""

    captured_us: int
    clock: Clock
    size: tuple[int, int]
    model: ModelRef
    before_us: int = 0
    """Stamp of the look before, those at which nothing had changed among them."""
    full: tuple[int, int] | None = None
    """Size of the pictures that crops are cut from, where it is another stream's."""


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a further detector that was asked saw on the frame; `seen` None = it did not answer."""

    ensemble: str
    model: ModelRef = ModelRef(name="")
    seen: tuple[track.Seen, ...] | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    report: FrameReport
    picks: tuple[shots.Pick, ...]


def rules(
    settings: IngestSettings, camera: Camera, plan: IngestPlan | None, picture: PictureSettings | None = None
) -> Rules:
    """Function over camera over config.ini (DESIGN, "Which setting wins")."""
    plan = plan or IngestPlan(camera=camera.id)
    floor = plan.class_floor or dict.fromkeys(settings.class_list, settings.confidence_ratio)
    return Rules(
        fps=min(FPS_MAX, max(FPS_MIN, plan.analysis_fps or camera.analysis_fps or settings.analysis_fps)),
        floor=floor,
        policies=plan.shots,
        areas=tuple(area for policy in plan.frame_shots if (area := _area(policy)) is not None),
        detectors=tuple({each.ensemble: each for each in plan.detectors if each.ensemble != DETECTOR}.values()),
        masks=_polygons((*camera.privacy_masks, *plan.masks)),
        ignored=_polygons(camera.motion_masks),
        gate=_gate(settings, plan),
        picture=settings_for(picture, camera.picture) if picture is not None and picture.enabled else None,
        enlarge=settings.bounding_box,
    )


def _polygons(areas: Sequence[Sequence[Point]]) -> tuple[tuple[Point, ...], ...]:
    return tuple(tuple(_inside(point) for point in area) for area in areas if len(area) >= 3)


def _area(policy: FrameShotPolicy) -> FrameShotPolicy | None:
    """A fixed area within the frame, not more often than sense makes; None where nothing of the frame is in it."""
    (x1, y1), (x2, y2) = _inside(policy.area[:2]), _inside(policy.area[2:])
    if x2 <= x1 or y2 <= y1:
        return None
    return msgspec.structs.replace(policy, area=(x1, y1, x2, y2), every_s=max(EVERY_S_MIN, policy.every_s))


def _gate(settings: IngestSettings, plan: IngestPlan) -> GatePolicy | None:
    if not settings.motion_gate or plan.every_look:
        return None
    return GatePolicy(levels=settings.motion_levels, still_us=round(1e6 / settings.still_fps))


def _inside(point: Point) -> Point:
    """A corner of a mask, put back into the frame where somebody wrote it outside."""
    return min(1.0, max(0.0, point[0])), min(1.0, max(0.0, point[1]))


class Looker:
    """State of a camera's looks: trackers, shots taken, counter of reports."""

    def __init__(self, camera: str, epoch: int) -> None:
        self._camera, self._epoch, self._seq = camera, epoch, 0
        self._names = track.Names()
        self._tracks = self._tracker()
        self._further: dict[str, track.Tracks] = {}
        self._unsettled = False
        self._book = shots.ShotBook()

    @property
    def restless(self) -> bool:
        """Whether the next frame is needed even if nothing changes: a track is new, or was not found in the last."""
        return self._tracks.restless or self._unsettled

    @property
    def tracks_live(self) -> int:
        """Tracks alive, tentative ones included."""
        return sum(len(tracks.live) for tracks in (self._tracks, *self._further.values()))

    def look(self, seen: Sequence[track.Seen], moment: Moment, rules: Rules, glances: Sequence[Glance] = ()) -> Look:
        """Take the boxes of one frame; `glances`: what came of asking further detectors, those that were due."""
        self._rest(moment)
        step = self._step(self._tracks, seen, moment)
        first = _published(seen, step, moment.size, rules.floor)
        further, ended = self._take(glances, moment, rules)
        ended = step.ended + ended
        self._book.forget(ended)
        self._seq += 1
        stamp = FrameStamp(
            camera=self._camera,
            epoch=self._epoch,
            seq=self._seq,
            captured_at_us=moment.captured_us,
            clock=moment.clock,
        )
        report = FrameReport(
            stamp=stamp,
            detections=tuple(detection for found in (first, *further.values()) for detection in found),
            ended_tracks=ended,
            model=moment.model,
            width=moment.size[0],
            height=moment.size[1],
            before_us=moment.before_us,
            further={glance.ensemble: glance.model for glance in glances if glance.ensemble in further},
        )
        return Look(report=report, picks=tuple(self._picks((first, *further.values()), moment, rules)))

    def _tracker(self) -> track.Tracks:
        return track.Tracks(epoch=self._epoch, width=0, height=0, names=self._names)

    def _rest(self, moment: Moment) -> None:
        """Nothing changed from the last look until `before_us`: no tracker counts that time."""
        before_us = self._tracks.now_us
        if before_us is not None and moment.before_us > before_us:
            for tracks in (self._tracks, *self._further.values()):
                track.rest(tracks, moment.before_us - before_us)

    def _step(self, tracks: track.Tracks, seen: Sequence[track.Seen], moment: Moment) -> track.Step:
        tracks.width, tracks.height = moment.size
        return track.step(tracks, seen, moment.captured_us, POLICY)

    def _take(
        self, glances: Sequence[Glance], moment: Moment, rules: Rules
    ) -> tuple[dict[str, tuple[Detection, ...]], tuple[str, ...]]:
        """Boxes of further detectors: what is published of each that answered, and the tracks that ended."""
        plans = {plan.ensemble: plan for plan in rules.detectors}
        ended: tuple[str, ...] = ()
        for gone in sorted(self._further.keys() - plans.keys()):
            ended += tuple(each.name for each in self._further.pop(gone).live if each.name)
        found: dict[str, tuple[Detection, ...]] = {}
        self._unsettled = False
        for glance in glances:
            if glance.ensemble not in plans:
                continue  # the plan has changed while it was asked
            tracks = self._further.setdefault(glance.ensemble, self._tracker())
            if glance.seen is None:
                ended += track.give_up(tracks, moment.captured_us, POLICY)
                continue
            step = self._step(tracks, glance.seen, moment)
            ended += step.ended
            self._unsettled = self._unsettled or tracks.restless
            floor = plans[glance.ensemble].class_floor
            found[glance.ensemble] = _published(glance.seen, step, moment.size, floor, glance.ensemble)
        return found, ended

    def _picks(self, found: Sequence[Sequence[Detection]], moment: Moment, rules: Rules) -> Iterator[shots.Pick]:
        """Shots of this frame; each detector's boxes by themselves."""
        size = moment.full or moment.size
        for detections in found:
            candidates = [
                shots.Candidate(track=d.track, label=d.label, box=d.box, confidence=d.confidence)
                for d in detections
                if d.track
            ]
            yield from shots.pick(self._book, rules.policies, candidates, size, moment.captured_us)
        yield from shots.pick_areas(self._book, rules.areas, moment.captured_us)


def _published(
    seen: Sequence[track.Seen],
    step: track.Step,
    size: tuple[int, int],
    floor: Mapping[str, float],
    detector: str = "",
) -> tuple[Detection, ...]:
    """The boxes as they go out; those that the floor keeps back are left out."""
    return tuple(
        Detection(
            box=relative(box.box, size),
            label=label,
            confidence=round(box.confidence, 4),
            track=taken.track,
            label_seen=box.label if box.label != label else "",
            detector=detector,
        )
        for box, taken in zip(seen, step.taken, strict=True)
        if (label := taken.label or box.label) in floor and box.confidence >= floor[label]
    )


def shot_id(pick: shots.Pick, stamp: FrameStamp) -> str:
    """`<camera>.<track>.<recogniser>.<n>`; of a fixed area `<camera>.<epoch>.<recogniser>.<seq>`.

    Where one recogniser has several fixed areas on one frame, the second ends in `<seq>-1`.
    """
    if pick.candidate.track:
        return f"{stamp.camera}.{pick.candidate.track}.{pick.recogniser}.{pick.ordinal}"
    beside = f"-{pick.beside}" if pick.beside else ""
    return f"{stamp.camera}.{stamp.epoch}.{pick.recogniser}.{stamp.seq}{beside}"


def shot(pick: shots.Pick, stamp: FrameStamp, cut: Box, jpeg: bytes, size: tuple[int, int]) -> Shot:
    """The message of a shot; its id is a function of what it shows."""
    return Shot(
        shot_id=shot_id(pick, stamp),
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
