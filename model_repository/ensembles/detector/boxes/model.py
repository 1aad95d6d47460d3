"""Triton model `detector_boxes`: see `model_repository.serving`."""

from model_repository.serving import DetectorBoxes as TritonPythonModel

__all__ = ["TritonPythonModel"]
