"""`python -m model_repository.speed`: pictures a second through the detector's network alone, in this process.

The same weights, graph and properties as inside Triton (`network.Network`), without server, requests, reading of the
head and ensemble. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model_repository import store
from model_repository.contract import DETECTOR
from model_repository.network import Network

BATCH = 8
"""Pictures that are queued at once, as many as Triton batches at most."""
WARM_UP_S = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.speed", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True, help=".npy, uint8 [pictures, height*3/2, width]")
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args(argv)
    frames = np.load(args.frames)
    network = Network(store.deployed(DETECTOR, args.data_dir), "i420")
    _run(network, frames, WARM_UP_S)
    print(json.dumps({"images_per_s": _run(network, frames, args.seconds)}), flush=True)
    return 0


def _run(network: Network, frames: np.ndarray, seconds: float) -> float:
    count, begun = 0, time.monotonic()
    while (now := time.monotonic()) - begun < seconds:
        batch = [frames[(count + number) % len(frames)] for number in range(BATCH)]
        network.each(batch, lambda _index, _answer: None)
        count += BATCH
    return count / (now - begun)


if __name__ == "__main__":
    sys.exit(main())
