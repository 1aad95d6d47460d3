"""Triton model `face_embedder_finder`: see `model_repository.serving.face_embedder`."""

from model_repository.serving.face_embedder import FaceFinder as TritonPythonModel

__all__ = ["TritonPythonModel"]
