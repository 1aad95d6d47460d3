"""The real Triton server for tests, and how it is asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from tritonclient import grpc as client

from model_repository.contract import DETECTOR, FRAME
from model_repository.evaluation.pictures import i420_frame, letterboxed
from model_repository.evaluation.server import TritonServer, infer, model_card, triton_server

__all__ = ["TritonServer", "detect", "i420_frame", "infer", "letterboxed", "model_card", "triton_server"]


def detect(triton: client.InferenceServerClient, frame: npt.NDArray[np.uint8]) -> dict[str, np.ndarray]:
    """One I420 frame through the detector."""
    return infer(triton, DETECTOR, **{FRAME: frame[None]})
