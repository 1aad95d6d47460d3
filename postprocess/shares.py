"""The partitions that this process holds, kept and fenced through the bucket `shares`. Edge: asyncio (the bus).

Rules
- Whoever holds a part wrote its name there over the revision that it had seen: two can't take one part.
- A member's own key is written over its own last revision: a second process of the same name fences the first out.
- `fresh` fails once nothing could be written for `TTL_S`: by then others may have taken the parts, so that nothing may
  be decided until the next beat has told what is still held.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

from ingest.bus import Bus, BusUnavailable, Entry, RevisionConflict
from ingest.process import Health
from ingest.sharing import BEAT_S, TTL_S, seen_again
from postprocess.metrics import PARTS_HELD
from postprocess.partitions import MEMBER_PREFIX, PART_PREFIX, Seen, moves

log = logging.getLogger(__name__)

BUCKET = "shares"
GONE_S = 60.0
BEAT_S_MAX = 2.0
"""What the broker did not take by then is said again: while it elects a leader it answers nothing at all."""
Change = Callable[[frozenset[int]], Awaitable[None]]


class Shares:
    """Event loop only."""

    def __init__(self, bus: Bus, name: str, health: Health, *, gained: Change, giving: Change, lost: Change) -> None:
        """`gained`: begin with these; `giving`: write their state, they go; `lost`: somebody else has them already."""
        self._bus, self._name, self._health = bus, name, health
        self._gained, self._giving, self._lost = gained, giving, lost
        self._nonce = secrets.token_bytes(8)
        self._keys: dict[str, Seen] = {}
        self._held: dict[int, int] = {}
        self._revision: int | None = None
        self._beaten_s = float("-inf")
        self._fresh = asyncio.Event()
        self._turn = asyncio.Lock()
        """What is held changes in one place at a time; it may take longer than a beat."""

    async def fresh(self) -> None:
        """Wait until what is held is surely held."""
        while time.monotonic() - self._beaten_s >= TTL_S:
            self._fresh.clear()
            await self._fresh.wait()

    async def run(self) -> None:
        """Follow, beat and balance for ever."""
        self._health.set("partitions", ok=False, detail="none is held yet")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._beat_on())
            group.create_task(self._balance_on())

    async def leave(self) -> None:
        """Give everything back: the state was written, others need not wait."""
        bucket = self._bus.bucket(BUCKET)
        try:
            for part, revision in list(self._held.items()):
                await bucket.delete(f"{PART_PREFIX}{part}", expect=revision)
            if self._revision is not None:
                await bucket.delete(MEMBER_PREFIX + self._name, expect=self._revision)
        except (BusUnavailable, RevisionConflict) as error:
            log.debug("leaving: %s", error)

    async def _follow(self) -> None:
        async for entry in self._bus.bucket(BUCKET).watch():
            if entry is None:
                continue
            if entry.value is None:
                self._keys.pop(entry.key, None)
            else:
                self._see(entry)

    def _see(self, entry: Entry) -> None:
        """Note what a key holds; what is known already keeps the time at which it was seen first."""
        known = self._keys.get(entry.key)
        if known is None or known.revision != entry.revision:
            owner, mine = (entry.value or b"").decode(errors="replace"), MEMBER_PREFIX + self._name
            if entry.key == mine:
                self._keys = seen_again(self._keys, mine, time.monotonic())
            self._keys[entry.key] = Seen(owner=owner, revision=entry.revision, at_s=time.monotonic())

    async def _beat_on(self) -> None:
        while True:
            begun_s = time.monotonic()
            try:
                await self._beat(begun_s)
            except RevisionConflict as conflict:
                log.debug("beat: %s", conflict)
                with contextlib.suppress(BusUnavailable):
                    await self._fenced()
            except (BusUnavailable, TimeoutError) as error:
                log.debug("beat: %s", error)
                if begun_s - self._beaten_s >= TTL_S:
                    self._health.set("partitions", ok=False, detail=str(error))
            await asyncio.sleep(max(0.0, BEAT_S - (time.monotonic() - begun_s)))

    async def _beat(self, begun_s: float) -> None:
        key = MEMBER_PREFIX + self._name
        async with asyncio.timeout(BEAT_S_MAX):
            self._revision = await self._bus.bucket(BUCKET).put(key, self._nonce, expect=self._revision)
        if begun_s - self._beaten_s >= TTL_S:  # long silent, or new: what others did meanwhile has to be known first
            await self._look()
            await self._drop_foreign()
        self._beaten_s = begun_s
        self._fresh.set()

    async def _balance_on(self) -> None:
        """Taking over may take long (all that was remembered is read): life goes on being told meanwhile."""
        while True:
            await self.fresh()
            try:
                await self._drop_foreign()
                async with self._turn:
                    await self._balance()
            except (BusUnavailable, RevisionConflict) as error:
                log.debug("balance: %s", error)
            else:
                self._health.set("partitions", ok=True)
            PARTS_HELD.set(len(self._held))
            await asyncio.sleep(BEAT_S)

    async def _look(self) -> None:
        present = await self._bus.bucket(BUCKET).all()
        self._keys = {key: seen for key, seen in self._keys.items() if key in present}
        for entry in present.values():
            self._see(entry)

    async def _look_at(self, key: str) -> None:
        with contextlib.suppress(BusUnavailable):
            entry = await self._bus.bucket(BUCKET).get(key)
            if entry is None or entry.value is None:
                self._keys.pop(key, None)
            else:
                self._see(entry)

    async def _drop_foreign(self) -> None:
        gone = {
            part
            for part, revision in self._held.items()
            if (seen := self._keys.get(f"{PART_PREFIX}{part}")) is not None and seen.revision > revision
        }
        await self._let_go(gone)

    async def _let_go(self, parts: set[int]) -> None:
        async with self._turn:
            gone = parts & set(self._held)
            if gone:
                for part in gone:
                    del self._held[part]
                log.warning("partitions %s are somebody else's now", sorted(gone))
                await self._lost(frozenset(gone))

    async def _balance(self) -> None:
        prefixes = (PART_PREFIX, MEMBER_PREFIX)
        parts, members = (
            {key.removeprefix(prefix): seen for key, seen in self._keys.items() if key.startswith(prefix)}
            for prefix in prefixes
        )
        known = {int(part): seen for part, seen in parts.items() if part.isdecimal()}
        wanted = moves(known, members, self._name, self._held)
        if wanted.give:
            await self._give(wanted.give)
        await self._bury(members)
        taken = [part for part in wanted.take if await self._take(part, known.get(part))]
        if taken:
            log.info("partitions %s taken", taken)
            await self._gained(frozenset(taken))

    async def _bury(self, members: dict[str, Seen]) -> None:
        """Forget members that are long gone."""
        for name, seen in members.items():
            if time.monotonic() - seen.at_s > GONE_S:
                await self._bus.bucket(BUCKET).delete(MEMBER_PREFIX + name, expect=seen.revision)

    async def _give(self, parts: tuple[int, ...]) -> None:
        await self._giving(frozenset(parts))
        for part in parts:
            revision = self._held.pop(part)
            await self._bus.bucket(BUCKET).delete(f"{PART_PREFIX}{part}", expect=revision)
        log.info("partitions %s given back", list(parts))

    async def _take(self, part: int, seen: Seen | None) -> bool:
        key = f"{PART_PREFIX}{part}"
        try:
            revision = await self._bus.bucket(BUCKET).put(
                key, self._name.encode(), expect=0 if seen is None else seen.revision
            )
        except RevisionConflict:
            await self._look_at(key)  # somebody was faster, or no word came of its release
            return False
        except BusUnavailable:  # what was taken before is held all the same; this one is tried again
            return False
        self._held[part] = revision
        self._keys[key] = Seen(owner=self._name, revision=revision, at_s=time.monotonic())
        return True

    async def _fenced(self) -> None:
        """Another process uses this name: it goes on, this one begins anew as soon as that one is gone."""
        before = await self._bus.bucket(BUCKET).get(MEMBER_PREFIX + self._name)
        if before is not None and before.value == self._nonce:  # our own beat, whose answer was lost
            self._revision = before.revision
            return
        self._beaten_s = float("-inf")
        await self._let_go(set(self._held))
        detail = f"another process is called {self._name}: give each its own [decide] name"
        self._health.set("partitions", ok=False, detail=detail)
        await asyncio.sleep(TTL_S)
        after = await self._bus.bucket(BUCKET).get(MEMBER_PREFIX + self._name)
        if after is None or (before is not None and after.revision == before.revision):
            self._revision = None
