"""Between a camera's thread and the event loop: wishes go in, the newest due frame and figures come out.

Pure of I/O and clocks; the lock is passed in by the thread's owner, so that tests need no thread.

Rules
- One slot: a newer frame replaces an older one that nobody took, and the drop is counted.
- Tensors are made once per geometry and go round: one waits, one is in flight, one is being filled.
- What the thread reads (`Wish`) is replaced as a whole, never changed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import msgspec

from ingest import planes
from ingest.clock import Clock
from ingest.contract import Cause, Phase, Point
from ingest.detector import Geometry
from model_repository.contract import Letterbox, letterbox

TENSORS_MAX = 3


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a camera's thread; `geometry` None = the detector is not known yet, nothing is due."""

    fps: float
    geometry: Geometry | None = None
    masks: tuple[tuple[Point, ...], ...] = ()


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A frame to be looked at: its tensor, and the full picture held until its crops are cut."""

    captured_us: int
    clock: Clock
    tensor: Any
    box: Letterbox
    picture: planes.Picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the full picture, in pixels."""
        return self.picture.width, self.picture.height


class Figures(msgspec.Struct, kw_only=True):
    """Where the camera stands; written by its thread, read by the loop (single words, no lock needed)."""

    phase: Phase = "connecting"
    cause: Cause = "none"
    detail: str = ""
    since_us: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    decoded: int = 0
    dropped_newest: int = 0
    attempts: dict[str, int] = {}
    """Attempts to connect, by outcome."""


class Reducer:
    """Makes tensors of pictures for one geometry and keeps the buffers; `give_back` may be called from anywhere."""

    def __init__(self, size: tuple[int, int], wish: Wish, geometry: Geometry) -> None:
        self.size, self.wish = size, wish
        self._geometry = geometry
        tensor_size = (geometry.width, geometry.height)
        self.box = letterbox(size, tensor_size, geometry.anchor)
        self._mask = planes.TensorMask(wish.masks, self.box, tensor_size, geometry.fill) if wish.masks else None
        self._free: list[planes.Plane] = []

    def reduce(self, picture: planes.Picture) -> planes.Plane:
        """Fill a tensor with a picture."""
        try:
            tensor = self._free.pop()
        except IndexError:
            tensor = planes.blank(self._geometry.width, self._geometry.height, self._geometry.fill)
        planes.fit(picture, self.box, tensor)
        if self._mask is not None:
            self._mask.paint(tensor)
        return tensor

    def give_back(self, tensor: planes.Plane) -> None:
        """Return a tensor for the next frame."""
        if len(self._free) < TENSORS_MAX:
            self._free.append(tensor)


class Slot:
    """The meeting place of one camera."""

    def __init__(self, lock: AbstractContextManager[Any], wish: Wish) -> None:
        self._lock = lock
        self.wish = wish
        self.figures = Figures()
        self.newest: Any = None
        """The last decoded frame (`decode.Decoded`) with its stamp's time: for snapshots."""
        self._due: tuple[Due, Reducer] | None = None
        self._reducer: Reducer | None = None

    def offer(self, captured_us: int, clock: Clock, picture: planes.Picture) -> None:
        """Put a due frame in; called by the camera's thread."""
        wish, size = self.wish, (picture.width, picture.height)
        if wish.geometry is None:
            return
        reducer = self._reducer
        if reducer is None or reducer.size != size or reducer.wish is not wish:
            reducer = self._reducer = Reducer(size, wish, wish.geometry)
        tensor = reducer.reduce(picture)
        due = Due(captured_us=captured_us, clock=clock, tensor=tensor, box=reducer.box, picture=picture)
        with self._lock:
            before, self._due = self._due, (due, reducer)
        if before is not None:
            before[1].give_back(before[0].tensor)
            self.figures.dropped_newest += 1

    def take(self) -> tuple[Due, Reducer] | None:
        """Take the newest due frame; the tensor goes back to the reducer with `give_back` once it is sent."""
        with self._lock:
            due, self._due = self._due, None
        return due
