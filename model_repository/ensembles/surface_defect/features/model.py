"""Triton model `surface_defect_features`: see `model_repository.serving.surface_defect`."""

from model_repository.serving.surface_defect import SurfaceFeatures as TritonPythonModel

__all__ = ["TritonPythonModel"]
