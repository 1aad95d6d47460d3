"""Decides at the doors: reads candidates off the stream, says what was decided, and remembers who is where.

Edge (asyncio, NATS). The decision itself is `postprocess.functions.access.decide`, pure.

Rules
- What was decided is an event before anybody acts on it: controllers hear of it by the stream EVENTS, in its order.
- One decision per door and candidate; a grant is the last word on it. A later version is told where it says
  something else.
- Memory is made of the stream alone: at the start decisions and reports are read again, so that a restart neither
  forgets who is inside nor says a command twice. Candidates of the time of the restart are judged late, as stale.
- What can't be published was not decided: it is judged again when the broker is back, by the clock of then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import NoReturn

import msgspec

from api.catalog import Catalog
from api.cursor import Mark
from api.errors import NotThere, Unavailable
from api.feed import Feed
from api.link import Link, within
from api.live import Cut, Happened, Start, Wanted
from api.metrics import DECISIONS, GARBAGE
from ingest.bus import Bus
from ingest.contract import decode, encode, events_subject
from postprocess.contract import Employee, Event, VehicleEntry
from postprocess.functions.access import Whereabouts, decide
from postprocess.functions.doors import (
    ACCESS,
    CANDIDATE_KINDS,
    COMMAND_US,
    DENIED,
    GRANTED,
    KINDS,
    PASSAGE,
    WAITING,
    Candidate,
    Deny,
    Door,
    Grant,
    Site,
    candidates,
    decision_event,
    decision_id,
    key_of,
)
from postprocess.plates import canonical

STREAM = "EVENTS"
AWAY_S = 0.25
SAID_MAX = 8192
"""Decisions remembered, so that they are not made twice."""
RECENT_MAX = 20
"""Of one door, for people."""
FACES_MAX = 32
RESUME_US = 3_600_000_000
"""Candidates are gone on from behind the last decision, unless it is older than this."""


class Doorman:
    """All doors of the site."""

    def __init__(self, link: Link, catalog: Catalog, feed: Feed, *, timezone: str, now_us: Callable[[], int]) -> None:
        self._link, self._catalog, self._feed = link, catalog, feed
        self._timezone, self._now_us = timezone, now_us
        self._deciding = asyncio.Lock()
        self._built: object = None
        self._site, self._doors = Site(known=False), dict[str, Door]()
        self._inside = Whereabouts()
        self._said: dict[str, Event] = {}
        self._recent: dict[str, deque[Event]] = {}
        self._faces: dict[str, deque[Candidate]] = {}
        self._mark: Mark | None = None
        self.listeners: Counter[str] = Counter()
        """Door → clients that listen to its decisions; under an empty name those that listen to all."""

    def recent(self, door: str) -> list[Event]:
        """The last decisions and reports of a door, newest first."""
        return list(reversed(self._recent.get(door, ())))

    def door(self, door_id: str) -> Door:
        """A door as it is now; raises `NotThere`, `Unavailable`."""
        self._refresh()
        found = self._doors.get(door_id)
        if found is None:
            if not self._site.known:
                raise Unavailable(component="nats")
            raise NotThere(kind="door", name=door_id)
        return found

    def site(self) -> Site:
        """What decisions stand on now; raises `Unavailable`."""
        self._refresh()
        return self._site

    @contextlib.contextmanager
    def listening(self, doors: tuple[str, ...]) -> Iterator[None]:
        """While a controller listens to some doors; none = all."""
        names = doors or ("",)
        self.listeners.update(names)
        try:
            yield
        finally:
            self.listeners.subtract(names)
            for name in names:
                if self.listeners[name] <= 0:
                    del self.listeners[name]

    async def follow(self) -> NoReturn:
        """Decide for ever."""
        bus = await self._link.opened()
        begin: int | None = None
        remembered = False
        while True:
            with contextlib.suppress(Unavailable):
                if begin is None:
                    async with within():
                        begin = await bus.last_seq(STREAM)
                if not remembered:
                    await self._remember(bus, begin)
                    remembered = True
                await self._watch()
            await asyncio.sleep(AWAY_S)

    async def ask(self, candidate: Candidate) -> Event:
        """Decide about who asks now, and say it; the same subject gets the same decision.

        Raises `NotThere`, `Unavailable`.
        """
        door = self.door(candidate.door)
        async with self._deciding:
            known = self._said.get(decision_id(door.id, candidate.subject))
            if known is not None:
                return known
            whole = self._with_face(door, candidate)
            return await self._decide(door, whole)

    async def open(self, door_id: str, *, subject: str, author: str, reason: str) -> Event:
        """Open by hand: a grant like any other, but for a door that is off. Raises `NotThere`, `Unavailable`."""
        door, now_us = self.door(door_id), self._now_us()
        async with self._deciding:
            known = self._said.get(decision_id(door.id, subject))
            if known is not None:
                return known
            by_hand: Grant | Deny = Deny(reason="door_off")
            if door.enabled:
                by_hand = Grant(reason="manual", key="", way="", expires_at_us=now_us + COMMAND_US)
            candidate = Candidate(door=door.id, subject=subject, captured_at_us=now_us)
            event = decision_event(door, candidate, by_hand, now_us)
            event = msgspec.structs.replace(event, author=author, text=reason, severity="warning")
            await self._say(event)
            return event

    async def report(self, passage: Event) -> None:
        """Say what a door did; raises `Unavailable`."""
        async with self._deciding:
            await self._say(passage)

    def said(self, decision: str) -> Event | None:
        """A decision that is remembered."""
        return self._said.get(decision)

    async def _remember(self, bus: Bus, begin: int) -> None:
        """Read again what was decided and done, and from where candidates go on; raises `Unavailable`.

        Without a decision it is `begin`, where the stream ended when this process came: what happens while it reads
        waits.
        """
        if not self.site().known:
            raise Unavailable(component="nats")
        async with within():
            span = await bus.span(STREAM)
        seq, since_us = begin, self._now_us() - RESUME_US
        kinds = tuple(events_subject("*", kind) for kind in KINDS)
        reader = await bus.reader(STREAM, subject=kinds, start_seq=max(1, span.first_seq))
        try:
            while True:
                async with within():
                    _, waiting = await reader.position()
                messages = await reader.fetch(512, timeout_s=0.5) if waiting else []
                for message in messages:
                    event = _event(message.payload)
                    if event is None:
                        continue
                    self._learn(event)
                    if event.kind != PASSAGE and message.time_us >= since_us:
                        seq = message.seq
                if not messages and not waiting:
                    break
        finally:
            await reader.close()
        self._mark = Mark(span.created_us, min(seq, span.last_seq))

    async def _watch(self) -> None:
        """Take what comes until the stream ends."""
        items = await self._feed.open(Wanted(kinds=(*CANDIDATE_KINDS, *KINDS)), Start(after=self._mark))
        async with contextlib.aclosing(items):
            async for item in items:
                if isinstance(item, Cut):
                    return
                if isinstance(item, Happened):
                    await self._take(item.event)
                self._mark = item.mark

    async def _take(self, event: Event) -> None:
        if event.function == ACCESS:
            self._learn(event)
            return
        self._refresh()
        for candidate in candidates(event, self._doors):
            async with self._deciding:
                await self._consider(self._doors[candidate.door], candidate)

    async def _consider(self, door: Door, candidate: Candidate) -> None:
        """Decide about what a camera saw, where something is to be said."""
        if candidate.person and not candidate.vehicle:
            self._faces.setdefault(door.id, deque(maxlen=FACES_MAX)).append(candidate)
        if door.second_factor == "card_face" and not candidate.vehicle:
            return  # a face alone is evidence for the card that comes with it
        before = self._said.get(decision_id(door.id, candidate.subject))
        if before is None or (before.kind == DENIED and before.version < candidate.version):
            await self._decide(door, candidate, before)

    async def _decide(self, door: Door, candidate: Candidate, before: Event | None = None) -> Event:
        now_us = self._now_us()
        found = decide(door, candidate, self.site(), now_us, self._inside)
        event = decision_event(door, candidate, found, now_us)
        waits = isinstance(found, Deny) and found.reason in WAITING and not candidate.final
        if not waits and (before is None or _differs(before, event)):
            await self._say(event)
        return event

    async def _say(self, event: Event) -> None:
        subject = events_subject(event.camera, event.kind)
        async with within():
            await self._link.bus().publish(subject, encode(event), message_id=event.message_id)
        DECISIONS.labels(event.kind.removeprefix("access_"), event.cause).inc()
        self._learn(event)

    def _learn(self, event: Event) -> None:
        """Remember what was said, by whomever; saying it twice changes nothing."""
        name = event.camera.removeprefix("door-")
        recent, door = self._recent.setdefault(name, deque(maxlen=RECENT_MAX)), self._doors.get(name)
        known = next((place for place, one in enumerate(recent) if one.event_id == event.event_id), None)
        if known is None:
            recent.append(event)
        elif event.version >= recent[known].version:
            recent[known] = event
        if event.kind == PASSAGE:
            if door is not None and key_of(event):
                self._reported(door, event)
            return
        before = self._said.pop(event.event_id, None)
        self._said[event.event_id] = event if before is None or event.version >= before.version else before
        while len(self._said) > SAID_MAX:
            del self._said[next(iter(self._said))]
        if event.kind == GRANTED and door is not None and key_of(event) and event.closed_at_us is not None:
            until_us = event.closed_at_us + COMMAND_US
            self._inside.granted(door, key_of(event), event.event_id, until_us)

    def _reported(self, door: Door, passage: Event) -> None:
        if passage.cause == "passed":
            self._inside.passed(door, key_of(passage), passage.direction, passage.opened_at_us)
        if passage.cause != "opened":
            self._inside.settled(door, key_of(passage))

    def _with_face(self, door: Door, candidate: Candidate) -> Candidate:
        """A card with the face that the door has just seen: the owner's if it is among them, else the newest."""
        if door.second_factor != "card_face" or not candidate.card or candidate.person:
            return candidate
        since_us = self._now_us() - round(door.factor_s * 1e6)
        seen = [face for face in self._faces.get(door.id, ()) if face.captured_at_us >= since_us]
        if not seen:
            return candidate
        owner = self.site().badges.get(candidate.card, "")
        face = max(seen, key=lambda face: (face.person == owner, face.captured_at_us))
        return msgspec.structs.replace(
            candidate,
            captured_at_us=max(face.captured_at_us, candidate.captured_at_us),
            person=face.person,
            person_confidence=face.person_confidence,
            liveness=face.liveness,
            event=face.event,
        )

    def _refresh(self) -> None:
        """Take in doors and lists that have changed; raises `Unavailable`."""
        known, state = self._catalog.access_state()
        if self._built == (known, state):
            return
        self._doors = {door.id: door for door, _ in self._catalog.doors()}
        people = {person.id: person for person, _ in self._catalog.people()}
        self._site = Site(
            vehicles=by_plate([entry for entry, _ in self._catalog.vehicles()]),
            people=people,
            badges=by_badge(people),
            timezone=self._timezone,
            known=known,
        )
        self._built = (known, state)


def by_plate(entries: list[VehicleEntry]) -> dict[str, tuple[VehicleEntry, ...]]:
    """Entries by the plate that they are compared by."""
    found: dict[str, tuple[VehicleEntry, ...]] = {}
    for entry in entries:
        plate = canonical(entry.plate)
        found[plate] = (*found.get(plate, ()), entry)
    return found


def by_badge(people: dict[str, Employee]) -> dict[str, str]:
    """Badge → person; one that two people have is nobody's."""
    owners: dict[str, list[str]] = {}
    for person in people.values():
        if person.badge:
            owners.setdefault(person.badge, []).append(person.id)
    return {badge: names[0] for badge, names in owners.items() if len(names) == 1}


def _event(payload: bytes) -> Event | None:
    try:
        return decode(payload, Event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        GARBAGE.labels("event").inc()
        return None


def _differs(before: Event, event: Event) -> bool:
    """Whether a newer version says something else."""
    return (before.kind, before.cause, before.plate, before.person) != (
        event.kind, event.cause, event.plate, event.person,
    )  # fmt: skip
