"""How much machine so many cameras need. Pure: numbers in, numbers out.

Rules
- Every constant says where it comes from: measured (BENCHMARKS.md, the machine of that page: virtual cores of an AMD
  EPYC with AVX-512 VNNI), or assumed. Another processor changes all core-milliseconds by about one factor.
- Costs are linear in pictures and looks; only waiting is not. Waiting before the detector is that of a queue with
  several servers (`wait_ms`).
- Nothing was measured on a card: for one, the time of a look and its batch are the user's to give.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Codec = Literal["h264", "h265"]
Activity = Literal["quiet", "typical", "busy"]

DECODE_MS_PER_MEGAPIXEL = 0.84
"""H.264 at 1 Mbit/s: 19.3 core-ms for 25 pictures of 0.92 MP (measured)."""
CODEC_FACTOR: dict[Codec, float] = {"h264": 1.0, "h265": 1.6}
"""H.265 against H.264 of the same size (assumed)."""
LOOKED_SHARE: dict[Activity, float] = {"quiet": 0.1, "typical": 0.46, "busy": 0.97}
"""Of the looks that are due, what the motion gate lets through; quiet is `still_fps`, the others are measured."""
INGEST_MS_PER_LOOK = 8.7
INGEST_MS_PER_CAMERA_S = 0.9
"""Scaling, tracking, sending; and what goes on without a look: both from the two profiles of the budget (measured)."""
TRITON_CPU_MS_PER_LOOK = 14.6
"""The starter detector on processor cores: 32.7 / 2.3 and 73.1 / 4.85 (measured)."""
REST_MS_PER_LOOK, REST_MS_PER_CAMERA_S, REST_MS_PER_PASSAGE = 3.0, 2.0, 84.0
"""Broker, recognise, decide, store, analytics store and api together. Half of a passage is `recognise` (2.9 core-ms at
0.062 passages a second, 10.0 at 0.243); the other three are chosen so that 13.4 and 37.5 come out (measured)."""
TENSOR_BYTES = 640 * 384 * 3 // 2
"""A look in I420, as the starter detector takes it."""
PASSAGES_PER_HOUR: dict[Activity, float] = {"quiet": 2.0, "typical": 60.0, "busy": 600.0}
"""Objects that cross or stay, over a whole day (assumed; the clips of the benchmarks have 220 and 870)."""
SHOTS_PER_PASSAGE = 3.0
SHOT_BYTES = 40_000
"""JPEG of a vehicle's crop from 720p (assumed; at most 200 KB)."""
LOOK_ROW_BYTES, EVENT_ROW_BYTES, READ_ROW_BYTES = 60.0, 400.0, 120.0
"""In the analytics store, compressed (assumed)."""
MEMORY_BASE_MB, MEMORY_CAMERA_MB = 1550.0, 32.5
"""All components without a camera, and each 720p camera (measured)."""
MEMORY_PER_MEGAPIXEL_MB = 14.0
"""Of the latter, pictures in decoding: grows with their size (assumed)."""
USED_MAX = 0.7
"""Share of the cores that is planned for: the rest is bursts and the loss of a host's neighbour (a policy)."""
BEST_MP = 0.9216


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the system."""

    cameras: int
    codec: Codec = "h264"
    width: int = 1280
    height: int = 720
    fps: float = 25.0
    looks_per_s: float = 5.0
    activity: Activity = "typical"
    passages_per_hour: float | None = None
    """None = as the activity says."""
    bitrate_mbit_s: float = 1.0
    photos_days: int = 30
    looks_days: int = 7
    look_ms: float = TRITON_CPU_MS_PER_LOOK
    """One look on one core, or on one instance of a card."""
    batch: int = 1
    """Looks that a card takes at once in about that time."""
    servers: int = 0
    """Cores or instances that do nothing but looks; 0 = as many as are needed."""
    on_card: bool = False

    @property
    def looked_per_s(self) -> float:
        """Looks of one camera that reach the detector."""
        return self.looks_per_s * LOOKED_SHARE[self.activity]

    @property
    def passages_per_s(self) -> float:
        """Of one camera."""
        per_hour = self.passages_per_hour
        return (PASSAGES_PER_HOUR[self.activity] if per_hour is None else per_hour) / 3600.0

    @property
    def megapixels(self) -> float:
        """Of a picture."""
        return self.width * self.height / 1e6


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes. `*_core_ms` are per second and camera."""

    decode_core_ms: float
    ingest_core_ms: float
    """Decoding included."""
    triton_core_ms: float
    rest_core_ms: float
    cores: float
    """In all, at `USED_MAX`."""
    looks_per_s: float
    servers: int
    """Cores or instances for the detector."""
    utilisation: float
    wait_ms: float
    """Mean, before the detector."""
    streams_mbit_s: float
    """From the cameras."""
    triton_mbit_s: float
    """Into Triton: over the network, or through shared memory on the same host; as much over PCIe to a card."""
    rows_per_day: float
    disk_gb_per_camera_day: float
    disk_gb: float
    """As long as photos and looks are kept."""
    memory_gb: float


