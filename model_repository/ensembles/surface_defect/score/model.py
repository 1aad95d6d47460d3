"""Triton model `surface_defect_score`: see `model_repository.serving.surface_defect`."""

from model_repository.serving.surface_defect import SurfaceScore as TritonPythonModel

__all__ = ["TritonPythonModel"]
