"""Flaws in fixed areas of the picture: reads and ticks of one camera in, events out. Pure: no I/O, no clock.

`step(memory, input, policy) -> (memory, outputs)`; `now` is the event-time watermark, moved by stamps and ticks only.

Rules
- Shots of an area have no track; a read belongs to the area whose box it bears.
- An event opens when `bad` of the last `of` looks at an area are at or above the limit, as of the first of these; it is
  over when `clear` looks in a row are below it, as of the first of these. Its score, heat map and best photo are those
  of the worst look.
- What the looks come to is a fold in the order of their pictures (see `ledger`); its last word does not depend on the
  order in which reads came, nor on repeats.
"""

from __future__ import annotations

import functools

import msgspec

from ingest.contract import Box
from model_repository.contract import ModelRef
from postprocess.contract import DefectRead, Event, EventPhoto, Hours, Read, event_id
from postprocess.rules.ledger import HOLD_US, WITHDRAWN, Key, Said, View, enter, settle, tell
from postprocess.rules.scene import Input, Note, Output, Scene, Tick
from postprocess.rules.schedule import holds

SCHEMA_VERSION = 1
FUNCTION = "defects"
LOOKS_KEPT = 40
"""Looks of an area that are kept one by one: so far apart may reads come in another order."""
PHOTOS_MAX = 8
THUMBNAILS_BYTES_MAX = 400_000
SAME_BOX = 1e-4


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A fixed part of the picture."""

    id: str
    box: Box


class DefectsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an area has a flaw."""

    areas: tuple[Area, ...] = ()
    score_limit: float = 1.0
    bad: int = 3
    of: int = 5
    clear: int = 3
    schedule: tuple[Hours, ...] = ()
    timezone: str = "UTC"
    settings_revision: int = 0


