"""A track that breaks at a line goes on in the next one that begins near its place. Pure: no I/O, no clock.

Rules
- A thing that has been seen for `ADOPT_US` may continue one that was lost where it began (of like size, within
  `bridge_us` and `GAP_US_MAX`), had been seen for as long, and has not come back. That is settled once for each thing;
  one that is continued is so once.
- The crossings that fell between the end of the one and the beginning of the other are made up for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from postprocess.contract import Line
from postprocess.geometry import bottom_centre, crossing
from postprocess.rules import alike
from postprocess.rules.scene import Hit, Side, Track
from postprocess.rules.zones import Thing, ZonePolicy

ADOPT_US = 600_000
GAP_US_MAX = 3_000_000
AWAY_MAX = 0.2
"""Frame heights, from where it was lost or would have been: who went out fast is not whoever comes in next."""
ORIGINS_MAX = 8


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


class WalkerScene(Protocol):
    """Memory of a rule over lines."""

    tracks: dict[str, Track]
    things: dict[str, Thing]
    walkers: dict[str, Walker]
    """Root → what it has done at lines."""


def adopt(
    scene: WalkerScene, track: Track, thing: Thing, policy: ZonePolicy, aspect: float
) -> tuple[Track | None, list[Hit]]:
    """The lost track that a thing continues, if that is settled just now, and the crossings that fell between them."""
    walkers = scene.walkers
    walker = walkers.setdefault(thing.root, Walker())
    if walker.settled or thing.seen_us - thing.first_us < ADOPT_US:
        return None, []
    walker.settled = True
    before = _broken(scene, thing, policy, aspect)
    if before is None:
        return None, []
    known, origin = walkers.setdefault(before.root, Walker()), scene.things.get(before.root)
    known.continued = True
    walker.origins = [*known.origins, before.root][-ORIGINS_MAX:]
    walker.passed = {**known.passed, **walker.passed}
    if origin is not None:
        thing.travelled += origin.travelled
    return before, made_up(before, track, thing, policy.lines)


def _broken(scene: WalkerScene, thing: Thing, policy: ZonePolicy, aspect: float) -> Track | None:
    def may(track: Track) -> bool:
        other = scene.things.get(track.root)
        if other is None or other is thing or other.seen_us > track.seen_us or not alike.kin(other, thing):
            return False
        walker = scene.walkers.get(track.root, Walker())
        lasted = bool(walker.origins) or other.seen_us - other.first_us >= ADOPT_US
        return lasted and not walker.continued

    return nearest((track for track in scene.tracks.values() if may(track)), thing, policy, aspect)


def nearest(tracks: Iterable[Track], began: alike.Began, policy: alike.Bridging, aspect: float) -> Track | None:
    """The lost track in whose place something began."""
    found: tuple[float, int, str] | None = None
    best: Track | None = None
    for track in tracks:
        if not -alike.BESIDE_US <= began.first_us - track.seen_us <= min(GAP_US_MAX, policy.bridge_us):
            continue
        last = alike.Last(point=track.point, velocity=track.velocity, seen_us=track.seen_us, box=track.box)
        away = alike.gone_to(last, began, policy, aspect)
        if away is not None and away <= AWAY_MAX and (found is None or (away, track.epoch, track.name) < found):
            found, best = (away, track.epoch, track.name), track
    return best


def made_up(before: Track, track: Track, began: alike.Began, lines: Iterable[Line]) -> list[Hit]:
    """The crossings between the end of a track and the beginning of the one that continues it."""
    return [hit for line in lines if (hit := _between(before, track, began, line)) is not None]


def _between(before: Track, track: Track, began: alike.Began, line: Line) -> Hit | None:
    old, new = before.sides.get(line.id), track.sides.setdefault(line.id, Side())
    if old is None or old.side == 0:
        return None
    hit_us, within = old.hit_us, old.hit_within
    step = crossing((line.a, line.b), before.point, bottom_centre(began.first_box))
    if step is not None:
        hit_us = before.seen_us + round((began.first_us - before.seen_us) * step[0])
        within = 0.0 <= step[1] <= 1.0
    if new.hit_us > hit_us:
        hit_us, within = new.hit_us, new.hit_within
    if new.side == 0:  # it has not left the band yet: the next hit is its own
        new.side = old.side
        new.hit_us, new.hit_within = hit_us, within
        return None
    return Hit(line=line, forward=new.side > 0, at_us=hit_us) if new.side != old.side and within else None
