"""Partitions over a real broker: what a process knows of them may be old."""

from __future__ import annotations

import time
from pathlib import Path

from ingest.bus import Bus
from ingest.process import Health
from postprocess.partitions import PART_PREFIX, Seen
from postprocess.shares import BUCKET, Shares
from tests.support.nats import running_nats

KEY = f"{PART_PREFIX}0"


async def nothing(_: frozenset[int]) -> None:
    """Nothing has to be done about it."""


async def test_a_part_that_went_unseen_is_taken_in_the_end(tmp_path: Path) -> None:
    """Its holder gave it back while this process looked at all keys, and no word of that comes any more.

    The first try fails on what is known, and corrects it; the second one takes the part.
    """
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_buckets(BUCKET)
        revision = await bus.bucket(BUCKET).put(KEY, b"gone")
        await bus.bucket(BUCKET).delete(KEY, expect=revision)
        shares = Shares(bus, "one", Health("test"), gained=nothing, giving=nothing, lost=nothing)
        shares._keys[KEY] = Seen(owner="gone", revision=revision, at_s=time.monotonic())
        assert not await shares._take(0, shares._keys[KEY])
        assert KEY not in shares._keys
        assert await shares._take(0, shares._keys.get(KEY))


async def test_a_part_that_somebody_took_is_known_as_theirs(tmp_path: Path) -> None:
    """The try fails, and the next one is left to the rules: that one lives."""
    async with running_nats(tmp_path) as nats, Bus.open(nats.settings, name="test") as bus:
        await bus.ensure_buckets(BUCKET)
        shares = Shares(bus, "one", Health("test"), gained=nothing, giving=nothing, lost=nothing)
        await bus.bucket(BUCKET).put(KEY, b"other")
        assert not await shares._take(0, None)
        assert shares._keys[KEY].owner == "other"
