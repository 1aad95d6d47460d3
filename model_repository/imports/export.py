"""`python -m model_repository.imports.export FILE.pt --out FILE.onnx`: an ultralytics checkpoint as ONNX.

It loads the checkpoint, which runs whatever the file holds: only `zool models import --trust-checkpoint` starts it.
Needs the group `export`. The batch is left open, the picture's size is fixed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

SIZE_DEFAULT = (640, 640)


def main() -> int:
    """Export; what goes wrong is on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", default="")
    options = parser.parse_args()
    from ultralytics import YOLO  # noqa: PLC0415 - the group `export` alone has it

    with tempfile.TemporaryDirectory(prefix="zool-export-") as folder:
        # ultralytics writes beside what it reads.
        copy = Path(shutil.copyfile(options.file, Path(folder) / options.file.name))
        model = YOLO(str(copy))
        width, height = _size(options.size) or _trained(model)
        made = model.export(format="onnx", imgsz=(height, width), dynamic=True, simplify=True, opset=17, device="cpu")
        _fix_size(Path(made), options.out, (width, height))
    return 0


def _size(text: str) -> tuple[int, int] | None:
    sides = text.split("x")
    return (int(sides[0]), int(sides[1])) if len(sides) == 2 else None


def _trained(model: object) -> tuple[int, int]:
    """The size it was trained with."""
    sides = getattr(model, "overrides", {}).get("imgsz", SIZE_DEFAULT[0])
    sides = sides if isinstance(sides, (list, tuple)) else [sides]
    return int(sides[-1]), int(sides[0])


def _fix_size(made: Path, out: Path, size: tuple[int, int]) -> None:
    """Leave only the batch open."""
    import onnx  # noqa: PLC0415 - with the group `export`

    network = onnx.load(made)
    dims = network.graph.input[0].type.tensor_type.shape.dim
    dims[2].dim_value, dims[3].dim_value = size[1], size[0]
    onnx.save(network, str(out))


if __name__ == "__main__":
    sys.exit(main())
