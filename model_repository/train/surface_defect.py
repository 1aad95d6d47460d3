"""The starter of `surface_defect`: fitted on drawn pictures of good rolled steel, none with a flaw, none a photograph.

Half a minute on one core, equal bytes every time on one kind of processor.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from model_repository.defects import fitting
from model_repository.textures import dataset

NAME = "starter-surface-defect"
COMMAND = "zool models train surface_defect --out model_repository/weights"
WANTED = dataset.Wanted(surface="rolled_steel", fit=16, test=0, seed=7)


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dataset.write(WANTED, Path(folder))
        fitted = fitting.fit_folder(Path(folder) / "train" / "good")
    trained_on = f"rendered textures only (synthetic): {WANTED.fit} good pictures of rolled steel"
    print(fitting.write(fitted, NAME, options.out, trained_on=trained_on, command=COMMAND))


if __name__ == "__main__":
    main()
