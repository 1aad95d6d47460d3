"""`recognise`: shots in, reads out. Edge (broker; Triton by way of `ensemble`).

Rules
- A shot is acknowledged after its read is published. Poison goes to zool.dead.recognise, then it is acknowledged.
- Triton being away costs no shot: those in hand wait, the rest stay in the stream.
- Among the shots in hand the newest is read first, over all cameras: after an outage what happens now comes first.
- Each recogniser has a consumer and a backlog of its own: one that is away or slow holds up no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from ingest.bus import Bus, Consumer, Message
from ingest.contract import Shot, encode, reads_subject
from postprocess import inlet
from postprocess.config import RecogniseSettings
from postprocess.ensemble import Ensemble
from postprocess.errors import PoisonError, RecogniserError
from postprocess.grave import Grave, publish_surely
from postprocess.intake import DELIVERIES_MAX, Intake
from postprocess.looks import confidence
from postprocess.metrics import READ_CONFIDENCE, READ_LAG_SECONDS, SHOT_RETRIES, SHOTS_READ, SHOTS_WAITING
from postprocess.reading import Complete, Reader
from postprocess.recognisers.unit import Recogniser

log = logging.getLogger(__name__)

STREAMS = ("SHOTS", "READS", "EVENTS", "DEAD", "ADVISORIES")
FETCH_S = 1.0
FETCH_MAX = 64
ACK_WAIT_S = 5.0
"""After a kill -9 what was in hand comes again this much later; what waits is held by signs of life."""
RETRY_S = 0.5
FINISH_S_MAX, FINISH_POLL_S = 3.0, 0.02
Waiting = tuple[int, int, Message, Shot]


def durable(recogniser: Recogniser) -> str:
    """Name of its consumer of SHOTS."""
    return f"recognise-{recogniser.name}"


class Recognise:
    """One recogniser for all cameras; event loop only."""

    def __init__(
        self,
        bus: Bus,
        ensemble: Ensemble | None,
        recogniser: Recogniser,
        settings: RecogniseSettings,
        grave: Grave,
        *,
        complete: Complete | None = None,
    ) -> None:
        """`ensemble` None: of a recogniser that asks nobody."""
        self._bus, self._ensemble, self._recogniser, self._settings = bus, ensemble, recogniser, settings
        self._grave = grave.of(durable(recogniser))
        self._reader = Reader(recogniser, ensemble, thumbnail_px=settings.thumbnail_px, complete=complete)
        self._waiting: asyncio.PriorityQueue[Waiting] = asyncio.PriorityQueue()
        self._known: dict[int, Message] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then finish what is being read and give back at once what only waits."""
        async with asyncio.TaskGroup() as group:
            feeding, holding = group.create_task(self._feed()), group.create_task(self._hold())
            workers = [group.create_task(self._work()) for _ in range(self._settings.inflight_max)]
            await stop.wait()
            feeding.cancel()
            await asyncio.wait({feeding})
            await self._finish()
            for task in (holding, *workers):
                task.cancel()

    async def _finish(self) -> None:
        while not self._waiting.empty():
            _, seq, message, _ = self._waiting.get_nowait()
            self._known.pop(seq, None)
            await message.nak(0.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S_MAX):
                while self._known:  # noqa: ASYNC110 - the workers take what they have out
                    await asyncio.sleep(FINISH_POLL_S)

    async def _feed(self) -> None:
        consumer: Consumer = await self._bus.consumer(
            "SHOTS",
            durable(self._recogniser),
            subjects=(f"zool.shots.{self._recogniser.name}.*",),
            ack_wait_s=ACK_WAIT_S,
            deliver_max=DELIVERIES_MAX,
            pending_max=self._settings.backlog_shots_max * 2,
        )
        intake = Intake(self._bus, self._grave, stream="SHOTS", durable=durable(self._recogniser))
        while True:
            room = await intake.room(min(self._settings.backlog_shots_max - len(self._known), FETCH_MAX))
            if room > 0:
                for message in await intake.received(await consumer.fetch(room, timeout_s=FETCH_S)):
                    await self._accept(message)

    async def _hold(self) -> None:
        """Tell the broker that what waits is still in hand."""
        while True:
            await asyncio.sleep(ACK_WAIT_S / 3)
            for message in list(self._known.values()):
                await message.progress()

    async def _accept(self, message: Message) -> None:
        if message.seq in self._known:
            return
        try:
            shot = inlet.shot(message.subject, message.payload)
        except PoisonError as error:
            await self._reject(message, error)
            return
        self._known[message.seq] = message
        self._waiting.put_nowait((-shot.stamp.captured_at_us, message.seq, message, shot))
        SHOTS_WAITING.labels(self._recogniser.name).set(len(self._known))

    async def _reject(self, message: Message, reason: PoisonError | RecogniserError) -> None:
        await self._grave.reject(message, reason)
        SHOTS_READ.labels(self._recogniser.name, "poison").inc()

    async def _work(self) -> None:
        while True:
            waiting = await self._waiting.get()
            if self._ensemble is not None and not self._ensemble.there:  # what comes meanwhile may be newer
                self._waiting.put_nowait(waiting)
                await self._ensemble.ready()
                continue
            _, seq, message, shot = waiting
            try:
                await self._process(message, shot)
            finally:
                self._known.pop(seq, None)
                SHOTS_WAITING.labels(self._recogniser.name).set(len(self._known))

    async def _process(self, message: Message, shot: Shot) -> None:
        refusals = 0
        while True:
            try:
                read = await self._reader.read(shot)
            except PoisonError as error:
                await self._reject(message, error)
                return
            except RecogniserError as error:
                SHOT_RETRIES.labels("away" if error.away else "refused").inc()
                refusals += 0 if error.away else 1
                if refusals >= self._settings.deliveries_max:
                    await self._reject(message, error)
                    return
                await asyncio.sleep(RETRY_S)
                continue
            await publish_surely(self._bus, reads_subject(read.camera), encode(read), read.message_id)
            SHOTS_READ.labels(self._recogniser.name, "read").inc()
            READ_LAG_SECONDS.labels(self._recogniser.name).observe(max(0.0, time.time() - read.captured_at_us / 1e6))
            if (sure := confidence(read)) is not None:
                READ_CONFIDENCE.labels(self._recogniser.name).observe(sure)
            await message.ack()
            return
