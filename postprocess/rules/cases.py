"""Events with photos: what was decided by frames, the pictures that belong to it, and how it is told. Pure: no I/O.

Rules
- A *case* is an event as frames alone decide it, open or over, with the tracks that it shows. What it says besides
  is a function of the set of pictures heard of those tracks: its version is 1 + 2 × pictures + over. So the same
  version says the same, and what is said last does not depend on how reads and frames were interleaved.
- A case that is over is kept for `late_us`: pictures may come late (`recognise` was away) and make one more version.
- Everything is bounded; a limit that bites is a `Note`, never silence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from postprocess.contract import Event, EventPhoto, Read
from postprocess.recognisers.photo import PHOTO
from postprocess.rules.scene import Note, Output, track_key
from postprocess.rules.zones import Look, Visit, ZonePolicy, ZoneScene

CASES_MAX = 256
TRACKS_MAX = 8
"""Of one case."""
PICTURES_MAX = 8
"""Of one track."""
PICTURED_MAX = 512
"""Tracks with pictures."""
PHOTOS_MAX = 4
THUMBNAILS_BYTES_MAX = 500_000
PICTURES_KEPT_US = 60_000_000

Severity = Literal["info", "warning", "alarm"]


class CasePolicy(ZonePolicy, frozen=True, kw_only=True):
    """What goes into the events of a rule over zones or lines."""

    severity: Severity = "info"
    photos: bool = True
    """Pictures belong to its events; without, those that others asked for are not heard, whenever they come."""
    late_us: int = 120_000_000
    """How long a case that is over waits for pictures."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A shot of a track that `recognise` has seen."""

    shot_id: str
    captured_at_us: int
    quality: float

    @property
    def rank(self) -> tuple[float, str]:
        """The best has the highest; the id breaks ties."""
        return (self.quality, self.shot_id)


class Pictures(msgspec.Struct, kw_only=True):
    """Those of one track, and the thumbnail of the best."""

    heard_us: int
    known: list[Picture] = []
    thumbnail: bytes = b""


class Case(msgspec.Struct, kw_only=True):
    """An event that is open, or over and waiting for late pictures."""

    event: Event
    """As frames decide it: without photos and version."""
    tracks: list[str]
    said_version: int = 0


class CaseScene(ZoneScene, kw_only=True):
    """Memory of a rule that writes events with photos."""

    cases: dict[str, Case] = {}
    pictures: dict[str, Pictures] = {}
    """Track → its pictures."""


def event_of(scene: CaseScene, look: Look, policy: CasePolicy, **said: object) -> Event:
    """An event that shows what was seen at a look, with all that every event has to name."""
    base = Event(
        event_id="",
        version=0,
        kind="none",
        camera=scene.camera,
        opened_at_us=look.at_us,
        track=look.track,
        epoch=look.epoch,
        box=look.box,
        frame_seq=look.frame_seq,
        models=(look.model,),
        settings_revision=policy.settings_revision,
        severity=policy.severity,
    )
    return msgspec.structs.replace(base, **said)


def open_case(scene: CaseScene, key: str, event: Event, tracks: list[str]) -> list[Output]:
    """A new event; `key` is the rule's own name for it."""
    outputs: list[Output] = []
    if len(scene.cases) >= CASES_MAX:
        # What is over can best be done without, then what is oldest; it stays as it was told last.
        oldest = min(scene.cases, key=lambda k: (not scene.cases[k].event.final, scene.cases[k].event.opened_at_us, k))
        del scene.cases[oldest]
        outputs.append(Note(kind="overflow", subject=key))
    case = scene.cases[key] = Case(event=event, tracks=tracks[:TRACKS_MAX])
    return outputs + tell(scene, case)


def sight(scene: CaseScene, case: Case, look: Look) -> list[Output]:
    """The thing of a case was seen on a track: its pictures belong to it."""
    key = track_key(look.epoch, look.track)
    if key in case.tracks or len(case.tracks) >= TRACKS_MAX:
        return []
    case.tracks.append(key)
    return tell(scene, case)


def close_case(scene: CaseScene, case: Case, event: Event) -> list[Output]:
    """The event is over, and says so."""
    case.event = msgspec.structs.replace(event, final=True)
    return tell(scene, case)


