"""Triton model `plate_reader_text` of the GPU target: see `model_repository.serving.plate_steps`."""

from model_repository.serving.plate_steps import PlateDecoding as TritonPythonModel

__all__ = ["TritonPythonModel"]
