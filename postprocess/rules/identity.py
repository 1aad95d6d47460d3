"""Whose face the reads of a track show: an open-set vote. Pure: no I/O, no clock.

Rules
- A read votes for the nearest person of the gallery, if that match passes the person's limit: that of the watch list on
  which the person stands, else the general one. A read that passes for nobody is no vote against anybody.
- A person is identified by `reads_min` votes or more. Where several are, the heavier in cosines wins, and the
  confidence falls by the share of the votes that said otherwise.
- Whoever is not among the people any more, or not valid at the time of the read, is nobody.
- The result does not depend on the order of the reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from ingest.contract import Box
from model_repository.contract import ModelRef
from postprocess.contract import Employee, FaceMatch, FaceRead, Read

MATCHES_KEPT = 1

Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Cosine = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a face is somebody's: by rate where the weights' card has rates, else by cosine."""

    false_accept_rate: Annotated[Rate, msgspec.Meta(description="share of pairs of strangers who may look so")] = 0.001
    similarity_min: Annotated[Cosine, msgspec.Meta(description="cosine, where the model's card knows no rates")] = 0.45


class IdentityPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who is known, and when a face is theirs."""

    people: Mapping[str, Employee] = {}
    limit: Limit = Limit()
    watch_limits: Mapping[str, Limit] = {}
    """Watch list → its own limit."""
    quality_min: float = 0.3
    reads_min: int = 2


class FaceNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a read."""

    shot_id: str
    captured_at_us: int
    face: bool
    quality: float
    """Of the face, 0..1; of the shot where there is none."""
    matches: tuple[FaceMatch, ...]
    box: Box | None
    model: ModelRef
    liveness: float = -1.0
    """0..1; -1 = no model for it."""

    @property
    def rank(self) -> tuple[bool, bool, float, str]:
        """Which picture shows most: somebody, a face, of best quality; the id breaks ties."""
        return (bool(self.matches), self.face, self.quality, self.shot_id)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose face it is; `person` empty = nobody's that is known."""

    person: str = ""
    confidence: float = 0.0
    """Mean cosine of the person's votes times their share of all votes, 0..1."""
    reads: int = 0
    watch: str = ""
    liveness: float = -1.0
    """The least of the reads that say it, 0..1; -1 = none does."""


NOBODY = Identity()


def note_of(read: Read, face: FaceRead) -> FaceNote:
    """A read as it is kept: without its embedding."""
    there = face.score > 0.0 and bool(face.embedding)
    return FaceNote(
        shot_id=read.shot_id,
        captured_at_us=read.captured_at_us,
        face=there,
        quality=face.quality if there else read.quality,
        matches=face.matches[:MATCHES_KEPT],
        box=face.box,
        model=read.model,
        liveness=face.liveness if there else -1.0,
    )


def passes(match: FaceMatch, limit: Limit) -> bool:
    """Whether a face is that of a person: by rate where it is known, else by cosine."""
    if match.false_accept_rate >= 0.0:
        return match.false_accept_rate <= limit.false_accept_rate
    return match.similarity >= limit.similarity_min


def usable(note: FaceNote, policy: IdentityPolicy) -> bool:
    """Whether a note shows a face that one could know."""
    return note.face and note.quality >= policy.quality_min


def vote_of(note: FaceNote, policy: IdentityPolicy) -> FaceMatch | None:
    """For whom a note votes; None = for nobody."""
    if not usable(note, policy) or not note.matches:
        return None
    match = note.matches[0]
    person = policy.people.get(match.person)
    if person is None or not person.known_by_face_at(note.captured_at_us):
        return None
    limit = policy.watch_limits.get(person.watch, policy.limit) if person.watch else policy.limit
    return match if passes(match, limit) else None


def identify(notes: Iterable[FaceNote], policy: IdentityPolicy) -> Identity:
    """Whose face some notes show together."""
    votes: dict[str, list[float]] = {}
    alive: dict[str, float] = {}
    for note in sorted(notes, key=lambda note: note.shot_id):
        match = vote_of(note, policy)
        if match is not None:
            votes.setdefault(match.person, []).append(match.similarity)
            if note.liveness >= 0.0:
                alive[match.person] = min(note.liveness, alive.get(match.person, 1.0))
    enough = {person: cosines for person, cosines in votes.items() if len(cosines) >= policy.reads_min}
    if not enough:
        return NOBODY
    person = min(enough, key=lambda name: (-round(sum(enough[name]), 6), name))
    cosines, total = enough[person], sum(len(each) for each in votes.values())
    mean = sum(cosines) / len(cosines)
    return Identity(
        person=person,
        confidence=round(max(0.0, min(1.0, mean)) * len(cosines) / total, 6),
        reads=len(cosines),
        watch=policy.people[person].watch,
        liveness=alive.get(person, -1.0),
    )