def need(site: Site) -> Need:
    """The sum of it."""
    decode = DECODE_MS_PER_MEGAPIXEL * site.megapixels * site.fps * CODEC_FACTOR[site.codec]
    ingest = decode + INGEST_MS_PER_CAMERA_S + INGEST_MS_PER_LOOK * site.looked_per_s
    triton = 0.0 if site.on_card else site.look_ms * site.looked_per_s
    rest = REST_MS_PER_CAMERA_S + REST_MS_PER_LOOK * site.looked_per_s + REST_MS_PER_PASSAGE * site.passages_per_s
    looks = site.cameras * site.looked_per_s
    servers = site.servers or max(1, math.ceil(looks * site.look_ms / site.batch / 1000.0 / USED_MAX))
    per_day, bytes_per_day = stored(site)
    photos = site.passages_per_s * 86400.0 * SHOTS_PER_PASSAGE * SHOT_BYTES
    kept = photos * site.photos_days + (bytes_per_day - photos) * site.looks_days
    more_mb = MEMORY_PER_MEGAPIXEL_MB * max(0.0, site.megapixels - BEST_MP)
    return Need(
        decode_core_ms=decode,
        ingest_core_ms=ingest,
        triton_core_ms=triton,
        rest_core_ms=rest,
        cores=site.cameras * (ingest + triton + rest) / 1000.0 / USED_MAX,
        looks_per_s=looks,
        servers=servers,
        utilisation=looks * site.look_ms / site.batch / 1000.0 / servers,
        wait_ms=wait_ms(looks / site.batch, site.look_ms, servers),
        streams_mbit_s=site.cameras * site.bitrate_mbit_s,
        triton_mbit_s=looks * TENSOR_BYTES * 8 / 1e6,
        rows_per_day=site.cameras * per_day,
        disk_gb_per_camera_day=bytes_per_day / 1e9,
        disk_gb=site.cameras * kept / 1e9,
        memory_gb=(MEMORY_BASE_MB + site.cameras * (MEMORY_CAMERA_MB + more_mb)) / 1000.0,
    )


def stored(site: Site) -> tuple[float, float]:
    """Rows and bytes a day that one camera puts into the analytics store."""
    looks, passages = site.looked_per_s * 86400.0, site.passages_per_s * 86400.0
    shots = passages * SHOTS_PER_PASSAGE
    rows = looks + passages + 2 * shots
    size = looks * LOOK_ROW_BYTES + passages * EVENT_ROW_BYTES + shots * (READ_ROW_BYTES + SHOT_BYTES)
    return rows, size


def wait_ms(per_s: float, service_ms: float, servers: int, *, spread: float = 0.5) -> float:
    """Mean wait before `servers` equal servers; infinite where they can't keep up.

    Sakasegawa's approximation of M/G/c (An approximation formula L_q = αρ^β/(1-ρ), 1977), exact for M/M/1 and M/G/1.
    Arrivals count as independent; `spread` is the squared coefficient of variation of the service time.
    """
    busy = per_s * service_ms / 1000.0 / servers
    if busy >= 1.0:
        return math.inf
    if busy <= 0.0:
        return 0.0
    crowd: float = busy ** (math.sqrt(2.0 * (servers + 1)) - 1.0)
    return (1.0 + spread) / 2.0 * crowd / (servers * (1.0 - busy)) * service_ms
