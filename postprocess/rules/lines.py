"""Things over directed lines. Pure: no I/O, no clock.

Rules
- The hits of `tracks.follow` count. A track that breaks at a line goes on in the next one that begins near its place
  (of like size, within `bridge_us`): once that has been seen for `ADOPT_US` and the old one has not come back, the
  crossing that fell between them is made up for.
- The same thing over the same line the same way within `echo_us` is an echo; so is a second box on the same thing.
- A U-turn crosses twice, once each way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Line, Read
from postprocess.geometry import bottom_centre, crossing, overlap
from postprocess.rules import alike
from postprocess.rules.cases import CasePolicy, CaseScene
from postprocess.rules.scene import Hit, Input, Moved, Note, Side, Track
from postprocess.rules.visits import watch
from postprocess.rules.zones import Look, Thing, Visited, side

ADOPT_US = 600_000
TWIN_US = 1_000_000
TWIN_OVERLAP_MIN = 0.6
ORIGINS_MAX = 8

Direction = Literal["entry", "exit"]


class LinePolicy(CasePolicy, frozen=True, kw_only=True):
    """Which crossings count."""

    echo_us: int = 3_000_000


class Walker(msgspec.Struct, kw_only=True):
    """What a thing has done at lines."""

    passed: dict[str, int] = {}
    """Line and direction → when last."""
    counts: dict[str, int] = {}
    """Line and direction → how often."""
    settled: bool = False
    """It is known whether it continues another."""
    continued: bool = False
    """Another one continues it."""
    origins: list[str] = []
    """The things that it continues, the first one first."""


class LineScene(CaseScene, kw_only=True):
    """Memory of a rule over lines."""

    walkers: dict[str, Walker] = {}


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """A crossing that counts."""

    line: Line
    direction: Direction
    at_us: int
    root: str
    occurrence: int
    """Of this thing over this line this way."""
    look: Look


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A thing was seen: its track, and the look."""

    track: Track
    thing: Thing
    look: Look


def cross(scene: LineScene, message: Input, policy: LinePolicy) -> Iterator[Seen | Crossed | Visited | Note]:
    """Take an input: yields what was seen and what has crossed by it, and visits to zones; reads change nothing."""
    if isinstance(message, Read):
        return
    for happened in watch(scene, message, policy):
        if not isinstance(happened, Moved):
            yield happened
        elif isinstance(message, FrameReport):
            yield from _moved(scene, message, policy, happened)
    scene.walkers = {root: walker for root, walker in scene.walkers.items() if root in scene.things}


def _moved(scene: LineScene, report: FrameReport, policy: LinePolicy, moved: Moved) -> Iterator[Seen | Crossed | Note]:
    thing = scene.things.get(moved.track.root)
    if thing is None:  # it was forgotten while others were seen
        return
    aspect = report.width / max(1, report.height)
    look = Look(
        track=moved.track.name,
        epoch=moved.track.epoch,
        frame_seq=report.stamp.seq,
        at_us=report.stamp.captured_at_us,
        box=moved.track.box,
        confidence=thing.confidence,
        model=report.model,
    )
    hits = list(moved.hits)
    if moved.found is not None:
        hits += _adopt(scene, moved.track, thing, policy, aspect)
        yield Seen(track=moved.track, thing=thing, look=look)
    for hit in hits:
        if side(thing.box, aspect) >= policy.size_min:
            yield _count(scene, thing, hit, look, policy)


def _count(scene: LineScene, thing: Thing, hit: Hit, look: Look, policy: LinePolicy) -> Crossed | Note:
    direction: Direction = "entry" if hit.forward == (hit.line.entry == "forward") else "exit"
    way, walker = f"{hit.line.id}.{direction}", scene.walkers.setdefault(thing.root, Walker())
    echo = hit.at_us - walker.passed.get(way, hit.at_us - policy.echo_us - 1) <= policy.echo_us
    if echo or _twin(scene, thing, way, hit.at_us):
        walker.passed[way] = hit.at_us
        return Note(kind="echo", subject=thing.root)
    occurrence = walker.counts.get(way, 0)
    walker.counts[way], walker.passed[way] = occurrence + 1, hit.at_us
    return Crossed(
        line=hit.line, direction=direction, at_us=hit.at_us, root=thing.root, occurrence=occurrence, look=look
    )


def _twin(scene: LineScene, thing: Thing, way: str, at_us: int) -> bool:
    """Whether another thing that lies over this one has just made this very crossing: two boxes on one thing."""
    for root, walker in scene.walkers.items():
        other, passed_us = scene.things.get(root), walker.passed.get(way)
        if root == thing.root or other is None or passed_us is None or abs(at_us - passed_us) > TWIN_US:
            continue
        beside = abs(other.seen_us - thing.seen_us) <= alike.BESIDE_US and alike.kin(other, thing)
        if beside and overlap(other.box, thing.box) >= TWIN_OVERLAP_MIN:
            return True
    return False


def _adopt(scene: LineScene, track: Track, thing: Thing, policy: LinePolicy, aspect: float) -> list[Hit]:
    """The crossings that fell between the end of a broken track and the beginning of the one that continues it."""
    walker = scene.walkers.setdefault(thing.root, Walker())
    if walker.settled or thing.seen_us - thing.first_us < ADOPT_US:
        return []
    walker.settled = True
    before = _broken(scene, thing, policy, aspect)
    if before is None:
        return []
    known, origin = scene.walkers.setdefault(before.root, Walker()), scene.things.get(before.root)
    known.continued = True
    walker.origins = [*known.origins, before.root][-ORIGINS_MAX:]
    walker.passed = {**known.passed, **walker.passed}
    if origin is not None:
        thing.travelled += origin.travelled
    return [hit for line in policy.lines if (hit := _between(before, track, thing, line)) is not None]


def _broken(scene: LineScene, thing: Thing, policy: LinePolicy, aspect: float) -> Track | None:
    nearest: tuple[float, str] | None = None
    for key, track in scene.tracks.items():
        other = scene.things.get(track.root)
        gap_us = thing.first_us - track.seen_us
        if other is None or other is thing or not -alike.BESIDE_US <= gap_us <= policy.bridge_us:
            continue
        if other.seen_us > track.seen_us or scene.walkers.get(track.root, Walker()).continued:
            continue
        last = alike.Last(point=track.point, velocity=track.velocity, seen_us=track.seen_us, box=track.box)
        away = alike.gone_to(last, thing, policy, aspect) if alike.kin(other, thing) else None
        if away is not None and (nearest is None or (away, key) < nearest):
            nearest = (away, key)
    return None if nearest is None else scene.tracks[nearest[1]]


def _between(before: Track, track: Track, thing: Thing, line: Line) -> Hit | None:
    old, new = before.sides.get(line.id), track.sides.setdefault(line.id, Side())
    if old is None or old.side == 0:
        return None
    hit_us, within = old.hit_us, old.hit_within
    step = crossing((line.a, line.b), before.point, bottom_centre(thing.first_box))
    if step is not None:
        hit_us = before.seen_us + round((thing.first_us - before.seen_us) * step[0])
        within = 0.0 <= step[1] <= 1.0
    if new.hit_us > hit_us:
        hit_us, within = new.hit_us, new.hit_within
    if new.side == 0:  # it has not left the band yet: the next hit is its own
        new.side = old.side
        new.hit_us, new.hit_within = hit_us, within
        return None
    return Hit(line=line, forward=new.side > 0, at_us=hit_us) if new.side != old.side and within else None
