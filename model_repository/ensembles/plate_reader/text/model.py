"""Triton model `plate_reader_text`: see `model_repository.serving`."""

from model_repository.serving import PlateText as TritonPythonModel

__all__ = ["TritonPythonModel"]
