"""Things over directed lines. Pure: no I/O, no clock.

Rules
- The hits of `tracks.follow` count. A track that breaks at a line goes on in the next one that begins near its place
  (of like size, within `bridge_us`): once that has been seen for a while and the old one has not come back, the
  crossing that fell between them is made up for (see `adopt`).
- The same thing over the same line the same way within `echo_us` is an echo; so is a second box on the same thing.
- A U-turn crosses twice, once each way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from ingest.contract import FrameReport
from postprocess.contract import Line, Read
from postprocess.rules import alike
from postprocess.rules.adopt import Walker, adopt
from postprocess.rules.cases import CasePolicy, CaseScene
from postprocess.rules.scene import Hit, Input, Moved, Note, Track
from postprocess.rules.visits import watch
from postprocess.rules.zones import Look, Thing, Visited, side

Direction = Literal["entry", "exit"]


class LinePolicy(CasePolicy, frozen=True, kw_only=True):
    """Which crossings count."""

    echo_us: int = 3_000_000


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
        hits += adopt(scene, moved.track, thing, policy, aspect)[1]
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
        if root == thing.root or other is None or passed_us is None:
            continue
        beside = abs(other.seen_us - thing.seen_us) <= alike.BESIDE_US
        if beside and alike.crossed_together(other, thing, at_us - passed_us):
            return True
    return False
