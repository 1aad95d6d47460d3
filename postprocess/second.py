"""What follows from the events of all cameras is done by one process at a time: how it is begun and ended.

Edge (tasks).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

Fresh = Callable[[], Awaitable[None]]
"""Waits until it is sure that nobody else does the same."""


class Second(Protocol):
    """What follows from the events of all cameras, done by one process at a time."""

    async def run(self, fresh: Fresh) -> None:
        """Work for ever, whenever it was begun and not ended; waits for `fresh` before it says anything."""

    def begin(self) -> None:
        """Go on from where the kept state stands."""

    async def end(self, *, keep: bool) -> None:
        """Stop; with `keep` what is remembered is written first."""


class Together:
    """Several that are begun and ended at once; a `Second`."""

    def __init__(self, *each: Second) -> None:
        self._each = each

    async def run(self, fresh: Fresh) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            for one in self._each:
                group.create_task(one.run(fresh))

    def begin(self) -> None:
        """Go on from where the kept states stand."""
        for one in self._each:
            one.begin()

    async def end(self, *, keep: bool) -> None:
        """Stop; with `keep` what is remembered is written first."""
        for one in self._each:
            await one.end(keep=keep)
