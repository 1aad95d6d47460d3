"""A watched copy of one bucket of the broker. Edge (asyncio, NATS)."""

from __future__ import annotations

from api.link import Link
from ingest.bus import Entry


class Shelf:
    """A watched copy of one bucket, in memory."""

    def __init__(self, link: Link, name: str) -> None:
        self._link, self.name = link, name
        self._entries: dict[str, Entry] = {}
        self.known = False
        """Whether the bucket was read once."""
        self.changes = 0

    def entries(self) -> list[Entry]:
        """What is there, as far as this process knows."""
        return list(self._entries.values())

    def entry(self, key: str) -> Entry | None:
        """One of them."""
        return self._entries.get(key)

    def drop(self, key: str) -> None:
        """What this process deleted itself."""
        self._entries.pop(key, None)
        self.changes += 1

    def note(self, key: str, value: bytes | None, revision: int) -> None:
        """Take in a change; an older one than is known changes nothing."""
        known = self._entries.get(key)
        if known is not None and known.revision > revision:
            return
        self.changes += 1
        if value is None:
            self._entries.pop(key, None)
        else:
            self._entries[key] = Entry(key=key, value=value, revision=revision)

    async def follow(self) -> None:
        """Keep the copy fresh for ever; what vanished while the broker was away vanishes here too."""
        bus = await self._link.opened()
        seen: set[str] = set()
        outages = bus.outages
        async for entry in bus.bucket(self.name).watch():
            if outages != bus.outages:
                outages, seen = bus.outages, set()
            if entry is None:
                for key in self._entries.keys() - seen:
                    del self._entries[key]
                self.changes += 1
                self.known = True
            else:
                seen.add(entry.key)
                self.note(entry.key, entry.value, entry.revision)
