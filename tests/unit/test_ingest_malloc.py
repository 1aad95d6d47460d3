"""The C library's allocator, as ingest sets it: blocks are given back when they are freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ingest import malloc

CHILD = """
import ctypes
from ingest import malloc
settled = malloc.settle()
def rss_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
def fill(size, count):
    found = [libc.malloc(size) for _ in range(count)]
    for at in found:
        ctypes.memset(at, 1, size)
    return found
for at in fill(8 << 20, 1):
    libc.free(at)  # by default glibc now keeps blocks of up to 8 MB in its arenas
pictures = fill(1 << 20, 64)
pin = fill(4096, 1)  # holds the top of the arena
full = rss_kb()
for at in pictures:
    libc.free(at)
print(settled, full - rss_kb() > 48 * 1024)
"""


def test_what_a_decoder_held_is_given_back() -> None:
    """64 pictures of a megabyte under a block that stays: they leave the process when they are freed."""
    if not hasattr(malloc._libc, "mallopt"):
        pytest.skip("this C library has no arenas")
    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["True", "True"]


def test_trimming_is_done_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks: the second within seconds asks in vain."""
    monkeypatch.setattr(malloc, "_trimmed_s", float("-inf"))
    assert malloc.trim() == hasattr(malloc._libc, "malloc_trim")
    assert not malloc.trim()
