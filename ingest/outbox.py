"""Messages on their way to the broker: bounded, in order. Pure: no I/O, no clock.

Rules
- A camera's messages leave in the order in which they were put in; the head stays until it is acknowledged.
- The bound is in bytes over all cameras. When it is reached, the oldest reports and shots of the camera that holds most
  give way, and what they covered is remembered as a span to be told (`camera_blind`, cause broker).
- Notices (events of ingest itself) never give way: they are few and small.
"""

from __future__ import annotations

from collections import deque

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its id; `captured_us` 0 = a notice, which never gives way."""

    subject: str
    payload: bytes
    message_id: str
    captured_us: int = 0


class Budget:
    """Bytes held over all cameras."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max, self.bytes = bytes_max, 0
        self.boxes: list[Outbox] = []

    def make_room(self) -> None:
        """Let the fullest outboxes give way until the bound holds."""
        while self.bytes > self.bytes_max:
            if not max(self.boxes, key=lambda box: box.bytes).give_way():
                return


class Outbox:
    """The messages of one camera."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._items: deque[Item] = deque()
        self.bytes = 0
        self.dropped = 0
        self._lost: tuple[int, int] | None = None
        budget.boxes.append(self)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add a message at the end."""
        self._items.append(item)
        self._account(len(item.payload))
        self._budget.make_room()

    def head(self) -> Item | None:
        """The message that is to be sent next; it stays until `sent`."""
        return self._items[0] if self._items else None

    def sent(self, item: Item) -> None:
        """The broker has it; it may have given way meanwhile."""
        if self._items and self._items[0] is item:
            self._items.popleft()
            self._account(-len(item.payload))

    def give_way(self) -> bool:
        """Drop the oldest report or shot; False when there was none."""
        for index, item in enumerate(self._items):
            if item.captured_us:
                del self._items[index]
                self._account(-len(item.payload))
                self.dropped += 1
                first = self._lost[0] if self._lost else item.captured_us
                self._lost = (first, item.captured_us)
                return True
        return False

    def take_lost(self) -> tuple[int, int] | None:
        """Return the span of what gave way, in stamps, and forget it."""
        lost, self._lost = self._lost, None
        return lost

    def close(self) -> None:
        """Forget everything: the camera was removed."""
        self._account(-self.bytes)
        self._items.clear()
        if self in self._budget.boxes:
            self._budget.boxes.remove(self)

    def _account(self, size: int) -> None:
        self.bytes += size
        self._budget.bytes += size
