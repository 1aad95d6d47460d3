"""`python -m ingest`: wires the edges of ingest to each other."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingest import malloc, shm
from ingest.bus import Bus
from ingest.camera import CameraThread
from ingest.config import IngestSettings, PictureSettings
from ingest.contract import PROBE_SUBJECT, Camera, snapshot_subject
from ingest.decode import Decoder, VideoStream
from ingest.errors import SpoolError
from ingest.fleet import Fleet
from ingest.members import Members
from ingest.outbox import Budget
from ingest.ports import Start
from ingest.post import STREAMS, Post
from ingest.probe import Prober
from ingest.process import Process, run
from ingest.sealed import Ring
from ingest.settings import NatsSettings, SettingsError, TritonSettings
from ingest.shared import Shared
from ingest.shed import Shedder
from ingest.slot import Heap, Wish
from ingest.spool import Spool
from ingest.triton import TritonDetector
from model_repository.contract import ModelCard

BUCKETS = ("cameras", "plans", "leases")
POOL_THREADS = 2
"""Crops and snapshots are encoded here; more would take the cores from decoding."""


async def main(process: Process) -> None:
    """Run until the process is told to stop."""
    malloc.settle()
    settings = process.settings(IngestSettings, "ingest")
    nats, triton = process.settings(NatsSettings, "nats"), process.settings(TritonSettings, "triton")
    process.stop_s_max += settings.drain_s_max
    fleets: list[Fleet] = []

    def detector_changed(card: ModelCard | None, reason: str) -> None:
        process.health.set("triton", ok=card is not None, detail=reason)
        for fleet in fleets:
            fleet.refresh()

    def further_changed(ensemble: str, reason: str | None) -> None:
        """One that is away takes nothing from the first: the process is ready without it."""
        if reason is None:
            process.health.forget(ensemble)
        else:
            process.health.set(ensemble, ok=not reason, detail=reason, needed=False)

    decoder = Decoder(hardware=settings.hardware_decode, skip_loop_filter=settings.skip_loop_filter)
    open_stream = functools.partial(VideoStream, decoder=decoder)

    def watch_camera(camera: Camera, start: Start, wish: Wish, ready: Callable[[], None]) -> CameraThread:
        return CameraThread(camera, settings, open_stream, wish=wish, start=start, ready=ready, tensors=shared_tensors)

    stale, ring = shm.sweep(), Ring(process.keys)
    shared_tensors = shm.SharedTensors(f"{os.getpid()}_{secrets.token_hex(3)}") if _shares_memory(triton) else None
    pool, prober = ThreadPoolExecutor(POOL_THREADS, "jpeg"), Prober(open_stream, settings.probes_max)
    deadline_s = settings.deadline_ms / 1000
    spool = _spool(settings)
    async with (
        TritonDetector(
            triton,
            deadline_s=deadline_s,
            changed=detector_changed,
            further_changed=further_changed,
            shared=shared_tensors,
            stale=stale,
        ) as detector,
        Bus.open(nats, name="ingest", health=process.health) as bus,
    ):
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        post = Post(bus, spool, process.health)
        await post.drain(process.stop)
        shared = Shared(
            settings=settings,
            picture=process.settings(PictureSettings, "picture"),
            bus=bus,
            members=Members(bus, settings.name or socket.gethostname(), float(os.cpu_count() or 1), process.health),
            post=post,
            detector=detector,
            tensors=shared_tensors or Heap(),
            limiter=asyncio.Semaphore(settings.inflight_max),
            pool=pool,
            budget=Budget(settings.outbox_mib_max * 1024 * 1024),
            shedder=Shedder(),
            watch_camera=watch_camera,
        )
        fleet = Fleet(shared, ring)
        fleets.append(fleet)
        await bus.serve(snapshot_subject("*"), fleet.snapshot)
        await bus.serve(PROBE_SUBJECT, prober.answer)
        process.health.started()
        await fleet.run(process.stop)
    if spool is not None:
        spool.close()
    prober.close()
    pool.shutdown(wait=False, cancel_futures=True)
    if shared_tensors is not None:
        shared_tensors.close()


def _spool(settings: IngestSettings) -> Spool | None:
    if not settings.spool_dir:
        return None
    try:
        return Spool(Path(settings.spool_dir), settings.spool_mib_max * 1024 * 1024)
    except SpoolError as error:
        raise SettingsError(
            section="ingest", key="spool_dir", value=settings.spool_dir, allowed=f"can't be used: {error.reason}"
        ) from None


def _shares_memory(triton: TritonSettings) -> bool:
    return triton.shared_memory == "auto" and triton.local


if __name__ == "__main__":
    sys.exit(run("ingest", main))
