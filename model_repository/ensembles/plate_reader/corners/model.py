"""Triton model `plate_reader_corners`: see `model_repository.serving`."""

from model_repository.serving import PlateCorners as TritonPythonModel

__all__ = ["TritonPythonModel"]
