"""The gallery as it stands now, and whom a face looks like. Edge (broker; searches in a thread).

Rules
- The bucket `faces` is followed; each network's samples make a gallery of their own, and a face is looked for in that
  of the network that made its embedding: samples of other weights are there, and are not used.
- What can't be read counts as absent and is logged, its neighbours are not touched.
- Nobody is looked for before the bucket was read once: else all who are known would be strangers after a start.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from ingest.bus import Bus, Entry
from ingest.process import Health
from model_repository.contract import ModelCard
from postprocess.contract import FaceMatch, FaceRead, FaceSample, ReadOf
from postprocess.gallery import Gallery, rate_at
from postprocess.metrics import GALLERY_SAMPLES, GALLERY_SECONDS

log = logging.getLogger(__name__)

MATCHES = 5
"""How many persons a read names."""
BUCKET = "faces"
THREADS = min(4, os.cpu_count() or 1)
"""Of one search: blocks are multiplied side by side. OpenBLAS has one thread: its own would wait for each other."""


class FaceWatch:
    """Follows the bucket `faces`; event loop only."""

    def __init__(self, bus: Bus, health: Health) -> None:
        self._bus, self._health = bus, health
        self._galleries: dict[str, Gallery] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gallery")
        self._where: dict[str, str] = {}
        self._revision = 0
        self._loaded = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def galleries(self) -> Mapping[str, Gallery]:
        """SHA-256 of weights → the samples that they made."""
        return self._galleries

    async def run(self) -> None:
        """Follow for ever; what vanished while the broker was away vanishes here, too."""
        self._health.set("gallery", ok=False, detail="reading the bucket")
        seen: set[str] = set()
        outages = self._bus.outages
        async for entry in self._bus.bucket(BUCKET).watch():
            if outages != self._bus.outages:
                outages, seen = self._bus.outages, set()
            async with self._turn:
                if entry is None:
                    for key in self._where.keys() - seen:
                        self._drop(key)
                    self._loaded.set()
                    self._health.set("gallery", ok=True)
                else:
                    seen.add(entry.key)
                    self._take(entry)
            GALLERY_SAMPLES.set(len(self._where))

    def _take(self, entry: Entry) -> None:
        self._drop(entry.key)
        self._revision = max(self._revision, entry.revision)
        if entry.value is None:
            return
        try:
            sample = msgspec.json.decode(entry.value, type=FaceSample)
            vector = np.frombuffer(sample.embedding, "<f4").astype(np.float32)
            if f"{sample.person}.{sample.id}" != entry.key:
                log.warning("bucket faces, key %s: it holds a sample of %s", entry.key, sample.person)
                return
            gallery = self._galleries.setdefault(sample.model.sha256, Gallery(vector.size, self._threads.map))
            kept = gallery.put(entry.key, sample.person, vector, negative=sample.negative)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            log.warning("bucket faces, key %s: %s", entry.key, error)
            return
        if kept:
            self._where[entry.key] = sample.model.sha256
        else:
            log.warning("bucket faces, key %s: the person has too many samples; this one is not used", entry.key)

    def _drop(self, key: str) -> None:
        sha256 = self._where.pop(key, None)
        if sha256 is not None:
            self._galleries[sha256].remove(key)

    async def matched(self, said: ReadOf, card: ModelCard) -> ReadOf:
        """The read with the persons that its face looks like."""
        if not isinstance(said, FaceRead) or not said.embedding:
            return said
        found, revision = await self.nearest(said.embedding, card)
        return msgspec.structs.replace(said, matches=found, gallery_revision=revision)

    async def nearest(
        self, embedding: bytes, card: ModelCard, *, apart_from: str = ""
    ) -> tuple[tuple[FaceMatch, ...], int]:
        """The nearest persons and the gallery's revision; waits until the gallery was read once."""
        await self._loaded.wait()
        vector = np.frombuffer(embedding, "<f4").astype(np.float32)
        async with self._turn:
            gallery, revision = self._galleries.get(card.sha256), self._revision
            if gallery is None or gallery.size != vector.size:
                return (), revision
            with GALLERY_SECONDS.time():
                found = await asyncio.to_thread(gallery.nearest, vector, MATCHES, apart_from=apart_from)
        rated = (
            msgspec.structs.replace(match, false_accept_rate=rate_at(card.false_accepts, match.similarity))
            for match in found
        )
        return tuple(rated), revision

    async def own(self, person: str, embedding: bytes, card: ModelCard) -> float | None:
        """Cosine of a face to the nearest sample of a person; None where there is none."""
        await self._loaded.wait()
        vector = np.frombuffer(embedding, "<f4").astype(np.float32)
        async with self._turn:
            gallery = self._galleries.get(card.sha256)
            return gallery.own(person, vector) if gallery is not None and gallery.size == vector.size else None
