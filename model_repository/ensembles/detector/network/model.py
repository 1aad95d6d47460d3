"""Triton model `detector_network`: see `model_repository.serving.detector`."""

from model_repository.serving.detector import DetectorNetwork as TritonPythonModel

__all__ = ["TritonPythonModel"]
