"""One target: from its durable consumers to its driver, and into the log. Edge (broker, clock).

Rules
- The log is written before a message is acknowledged; killed in between, it is sent again under the same id.
- What is not wanted is acknowledged at once. What waits stays in hand, unacknowledged, within a bound; the rest stays
  in its stream.
- A try that ends as nobody foresaw counts as refused: one event must not stop the others, one target no other.
- A command opens nothing when its time is over, when it is said again (its message carries another id then), or when
  the event is old.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from ingest.bus import Bus, BusUnavailable, Message, Stored
from ingest.contract import decode, encode, events_subject, redeliver_subject
from ingest.process import Health
from postprocess import inlet
from postprocess.config import DeliverSettings
from postprocess.contract import Event
from postprocess.deliver import rules as ruling
from postprocess.deliver.driver import Driver
from postprocess.deliver.grouping import HELD_MAX, Digest, Groups, Held
from postprocess.deliver.lane import Answer, Lane, LanePolicy, Parcel
from postprocess.deliver.log import EVENTS_MAX, STREAM, Delivered, Delivery, Outcome, TargetState, deliveries_subject
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.reader import Reader
from postprocess.deliver.replies import Seen
from postprocess.deliver.settings import FOR_PEOPLE, DeliveryRule, Target
from postprocess.errors import DeliveryError, PoisonError, ReaderLostError, SecretError
from postprocess.grave import Grave, publish_surely
from postprocess.metrics import (
    DELIVER_FAILURES,
    DELIVER_GROUPED,
    DELIVER_LAG_SECONDS,
    DELIVER_SECONDS,
    DELIVER_SKIPPED,
    DELIVER_UP,
    DELIVER_WAITING,
    DELIVERED,
)

log = logging.getLogger(__name__)

DELIVERIES_MAX = 30
"""A message that comes so often without being settled is buried before it is tried."""
HAND_MAX = 256
ACK_WAIT_S = 6.0
"""After a kill -9 what was in hand comes again this much later: longer than a command lives."""
PEOPLE_ACK_WAIT_S = 30.0
EVENT_AGE_S_MAX = 30.0
"""A command for an older event opens nothing, however young its message."""
LOOK_BACK = 20_000
"""Entries of the log that are read at the start, to know what was sent."""
COMMAND_BACKOFF_S_MAX = 0.25
GROUP_TICK_S = 0.5
FINISH_S = 3.0
REDELIVER = "REDELIVER"
EVENTS = "EVENTS"


def durable(target: str) -> str:
    """Name of the consumer of a target."""
    return f"deliver-{target}"


class Courier:
    """Event loop only."""

    def __init__(
        self, bus: Bus, target: Target, rules: Sequence[DeliveryRule], driver: Driver, *,
        settings: DeliverSettings, site: Callable[[], ruling.Site], seen: Seen, grave: Grave, health: Health,
    ) -> None:  # fmt: skip
        self._seen = seen
        self.target, self._rules, self._driver = target, rules, driver
        self._bus, self._settings, self._site, self._health = bus, settings, site, health
        self._grave = grave.of(durable(target.id))
        self._command, self._people = target.kind == "relay", target.kind in FOR_PEOPLE
        self._lane = Lane(_policy(settings, command=self._command))
        self._groups = Groups(site().timezone)
        self._told = ruling.Told()
        self._readers: dict[str, Reader] = {}
        self._group: asyncio.TaskGroup
        self._trying: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._sent_at_us = 0
        self._trouble = ""

    def change(self, target: Target, rules: Sequence[DeliveryRule], driver: Driver | None) -> Driver | None:
        """New settings; gives back the driver that is no longer used, where `driver` takes its place."""
        old = None
        self.target, self._rules = target, rules
        self._groups.change(rules)
        if driver is not None:
            old, self._driver = self._driver, driver
        self._news.set()
        return old

    async def state(self) -> TargetState:
        """How it is doing."""
        try:
            place = await self._bus.consumer_place(EVENTS, durable(self.target.id))
        except BusUnavailable:
            place = None
        return TargetState(
            id=self.target.id,
            ok=not self._trouble and self._grave.takes() is None,
            detail=self._trouble,
            waiting=self._lane.waiting,
            held=self._groups.waiting,
            behind=0 if place is None else place.waiting,
            sent_at_us=self._sent_at_us,
        )

    async def close(self) -> None:
        """Let go of the driver."""
        await self._driver.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; what is in hand then is given back."""
        await self._remember()
        await self._open()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                tasks = [group.create_task(self._read(reader)) for reader in self._readers.values()]
                tasks += [group.create_task(reader.keep()) for reader in self._readers.values()]
                tasks.append(group.create_task(self._work()))
                await stop.wait()
                for task in tasks:
                    task.cancel()
                if self._trying:
                    await asyncio.wait(self._trying, timeout=FINISH_S)
                for task in self._trying:
                    task.cancel()
        finally:
            for reader in self._readers.values():
                await reader.close()
            self._health.forget(f"target {self.target.id}")

    # -- in

    async def _remember(self) -> None:
        """What the log says of the newest events: they are not told twice."""
        while True:
            try:
                last = await self._bus.last_seq(STREAM)
                break
            except BusUnavailable:
                await asyncio.sleep(GROUP_TICK_S)
        if last == 0:
            return
        subject = deliveries_subject(self.target.id)
        reader = await self._bus.reader(STREAM, subject=subject, start_seq=max(1, last - LOOK_BACK))
        try:
            while messages := await reader.fetch(500, timeout_s=0.5):
                for message in messages:
                    self._recall(message)
        finally:
            await reader.close()

    def _recall(self, message: Message) -> None:
        try:
            entry = decode(message.payload, Delivery)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if entry.outcome != "retrying":
            for one in entry.events:
                self._told.note(one.event_id, one.version, final=one.final)
                self._seen.note(self.target.id, one.event_id, one.camera)

    async def _open(self) -> None:
        name = durable(self.target.id)
        while True:
            try:
                known = await self._bus.consumer_place(EVENTS, name)
                start = None if known is not None else await self._bus.last_seq(EVENTS) + 1
                break
            except BusUnavailable:
                await asyncio.sleep(GROUP_TICK_S)
        ack_wait_s = PEOPLE_ACK_WAIT_S if self._people else ACK_WAIT_S
        hand_max = 2 * HELD_MAX if self._people else HAND_MAX
        for stream, subjects, start_seq in (
            (EVENTS, (events_subject("*", "*"),), start),
            (REDELIVER, (redeliver_subject(self.target.id, "*", "*"),), None),
        ):
            self._readers[stream] = Reader(
                self._bus, stream, name, subjects=subjects, start_seq=start_seq, pending_max=hand_max,
                ack_wait_s=ack_wait_s, ordered=not self._command and stream == EVENTS,
            )  # fmt: skip

    async def _read(self, reader: Reader) -> None:
        while True:
            for message in await reader.take():
                await self._arrive(reader, message)
            self._news.set()

    async def _arrive(self, reader: Reader, message: Message) -> None:
        again = reader.stream == REDELIVER
        try:
            event = inlet.event(message.subject, message.payload)
        except PoisonError as error:  # `store` buries what EVENTS holds of it
            log.warning("not sent: %s seq %d: %s", message.subject, message.seq, error)
            DELIVER_SKIPPED.inc()
            await reader.done(message.seq)
            return
        rule = self._rule(event, message, again=again)
        if rule is None:
            await reader.done(message.seq)
            return
        self._told.note(event.event_id, event.version, final=event.final)
        self._seen.note(self.target.id, event.event_id, event.camera)
        held = Held(event=event, place=(reader.stream, message.seq), born_us=message.time_us, again=again)
        if message.deliveries >= DELIVERIES_MAX:
            await self._bury(self._parcel(rule, (held,)), str(ReaderLostError(message.deliveries)), tried=False)
        elif not self._people or self._groups.passes(rule, held, _now_us()):
            self._lane.put(self._parcel(rule, (held,)))

    def _rule(self, event: Event, message: Message, *, again: bool) -> DeliveryRule | None:
        site = self._site()
        if self._command:
            if again or message.message_id != event.message_id:
                return None
            able = [rule for rule in self._rules if ruling.opens(rule, event)]
            return ruling.rule_for(able, event, site, self._told)
        if again:
            nameless = DeliveryRule(id="again", target=self.target.id, group_s=0)  # where the rule is gone
            return next((rule for rule in self._rules if ruling.wants(rule, event, site)), nameless)
        return ruling.rule_for(self._rules, event, site, self._told)

    def _parcel(self, rule: DeliveryRule, held: tuple[Held, ...]) -> Parcel:
        first = held[0]
        event = first.event
        several = len(held) > 1
        expires_us = None
        if self._command:
            decided_us = min(first.born_us, event.closed_at_us or 0) if event.kind == ruling.DECISION else first.born_us
            expires_us = min(
                decided_us + int(self._settings.command_s * 1e6), event.opened_at_us + int(EVENT_AGE_S_MAX * 1e6)
            )
        return Parcel(
            id=f"digest.{rule.id}.{first.place[1]}-{held[-1].place[1]}" if several else event.message_id,
            key=_key(rule, event, several=several, command=self._command),
            rule=rule.id,
            events=tuple(one.event for one in held),
            places=tuple(one.place for one in held),
            born_us=first.born_us,
            expires_us=expires_us,
            again=first.again,
        )

    # -- out

    async def _work(self) -> None:
        while True:
            self._news.clear()
            now_s, now_us = time.monotonic(), _now_us()
            for digest in self._groups.ripe(now_us):
                self._send_digest(digest)
            for parcel in self._lane.expired(now_us):
                self._spawn(self._finish(parcel, "expired", "its time was over"))
            for parcel in self._lane.due(now_s, room=self._grave.takes()):
                self._spawn(self._try(parcel))
            DELIVER_WAITING.labels(self.target.id).set(self._lane.waiting + self._groups.waiting)
            try:
                async with asyncio.timeout(self._pause_s(now_s)):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _pause_s(self, now_s: float) -> float | None:
        ticks = [GROUP_TICK_S] if self._groups.waiting or self._grave.takes() is not None else []
        if self._command and self._lane.waiting:
            ticks.append(0.05)
        if (due_s := self._lane.wait_s(now_s)) is not None:
            ticks.append(due_s if self._grave.takes() is None else GROUP_TICK_S)
        return min(ticks) if ticks else None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work)  # a fault ends the courier, which is started again
        self._trying.add(task)
        task.add_done_callback(self._trying.discard)

    def _send_digest(self, digest: Digest) -> None:
        self._lane.put(self._parcel(digest.rule, digest.held))
        if len(digest.held) > 1:
            DELIVER_GROUPED.labels(self.target.id).inc(len(digest.held))

    async def _try(self, parcel: Parcel) -> None:
        started_s = time.monotonic()
        answer = await attempt(self._driver, parcel)
        took_s = time.monotonic() - started_s
        now_us = _now_us()
        fate = self._lane.settle(parcel, answer, now_s=time.monotonic(), now_us=now_us, chance=random.random())
        self._tell(answer)
        if fate == "sent":
            DELIVER_SECONDS.labels(self.target.kind).observe(took_s)
            DELIVER_LAG_SECONDS.labels(self.target.kind).observe(max(0.0, (now_us - parcel.born_us) / 1e6))
            self._sent_at_us = now_us
            await self._grave.went_well()
            await self._finish(parcel, "sent", answer.words, took_ms=took_s * 1000)
        else:
            DELIVER_FAILURES.labels(self.target.id, answer.outcome).inc()
            if fate == "dead":
                await self._bury(parcel, answer.words, tried=True)
            elif parcel.tries == 1:
                await self._note(parcel, "retrying", answer.words, took_ms=took_s * 1000)
        self._news.set()

    def _tell(self, answer: Answer) -> None:
        if answer.outcome == "refused":
            return
        self._trouble = "" if answer.outcome == "sent" else answer.words or "away"
        DELIVER_UP.labels(self.target.id).set(not self._trouble)
        self._health.set(f"target {self.target.id}", ok=not self._trouble, detail=self._trouble, needed=False)

    async def _finish(self, parcel: Parcel, outcome: Outcome, words: str, *, took_ms: float = 0.0) -> None:
        await self._note(parcel, outcome, words, took_ms=took_ms)
        DELIVERED.labels(self.target.kind, outcome).inc()
        for stream, seq in parcel.places:
            await self._readers[stream].done(seq)
        self._news.set()

    async def _bury(self, parcel: Parcel, words: str, *, tried: bool) -> None:
        """Each event by itself, so that it can be said again to this target alone; beyond the limit it waits."""
        reason = DeliveryError(self.target.id, words)
        for (stream, seq), event in zip(parcel.places, parcel.events, strict=True):
            message = self._readers[stream].message(seq)
            body = Stored(
                subject=redeliver_subject(self.target.id, event.camera, event.kind),
                payload=message.payload,
                seq=seq,
                time_us=message.time_us,
                message_id=f"{self.target.id}.{event.message_id}",
            )
            if not await self._grave.accept(body, reason):
                (self._lane.put_back if tried else self._lane.put)(parcel)
                self._news.set()
                return
        if tried:
            self._lane.done(parcel)
        await self._finish(parcel, "dead", words)

    async def _note(self, parcel: Parcel, outcome: Outcome, words: str, *, took_ms: float) -> None:
        entry = Delivery(
            id=parcel.id,
            target=self.target.id,
            target_kind=self.target.kind,
            rule=parcel.rule,
            at_us=_now_us(),
            outcome=outcome,
            tries=parcel.tries,
            words=words[:400],
            took_ms=round(took_ms, 1),
            events=tuple(_delivered(event) for event in parcel.events[:EVENTS_MAX]),
            count=len(parcel.events),
        )
        name = f"{self.target.id}.{parcel.id}.{outcome}.{parcel.tries}.{entry.at_us}"
        await publish_surely(self._bus, deliveries_subject(self.target.id), encode(entry), name)


async def attempt(driver: Driver, parcel: Parcel) -> Answer:
    """One try, whatever it ends with."""
    try:
        return await driver.send(parcel)
    except (Unreachable, SecretError) as error:
        return Answer(outcome="away", words=str(error))
    except Exception as error:  # supervised: nobody's message may stop the others
        log.exception("message %s", parcel.id)
        return Answer(outcome="refused", words=f"a fault of this program: {type(error).__name__}")


def _delivered(event: Event) -> Delivered:
    return Delivered(
        event_id=event.event_id, version=event.version, camera=event.camera, kind=event.kind, final=event.final
    )


def _key(rule: DeliveryRule, event: Event, *, several: bool, command: bool) -> str:
    if several:
        return f"rule {rule.id}"
    return event.message_id if command else ruling.order_key(event)


def _policy(settings: DeliverSettings, *, command: bool) -> LanePolicy:
    return LanePolicy(
        inflight_max=settings.inflight_max,
        backoff_s_max=COMMAND_BACKOFF_S_MAX if command else settings.backoff_s_max,
        refused_max=settings.refused_max,
        give_up_s=settings.give_up_h * 3600,
    )


def _now_us() -> int:
    return time.time_ns() // 1000
