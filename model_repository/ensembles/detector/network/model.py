"""Triton model `detector_network`: see `model_repository.serving`."""

from model_repository.serving import DetectorNetwork as TritonPythonModel

__all__ = ["TritonPythonModel"]
