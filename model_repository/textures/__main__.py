"""`python -m model_repository.textures --out DIR`: labelled pictures of surfaces for the evaluation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from model_repository.textures import dataset
from model_repository.textures.settings import SPLITS
from model_repository.textures.surfaces import SURFACES


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m model_repository.textures", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--surface", choices=[*SURFACES, *dataset.PHOTOGRAPHS], action="append", help="default: all drawn ones"
    )
    parser.add_argument("--split", choices=sorted(SPLITS), default="held_out", help="settings of the test pictures")
    parser.add_argument(
        "--fit", type=int, default=12, metavar="N", help="good pictures to fit on; default: %(default)s"
    )
    parser.add_argument(
        "--test", type=int, default=30, metavar="N", help="test pictures of each kind; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    for surface in options.surface or SURFACES:
        wanted = dataset.Wanted(
            surface=surface, split=options.split, fit=options.fit, test=options.test, seed=options.seed
        )
        dataset.write(wanted, options.out / surface)
        print(options.out / surface)
    return 0


if __name__ == "__main__":
    sys.exit(main())
