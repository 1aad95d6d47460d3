"""Triton model `ppe_classifier_evidence`: see `model_repository.serving.ppe_classifier`."""

from model_repository.serving.ppe_classifier import PpeEvidence as TritonPythonModel

__all__ = ["TritonPythonModel"]
