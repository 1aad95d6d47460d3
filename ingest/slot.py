"""Between a camera's thread and the event loop: wishes go in, the newest due frame and figures come out.

Pure of I/O and clocks; the lock is passed in by the thread's owner, so that tests need no thread.

Rules
- One slot: a newer frame replaces an older one that nobody took, and the drop is counted.
- Tensors are made once per geometry and go round: one waits, one is in flight, one is being filled.
- What the thread reads (`Wish`) is replaced as a whole, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec
import numpy as np

from ingest import planes
from ingest.clock import Clock
from ingest.config import PictureSettings
from ingest.contract import Cause, Phase, PictureFault, Point
from ingest.detector import Geometry
from ingest.gate import Gate, GatePolicy
from model_repository.contract import Letterbox, letterbox

TENSORS_MAX = 3


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a camera's thread; `geometry` None = the detector is not known yet, nothing is due."""

    fps: float
    geometry: Geometry | None = None
    masks: tuple[tuple[Point, ...], ...] = ()
    gate: GatePolicy | None = None
    """None = every due frame is looked at."""
    ignored: tuple[tuple[Point, ...], ...] = ()
    """Where the gate looks for no change (the detector sees it all the same)."""
    picture: PictureSettings | None = None
    """When its pictures count as bad; None = they are not checked."""


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing had changed: stamps of the frame that was not let through, and of the one that it was compared with."""

    at_us: int = 0
    like_us: int = 0


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A frame to be looked at: its tensor, and the full picture held until its crops are cut."""

    captured_us: int
    clock: Clock
    tensor: Any
    box: Letterbox
    picture: planes.Picture
    quiet: Quiet
    """The last frame before this one that was not let through."""
    arrival_us: int = 0
    """By this machine's clock, 0 = not known."""

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
    gated: int = 0
    skipped: int = 0
    """Not decoded because nothing happened."""
    broken: int = 0
    """Due, but smeared or built on what is missing: not looked at."""
    faults: Mapping[PictureFault, int] = {}
    """What is wrong with its pictures, the first to be told first, and since when (µs)."""
    key_gap_us: int = 0
    """Between key frames, where they alone may be decoded; 0 = all are."""
    attempts: dict[str, int] = {}
    """Attempts to connect, by outcome."""


class Tensors(Protocol):
    """Where the detector's tensors lie. Called from any thread."""

    def take(self, rows: int, columns: int) -> planes.Plane:
        """Memory for a tensor, uint8 [rows, columns], with anything in it."""

    def free(self, tensor: planes.Plane) -> None:
        """Give a taken tensor's memory back."""


class Heap:
    """`Tensors` in this process's own memory."""

    def take(self, rows: int, columns: int) -> planes.Plane:
        """A tensor."""
        return np.empty((rows, columns), np.uint8)

    def free(self, tensor: planes.Plane) -> None:
        """Nothing to do: it is collected."""


