"""People and their photos: what is stored as what people see, and what is wrong with a photo in words.

Pure: `now_us` is passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from api.contract import AlikeOut, EnrolOut, PersonIn, PersonOut, PersonPatch, SampleOut
from api.errors import BasisMissing, FieldFault, InvalidBody, PhotoRefused
from api.etag import etag
from api.language import Words
from api.query import time_us
from api.views import moment
from postprocess.contract import (
    Employee,
    Event,
    FaceCause,
    FaceMatch,
    FaceReply,
    FaceSample,
)

_TIMES = frozenset({"valid_until", "basis_at", "basis_until"})
PHOTOS_MAX = 12
"""Of one person; more make searches no surer."""
ALIKE_RATE_MAX = 0.01
ALIKE_COSINE_MIN = 0.45
"""Where the weights' card knows no rates: above this another person looks suspiciously alike."""
UNLIKE_COSINE = 0.25
"""Two photos of one person below this are probably of two people."""

_REASONS: Mapping[FaceCause, Words] = {
    "no_picture": Words(
        "The bytes are no picture that can be read: send a JPEG or PNG of at least 8 pixels a side.",
        "Не удалось прочитать изображение: нужен JPEG или PNG.",
    ),
    "no_face": Words(
        "No face was found: use a photo of the face from the front.", "Лицо не найдено: нужна фотография лица анфас."
    ),
    "several_faces": Words(
        "There are several faces, so it is unclear who is meant: cut the photo to one.",
        "На фотографии несколько лиц, неясно, кто имеется в виду: оставьте одно.",
    ),
    "too_small": Words(
        "The face is too small: it needs some 60 pixels between ear and ear, better 120.",
        "Лицо слишком мелкое: нужно не менее 60 пикселей по ширине, лучше 120.",
    ),
    "blurred": Words("The face is blurred: use a sharp photo.", "Лицо нечёткое: нужна резкая фотография."),
    "turned_away": Words(
        "The face is turned away: use a photo in which it looks at the camera.",
        "Лицо повёрнуто: нужна фотография, где человек смотрит в камеру.",
    ),
}


def person_of(wanted: PersonIn, person_id: str) -> Employee:
    """A new person as stored; raises `BadParameter` for a time that is none, `InvalidBody` for half a basis."""
    person = Employee(
        id=person_id,
        name=wanted.name,
        department=wanted.department,
        badge=wanted.badge,
        watch=wanted.watch,
        valid_until_us=_time("valid_until", wanted.valid_until),
        basis=wanted.basis,
        basis_note=wanted.basis_note,
        basis_at_us=_time("basis_at", wanted.basis_at),
        basis_until_us=_time("basis_until", wanted.basis_until),
    )
    return _checked(person)


def changed(person: Employee, wanted: PersonPatch) -> Employee:
    """A person with what was asked for; raises `BadParameter` (a time that is none), `InvalidBody` (half a basis)."""
    fields = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    if fields.get("basis") == "" and person.basis:
        words = Words(
            "is not taken away: set basis_until to when it ended, or erase the person",
            "не убирают: укажите в basis_until, когда оно прекратилось, или сотрите человека",
        )
        raise InvalidBody(FieldFault("basis", words))
    if "basis" in fields and fields["basis"] != person.basis:
        fields.setdefault("basis_at", None)  # another basis begins anew
    for name in _TIMES & fields.keys():
        fields[f"{name}_us"] = _time(name, fields.pop(name))
    return _checked(msgspec.structs.replace(person, **fields))


def _time(name: str, text: str | None) -> int | None:
    return None if text is None else time_us(name, text)


def _checked(person: Employee) -> Employee:
    """A basis does not end before it begins; without one there is nothing to say about it."""
    if not person.basis:
        said = [name for name in ("basis_note", "basis_at_us", "basis_until_us") if getattr(person, name)]
        if said:
            raise InvalidBody(FieldFault("basis", Words("is missing", "не указано")))
        return person
    if person.basis_until_us is not None and person.basis_until_us <= (person.basis_at_us or 0):
        raise InvalidBody(FieldFault("basis_until", Words("must be after basis_at", "должно быть позже basis_at")))
    return person


def check_basis(person: Employee, *, now_us: int) -> None:
    """Refuse to take in a face that nothing allows to keep; raises `BasisMissing`."""
    ended = person.basis_until_us is not None and now_us >= person.basis_until_us
    if not person.basis or ended or (person.basis_at_us or 0) > now_us:
        raise BasisMissing(person=person.id, ended=ended)


