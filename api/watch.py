"""What the broker and the store say of themselves, as metrics. Edge (NATS, ClickHouse, clock).

Rules
- It is asked from here because a stage that hangs can't say how much waits for it.
- What can't be asked keeps its last value; `zool_queue_looked_timestamp_seconds` says how old it is.
- Series of streams, readers, disks and tables that are gone are dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from api import metrics, queues, system
from api.archive import Archive
from api.errors import Unavailable
from api.link import Link
from api.system import ConsumerInfo, Consumers, StreamInfo
from ingest.bus import Bus, BusUnavailable

LOOK_EVERY_S = 15.0
_US = 1e6


class Watch:
    """Looks around for ever; event loop only."""

    def __init__(self, link: Link, archive: Archive, now_us: Callable[[], int], *, certificate: str) -> None:
        self._link, self._archive, self._now_us, self._certificate = link, archive, now_us, certificate

    async def follow(self) -> None:
        """For ever."""
        await self._link.opened()
        while True:
            metrics.CERTIFICATE_ENDS.set(ends_s(self._certificate))
            await self._look_at_queues()
            await self._look_at_store()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_queues(self) -> None:
        try:
            found = await queues.read(self._link, system.STREAMS)
            ages = {
                (info.config.name, one.name): await self._age_s(self._link.bus(), info.config.name, one)
                for info, readers in found
                for one in readers.consumers
                if one.config.durable_name
            }
        except (Unavailable, BusUnavailable):
            return
        for gauge in (metrics.QUEUE_WAITING, metrics.QUEUE_IN_HAND, metrics.QUEUE_AGE_SECONDS):
            gauge.clear()
        for info, readers in found:
            _tell_stream(info, readers)
        for (stream, reader), age_s in ages.items():
            metrics.QUEUE_AGE_SECONDS.labels(stream, reader).set(age_s)
        metrics.QUEUES_LOOKED.set(self._now_us() / _US)

    async def _age_s(self, bus: Bus, stream: str, reader: ConsumerInfo) -> float:
        """Of the oldest message that it was never given."""
        if not reader.num_pending:
            return 0.0
        begin = reader.delivered.stream_seq + 1
        found = [await bus.next_message(stream, subject, begin) for subject in reader.config.subjects]
        oldest_us = min((one.time_us for one in found if one is not None), default=self._now_us())
        return max(0.0, (self._now_us() - oldest_us) / _US)

    async def _look_at_store(self) -> None:
        try:
            disks = await self._archive.rows(system.disks_query())
            tables = await self._archive.rows(system.tables_query())
        except Unavailable:
            return
        for gauge in (metrics.DISK_BYTES, metrics.DISK_FREE_BYTES, metrics.TABLE_ROWS, metrics.TABLE_BYTES):
            gauge.clear()
        for row in disks:
            metrics.DISK_BYTES.labels(row["name"]).set(int(row["total_space"]))
            metrics.DISK_FREE_BYTES.labels(row["name"]).set(int(row["free_space"]))
        for row in tables:
            metrics.TABLE_ROWS.labels(row["table"]).set(int(row["n"]))
            metrics.TABLE_BYTES.labels(row["table"]).set(int(row["size"]))


def _tell_stream(info: StreamInfo, readers: Consumers) -> None:
    name = info.config.name
    metrics.QUEUE_MESSAGES.labels(name).set(info.state.messages)
    metrics.QUEUE_BYTES.labels(name).set(info.state.bytes)
    metrics.QUEUE_BYTES_MAX.labels(name).set(max(0, info.config.max_bytes))
    for one in readers.consumers:
        if one.config.durable_name:
            metrics.QUEUE_WAITING.labels(name, one.name).set(one.num_pending)
            metrics.QUEUE_IN_HAND.labels(name, one.name).set(one.num_ack_pending)


def ends_s(path: str) -> float:
    """When the first certificate of a PEM file ends, in seconds since 1970; 0 without a file, or with none in it."""
    if not path:
        return 0.0
    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return 0.0
