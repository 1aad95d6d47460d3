"""What the edges of ingest look like from inside: protocols that real edges and scripted ones in tests both keep.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec
import numpy.typing as npt

from ingest.contract import Camera, Transport
from ingest.damage import Meter
from ingest.doze import Doze
from ingest.planes import Picture
from ingest.recent import When
from ingest.slot import Slot, Wish
from model_repository.contract import DETECTOR, ModelCard


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream says of itself; `fps` 0 = it does not say."""

    codec: str
    width: int
    height: int
    fps: float


class Frame(Protocol):
    """A decoded frame: when its packet came, and the camera's own time if it said one (Unix µs)."""

    @property
    def arrival_us(self) -> int:
        """When the packet came."""

    @property
    def wallclock_us(self) -> int | None:
        """The camera's time."""

    @property
    def broken(self) -> bool:
        """Whether it is smeared, or built on something that is missing."""

    def picture(self) -> Picture:
        """Views of the planes."""


class Packet(Protocol):
    """A picture as it came, coded."""

    @property
    def arrival_us(self) -> int:
        """When it came."""

    @property
    def wallclock_us(self) -> int | None:
        """The camera's time."""

    @property
    def key(self) -> bool:
        """Whether it can be decoded by itself."""

    @property
    def size(self) -> int:
        """In bytes."""


class Stream(Protocol):
    """An open stream."""

    @property
    def facts(self) -> Facts:
        """What it says of itself."""

    @property
    def meter(self) -> Meter:
        """What came over it so far."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def frames(self, doze: Doze | None = None) -> Iterator[Frame | None]:
        """Frames as they come, None for a packet without one; raises `CameraError` at the end.

        `doze` chooses which packets are decoded; None = all.
        """

    def packets(self) -> Iterator[Packet]:
        """Packets as they come, none decoded; raises `CameraError` at the end."""

    def decode(self, packets: Sequence[Any]) -> Sequence[Frame]:
        """Frames of its own packets that begin with a key frame; from any thread, one at a time, beside `packets`."""


class OpenStream(Protocol):
    """Opens a stream; raises `CameraError`."""

    def __call__(self, url: str, *, transport: Transport, open_timeout_s: float, stall_s: float) -> Stream:
        """Open an address."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """From where a camera is watched: the epoch of the lease, and the stamp of the last look before."""

    epoch: int
    looked_us: int = 0


class Crops(Protocol):
    """Where a camera has its crops from, if it is not the stream that is looked at."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its pictures, None while it is away."""

    @property
    def detail(self) -> str:
        """Why it is away."""

    def reached(self, moment: When) -> bool:
        """Whether there is nothing to wait for."""

    def picture(self, moment: When) -> Picture | None:
        """The picture nearest to a moment, None where there is none near enough; blocks."""


class Watched(Protocol):
    """A camera's thread."""

    slot: Slot

    @property
    def crops(self) -> Crops | None:
        """Its main stream, where another one is looked at."""

    def start(self) -> None:
        """Begin."""

    def begin(self, looked_us: int) -> None:
        """What was looked at up to here, by whoever watched before, is not due; called while nothing is."""

    def stop(self) -> None:
        """Wish it to end; returns at once."""

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came."""


WatchCamera = Callable[[Camera, Start, Wish, Callable[[], None]], Watched]
"""Makes a camera's thread: camera, start, wish, and what to call when something is ready."""


class Detector(Protocol):
    """What answers frames: the first detector, and the further ones that somebody wants."""

    @property
    def card(self) -> ModelCard | None:
        """Of the first one; None while it is away."""

    def want(self, ensembles: Collection[str]) -> None:
        """Name the further detectors that may be asked from now on; those named before are forgotten."""

    def further(self, ensemble: str) -> ModelCard | None:
        """The card of a wanted one; None while it is away."""

    async def infer(
        self, tensor: npt.NDArray[Any], ensemble: str = DETECTOR, deadline_s: float | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Answer one tensor; `deadline_s` None = the usual one. Raises `InferenceError`."""
