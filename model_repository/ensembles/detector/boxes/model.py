"""Triton model `detector_boxes`: see `model_repository.serving.detector_boxes`."""

from model_repository.serving.detector_boxes import DetectorBoxes as TritonPythonModel

__all__ = ["TritonPythonModel"]
