"""Triton model `plate_reader_text`: see `model_repository.serving.plate_reader`."""

from model_repository.serving.plate_reader import PlateText as TritonPythonModel

__all__ = ["TritonPythonModel"]
