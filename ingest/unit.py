"""One watched camera on the event loop: looks, messages, state. Edge: asyncio.

Rules
- One frame at the detectors; while it is looked at newer frames replace each other in the slot.
- Reports, shots and notices of a camera leave through one outbox, in the order in which they came about.
- Of a camera that somebody offers, the stream is opened and the first picture decoded before it is taken: whoever had
  it goes on watching until then.
- A unit dies alone: what it raises ends this camera's tasks only, and the fleet begins it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from ingest import cut, life, look, metrics, notices, sample
from ingest.contract import (
    Camera,
    CameraNotice,
    CameraState,
    FrameReport,
    IngestPlan,
    Phase,
    SnapshotReply,
    detections_subject,
    encode,
    events_subject,
    shots_subject,
    state_subject,
)
from ingest.detector import geometry, read_boxes
from ingest.errors import InferenceError
from ingest.faults import blind_cause
from ingest.further import Further
from ingest.gauges import Counts, Gauges
from ingest.leases import Lease, take_lease
from ingest.outbox import Item, Outbox
from ingest.ports import Crops, Start, Watched
from ingest.shared import Shared
from ingest.slot import Due, Quiet, Wish

log = logging.getLogger(__name__)

TICK_S = 1.0
FLUSH_S_MAX = 1.5
WARM_S_MAX = 8.0
"""Without a picture for so long an offered camera is taken all the same: it may serve one client at a time."""
WARM_POLL_S = 0.05


class Unit:
    """Watches one enabled camera."""

    def __init__(self, camera: Camera, plan: IngestPlan | None, shared: Shared, *, offered: bool = False) -> None:
        """`offered`: somebody watches the camera, and goes on until it is taken."""
        self.camera = camera
        self._offered = offered
        self._shared = shared
        self._rules = look.rules(shared.settings, camera, plan, shared.picture)
        self._outbox = Outbox(shared.budget)
        self._wake, self._mail = asyncio.Event(), asyncio.Event()
        self._thread: Watched | None = None
        self._start = Start(epoch=0)
        self._watch = notices.Watch(camera=camera.id, looked_us=_now_us())
        self._looker = look.Looker(camera.id, 0)
        self._further = Further(camera.id, shared.detector, shared.settings, shared.pool, shared.tensors)
        self._dropped = {"deadline": 0, "inference": 0}
        self._gauges = Gauges(camera.id, outbox_dropped=0)
        self._analysed = self._passed = self._looked_us = self._broken = 0
        self._phase: Phase = "connecting"
        self._inference_ok = True

    def update(self, camera: Camera, plan: IngestPlan | None) -> None:
        """Take changed settings over, without opening the stream anew."""
        self.camera = camera
        self._rules = look.rules(self._shared.settings, camera, plan, self._shared.picture)
        self._further.forget(self.detectors)
        self.refresh()

    @property
    def detectors(self) -> frozenset[str]:
        """The further detectors that its plan names."""
        return frozenset(plan.ensemble for plan in self._rules.detectors)

    @property
    def epoch(self) -> int:
        """Of the lease, 0 before there is one."""
        return self._start.epoch

    @property
    def looked_us(self) -> int:
        """The last look."""
        return self._watch.looked_us

    def refresh(self) -> None:
        """Tell the thread what is wanted now (rules, or the detector, have changed)."""
        if self._thread is not None:
            self._thread.slot.wish = self._wish()

    def _wish(self) -> Wish:
        card = self._shared.detector.card if self.epoch else None  # before it is ours nothing is due
        return Wish(
            fps=self._rules.fps * self._shared.shedder.factor,
            geometry=geometry(card) if card is not None else None,
            masks=self._rules.masks,
            gate=self._rules.gate,
            ignored=self._rules.ignored,
            picture=self._rules.picture,
        )

    async def run(self) -> None:
        """Watch until cancelled; raises `LeaseTaken`."""
        members, warm = self._shared.members, self._offered
        self._offered = False
        self._start = Start(epoch=0)
        try:
            if warm:
                await self._warm_up()
            lease = await take_lease(
                self._shared.bus,
                self.camera.id,
                _now_us(),
                owner=members.name,
                others=members.keeping(self.camera.id),
            )
            self._begin(lease, warm=warm)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._analyse())
                group.create_task(self._send())
                group.create_task(self._tick())
        finally:
            self._further.close()
            if self._thread is not None:
                self._thread.stop()

    async def _warm_up(self) -> None:
        """Until there is a picture, and a detector for the next one."""
        thread = self._open()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WARM_S_MAX):
                while not thread.slot.figures.decoded or self._shared.detector.card is None:  # noqa: ASYNC110 - a thread counts
                    await asyncio.sleep(WARM_POLL_S)

    def _begin(self, lease: Lease, *, warm: bool) -> None:
        self._start = Start(epoch=lease.epoch, looked_us=lease.reported_us)
        self._looker = look.Looker(self.camera.id, lease.epoch)
        self._watch = lease.watch
        self._dropped = dict.fromkeys(self._dropped, 0)
        self._gauges = Gauges(self.camera.id, outbox_dropped=self._outbox.dropped)
        self._analysed = self._passed = self._broken = 0
        self._phase = "connecting"
        self._looked_us = lease.reported_us
        if warm and self._thread is not None:
            self._thread.begin(lease.reported_us)
            self.refresh()
        else:
            self._open()

    def _open(self) -> Watched:
        loop = asyncio.get_running_loop()

        def ready() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(self._wake.set)

        thread = self._thread = self._shared.watch_camera(self.camera, self._start, self._wish(), ready)
        thread.start()
        return thread

    async def end(self, *, removed: bool, unheard_us: int | None = None) -> None:
        """Say the last words; `removed`: the camera is no longer to be watched, so that its spans are closed.

        `unheard_us`: since when nothing was said that others can have heard before they took the camera.
        """
        if unheard_us is not None:
            for notice in self._watch.unheard(unheard_us, _now_us()):
                self._notify(notice)
        if removed:
            for notice in self._watch.close(_now_us(), self._pace):
                self._notify(notice)
        try:
            async with asyncio.timeout(FLUSH_S_MAX):
                await self._flush()
        except TimeoutError:
            self._shared.post.put_aside(self._outbox)
        self._outbox.close()
        if removed:
            metrics.forget(self.camera.id)

    # -- looking

    async def _analyse(self) -> None:
        assert self._thread is not None  # noqa: S101 - run() has made it
        slot = self._thread.slot
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with self._shared.limiter:
                taken = slot.take()
                looked = None
                if taken is not None:
                    try:
                        looked = await self._ask(taken[0])
                    finally:
                        taken[1].give_back(taken[0].tensor)
            if taken is not None and looked is not None:
                await self._shoot(taken[0], looked)
            if slot.figures.phase == "lost":  # at once, so that the first cause of a span is the one that is told
                self._watch.trouble(blind_cause(slot.figures.cause))

    async def _ask(self, due: Due) -> look.Look | None:
        """Have a frame answered; None = it was dropped, and counted."""
        card = self._shared.detector.card
        if card is None:
            self._drop("inference")
            return None
        glances: tuple[look.Glance, ...] = ()
        if self._rules.detectors:
            outputs, glances = await asyncio.gather(self._infer(due), self._further.ask(due, self._rules))
        else:
            outputs = await self._infer(due)
        if outputs is None:
            return None
        card = self._shared.detector.card or card  # another version may have answered than was asked
        seen = read_boxes(outputs, card.labels, due.box, due.size)
        moment = look.Moment(
            captured_us=due.captured_us,
            clock=due.clock,
            size=due.size,
            model=card.ref,
            before_us=self._looked_until(due.quiet),
            full=self._crops.size if self._crops is not None else None,
        )
        looked = self._looker.look(seen, moment, self._rules, glances)
        self._looked_us = due.captured_us
        self._calm(restless=self._looker.restless)
        self._report(looked.report, due.arrival_us)
        return looked

    async def _infer(self, due: Due) -> dict[str, npt.NDArray[Any]] | None:
        """What the first detector answers; None = nothing, and that is counted."""
        begun = time.perf_counter()
        try:
            outputs = await self._shared.detector.infer(due.tensor)
        except InferenceError as error:
            self._inference_ok = False
            self._drop("deadline" if error.reason == "deadline" else "inference")
            return None
        metrics.INFERENCE_SECONDS.observe(time.perf_counter() - begun)
        self._inference_ok = True
        return outputs

    def _looked_until(self, quiet: Quiet) -> int:
        """Stamp of the last look: a frame in which nothing had changed counts if what it was like was looked at."""
        return quiet.at_us if quiet.like_us == self._looked_us else self._looked_us

    @property
    def _crops(self) -> Crops | None:
        return self._thread.crops if self._thread is not None else None

    @property
    def _pace(self) -> float:
        """How many looks a second there are to be: where key frames alone may be decoded, as many as there are."""
        gap_us = self._thread.slot.figures.key_gap_us if self._thread is not None else 0
        return min(self._rules.fps, 1e6 / gap_us) if gap_us else self._rules.fps

    def _calm(self, *, restless: bool) -> None:
        if self._thread is not None:
            self._thread.slot.restless = restless

    def _drop(self, reason: str) -> None:
        self._dropped[reason] += 1
        self._calm(restless=True)
        self._watch.trouble("inference")
        metrics.FRAMES_DROPPED.labels(self.camera.id, reason).inc()

    def _report(self, report: FrameReport, arrival_us: int) -> None:
        """Send what was seen, after the span before it if that was one of not looking."""
        self._analysed += 1
        now_us, captured_us = _now_us(), report.stamp.captured_at_us
        self._watch.quiet(report.before_us)
        passed = self._thread.slot.figures.dropped_newest if self._thread is not None else 0
        if passed > self._passed and self._watch.cause is None:  # the detector was not fast enough for what was due
            self._watch.trouble("inference")
        self._shared.shedder.answered(age_us=now_us - arrival_us, dropped=passed - self._passed)
        self._passed = passed
        for notice in self._watch.look(
            captured_us,
            self._pace,
            caught_up=now_us - captured_us < notices.GAP_US_MIN,
            waited=now_us - arrival_us >= notices.GAP_US_MIN,
        ):
            self._notify(notice)
        self._put(detections_subject(self.camera.id), encode(report), report.message_id, captured_us)
        lag_s = (now_us - captured_us) / 1e6
        metrics.LAG_SECONDS.labels(self.camera.id).set(lag_s)
        metrics.REPORT_SECONDS.observe(max(0.0, lag_s))

    async def _shoot(self, due: Due, looked: look.Look) -> None:
        """Cut, encode and send the shots of a frame."""
        async for shot in cut.shots(due, looked, self._rules, crops=self._crops, pool=self._shared.pool):
            subject = shots_subject(shot.recogniser, self.camera.id)
            self._put(subject, encode(shot), shot.shot_id, shot.stamp.captured_at_us)
            metrics.SHOTS.labels(self.camera.id, shot.recogniser).inc()

    # -- messages

    def _notify(self, notice: CameraNotice) -> None:
        if notice.kind == "camera_blind" and notice.closed_at_us is not None:
            span_s = (notice.closed_at_us - notice.opened_at_us) / 1e6
            metrics.BLIND_SECONDS.labels(self.camera.id, notice.cause).inc(span_s)
        self._put(events_subject(self.camera.id, notice.kind), encode(notice), f"{notice.event_id}.{notice.version}", 0)

    def _put(self, subject: str, payload: bytes, message_id: str, captured_us: int) -> None:
        self._outbox.put(Item(subject=subject, payload=payload, message_id=message_id, captured_us=captured_us))
        self._mail.set()

    async def _send(self) -> None:
        while True:
            await self._mail.wait()
            self._mail.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Send all that waits, in order; returns when the outbox is empty."""
        await self._shared.post.flush(self.camera.id, self._outbox, self._notify)

    # -- state

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for notice in (*self._notice(_now_us()), *await self._judge(_now_us())):
                self._notify(notice)
            self._measure()
            await self._shared.bus.tell(state_subject(self.camera.id), encode(self.state()))

    def _notice(self, now_us: int) -> list[CameraNotice]:
        """What the passing of time makes worth saying."""
        assert self._thread is not None  # noqa: S101 - run() has made it
        figures, found = self._thread.slot.figures, list[CameraNotice]()
        self._watch.quiet(self._looked_until(self._thread.slot.quiet))
        if figures.phase == "live":
            found += self._watch.restore(figures.since_us)
            if self._shared.detector.card is None:
                self._watch.trouble("inference")
            if figures.broken > self._broken:
                self._watch.trouble("network" if "network_loss" in figures.faults else "camera")
            self._broken = figures.broken
        elif figures.phase == "lost":
            self._watch.trouble(blind_cause(figures.cause))
            late = now_us - figures.since_us >= self._shared.settings.lost_after_s * 1e6
            if late and not self.camera.maintenance:
                found += self._watch.lose(figures.since_us, figures.cause, figures.detail)
        return found + self._watch.tick(now_us, self._pace)

    async def _judge(self, now_us: int) -> list[CameraNotice]:
        """Where the camera stands by the table, and what is to be told of its pictures."""
        assert self._thread is not None  # noqa: S101 - run() has made it
        slot, watch = self._thread.slot, self._watch
        faults = {} if slot.figures.phase != "live" else slot.figures.faults
        self._phase = life.standing(self._phase, slot.figures.phase, spoilt=bool(faults))
        if slot.figures.phase != "live":
            return []  # nothing is known of its pictures: what was told stands
        fault = None if self.camera.maintenance else next(iter(faults), None)
        if fault is None:
            return watch.mend(now_us)
        if watch.degraded is not None and watch.degraded.cause == fault:
            return []
        photo = await sample.photo(self.camera.id, slot, self._rules.masks, self._shared.pool)
        return watch.spoil(fault, faults[fault], now_us, photo)

    def _measure(self) -> None:
        assert self._thread is not None  # noqa: S101 - run() has made it
        counts = Counts(
            analysed=self._analysed,
            tracks_live=self._looker.tracks_live,
            outbox_messages=len(self._outbox),
            outbox_dropped=self._outbox.dropped,
            phase=self._phase,
        )
        self._gauges.tell(self._thread.slot.figures, counts)
        metrics.OUTBOX_BYTES.set(self._shared.budget.bytes)

    def state(self) -> CameraState:
        """Where the camera stands."""
        assert self._thread is not None  # noqa: S101 - run() has made it
        figures, crops = self._thread.slot.figures, self._crops
        return CameraState(
            camera=self.camera.id,
            phase=life.shown(self._phase, maintenance=self.camera.maintenance),
            cause=figures.cause,
            detail=figures.detail,
            since_us=figures.since_us,
            epoch=self._start.epoch,
            codec=figures.codec,
            width=figures.width,
            height=figures.height,
            fps=figures.fps,
            frames_decoded=figures.decoded,
            frames_analysed=self._analysed,
            frames_gated=figures.gated,
            frames_dropped=figures.dropped_newest + self._dropped["deadline"] + self._dropped["inference"],
            frames_broken=figures.broken,
            faults=tuple(figures.faults) if self._phase == "degraded" else (),
            inference_ok=self._inference_ok and self._shared.detector.card is not None,
            crops="" if crops is None else "analysis" if crops.size is None else "main",
            crops_detail=crops.detail if crops is not None else "",
        )

    async def snapshot(self, width_max: int) -> SnapshotReply:
        """The newest picture as JPEG."""
        if self._thread is None:
            return SnapshotReply(detail="no picture yet")
        return await sample.snapshot(self._thread.slot, width_max, self._rules.masks, self._shared.pool)


_now_us: Callable[[], int] = lambda: time.time_ns() // 1000  # noqa: E731
