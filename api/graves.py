"""The stream of dead letters, as the api reads and mends it.

Edge (asyncio, NATS).

Rules
- A letter is published first and removed afterwards: killed between the two, it is there still, and a second replay has
  the same message id.
- Every call ends: it looks at so many letters, for so long, and says where the next one goes on.
- What dies again while letters are replayed lies behind the end that was set at the beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from api.dead import Letter, LetterFilter, letter_of, meant, replay_id, to_replay
from api.errors import NotReplayable, NotThere, Unavailable
from api.link import ANSWER_S_MAX, Link, within
from api.metrics import DEAD_LETTERS
from ingest.bus import Bus, BusTimeout, BusUnavailable, Stored
from ingest.contract import DeadLetter, dead_subject, resume_subject

STREAM = "DEAD"
STAGES = ("recognise", "store", "deliver")
"""Those that stop by themselves when too much goes to the dead letters."""
LOOK_S_MAX = 2.0
"""For so long a call looks for letters before it says how far it has come."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of letters; `next_after` None = there are no more."""

    letters: tuple[Letter, ...]
    next_after: int | None
    last: int
    total: int


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How many letters were dealt with."""

    done: int
    refused: int
    next_after: int | None
    upto: int


class Graves:
    """Dead letters of all stages."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def letter(self, seq: int) -> Letter:
        """One letter; raises `NotThere`, `Unavailable`."""
        async with within():
            found = await self._link.bus().message(STREAM, seq) if seq > 0 else None
        if found is None:
            raise NotThere(kind="letter", name=str(seq))
        return _letter(found)

    async def find(self, wanted: LetterFilter, *, after: int, limit: int) -> Found:
        """The letters behind `after` that are meant, oldest first; raises `Unavailable`."""
        bus = self._link.bus()
        async with within(LOOK_S_MAX * 2):
            span = await bus.span(STREAM)
            looking, found = _Looking(after), list[Letter]()
            async for letter in looking.letters(bus, wanted, upto=span.last_seq):
                found.append(letter)
                if len(found) >= limit:
                    break
        more = None if looking.ended else looking.seq
        return Found(letters=tuple(found), next_after=more, last=span.last_seq, total=span.messages)

    async def replay(self, seq: int) -> None:
        """Say a letter again and take it out; raises `NotThere`, `NotReplayable`, `Unavailable`."""
        letter = await self.letter(seq)
        inside = to_replay(letter)
        if inside is None:
            raise NotReplayable(seq=seq, subject="" if letter.inside is None else letter.inside.subject)
        async with within():
            await _replay(self._link.bus(), seq, inside)

    async def drop(self, seq: int) -> None:
        """Take a letter out; raises `NotThere`, `Unavailable`."""
        async with within():
            removed = await _drop(self._link.bus(), seq) if seq > 0 else False
        if not removed:
            raise NotThere(kind="letter", name=str(seq))

    async def resume(self, stage: str) -> bool:
        """Tell a stage to go on; whether it had stopped. Raises `NotThere`, `Unavailable`."""
        if stage not in STAGES:
            raise NotThere(kind="stage", name=stage[:40])
        try:
            return bool(await self._link.bus().ask(resume_subject(stage), b"", timeout_s=ANSWER_S_MAX))
        except BusUnavailable as error:
            raise Unavailable(component="nats", reason=str(error)) from error
        except BusTimeout as error:
            raise Unavailable(component=stage, reason=str(error)) from error

    async def all(self, wanted: LetterFilter, *, after: int, upto: int | None, limit: int, replay: bool) -> Done:
        """Replay or drop the letters that are meant, oldest first; raises `Unavailable`."""
        bus = self._link.bus()
        async with within():
            upto = (await bus.span(STREAM)).last_seq if upto is None else upto
        looking, done, refused = _Looking(after), 0, 0
        async for letter in looking.letters(bus, wanted, upto=upto):
            inside = to_replay(letter) if replay else None
            if replay and inside is None:
                refused += 1
            else:
                async with within():
                    await (_drop(bus, letter.seq) if inside is None else _replay(bus, letter.seq, inside))
                done += 1
            if done + refused >= limit:
                break
        return Done(done=done, refused=refused, next_after=None if looking.ended else looking.seq, upto=upto)


class _Looking:
    """How far a search has come."""

    def __init__(self, after: int) -> None:
        self.seq, self.ended = after, False

    async def letters(self, bus: Bus, wanted: LetterFilter, *, upto: int) -> AsyncIterator[Letter]:
        """Those that are meant, up to `upto`; ends early after `LOOK_S_MAX`."""
        subject = dead_subject(wanted.stage or "*")
        end_s = asyncio.get_running_loop().time() + LOOK_S_MAX
        while asyncio.get_running_loop().time() < end_s:
            async with within():
                stored = await bus.next_message(STREAM, subject, self.seq + 1) if self.seq < upto else None
            if stored is None or stored.seq > upto:
                self.ended = True
                return
            self.seq = stored.seq
            letter = _letter(stored)
            if meant(letter, wanted):
                yield letter


def _letter(stored: Stored) -> Letter:
    return letter_of(stored.seq, stored.subject, stored.time_us, stored.payload)


async def _replay(bus: Bus, seq: int, inside: DeadLetter) -> None:
    await bus.publish(inside.subject, inside.payload, message_id=replay_id(seq, inside))
    await bus.remove_message(STREAM, seq)
    DEAD_LETTERS.labels("replayed").inc()


async def _drop(bus: Bus, seq: int) -> bool:
    removed = await bus.remove_message(STREAM, seq)
    DEAD_LETTERS.labels("dropped").inc(int(removed))
    return removed
