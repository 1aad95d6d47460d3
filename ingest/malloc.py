"""How the C library keeps memory, so that what a lost camera's decoder held is given back. Edge (libc); any thread.

glibc gives each thread an arena of its own, eight for every core, and lets blocks of up to 32 MB into them once such a
one was freed. Every camera has a thread, every connection a decoder with megabytes of pictures: after some hundreds of
reconnects each arena is as large as its worst moment, and full of holes.

- `settle` sets (mallopt(3)) few arenas, and a bound from which blocks are mapped by themselves, which ends glibc's own
  raising of that bound: pictures of 640x360 and more are given back when they are freed.
- `trim` (malloc_trim(3)) gives back what is free inside; milliseconds, so at the end of a connection, never in between.
- Where the C library knows neither (musl, others) nothing is done: it has no such arenas.
"""

from __future__ import annotations

import ctypes
import threading
import time

ARENAS_MAX = 4
MAPPED_BYTES_MIN = 256 * 1024
TRIM_EVERY_S = 5.0
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8

_libc = ctypes.CDLL(None)
_lock = threading.Lock()
_trimmed_s = 0.0


def settle() -> bool:
    """Once, before there are threads; whether the C library took it."""
    if not hasattr(_libc, "mallopt"):
        return False
    return bool(_libc.mallopt(_M_ARENA_MAX, ARENAS_MAX) and _libc.mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES_MIN))


def trim() -> bool:
    """Give back what is free, once in `TRIM_EVERY_S` whoever asks; whether it was done."""
    global _trimmed_s  # noqa: PLW0603 - one allocator in a process
    with _lock:
        if time.monotonic() - _trimmed_s < TRIM_EVERY_S or not hasattr(_libc, "malloc_trim"):
            return False
        _trimmed_s = time.monotonic()
    _libc.malloc_trim(0)
    return True
