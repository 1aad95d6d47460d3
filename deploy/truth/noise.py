"""What a detector and a tracker that err make of a scene: frame reports. Pure: no I/O, no clock; chance by seed.

Rules
- Things in front hide those behind; boxes are missed and shaken; tracks break, change owners where two meet, and double
  for a moment; boxes stand where nothing is. As the tracker of `ingest` does, a track that was not seen for 1.5 s ends.
"""

from __future__ import annotations

import random

import msgspec

from deploy.truth.scenes import HEIGHT, WIDTH, Scene, box_of, covered
from ingest.contract import Box, Detection, FrameReport, FrameStamp, Point
from model_repository.contract import ModelRef

CAMERA = "cam-1"
MODEL = ModelRef(name="made-up", version="1", sha256="0" * 8)
LOST_S = 1.5


class Noise(msgspec.Struct, frozen=True, kw_only=True):
    """How a detector and a tracker err."""

    miss: float = 0.1
    """Of all boxes."""
    jitter: float = 0.03
    """Standard deviation of each edge, of the box's size."""
    breaks_per_min: float = 2.0
    """A track ends and another goes on, per thing."""
    swap: float = 0.1
    """Two things whose boxes come to lie over each other change tracks."""
    false_per_s: float = 0.2
    """Boxes where nothing is; each for up to three looks."""
    doubles_per_min: float = 1.0
    """A second box on the same thing for up to a second, per thing."""
    hidden_part: float = 0.6
    """A box of which more than this is hidden is missed."""


QUIET = Noise(miss=0.0, jitter=0.0, breaks_per_min=0.0, swap=0.0, false_per_s=0.0, doubles_per_min=0.0, hidden_part=1.1)


def reports(
    scene: Scene, noise: Noise, seed: int, *, fps: float = 5.0, t0_us: int, detector: str = "", every: int = 1
) -> list[FrameReport]:
    """The frames of a scene; with `detector` its boxes are those of a further one, which looks at every `every`-th."""
    tracker = _Tracker(noise, random.Random(seed), fps)
    found: list[FrameReport] = []
    for number in range(round(scene.seconds * fps)):
        at_s, looked = number / fps, number % every == 0
        detections, ended = tracker.look(scene, at_s, detector) if looked else ((), ())
        found.append(
            FrameReport(
                stamp=FrameStamp(camera=CAMERA, epoch=1, seq=number, captured_at_us=t0_us + round(at_s * 1e6)),
                detections=detections,
                ended_tracks=ended,
                model=MODEL,
                width=WIDTH,
                height=HEIGHT,
                further={detector: MODEL} if detector and looked else {},
            )
        )
    return found


class _Tracker:
    def __init__(self, noise: Noise, chance: random.Random, fps: float) -> None:
        self._noise, self._chance, self._fps = noise, chance, fps
        self._named = 0
        self._tracks: dict[str, str] = {}
        self._doubles: dict[str, tuple[str, float]] = {}
        self._false: list[tuple[str, Box, int]] = []
        self._met: set[tuple[str, str]] = set()
        self._seen_s: dict[str, float] = {}

    def look(self, scene: Scene, at_s: float, detector: str) -> tuple[tuple[Detection, ...], tuple[str, ...]]:
        """One frame: what is found, and the tracks that end with it."""
        feet = {w.name: foot for w in scene.walks if (foot := w.foot(at_s)) is not None}
        self._change_owners(feet)
        labels = {walk.name: walk.label for walk in scene.walks}
        found: list[Detection] = []
        for name, foot in feet.items():
            if self._chance.random() < self._noise.breaks_per_min / 60 / self._fps:
                self._tracks.pop(name, None)
            if self._missed(name, feet):
                continue
            track = self._tracks.setdefault(name, "") or self._new(name)
            found.append(self._detection(box_of(foot), labels[name], track, detector))
            found += self._double(name, foot, labels[name], at_s, detector)
        found += self._nothings(detector)
        for each in found:
            self._seen_s[each.track] = at_s
        ended = tuple(track for track, seen_s in self._seen_s.items() if at_s - seen_s > LOST_S)
        self._end(ended)
        return tuple(found), ended

    def _new(self, name: str) -> str:
        self._named += 1
        self._tracks[name] = f"1-{self._named}"
        return self._tracks[name]

    def _end(self, ended: tuple[str, ...]) -> None:
        for track in ended:
            del self._seen_s[track]
        self._tracks = {name: track for name, track in self._tracks.items() if track not in ended}

    def _missed(self, name: str, feet: dict[str, Point]) -> bool:
        box = box_of(feet[name])
        others = [box_of(foot) for other, foot in feet.items() if other != name and foot[1] > feet[name][1]]
        hidden = any(covered(box, other) > self._noise.hidden_part for other in others)
        return hidden or self._chance.random() < self._noise.miss

    def _change_owners(self, feet: dict[str, Point]) -> None:
        """Where two come to lie over each other, their tracks may be taken one for the other."""
        names = sorted(feet)
        for one, two in ((a, b) for a in names for b in names if a < b):
            meet = covered(box_of(feet[one]), box_of(feet[two])) > 0.4
            begins = meet and (one, two) not in self._met and {one, two} <= self._tracks.keys()
            if begins and self._chance.random() < self._noise.swap:
                self._tracks[one], self._tracks[two] = self._tracks[two], self._tracks[one]
            (self._met.add if meet else self._met.discard)((one, two))

    def _double(self, name: str, foot: Point, label: str, at_s: float, detector: str) -> list[Detection]:
        if self._chance.random() < self._noise.doubles_per_min / 60 / self._fps:
            self._named += 1
            self._doubles[name] = (f"1-{self._named}", at_s + self._chance.uniform(0.2, 1.0))
        track, until_s = self._doubles.get(name, ("", 0.0))
        return [self._detection(box_of(foot), label, track, detector)] if at_s <= until_s else []

    def _nothings(self, detector: str) -> list[Detection]:
        if self._chance.random() < self._noise.false_per_s / self._fps:
            self._named += 1
            foot = (self._chance.uniform(0.05, 0.95), self._chance.uniform(0.3, 0.95))
            self._false.append((f"1-{self._named}", box_of(foot), self._chance.randint(1, 3)))
        found = [self._detection(box, "person", track, detector) for track, box, _ in self._false]
        self._false = [(track, box, left - 1) for track, box, left in self._false if left > 1]
        return found

    def _detection(self, box: Box, label: str, track: str, detector: str) -> Detection:
        wide, tall = box[2] - box[0], box[3] - box[1]
        shaken = tuple(
            edge + self._chance.gauss(0.0, self._noise.jitter) * (tall if number % 2 else wide)
            for number, edge in enumerate(box)
        )
        x1, y1, x2, y2 = (min(1.0, max(0.0, edge)) for edge in shaken)
        confidence = round(self._chance.uniform(0.55, 0.95), 4)
        return Detection(box=(x1, y1, x2, y2), label=label, confidence=confidence, track=track, detector=detector)
