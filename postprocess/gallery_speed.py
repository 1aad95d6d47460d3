"""`python -m postprocess.gallery_speed`: how long a search among many people takes. Edge (argv, clock, memory).

Prints one JSON object. The people are random directions: that says everything about the time of an exact search, and
nothing about how often real people are mixed up.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from postprocess.face_watch import MATCHES, THREADS
from postprocess.gallery import Gallery

Floats = npt.NDArray[np.float32]
CHUNK = 4096
LIKE = 0.7
"""Cosine of a face that is looked for to the sample of its person."""
CHANGES = 200


def main(argv: list[str]) -> int:
    """Build, search, change, print."""
    parser = argparse.ArgumentParser(prog="python -m postprocess.gallery_speed", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--searches", type=int, default=300)
    options = parser.parse_args(argv)
    print(json.dumps(measured(options.people, options.dimension, options.searches)))  # noqa: T201 - this is its answer
    return 0


def measured(people: int, dimension: int, searches: int) -> dict[str, Any]:
    """Milliseconds of every search, of the bare product beside it, and of changes; memory in MB."""
    rng = np.random.default_rng(1)
    empty_mb, started_s = _resident_mb(), time.perf_counter()
    threads = ThreadPoolExecutor(THREADS)
    gallery = Gallery(dimension, threads.map)
    for start in range(0, people, CHUNK):
        for row, vector in enumerate(_directions(rng, min(CHUNK, people - start), dimension)):
            gallery.put(f"p{start + row}.s", f"p{start + row}", vector)
    built_s, full_mb = time.perf_counter() - started_s, _resident_mb()
    matrix = np.concatenate(gallery.blocks)[:people].copy()
    out = np.empty(people, np.float32)
    search_ms, bare_ms, cpu_ms, found = [], [], [], 0
    for _ in range(searches):
        wanted = int(rng.integers(people))
        aside = _directions(rng, 1, dimension)[0]
        aside -= (aside @ matrix[wanted]) * matrix[wanted]
        face = np.float32(LIKE) * matrix[wanted] + np.float32(np.sqrt(1 - LIKE**2)) * aside / np.linalg.norm(aside)
        started_s, used_s = time.perf_counter(), time.process_time()
        near = gallery.nearest(face, MATCHES)
        middle_s = time.perf_counter()
        cpu_ms.append((time.process_time() - used_s) * 1000)
        np.dot(matrix, face, out=out)
        ended_s = time.perf_counter()
        search_ms.append((middle_s - started_s) * 1000)
        bare_ms.append((ended_s - middle_s) * 1000)
        found += near[0].person == f"p{wanted}"
    return {
        "people": people, "dimension": dimension, "threads": THREADS, "search_ms": search_ms, "bare_ms": bare_ms,
        "cpu_ms": cpu_ms,
        "found": found / searches, "change_ms": _changes(gallery, rng, people), "built_s": built_s,
        "resident_mb": full_mb - empty_mb, "blocks_mb": gallery.bytes_held / 2**20,
    }  # fmt: skip


def _changes(gallery: Gallery, rng: np.random.Generator, people: int) -> list[float]:
    """Milliseconds of taking somebody out and putting them in again."""
    taken = []
    for number in rng.integers(0, people, CHANGES).tolist():
        vector = _directions(rng, 1, gallery.size)[0]
        started_s = time.perf_counter()
        gallery.remove(f"p{number}.s")
        gallery.put(f"p{number}.s", f"p{number}", vector)
        taken.append((time.perf_counter() - started_s) * 1000)
    return taken


def _directions(rng: np.random.Generator, count: int, dimension: int) -> Floats:
    vectors = rng.standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
