"""Triton model `ppe_classifier_items`: see `model_repository.serving.ppe_classifier`."""

from model_repository.serving.ppe_classifier import PpeItems as TritonPythonModel

__all__ = ["TritonPythonModel"]