class Reducer:
    """Makes tensors of pictures for one view of a camera and keeps the buffers; `give_back` is called from anywhere."""

    def __init__(self, size: tuple[int, int], wish: Wish, geometry: Geometry, tensors: Tensors) -> None:
        self.size, self.wish = size, wish
        self._geometry, self._tensors = geometry, tensors
        tensor_size = (geometry.width, geometry.height)
        self.box = letterbox(size, tensor_size, geometry.anchor)
        self._mask = planes.TensorMask(wish.masks, self.box, tensor_size, geometry.fill, size) if wish.masks else None
        self._gate = Gate(wish.gate, _ignored(wish, self.box)) if wish.gate is not None else None
        self._free: list[planes.Plane] = []
        self._closed = False
        self.quiet = Quiet()

    def fits(self, size: tuple[int, int], wish: Wish) -> bool:
        """Whether pictures of this size, seen as this wish says, may go on here; the rate does not matter."""
        mine = self.wish
        return self.size == size and (
            wish is mine
            or (wish.geometry, wish.masks, wish.gate, wish.ignored)
            == (mine.geometry, mine.masks, mine.gate, mine.ignored)
        )

    @property
    def stirred_us(self) -> int | None:
        """Stamp of the last picture in which something had changed; None without a gate, where nobody knows."""
        return self._gate.stirred_us if self._gate is not None else None

    def reduce(
        self, picture: planes.Picture, captured_us: int, *, restless: bool, sparse: bool = False
    ) -> planes.Plane | None:
        """Fill a tensor with a picture; None where nothing has changed."""
        tensor = self._tensor()
        luma = planes.fit_luma(picture, self.box, tensor)
        if self._gate is not None and not self._gate.opens(luma, captured_us, restless=restless, sparse=sparse):
            self.quiet = Quiet(at_us=captured_us, like_us=self._gate.passed_us)
            self.give_back(tensor)
            return None
        planes.fit_chroma(picture, self.box, tensor)
        if self._mask is not None:
            self._mask.paint(tensor)
        return tensor

    def give_back(self, tensor: planes.Plane) -> None:
        """Return a tensor for the next frame."""
        if len(self._free) < TENSORS_MAX and not self._closed:
            self._free.append(tensor)
        else:
            self._tensors.free(tensor)

    def close(self) -> None:
        """No frame follows; what is still in flight is freed when it comes back."""
        self._closed = True
        while self._free:
            self._tensors.free(self._free.pop())

    def _tensor(self) -> planes.Plane:
        try:
            return self._free.pop()
        except IndexError:
            tensor = self._tensors.take(self._geometry.height * 3 // 2, self._geometry.width)
            planes.make_blank(tensor, self._geometry.fill)
            return tensor


def _ignored(wish: Wish, box: Letterbox) -> planes.Plane | None:
    """Where the gate looks for no change, uint8 [box.height, box.width]; None where it looks everywhere."""
    polygons = (*wish.masks, *wish.ignored)
    return planes.polygons(polygons, (box.width, box.height)) * np.uint8(255) if polygons else None


class Slot:
    """The meeting place of one camera."""

    def __init__(self, lock: AbstractContextManager[Any], wish: Wish, tensors: Tensors | None = None) -> None:
        self._lock, self._tensors = lock, tensors or Heap()
        self.wish = wish
        self.restless = False
        """Set by the loop: the next frame is to be looked at, changed or not."""
        self.wanted = False
        """Set by the loop: somebody wants to see pictures as they come; cleared by the thread."""
        self.quiet = Quiet()
        """The last frame that was not let through."""
        self.figures = Figures()
        self.newest: Any = None
        """The last decoded frame (`decode.Decoded`) with its stamp's time: for snapshots."""
        self._due: tuple[Due, Reducer] | None = None
        self._reducer: Reducer | None = None

    def offer(
        self, captured_us: int, clock: Clock, picture: planes.Picture, arrival_us: int = 0, *, sparse: bool = False
    ) -> bool:
        """Put a due frame in; whether it lies there now. Called by the camera's thread.

        `sparse`: the frames between this one and the last were left out because nothing happens.
        """
        wish, size = self.wish, (picture.width, picture.height)
        if wish.geometry is None:
            return False
        reducer = self._reducer
        if reducer is None or not reducer.fits(size, wish):
            self._end_reducer()
            reducer = self._reducer = Reducer(size, wish, wish.geometry, self._tensors)
        quiet = self.quiet
        tensor = reducer.reduce(picture, captured_us, restless=self.restless, sparse=sparse)
        if tensor is None:
            self.quiet = reducer.quiet
            self.figures.gated += 1
            return False
        due = Due(
            captured_us=captured_us,
            clock=clock,
            tensor=tensor,
            box=reducer.box,
            picture=picture,
            quiet=quiet,
            arrival_us=arrival_us,
        )
        with self._lock:
            before, self._due = self._due, (due, reducer)
        if before is not None:
            before[1].give_back(before[0].tensor)
            self.figures.dropped_newest += 1
        return True

    @property
    def stirred_us(self) -> int | None:
        """Stamp of the last due frame in which something had changed; None where nobody can tell."""
        return self._reducer.stirred_us if self._reducer is not None else None

    def close(self) -> None:
        """The camera's thread has ended: its tensors go back."""
        left = self.take()
        if left is not None:
            left[1].give_back(left[0].tensor)
        self._end_reducer()

    def _end_reducer(self) -> None:
        if self._reducer is not None:
            self._reducer.close()
            self._reducer = None

    def take(self) -> tuple[Due, Reducer] | None:
        """Take the newest due frame; the tensor goes back to the reducer with `give_back` once it is sent."""
        with self._lock:
            due, self._due = self._due, None
        return due
