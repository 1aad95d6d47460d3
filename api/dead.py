"""Dead letters for people: which are meant, what a letter says, and the id under which it is said again.

Pure: no I/O, no clock.

Rules
- Content is shown as far as it can be read; addresses are masked, pictures and embeddings are left out, sizes stay.
- A letter is said again under an id that the broker has not seen: the message's own may still be in the dedupe window.
  What readers know a message by is inside of it and stays the same.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import msgspec

from api.contract import LetterOut
from api.views import moment
from ingest.contract import DeadLetter, camera_of, decode, mask_url

TEXT_CHARS_MAX = 2000
ITEMS_MAX = 200
DEPTH_MAX = 12
RAW_BYTES_SHOWN = 96
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)
_AGAIN = re.compile(r"\.replay\d+$")
_KINDS = {"detections": "report", "shots": "shot", "reads": "read", "events": "event", "deliver": "event"}


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the stream DEAD; `inside` None = it is no letter at all."""

    seq: int
    stage: str
    died_us: int
    size_bytes: int
    inside: DeadLetter | None


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are meant; empty fields ask for nothing."""

    stage: str = ""
    camera: str = ""
    reason: str = ""
    """Any part of the reason, in any case."""
    since_us: int | None = None
    until_us: int | None = None


def letter_of(seq: int, subject: str, time_us: int, payload: bytes) -> Letter:
    """A message of DEAD as a letter."""
    try:
        inside = decode(payload, DeadLetter)
    except (msgspec.DecodeError, UnicodeDecodeError):
        inside = None
    stage = subject.rsplit(".", maxsplit=1)[-1]
    return Letter(seq=seq, stage=stage, died_us=time_us, size_bytes=len(payload), inside=inside)


def meant(letter: Letter, wanted: LetterFilter) -> bool:
    """Whether a filter lets a letter through."""
    if wanted.since_us is not None and letter.died_us < wanted.since_us:
        return False
    if wanted.until_us is not None and letter.died_us >= wanted.until_us:
        return False
    if wanted.stage and letter.stage != wanted.stage:
        return False
    if letter.inside is None:
        return not wanted.camera and not wanted.reason
    if wanted.camera and camera_of(letter.inside.subject) != wanted.camera:
        return False
    return wanted.reason.casefold() in letter.inside.reason.casefold()


def to_replay(letter: Letter) -> DeadLetter | None:
    """What can be said again: only a letter that names a subject of the data path, and holds its message."""
    inside = letter.inside
    return inside if inside is not None and camera_of(inside.subject) and inside.payload else None


def replay_id(seq: int, inside: DeadLetter) -> str:
    """The same for the same letter, however often: a replay that was killed half-way repeats itself."""
    own = inside.message_id or f"{inside.subject}.{inside.seq}"
    return f"{_AGAIN.sub('', own)}.replay{seq}"


def letter_view(letter: Letter, *, content: bool = False) -> LetterOut:
    """A letter for people, with its content where that is asked for."""
    inside = letter.inside
    if inside is None:
        inside = DeadLetter(subject="", seq=0, reason="the letter itself can't be read", payload=b"")
    return LetterOut(
        seq=letter.seq,
        stage=letter.stage,
        reason=_masked(inside.reason),
        subject=inside.subject,
        camera=camera_of(inside.subject),
        died_at=moment(letter.died_us),
        message_seq=inside.seq,
        message_id=inside.message_id,
        size_bytes=letter.size_bytes,
        replayable=to_replay(letter) is not None,
        kind=_kind(inside.subject),
        content=_content(inside.payload) if content else None,
    )


def _kind(subject: str) -> str:
    words = subject.split(".")
    return _KINDS.get(words[1], "") if len(words) > 1 else ""


def _content(payload: bytes) -> Any:
    """What a payload holds, as plain JSON; bytes that are no msgpack are shown by their beginning."""
    try:
        found = msgspec.msgpack.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if isinstance(found, dict):
        return _shown(found, 0)
    return {
        "unreadable": f"{len(payload)} bytes that hold no message",
        "text": _masked(payload[:TEXT_CHARS_MAX].decode("utf-8", errors="replace")),
        "base64": base64.b64encode(payload[:RAW_BYTES_SHOWN]).decode(),
    }


def _shown(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _masked(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= DEPTH_MAX:
        return "…"
    if isinstance(value, dict):
        return {_masked(str(key)): _shown(value[key], depth + 1) for key in list(value)[:ITEMS_MAX]}
    if isinstance(value, list | tuple):
        return [_shown(one, depth + 1) for one in value[:ITEMS_MAX]]
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return f"<{type(value).__name__}>"


def _masked(text: str) -> str:
    return _URL.sub(lambda found: mask_url(found.group(0)), text)[:TEXT_CHARS_MAX]
