"""What a live stream of events is made of, whichever face shows it: where it starts, and what comes out of it.

Pure. `feed` reads the broker and makes these; `sse` and `acs/messages` put them into words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from api.cursor import Mark
from api.errors import BadParameter
from api.language import Words
from ingest.contract import events_subject
from postprocess.contract import Event

SUBJECTS_MAX = 256
"""Of one client."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the stream holds. An empty one has `first_seq` = `last_seq` + 1, or both 0."""

    stream_us: int
    """When the stream was made: its identity."""
    first_seq: int
    last_seq: int
    first_us: int = 0
    """When its oldest message was written; 0 = it holds none."""
    last_us: int = 0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a client wants; an empty list asks for nothing."""

    cameras: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Where a client wants to begin: behind a mark; without one with what is new, or with the oldest that is kept."""

    after: Mark | None = None
    oldest: bool = False


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Events may be missing between a client's mark and what comes next."""

    reason: Literal["expired", "renewed"]
    after: Mark
    """The client's."""
    first_seq: int = 0
    last_seq: int = 0
    """The span that is missing; 0 = not known."""
    until_us: int = 0
    """When the oldest event that is kept was written; 0 = none is kept."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a client starts, and what it lost."""

    seen: Mark
    gap: Gap | None = None


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first message."""

    mark: Mark


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event."""

    mark: Mark
    event: Event
    forms: dict[str, bytes] = {}
    """How it is written, by form: put into words once for all clients that are handed this very object."""

    def written(self, form: str, write: Callable[[], bytes]) -> bytes:
        """The event in a form, which `write` makes where nobody asked for it before."""
        if form not in self.forms:
            self.forms[form] = write()
        return self.forms[form]


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A gap."""

    mark: Mark
    gap: Gap


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing happened for some seconds, and the line stands."""

    mark: Mark


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """The last message: why the stream ends here."""

    reason: Literal["slow", "shutdown", "failed", "revoked"]


Item = Hello | Happened | Lost | Still | Cut


def subjects(wanted: Wanted) -> tuple[str, ...]:
    """The subjects of what is wanted, none overlapping another; raises `BadParameter` when there are too many."""
    cameras, kinds = sorted(set(wanted.cameras)) or ["*"], sorted(set(wanted.kinds)) or ["*"]
    if len(cameras) * len(kinds) > SUBJECTS_MAX:
        words = Words(
            f"allowed are {SUBJECTS_MAX} pairs of camera and kind; leave one of the lists empty",
            f"допустимо не более {SUBJECTS_MAX} пар камера-вид; оставьте один из списков пустым",
        )
        raise BadParameter(name="cameras", value=f"{len(cameras)} x {len(kinds)} kinds", allowed=words)
    return tuple(events_subject(camera, kind) for camera in cameras for kind in kinds)


def wants(wanted: Wanted, camera: str, kind: str) -> bool:
    """Whether an event with this subject is wanted: what the broker makes of `subjects`."""
    return (not wanted.cameras or camera in wanted.cameras) and (not wanted.kinds or kind in wanted.kinds)


def place(start: Start, kept: Kept) -> Place:
    """Where to start in a stream that holds `kept`."""
    before_first = max(0, kept.first_seq - 1)
    after = start.after
    if after is None:
        seq = before_first if start.oldest else kept.last_seq
        return Place(seen=Mark(kept.stream_us, seq))
    if after.stream_us not in {0, kept.stream_us}:
        gap = Gap(reason="renewed", after=after, until_us=kept.first_us)
        return Place(seen=Mark(kept.stream_us, before_first), gap=gap)
    if after.seq > kept.last_seq:  # from the future: the stream has lost its end
        here = Mark(kept.stream_us, kept.last_seq)
        return Place(seen=here, gap=Gap(reason="renewed", after=after) if after.stream_us else None)
    if after.seq < before_first:
        gap = Gap(reason="expired", after=after, first_seq=after.seq + 1, last_seq=before_first, until_us=kept.first_us)
        return Place(seen=Mark(kept.stream_us, before_first), gap=gap)
    return Place(seen=Mark(kept.stream_us, after.seq, after.at_us))
