"""Edge to the event loop's clock: one camera, its prepared packets, its viewers, and the one timer that paces them.

Event loop only. A file is cut into packets once (`prepare`), shared by all copies; the timer runs only while somebody
watches, since the position follows from the clock and not from what was sent before.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from deploy.simulate.clip import Clip
from deploy.simulate.faults import Script
from deploy.simulate.rtp import payloads_of
from deploy.simulate.schedule import TICKS_PER_S, Schedule, due_ticks_of

# After a pause of the whole process (a suspended machine) viewers get the newest group of pictures, not the whole gap.
STALL_PICTURES_MAX = 250
# Timers are rounded up to this grid, so that one wake serves several cameras (30 of them cost a sixth less).
WAKE_GRID_US = 4_000
_US_PER_S = 1_000_000


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One picture ready to be sent."""

    payloads: tuple[bytes, ...]
    size_bytes: int
    keyframe: bool


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A file cut into packets; `gop_bytes_max` is its largest run of pictures between two keyframes."""

    clip: Clip
    units: tuple[Unit, ...]
    gop_bytes_max: int
    bytes_per_s: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When a picture was taken: on the RTP clock and on the wall."""

    timestamp: int
    captured_us: int


class Viewer(Protocol):
    """Whoever a feed sends to."""

    def show(self, unit: Unit, moment: Moment, now_us: int) -> None:
        """Take one picture; must not block."""
        ...

    def end(self) -> None:
        """Take notice that the camera has ended."""
        ...


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time by the loop's monotonic clock from one reading on: a step of the system's clock moves nothing."""

    wall_us: int
    loop_s: float
    loop_time: Callable[[], float]

    def now_us(self) -> int:
        """Unix time in microseconds."""
        return self.wall_us + round((self.loop_time() - self.loop_s) * _US_PER_S)

    def loop_at(self, when_us: int) -> float:
        """The loop's time at a Unix time."""
        return self.loop_s + (when_us - self.wall_us) / _US_PER_S


def prepare(clip: Clip) -> Prepared:
    """Cut every picture of a clip into RTP payloads. Pure."""
    units = []
    gops = [0]
    for picture in clip.pictures:
        payloads = payloads_of(clip.codec, picture.nals)
        size_bytes = sum(map(len, payloads))
        units.append(Unit(payloads=payloads, size_bytes=size_bytes, keyframe=picture.keyframe))
        if picture.keyframe:
            gops.append(0)
        gops[-1] += size_bytes
    bytes_per_s = sum(unit.size_bytes for unit in units) * TICKS_PER_S // clip.duration_ticks
    return Prepared(clip=clip, units=tuple(units), gop_bytes_max=max(gops), bytes_per_s=bytes_per_s)


def schedule_of(clip: Clip, started_us: int, *, loop: bool) -> Schedule:
    """The times of a clip that starts at `started_us`. Pure."""
    pts_ticks = tuple(picture.pts_ticks for picture in clip.pictures)
    due_ticks = due_ticks_of(pts_ticks, [picture.dts_ticks for picture in clip.pictures])
    return Schedule(
        started_us=started_us,
        period_ticks=max(clip.duration_ticks, due_ticks[-1] - due_ticks[0] + 1),
        pts_ticks=pts_ticks,
        due_ticks=due_ticks,
        keyframes=tuple(index for index, picture in enumerate(clip.pictures) if picture.keyframe),
        loop=loop,
    )


class Feed:
    """One camera."""

    def __init__(
        self,
        name: str,
        prepared: Prepared,
        schedule: Schedule,
        clock: Clock,
        *,
        script: Script | None = None,
        variants: Mapping[str, Prepared] | None = None,
    ) -> None:
        """Nothing runs until somebody joins. `variants`: the same pictures as the script's faults make them, by key."""
        self.name = name
        self.clock = clock
        self.script = script or Script()
        self._takes = {"": (prepared, schedule)}
        for key, variant in (variants or {}).items():
            timed = schedule_of(variant.clip, schedule.started_us, loop=schedule.loop)
            self._takes[key] = (variant, timed)
        self._shown = ""
        self.viewers: set[Viewer] = set()
        self._offset = random.getrandbits(32)
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def prepared(self) -> Prepared:
        """What is shown now."""
        return self._takes[self._shown][0]

    @property
    def schedule(self) -> Schedule:
        """When its pictures are due."""
        return self._takes[self._shown][1]

    @property
    def ended(self) -> bool:
        """Whether the clip is over and does not loop."""
        return self.schedule.ended(self.clock.now_us())

    def first_number(self) -> int:
        """The picture that a viewer who joins now begins with."""
        if not self.viewers:
            self._change_over(None)
        # With viewers the timer decides what is live: it may be a moment late, and everybody begins with a keyframe.
        latest = self._next - 1 if self.viewers else self.schedule.latest(self.clock.now_us())
        return self.schedule.keyframe_before(latest) if latest >= 0 else 0

    def moment(self, number: int) -> Moment:
        """The time of picture `number`; the RTP timestamp is not yet cut to 32 bits."""
        return Moment(
            timestamp=self._offset + self.schedule.ticks(number), captured_us=self.schedule.captured_us(number)
        )

    def join(self, viewer: Viewer, first: int) -> None:
        """Send the pictures from `first` to the live position at once, then go on with the others."""
        if not self.viewers:
            self._next = self.schedule.latest(self.clock.now_us()) + 1
        for number in range(first, self._next):
            self._show(number, (viewer,))
        self.viewers.add(viewer)
        if self._timer is None:
            self._wait()

    def leave(self, viewer: Viewer) -> None:
        """Send nothing more to this viewer; the last one switches off the light."""
        self.viewers.discard(viewer)
        if not self.viewers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        schedule = self.schedule
        due_us = schedule.due_us(self._next) if schedule.has(self._next) else schedule.ends_us()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self.clock.loop_at(-(-due_us // WAKE_GRID_US) * WAKE_GRID_US), self._tick)

    def _tick(self) -> None:
        self._timer = None
        latest = self.schedule.latest(self.clock.now_us())
        if latest - self._next > STALL_PICTURES_MAX:
            self._next = self.schedule.keyframe_before(latest)
        for number in range(self._next, latest + 1):
            self._change_over(number)
            self._show(number, tuple(self.viewers))
        self._next = max(self._next, latest + 1)
        if self.ended and not self.schedule.has(self._next):
            for viewer in tuple(self.viewers):
                self.leave(viewer)
                viewer.end()
        elif self.viewers:
            self._wait()

    def _change_over(self, number: int | None) -> None:
        """Show what the script says from picture `number` on, if that is a keyframe there; None = at once."""
        wanted = self.script.variant(self.clock.now_us())
        if wanted == self._shown or wanted not in self._takes:
            return
        prepared, _ = self._takes[wanted]
        if number is None or prepared.units[number % len(prepared.units)].keyframe:
            self._shown = wanted

    def _show(self, number: int, viewers: tuple[Viewer, ...]) -> None:
        unit = self.prepared.units[number % len(self.prepared.units)]
        moment = self.moment(number)
        now_us = self.clock.now_us()
        for viewer in viewers:
            viewer.show(unit, moment, now_us)
