"""Which messages name a person, or show the tracks on which they were named. Pure: no I/O, no clock."""

from __future__ import annotations

import msgspec

from ingest.contract import DeadLetter, Shot, decode
from postprocess.contract import Event, FaceRead, Read

Track = tuple[str, int, str]
"""Camera, epoch, name."""


class Traces:
    """What is known so far of where a person was seen: tracks and shots."""

    def __init__(self, person: str) -> None:
        self.person = person
        self.tracks: set[Track] = set()
        self.shots: set[str] = set()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Of the tracks."""
        return tuple(sorted({camera for camera, _, _ in self.tracks}))

    def learn(self, subject: str, payload: bytes) -> None:
        """Take in a message of READS or EVENTS that names the person."""
        found = _decoded(subject, payload)
        if isinstance(found, Read) and self._named(found):
            self._add(found.camera, found.epoch, found.track)
            self.shots.add(found.shot_id)
        elif isinstance(found, Event) and found.person == self.person:
            self._add(found.camera, found.epoch, found.track)
            self.shots |= {photo.shot_id for photo in found.photos}

    def meant(self, subject: str, payload: bytes) -> bool:
        """Whether a message names the person or shows one of the tracks; dead letters by what they hold."""
        if subject.startswith("zool.dead."):
            try:
                letter = decode(payload, DeadLetter)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return False
            return self.meant(letter.subject, letter.payload)
        match _decoded(subject, payload):
            case Read() as read:
                return self._named(read) or (read.camera, read.epoch, read.track) in self.tracks
            case Event() as event:
                return event.person == self.person or (event.camera, event.epoch, event.track) in self.tracks
            case Shot() as shot:
                return shot.shot_id in self.shots or (shot.stamp.camera, shot.stamp.epoch, shot.track) in self.tracks
        return False

    def _named(self, read: Read) -> bool:
        return isinstance(read.read, FaceRead) and any(match.person == self.person for match in read.read.matches)

    def _add(self, camera: str, epoch: int, track: str) -> None:
        if track:
            self.tracks.add((camera, epoch, track))


def _decoded(subject: str, payload: bytes) -> Read | Event | Shot | None:
    """A message of the data path; None for any other, and for garbage."""
    kinds: dict[str, type[Read | Event | Shot]] = {
        "zool.reads.": Read, "zool.events.": Event, "zool.deliver.": Event, "zool.shots.": Shot,
    }  # fmt: skip
    for prefix, kind in kinds.items():
        if subject.startswith(prefix):
            try:
                return decode(payload, kind)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return None
    return None