def person_view(person: Employee, revision: int) -> PersonOut:
    """A person for people."""
    return PersonOut(
        id=person.id,
        name=person.name,
        department=person.department,
        badge=person.badge,
        watch=person.watch,
        valid_until=_shown(person.valid_until_us),
        basis=person.basis,
        basis_note=person.basis_note,
        basis_at=_shown(person.basis_at_us),
        basis_until=_shown(person.basis_until_us),
        etag=etag(revision),
    )


def _shown(us: int | None) -> str | None:
    return None if us is None else moment(us)


def matching(person: Employee, *, text: str, department: str, watch: str) -> bool:
    """Whether a person is asked for; empty words ask for nothing."""
    if (department and person.department != department) or (watch and person.watch != watch):
        return False
    folded = text.casefold()
    return not folded or any(folded in field.casefold() for field in (person.name, person.id, person.badge))


def sample_of(person: str, photo: bytes, reply: FaceReply, *, now_us: int) -> FaceSample:
    """An accepted photo as it is kept; the same photo has the same id. Raises `PhotoRefused`."""
    if reply.cause != "none" or reply.model is None:
        raise refusal(reply)
    digest = hashlib.sha256(photo).hexdigest()
    return FaceSample(
        id=f"p-{digest[:16]}",
        person=person,
        embedding=reply.embedding,
        model=reply.model,
        quality=reply.quality,
        source=digest,
        made_at_us=now_us,
    )


def mistake_of(person: str, event: Event, reply: FaceReply, *, now_us: int) -> FaceSample:
    """A face that is not the person's. Raises `PhotoRefused`."""
    if reply.cause != "none" or reply.model is None:
        raise refusal(reply)
    return FaceSample(
        id=f"n-{event.event_id}"[:64].lower(),
        person=person,
        embedding=reply.embedding,
        model=reply.model,
        quality=reply.quality,
        source=f"event:{event.event_id}",
        made_at_us=now_us,
        negative=True,
    )


def refusal(reply: FaceReply) -> PhotoRefused:
    """Why a photo is of no use, in words."""
    marks = f" ({reply.size:.2f} · {reply.sharpness:.2f} · {reply.pose:.2f})" if reply.quality else ""
    why = _REASONS.get(reply.cause)
    if why is None:
        said = reply.detail or reply.cause
        why = Words(f"Recognition refused the photo: {said}.", f"Распознавание отклонило фотографию: {said}.")
    elif marks:
        why = Words(f"{why.en} Marks of size, sharpness, pose:{marks}.", f"{why.ru} Размер, резкость, поворот:{marks}.")
    return PhotoRefused(cause=reply.cause, why=why)


def suspicious(match: FaceMatch) -> bool:
    """Whether two people look so much alike that one should look twice."""
    if match.false_accept_rate >= 0.0:
        return match.false_accept_rate <= ALIKE_RATE_MAX
    return match.similarity >= ALIKE_COSINE_MIN


def sample_view(sample: FaceSample, deployed: str | None) -> SampleOut:
    """A face for people; `deployed` is the SHA-256 of the weights in use, None where nobody says."""
    return SampleOut(
        id=sample.id,
        quality=round(sample.quality, 3),
        source=sample.source,
        made_at=moment(sample.made_at_us),
        model=sample.model,
        usable=None if deployed is None else sample.model.sha256 == deployed,
        negative=sample.negative,
    )


def enrol_view(sample: FaceSample, reply: FaceReply, names: Mapping[str, str]) -> EnrolOut:
    """What became of a photo; `names` of people by id."""
    near = reply.nearest
    alike = None
    if near is not None and suspicious(near):
        rate = near.false_accept_rate
        alike = AlikeOut(
            person=near.person,
            name=names.get(near.person, ""),
            similarity=round(near.similarity, 4),
            false_accept_rate=rate if rate >= 0.0 else None,
        )
    return EnrolOut(
        sample=sample_view(sample, sample.model.sha256),
        quality=round(reply.quality, 3),
        size=round(reply.size, 3),
        sharpness=round(reply.sharpness, 3),
        pose=round(reply.pose, 3),
        liveness=reply.liveness if reply.liveness >= 0.0 else None,
        similarity=None if reply.own is None else round(reply.own, 4),
        alike=alike,
        unlike_before=reply.own is not None and reply.own < UNLIKE_COSINE,
    )
