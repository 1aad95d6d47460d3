"""Triton model `plate_reader_corners`: see `model_repository.serving.plate_reader`."""

from model_repository.serving.plate_reader import PlateCorners as TritonPythonModel

__all__ = ["TritonPythonModel"]
