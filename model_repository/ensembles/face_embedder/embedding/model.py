"""Triton model `face_embedder_embedding`: see `model_repository.serving.face_embedder`."""

from model_repository.serving.face_embedder import FaceEmbedding as TritonPythonModel

__all__ = ["TritonPythonModel"]
