"""This process among those that share the cameras: says that it lives, and sees who else does. Edge: asyncio (the bus).

Rules
- The member's key is written over its own last revision: a second process of the same name fences the first one out.
- The first word of a process is unconditional: whoever starts under a name goes on for whoever had it.
- Nothing is decided here: `sharing.py` says who takes what, `fleet.py` does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections.abc import Collection

import msgspec

from ingest.bus import Bus, BusUnavailable, Entry, HealthBoard, RevisionConflict
from ingest.sharing import (
    BEAT_S,
    MEMBER_PREFIX,
    SILENCE_S_MAX,
    TTL_S,
    LeaseValue,
    Member,
    Seen,
    alive,
    seen_again,
)

log = logging.getLogger(__name__)

BUCKET = "leases"
BEAT_S_MAX = 2.0
"""What the broker did not take by then is said again: while it elects a leader it answers nothing at all."""


class Members:
    """Event loop only."""

    def __init__(self, bus: Bus, name: str, capacity: float, health: HealthBoard) -> None:
        self.name = name
        self._bus, self._health = bus, health
        self._me = Member(nonce=secrets.token_hex(8), capacity=capacity)
        self._members: dict[str, Seen] = {}
        self._revision: int | None = None
        self._beaten_s = float("-inf")
        self._known = False
        self.fenced = False
        """Another process uses this name: nothing is ours."""
        self.leases: dict[str, tuple[str, int]] = {}
        """Camera → owner and revision, as last seen."""
        self._hurry = asyncio.Event()
        self.changed = asyncio.Event()
        """Set whenever there may be something to do."""

    @property
    def ready(self) -> bool:
        """Whether this process has said that it lives, and knows who else does."""
        heard = self._members.get(self.name)
        fresh = heard is not None and time.monotonic() - heard.at_s < TTL_S
        return self._known and fresh and not self.fenced and time.monotonic() - self._beaten_s < TTL_S

    @property
    def silenced(self) -> bool:
        """Nothing could be said for so long that others, who were there, may have taken what is ours."""
        last_s = self._beaten_s
        others = any(seen.at_s > last_s - TTL_S for name, seen in self._members.items() if name != self.name)
        return self.fenced or (others and time.monotonic() - last_s >= SILENCE_S_MAX)

    @property
    def unheard_us(self) -> int:
        """Since when, by the wall clock, nothing of this process can have been heard; a beat before the last one."""
        if math.isinf(self._beaten_s):
            return 0
        return time.time_ns() // 1000 - round((time.monotonic() - self._beaten_s + BEAT_S) * 1e6)

    def living(self) -> dict[str, float]:
        """Capacities of those that live, this process among them."""
        return alive(self._members, self.name) | {self.name: self._me.capacity}

    def offered(self) -> set[str]:
        """Cameras that others, who live, would give."""
        return {camera for name in self.living().keys() - {self.name} for camera in self._members[name].offers}

    def keeping(self, camera: str) -> set[str]:
        """The others who live and would not give a camera."""
        others = self.living().keys() - {self.name}
        return {name for name in others if camera not in self._members[name].offers}

    def heirs(self) -> bool:
        """Whether there are others who take cameras."""
        return any(capacity > 0.0 for name, capacity in self.living().items() if name != self.name)

    def offer(self, cameras: Collection[str], *, leaving: bool) -> None:
        """Say what would be given, at once where that is something new; `leaving`: and that nothing more is taken."""
        capacity = 0.0 if leaving else self._me.capacity
        me = msgspec.structs.replace(self._me, capacity=capacity, offers=tuple(sorted(cameras)))
        if me != self._me:
            self._me = me
            self._hurry.set()

    def owners(self) -> dict[str, str]:
        """Whom each lease names."""
        return {camera: owner for camera, (owner, _) in self.leases.items()}

    async def run(self) -> None:
        """Beat and follow for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat_on())
            group.create_task(self._follow())

    async def leave(self) -> None:
        """Say goodbye: others need not wait until this process counts as dead."""
        if self._revision is not None and not self.fenced:
            with contextlib.suppress(BusUnavailable, RevisionConflict, TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._bus.bucket(BUCKET).delete(MEMBER_PREFIX + self.name, expect=self._revision)

    async def _follow(self) -> None:
        async for entry in self._bus.bucket(BUCKET).watch():
            if entry is None:
                self._known = True
            elif entry.key.startswith(MEMBER_PREFIX):
                self._see(entry.key.removeprefix(MEMBER_PREFIX), entry)
            elif entry.value is None:
                self.leases.pop(entry.key, None)
            else:
                self.leases[entry.key] = (_owner(entry.value), entry.revision)
            self.changed.set()

    def _see(self, name: str, entry: Entry) -> None:
        known = self._members.get(name)
        if entry.value is None:
            self._members.pop(name, None)
        elif known is None or known.revision != entry.revision:
            member, now_s = _member(entry.value), time.monotonic()
            if name == self.name:
                self._members = seen_again(self._members, name, now_s)
            self._members[name] = Seen(
                capacity=member.capacity, revision=entry.revision, at_s=now_s, offers=member.offers
            )

    async def _beat_on(self) -> None:
        while True:
            begun_s = time.monotonic()
            try:
                value = msgspec.json.encode(self._me)
                async with asyncio.timeout(BEAT_S_MAX):
                    self._revision = await self._bus.bucket(BUCKET).put(
                        MEMBER_PREFIX + self.name, value, expect=self._revision
                    )
                self._beaten_s = begun_s
            except RevisionConflict:
                with contextlib.suppress(BusUnavailable):
                    await self._fence()
            except (BusUnavailable, TimeoutError) as error:
                log.debug("beat: %s", error)
            self.changed.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, BEAT_S - (time.monotonic() - begun_s))):
                    await self._hurry.wait()
            self._hurry.clear()

    async def _fence(self) -> None:
        """Somebody else wrote our key: it goes on, this process begins anew once that one is gone."""
        before = await self._bus.bucket(BUCKET).get(MEMBER_PREFIX + self.name)
        if before is None or _member(before.value).nonce == self._me.nonce:  # our own beat, whose answer was lost
            self._revision = before.revision if before is not None else None
            return
        self.fenced = True
        self.changed.set()
        detail = f"another process is called {self.name}: give each its own [ingest] name"
        self._health.set("cameras", ok=False, detail=detail)
        await asyncio.sleep(TTL_S)
        after = await self._bus.bucket(BUCKET).get(MEMBER_PREFIX + self.name)
        if after is None or after.revision == before.revision:
            self._revision, self.fenced = None, False
            self._health.set("cameras", ok=True)


def _member(value: bytes | None) -> Member:
    try:
        return msgspec.json.decode(value or b"", type=Member)
    except msgspec.DecodeError:
        return Member()


def _owner(value: bytes) -> str:
    try:
        return msgspec.json.decode(value, type=LeaseValue).owner
    except msgspec.DecodeError:
        return ""