class AreaLook(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a read."""

    shot_id: str
    at_us: int
    epoch: int
    score: float
    bad: bool
    model: ModelRef
    tiles: tuple[float, ...] = ()
    """Of a bad one."""
    thumbnail: bytes = b""

    @property
    def key(self) -> Key:
        """Its place in the fold."""
        return (self.at_us, self.shot_id)

    @property
    def rank(self) -> tuple[float, str]:
        """Which one shows the flaw best."""
        return (self.score, self.shot_id)


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    first: AreaLook
    worst: AreaLook
    looks: int
    """From the first one to what was last decided."""
    photos: tuple[tuple[int, str], ...] = ()
    """Time and shot of bad looks beside the worst: the latest."""
    closed_us: int | None = None


class AreaCourse(msgspec.Struct, frozen=True, kw_only=True):
    """All that the looks at an area say so far."""

    recent: tuple[AreaLook, ...] = ()
    """Since the last event was over, or the last good ones while one is open."""
    open: Flaw | None = None
    over: tuple[Flaw, ...] = ()


class AreaMemory(msgspec.Struct, kw_only=True):
    """What is remembered of an area."""

    notes: list[AreaLook] = []
    base: AreaCourse = AreaCourse()
    floor: Key = (-1, "")
    said: dict[str, Said] = {}
    hold_until_us: int = 0
    changed: bool = False


class DefectsScene(Scene, kw_only=True):
    """All that the defect rules remember of a camera."""

    schema: int = SCHEMA_VERSION
    areas: dict[str, AreaMemory] = {}


def step(memory: DefectsScene, message: Input, policy: DefectsPolicy) -> tuple[DefectsScene, list[Output]]:
    """Take one input; `memory` is used up and handed back."""
    said: list[Output] = []
    if isinstance(message, Read):
        if isinstance(message.read, DefectRead) and not message.track:
            said += _hear(memory, message, message.read, policy)
    else:
        at_us = message.now_us if isinstance(message, Tick) else message.stamp.captured_at_us
        memory.now_us = max(memory.now_us, at_us)
    for name, area in memory.areas.items():
        if area.changed and memory.now_us >= area.hold_until_us:
            said += _say(memory.camera, name, area, policy)
    return memory, said


def _hear(memory: DefectsScene, read: Read, said: DefectRead, policy: DefectsPolicy) -> list[Note]:
    place = next((area.id for area in policy.areas if _same(area.box, read.box)), None)
    if place is None or not holds(policy.schedule, read.captured_at_us, policy.timezone):
        return []
    bad = said.score >= policy.score_limit
    look = AreaLook(
        shot_id=read.shot_id,
        at_us=read.captured_at_us,
        epoch=read.epoch,
        score=said.score,
        bad=bad,
        model=read.model,
        tiles=said.tiles if bad else (),
        thumbnail=read.thumbnail if bad else b"",
    )
    area = memory.areas.setdefault(place, AreaMemory())
    shuffled = bool(area.notes) and look.key < area.notes[-1].key
    refused = enter(area.notes, look, area.floor)
    if refused is not None:
        return [Note(kind=refused, subject=place)]
    area.changed = True
    if shuffled:
        area.hold_until_us = memory.now_us + HOLD_US
    area.base, floor = settle(area.base, area.notes, LOOKS_KEPT, functools.partial(judge, policy=policy))
    area.floor = floor or area.floor
    limit_thumbnails(memory)
    return []


def _same(one: Box, two: Box | None) -> bool:
    return two is not None and all(abs(a - b) < SAME_BOX for a, b in zip(one, two, strict=True))


def judge(course: AreaCourse, look: AreaLook, policy: DefectsPolicy) -> AreaCourse:
    """Take the next look at an area."""
    if course.open is not None:
        return _goes_on(course, course.open, look, policy)
    recent = (*course.recent, look)[-policy.of :]
    bad = [each for each in recent if each.bad]
    if len(bad) < policy.bad:
        return msgspec.structs.replace(course, recent=recent)
    flaw = Flaw(first=bad[0], worst=bad[0], looks=0)
    for each in recent[recent.index(bad[0]) :]:
        flaw = _grown(flaw, each)
    return msgspec.structs.replace(course, recent=(), open=flaw)


def _goes_on(course: AreaCourse, flaw: Flaw, look: AreaLook, policy: DefectsPolicy) -> AreaCourse:
    flaw = _grown(flaw, look)
    good = () if look.bad else (*course.recent, look)
    if len(good) < policy.clear:
        return msgspec.structs.replace(course, recent=good, open=flaw)
    closed = msgspec.structs.replace(flaw, closed_us=good[0].at_us)
    return AreaCourse(recent=(), open=None, over=(*course.over, closed))


def _grown(flaw: Flaw, look: AreaLook) -> Flaw:
    if not look.bad:
        return msgspec.structs.replace(flaw, looks=flaw.looks + 1)
    worst = max(flaw.worst, look, key=lambda each: each.rank)
    photos = {*flaw.photos, look.key, flaw.worst.key} - {worst.key}
    return msgspec.structs.replace(
        flaw, looks=flaw.looks + 1, worst=worst, photos=tuple(sorted(photos))[-PHOTOS_MAX + 1 :]
    )


def _say(camera: str, name: str, area: AreaMemory, policy: DefectsPolicy) -> list[Event]:
    course = area.base
    for look in area.notes:
        course = judge(course, look, policy)
    flaws = [*course.over, *([] if course.open is None else [course.open])]
    box = next((each.box for each in policy.areas if each.id == name), None)
    told = tell(area.said, [_view(camera, name, box, flaw, policy) for flaw in flaws])
    area.changed = False
    # What is folded for good has been told as final and can't change any more.
    gone = {flaw.first.at_us for flaw in area.base.over}
    area.base = msgspec.structs.replace(area.base, over=())
    area.said = {
        key: said
        for key, said in area.said.items()
        if said.event.opened_at_us not in gone
        and not (said.gist == WITHDRAWN and said.event.opened_at_us <= area.floor[0])
    }
    return told


def _view(camera: str, name: str, box: Box | None, flaw: Flaw, policy: DefectsPolicy) -> View:
    final, worst = flaw.closed_us is not None, flaw.worst
    event = Event(
        event_id=event_id(
            camera=camera, function=FUNCTION, rule=name, kind="surface_defect", subject=name,
            occurrence=flaw.first.at_us,
        ),
        version=1 + 2 * flaw.looks + final,
        kind="surface_defect",
        camera=camera,
        opened_at_us=flaw.first.at_us,
        closed_at_us=flaw.closed_us,
        final=final,
        function=FUNCTION,
        rule=name,
        epoch=flaw.first.epoch,
        box=box,
        photos=(
            EventPhoto(shot_id=worst.shot_id, captured_at_us=worst.at_us, thumbnail=worst.thumbnail),
            *(EventPhoto(shot_id=shot, captured_at_us=at_us, role="context") for at_us, shot in flaw.photos),
        ),
        models=(worst.model,),
        settings_revision=policy.settings_revision,
        severity="warning",
        value=worst.score,
        tiles=worst.tiles,
    )  # fmt: skip
    return View(event=event, gist=f"{worst.shot_id} {flaw.closed_us} {flaw.looks if final else 0}")


def limit_thumbnails(memory: DefectsScene, bytes_max: int = THUMBNAILS_BYTES_MAX) -> None:
    """Those of the oldest looks are dropped; 0 = all."""
    kept = 0
    for area in memory.areas.values():
        for place in range(len(area.notes) - 1, -1, -1):
            kept += len(area.notes[place].thumbnail)
            if kept > bytes_max and area.notes[place].thumbnail:
                area.notes[place] = msgspec.structs.replace(area.notes[place], thumbnail=b"")
        flaw = area.base.open
        if flaw is not None and (kept := kept + len(flaw.worst.thumbnail)) > bytes_max:
            bare = msgspec.structs.replace(flaw.worst, thumbnail=b"")
            area.base = msgspec.structs.replace(area.base, open=msgspec.structs.replace(flaw, worst=bare))
