"""Triton model `plate_reader_corners` of the GPU target: see `model_repository.serving.plate_steps`."""

from model_repository.serving.plate_steps import PlateStraightening as TritonPythonModel

__all__ = ["TritonPythonModel"]
