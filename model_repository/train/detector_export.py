"""From trained weights to a pair of files that can be served: `NAME.onnx` and `NAME.json`.

Rules
- Opset 17, any batch, one fixed picture size, batch norms folded.
- What is written is read again with ONNX Runtime and must answer as torch does, else nothing is left behind.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
import torch

from model_repository.card import WeightsCard, file_sha256
from model_repository.errors import ModelError
from model_repository.train.detector_frames import LABELS, SIZE
from model_repository.train.detector_network import Detector, Exported

NAME = "starter-detector"
OPSET = 17
OVERLAP_MAX = 0.5
"""A small network gives two boxes of one person more often than a large one."""
DIFFERENCE_PX_MAX = 0.2
DIFFERENCE_SCORE_MAX = 1e-3


class ExportDiffersError(ModelError):
    """The exported network does not answer as the trained one."""

    def __init__(self, pixels: float, score: float) -> None:
        """Hold the greatest differences found."""
        super().__init__(pixels, score)
        self.pixels, self.score = pixels, score

    def __str__(self) -> str:
        """Say how far apart they are."""
        return (
            f"the exported network differs by {self.pixels:.3f} px and {self.score:.5f} of score; nothing was written"
        )


def export(detector: Detector, path: Path) -> None:
    """Write the network as ONNX. Raises ExportDiffersError."""
    network = Exported(detector.eval().float()).eval()
    part = path.with_suffix(".part.onnx")
    width, height = SIZE
    with warnings.catch_warnings():
        # The exporter warns of its own successor and of sizes that are fixed on purpose.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, height, width),),
            str(part),
            opset_version=OPSET,
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
            dynamo=False,
        )
    try:
        compare(network, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def compare(network: Exported, path: Path) -> None:
    """Ask both about the same two random pictures. Raises ExportDiffersError."""
    width, height = SIZE
    pictures = np.random.default_rng(0).random((2, 3, height, width), np.float32)
    with torch.no_grad():
        mine = network(torch.from_numpy(pictures)).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"images": pictures})[0]
    pixels = float(np.abs(mine[:, :4] - theirs[:, :4]).max())
    score = float(np.abs(mine[:, 4:] - theirs[:, 4:]).max())
    if pixels > DIFFERENCE_PX_MAX or score > DIFFERENCE_SCORE_MAX:
        raise ExportDiffersError(pixels, score)


def card(path: Path, version: str) -> WeightsCard:
    """The card of an exported starter."""
    return WeightsCard(
        name=NAME,
        task="detector",
        version=version,
        sha256=file_sha256(path),
        starter=True,
        licence="Apache-2.0",
        trained_on="rendered scenes only (synthetic)",
        input_width=SIZE[0],
        input_height=SIZE[1],
        anchor="center",
        fill=114,
        labels=LABELS,
        head="yolov8",
        colour="rgb",
        divide=255.0,
        overlap_max=OVERLAP_MAX,
    )


def write_card(path: Path, version: str, figures: dict[str, Any], command: str) -> None:
    """Write the card beside the network, with the figures of its evaluation and how it was made."""
    written = msgspec.to_builtins(card(path, version)) | {"figures": figures, "command": command}
    path.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