def hear(scene: CaseScene, read: Read, policy: CasePolicy) -> list[Output]:
    """A picture came."""
    if not policy.photos or read.recogniser != PHOTO.name or not read.track:
        return []
    key = track_key(read.epoch, read.track)
    if key not in scene.tracks and read.captured_at_us + policy.late_us < scene.now_us:
        return [Note(kind="late_read", subject=key)]
    refusal = _keep(scene, key, read)
    if refusal is not None:
        return [refusal]
    return [said for case in list(scene.cases.values()) if key in case.tracks for said in tell(scene, case)]


def _keep(scene: CaseScene, key: str, read: Read) -> Note | None:
    there = scene.pictures.get(key)
    if there is None:
        if len(scene.pictures) >= PICTURED_MAX:
            return Note(kind="overflow", subject=key)
        there = scene.pictures[key] = Pictures(heard_us=read.captured_at_us)
    if any(picture.shot_id == read.shot_id for picture in there.known):
        return Note(kind="repeated_read", subject=key)
    if len(there.known) >= PICTURES_MAX:
        return Note(kind="overflow", subject=key)
    picture = Picture(shot_id=read.shot_id, captured_at_us=read.captured_at_us, quality=read.quality)
    if all(picture.rank > known.rank for known in there.known):
        there.thumbnail = read.thumbnail
    there.known.append(picture)
    there.heard_us = max(there.heard_us, read.captured_at_us)
    _limit_thumbnails(scene)
    return None


def _limit_thumbnails(scene: CaseScene) -> None:
    kept = 0
    for there in sorted(scene.pictures.values(), key=lambda p: (p.heard_us, p.known[0].shot_id), reverse=True):
        kept += len(there.thumbnail)
        if kept > THUMBNAILS_BYTES_MAX:
            there.thumbnail = b""


def tell(scene: CaseScene, case: Case) -> list[Output]:
    """The event as known now, if that is more than was said before."""
    heard = [(picture, track) for track in case.tracks for picture in _known(scene, track)]
    version = 1 + 2 * len(heard) + int(case.event.final)
    if version <= case.said_version:
        return []
    case.said_version = version
    return [msgspec.structs.replace(case.event, version=version, photos=_photos(scene, heard))]


def _known(scene: CaseScene, track: str) -> list[Picture]:
    there = scene.pictures.get(track)
    return [] if there is None else there.known


def _photos(scene: CaseScene, heard: list[tuple[Picture, str]]) -> tuple[EventPhoto, ...]:
    """The best first, the others by time."""
    best = sorted(heard, key=lambda one: one[0].rank, reverse=True)[:PHOTOS_MAX]
    others = sorted(best[1:], key=lambda one: (one[0].captured_at_us, one[0].shot_id))
    return tuple(
        EventPhoto(
            shot_id=picture.shot_id,
            captured_at_us=picture.captured_at_us,
            role="context" if number else "best",
            thumbnail=b"" if number else scene.pictures[track].thumbnail,
        )
        for number, (picture, track) in enumerate([*best[:1], *others])
    )


def tidy(scene: CaseScene, policy: CasePolicy) -> None:
    """Forget what nothing more can be said of."""
    for key, case in list(scene.cases.items()):
        closed_us = case.event.closed_at_us
        if case.event.final and closed_us is not None and scene.now_us >= closed_us + policy.late_us:
            del scene.cases[key]
    wanted = {track for case in scene.cases.values() for track in case.tracks} | scene.tracks.keys()
    for track, there in list(scene.pictures.items()):
        if track not in wanted and scene.now_us - there.heard_us > PICTURES_KEPT_US:
            del scene.pictures[track]


def lighten(scene: CaseScene) -> None:
    """Drop the thumbnails: the state does not fit into one message."""
    for there in scene.pictures.values():
        there.thumbnail = b""


def tracks_of(visit: Visit, *looks: Look) -> list[str]:
    """The tracks of some looks, each once."""
    return list(dict.fromkeys(track_key(look.epoch, look.track) for look in (visit.first, visit.best, *looks)))
