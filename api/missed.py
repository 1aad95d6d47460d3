"""Objects that the system did not see, marked by people in a picture: for the data set that a model learns from.

Pure: no I/O, no clock.

Rules
- A picture that is to be marked is kept as a photo like any other (`still`): who marks it later names it, and nobody
  sends pictures in. Its id says whose it is and when it was taken.
- Each object is an event of its own, `missed_object`; the same mark sent twice is one. Who marked wrongly says so as of
  any event.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from api.contract_work import MarkIn, MissedIn, StillOut
from api.errors import FieldFault, InvalidBody
from api.language import Words
from api.views import moment
from ingest.contract import Box, FrameStamp, Shot, SnapshotReply
from postprocess.contract import FEEDBACK, MISSED, Event, EventPhoto, event_id

WIDTH_MAX = 1920
RECOGNISER = "still"
"""Nobody recognises it: the store alone takes these shots."""
SIDE_MIN = 0.004
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_ID = re.compile(r"^(?P<camera>[a-z0-9_-]+)\.still\.(?P<us>[0-9]{15,17})$")


class Still(NamedTuple):
    """What the id of a kept picture says."""

    id: str
    captured_at_us: int


def kept(camera: str, reply: SnapshotReply) -> Shot:
    """A picture of now as it is kept."""
    return Shot(
        shot_id=f"{camera}.still.{reply.captured_at_us}",
        stamp=FrameStamp(camera=camera, epoch=0, seq=0, captured_at_us=reply.captured_at_us),
        recogniser=RECOGNISER,
        track="",
        label="",
        box=_WHOLE,
        crop=_WHOLE,
        jpeg=reply.jpeg,
        width=reply.width,
        height=reply.height,
        quality=1.0,
        ordinal=0,
    )


def still_view(shot: Shot, jpeg: str) -> StillOut:
    """The same for who marks it; `jpeg` in base64."""
    at = moment(shot.stamp.captured_at_us)
    return StillOut(id=shot.shot_id, captured_at=at, width=shot.width, height=shot.height, jpeg=jpeg)


def still_of(camera: str, written: str) -> Still:
    """A picture of that camera; raises `InvalidBody`."""
    found = _ID.match(written)
    if found is None or found["camera"] != camera:
        words = Words("is no picture of this camera: take one first", "это не кадр этой камеры: сначала возьмите кадр")
        raise InvalidBody(FieldFault("still", words))
    return Still(written, int(found["us"]))


def events(camera: str, wanted: MissedIn, user: str) -> list[Event]:
    """One event for each object; raises `InvalidBody`."""
    still, note = still_of(camera, wanted.still), wanted.note.strip()
    for number, mark in enumerate(wanted.objects):
        _check(mark, number)
    return [msgspec.structs.replace(_event(camera, still, mark), author=user, text=note) for mark in wanted.objects]


def _check(mark: MarkIn, number: int) -> None:
    if not _sane(mark.box):
        words = Words(
            "a box is x1, y1, x2, y2 within 0..1, wide and high enough to be seen",
            "рамка это x1, y1, x2, y2 в пределах 0..1, не слишком малая",
        )
        raise InvalidBody(FieldFault(f"objects.{number}.box", words))


def _event(camera: str, still: Still, mark: MarkIn) -> Event:
    place = ",".join(f"{value:.4f}" for value in mark.box)
    return Event(
        event_id=event_id(
            camera=camera,
            function=FEEDBACK,
            rule=mark.label,
            kind=MISSED,
            subject=f"{still.id}:{place}",
            occurrence=still.captured_at_us,
        ),
        version=1,
        kind=MISSED,
        camera=camera,
        opened_at_us=still.captured_at_us,
        closed_at_us=still.captured_at_us,
        final=True,
        function=FEEDBACK,
        label=mark.label,
        box=mark.box,
        photos=(EventPhoto(shot_id=still.id, captured_at_us=still.captured_at_us, role="context"),),
        cause="missed",
    )


def _sane(box: Box) -> bool:
    left, top, right, bottom = box
    inside = all(0.0 <= value <= 1.0 for value in box)
    return inside and right - left >= SIDE_MIN and bottom - top >= SIDE_MIN
