"""Triton model `detector_boxes`: see `model_repository.serving.detector`."""

from model_repository.serving.detector import DetectorBoxes as TritonPythonModel

__all__ = ["TritonPythonModel"]
