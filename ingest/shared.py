"""What all cameras of a process share: settings and edges, wired by `__main__`. Edge: asyncio (it names them)."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

import msgspec

from ingest.bus import Bus
from ingest.config import IngestSettings, PictureSettings
from ingest.members import Members
from ingest.outbox import Budget
from ingest.ports import Detector, WatchCamera
from ingest.post import Post
from ingest.shed import Shedder
from ingest.slot import Tensors


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What all cameras of the process share."""

    settings: IngestSettings
    picture: PictureSettings
    bus: Bus
    members: Members
    post: Post
    detector: Detector
    tensors: Tensors
    limiter: asyncio.Semaphore
    pool: Executor
    budget: Budget
    shedder: Shedder
    watch_camera: WatchCamera
