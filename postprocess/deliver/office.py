"""`deliver`: follows targets and rules, and keeps a courier for each target. Edge (broker).

Rules
- A target that is switched off, gone, or can't be read has no courier; its consumer is deleted, so that it begins with
  what happens after it is switched on again.
- A courier that ends by a fault is started again; the others do not notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from ingest.bus import Bus, BusUnavailable, Entry
from ingest.contract import Camera, decode, encode, events_subject
from ingest.process import Health
from postprocess.config import DeliverSettings
from postprocess.contract import Employee, Feedback, Region
from postprocess.deliver.courier import EVENTS, REDELIVER, Courier, durable
from postprocess.deliver.driver import Tools
from postprocess.deliver.drivers import driver_for
from postprocess.deliver.log import STATE_SUBJECT, STREAM, TEST_SUBJECT, States, TestReply, TestRequest
from postprocess.deliver.reach import Reach
from postprocess.deliver.replies import Replies, Seen, chats_of
from postprocess.deliver.rules import Site
from postprocess.deliver.secrets import Secrets
from postprocess.deliver.settings import RULES, TARGETS, TARGETS_MAX, DeliveryRule, Target, Telegram, read
from postprocess.deliver.telegram import BotApi
from postprocess.deliver.trial import trial
from postprocess.deliver.words import Language
from postprocess.errors import SecretError
from postprocess.grave import Grave, publish_surely

log = logging.getLogger(__name__)

STREAMS = (EVENTS, REDELIVER, STREAM, "DEAD")
BUCKETS = (TARGETS, RULES, "cameras", "regions", "people")
KINDS: dict[str, Any] = {
    TARGETS: Target, RULES: DeliveryRule, "cameras": Camera, "regions": Region, "people": Employee,
}  # fmt: skip
SETTLE_S = 0.2
RESTART_S = 5.0
PREFIX = durable("")


class Office:
    """Event loop only."""

    def __init__(
        self, bus: Bus, grave: Grave, settings: DeliverSettings, health: Health, *,
        timezone: str, environ: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Raises `SettingsError`."""
        self._bus, self._grave, self._settings, self._health = bus, grave, settings, health
        self._reach, self._secrets = Reach(settings.networks), Secrets(settings.secrets_dir, environ)
        self._values: dict[str, dict[str, Any]] = {name: {} for name in KINDS}
        self._loaded = {name: asyncio.Event() for name in KINDS}
        self._changed = asyncio.Event()
        self._plain = Site(timezone=timezone, public_url=settings.public_url)
        self._site = self._plain
        self._seats: dict[str, _Seat] = {}
        self._seen = Seen()
        self._asking: dict[tuple[str, str], tuple[Any, asyncio.Task[None]]] = {}
        """Address and token of a bot → what is known of its chats, and who asks it."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        await self._bus.serve(TEST_SUBJECT, self._test)
        await self._bus.serve(STATE_SUBJECT, self._states)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._follow(name)) for name in KINDS]
                tasks.append(group.create_task(self._place()))
                await stop.wait()
                for task in tasks:
                    task.cancel()
        finally:
            for _, asking in self._asking.values():
                asking.cancel()
            await asyncio.gather(*(seat.end() for seat in self._seats.values()))

    async def _follow(self, name: str) -> None:
        values, seen, outages = self._values[name], set[str](), self._bus.outages
        async for entry in self._bus.bucket(name).watch():
            if outages != self._bus.outages:
                outages, seen = self._bus.outages, set()
            if entry is None:
                for key in values.keys() - seen:
                    del values[key]
                self._loaded[name].set()
            else:
                seen.add(entry.key)
                self._take(name, entry)
            self._changed.set()

    def _take(self, name: str, entry: Entry) -> None:
        self._values[name].pop(entry.key, None)
        if entry.value is None:
            return
        try:
            value = msgspec.json.decode(entry.value, type=KINDS[name])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("bucket %s, key %s: %s", name, entry.key, error)
            return
        if value.id == entry.key:
            self._values[name][entry.key] = value

    async def _place(self) -> None:
        for loaded in self._loaded.values():
            await loaded.wait()
        while True:
            self._changed.clear()
            people = {key: person.name for key, person in self._values["people"].items()}
            self._site = msgspec.structs.replace(
                self._plain, cameras=self._values["cameras"], regions=self._values["regions"], people=people
            )
            await self._seat_all()
            self._ask_all()
            await self._forget_others()
            await self._changed.wait()
            await asyncio.sleep(SETTLE_S)

    async def _seat_all(self) -> None:
        wanted: dict[str, Target] = {}
        for key, target in sorted(self._values[TARGETS].items())[:TARGETS_MAX]:
            if not target.enabled:
                continue
            try:
                read(target)
            except msgspec.ValidationError as error:
                log.warning("target %s: %s", key, error)
                continue
            wanted[key] = target
        for key in list(self._seats):
            if key not in wanted or wanted[key].kind != self._seats[key].target.kind:
                await self._seats.pop(key).end()
        for key, target in wanted.items():
            rules = tuple(rule for _, rule in sorted(self._values[RULES].items()) if rule.target == key)
            if key in self._seats:
                await self._seats[key].change(target, rules)
            else:
                self._seats[key] = _Seat(self, target, rules)

    def _ask_all(self) -> None:
        """One asker for each bot whose buttons somebody may press."""
        bots: dict[tuple[str, str], dict[str, tuple[Telegram, Language]]] = {}
        for key, seat in self._seats.items():
            settings = read(seat.target)
            if isinstance(settings, Telegram) and settings.users:
                bot = (settings.api_url, _token_of(self._secrets, settings))
                bots.setdefault(bot, {})[key] = (settings, seat.target.language)
        for bot, (known, asking) in list(self._asking.items()):
            if bots.get(bot) != known or asking.done():
                asking.cancel()
                del self._asking[bot]
        for bot, targets in bots.items():
            if bot not in self._asking:
                first = next(iter(targets))
                api = BotApi(self.tools(self._seats[first].target), targets[first][0])
                replies = Replies(api, chats_of(targets), self._seen, self._tell)
                self._asking[bot] = (targets, asyncio.create_task(replies.run()))

    async def _tell(self, feedback: Feedback, message_id: str) -> None:
        event = feedback.event()
        await publish_surely(self._bus, events_subject(event.camera, event.kind), encode(event), message_id)

    async def _forget_others(self) -> None:
        """Delete consumers that nobody reads; what can't be done now is done at the next change."""
        with contextlib.suppress(BusUnavailable):
            for stream in (EVENTS, REDELIVER):
                for name in await self._bus.consumers(stream):
                    if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in self._seats:
                        await self._bus.forget_consumer(stream, name)

    def tools(self, target: Target) -> Tools:
        """What a target's driver is given."""
        return Tools(reach=self._reach, secrets=self._secrets, site=lambda: self._site, target=target)

    def courier(self, target: Target, rules: tuple[DeliveryRule, ...]) -> Courier:
        """A courier for a target."""
        return Courier(
            self._bus, target, rules, driver_for(target, self.tools(target)),
            settings=self._settings, site=lambda: self._site, seen=self._seen, grave=self._grave, health=self._health,
        )  # fmt: skip

    # -- questions of the api

    async def _states(self, _subject: str, _payload: bytes) -> bytes:
        states = [await seat.courier.state() for seat in self._seats.values()]
        return encode(States(targets=tuple(states)))

    async def _test(self, _subject: str, payload: bytes) -> bytes:
        try:
            request = decode(payload, TestRequest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return encode(TestReply(ok=False, words=f"the request can't be read: {error}"))
        target = self._values[TARGETS].get(request.target)
        if target is None:
            return encode(TestReply(ok=False, words="deliver knows no such target (yet)"))
        return encode(await trial(target, self.tools(target), request, command_s=self._settings.command_s))


def _token_of(secrets: Secrets, settings: Telegram) -> str:
    """What tells one bot from another; a token that can't be had tells nothing, and is asked for again."""
    try:
        return secrets.value(settings.token)
    except SecretError:
        return ""


class _Seat:
    """A courier that is kept running."""

    def __init__(self, office: Office, target: Target, rules: tuple[DeliveryRule, ...]) -> None:
        self._office, self.target, self._rules = office, target, rules
        self._stop = asyncio.Event()
        self.courier = office.courier(target, rules)
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                await self.courier.run(self._stop)
            except Exception:  # supervised: the other targets go on
                log.exception("target %s: its courier is started again", self.target.id)
                await self.courier.close()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RESTART_S):
                        await self._stop.wait()
                if not self._stop.is_set():
                    self.courier = self._office.courier(self.target, self._rules)

    async def change(self, target: Target, rules: tuple[DeliveryRule, ...]) -> None:
        """New settings, where they differ."""
        if (target, rules) == (self.target, self._rules):
            return
        driver = driver_for(target, self._office.tools(target)) if target != self.target else None
        self.target, self._rules = target, rules
        old = self.courier.change(target, rules, driver)
        if old is not None:
            await old.close()

    async def end(self) -> None:
        """Stop."""
        self._stop.set()
        await self._task
        await self.courier.close()
