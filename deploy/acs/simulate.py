"""A controller of doors, simulated: barriers that open for grants, a reader, an offline list, a journal.

Edge (asyncio, clock, files). What the reader reads comes as lines: `card 1042 door-1`, `plate А123ВС77 gate entry`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from api.acs.v1 import doors_pb2 as dp
from deploy.acs.barrier import Barrier, Command, Did
from deploy.acs.doors import WAYS_BACK, DoorClient
from postprocess.functions.doors import Way
from postprocess.functions.offline import OfflineList

TICK_S = 0.05
REFRESH_S, REFRESH_FIRST_S = 60.0, 1.0
HEARD_MAX = 1024
LOCAL = "offline-"
"""Begins the id of what the offline list let in: it is no decision of the server's."""

Note = Callable[[dict[str, object]], None]


class Simulator:
    """Barriers of some doors on one line to the server."""

    def __init__(
        self, client: DoorClient, doors: tuple[str, ...], *, make: Callable[[], Barrier], note: Note, lists: Path | None
    ) -> None:
        """`note` writes a line of the journal; `lists` keeps the offline lists over a restart."""
        self._client, self._doors, self._make, self._note, self._lists = client, doors, make, note, lists
        self._barriers: dict[str, Barrier] = {}
        self._offline: dict[str, OfflineList] = {}
        self._heard: dict[str, Command] = {}

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Until it is cancelled; raises `AcsRefused` within a group."""
        self._load()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._tick())
            group.create_task(self._refresh())
            async for line in lines:
                await self.read(line)

    def hear(self, command: Command, *, server_us: int) -> None:
        """Do what a decision says; it may come by the stream and as an answer."""
        known = self._heard.get(command.id)
        if known is not None and known.version >= command.version:
            return
        self._heard[command.id] = command
        while len(self._heard) > HEARD_MAX:
            del self._heard[next(iter(self._heard))]
        self._note({"heard": msgspec.to_builtins(command)})
        barrier = self._barriers.setdefault(command.door, self._make())
        self._did(command.door, barrier.hear(command, server_us=server_us, now_s=time.monotonic()))

    async def read(self, line: str) -> None:
        """The reader has read something: `card NUMBER DOOR [WAY]` or `plate NUMBER DOOR [WAY]`."""
        parts = line.split()
        if (
            len(parts) not in {3, 4}
            or parts[0] not in {"card", "plate"}
            or (parts[3:] or ["entry"])[0] not in WAYS_BACK
        ):
            self._note({"unread": line[:80]})
            return
        kind, number, door, way = parts[0], parts[1], parts[2], (parts[3:] or [""])[0]
        request = dp.DecideRequest(request_id=secrets.token_hex(8), door=door, direction=WAYS_BACK[way])
        if kind == "card":
            request.card = number
        else:
            request.plate, request.plate_confidence, request.plate_sure = number, 1.0, True
        command = await self._client.decide(request)
        if command is not None:
            self.hear(command, server_us=self._client.clock.latest_us())
            return
        self.hear(self._by_list({kind: number}, door, msgspec.convert(way, Way)), server_us=0)

    def _by_list(self, who: dict[str, str], door: str, way: Way) -> Command:
        """Nobody answers: the list that was fetched before decides, for as long as it holds."""
        now_us, kept = time.time_ns() // 1000, self._offline.get(door)
        opens = kept is not None and kept.opens(
            plate=who.get("plate", ""), card=who.get("card", ""), way=way, now_us=now_us
        )
        return Command(
            id=f"{LOCAL}{secrets.token_hex(8)}",
            version=1,
            door=door,
            granted=opens,
            expires_at_us=1,  # it is done now, or not at all
            reason="offline",
            direction=way,
            plate=who.get("plate", ""),
            card=who.get("card", ""),
            decided_at_us=now_us,
        )

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._client.decisions()) as decisions:
            async for command in decisions:
                self.hear(command, server_us=self._client.clock.latest_us())

    async def _tick(self) -> None:
        while True:
            for door, barrier in self._barriers.items():
                self._did(door, barrier.tick(time.monotonic()))
            await asyncio.sleep(TICK_S)

    def _did(self, door: str, done: list[Did]) -> None:
        for one in done:
            self._note({"did": one.outcome, "door": door, "decision": one.id})
            if not one.id.startswith(LOCAL):
                self._client.report(door, one.outcome, decision=one.id)
                continue
            by = self._heard[one.id]
            words = f"offline {by.card}".strip()
            self._client.report(door, one.outcome, plate=by.plate, direction=by.direction, note=words)

    async def _refresh(self) -> None:
        while True:
            for door in self._doors:
                found = await self._client.offline_list(door) if self._client.online else None
                if found is not None:
                    self._offline[door] = found
            if self._lists is not None and self._offline:
                fresh = self._lists.with_name(f".{self._lists.name}.new")
                fresh.write_bytes(msgspec.json.encode(self._offline))
                fresh.replace(self._lists)
            await asyncio.sleep(REFRESH_S if self._offline else REFRESH_FIRST_S)

    def _load(self) -> None:
        if self._lists is not None and self._lists.exists():
            with contextlib.suppress(msgspec.DecodeError):
                self._offline = msgspec.json.decode(self._lists.read_bytes(), type=dict[str, OfflineList])
