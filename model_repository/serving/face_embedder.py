"""Steps of the ensemble `face_embedder`. Edge: runs inside Triton's Python backend.

Both networks run in float32: in bf16 the points move, and embeddings to a cosine of 0.994 of what they should be.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_repository import card, face_align, face_heads, network
from model_repository.contract import CROP, EMBEDDING, FACE_BOX, FACE_QUALITY, FACE_SCORE, LANDMARKS, LIVENESS
from model_repository.crops import used_size
from model_repository.serving.step import Arrays, Step, parted

FACE = "FACE"
UNKNOWN = -1.0


class FaceFinder(Step):
    """CROP → FACE_BOX, FACE_SCORE, LANDMARKS, FACE_QUALITY, LIVENESS and the face upright.

    LIVENESS is always "no model": one needs the crop around the face, which is at hand here.
    """

    def start(self, directory: Path) -> None:
        """Compile the network for whole BGR crops; the embedding's card says how large an upright face is."""
        weights = card.load(network.weights_in(directory))
        found = weights.card
        self._head, self._fill = found.head, found.fill
        self._score_min = found.score_min or face_heads.SCORE_MIN
        self._size = (found.input_width, found.input_height)
        self._side = card.read_card(network.weights_in(directory, "face_embedding", ".json")).input_width
        self._network = network.Network(weights, "bgr", exact=True)

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Run all crops of all requests through one queue."""
        crops = np.concatenate([arrays[CROP] for arrays in batch])
        out = _nothing(len(crops), self._side)

        def done(index: int, answers: list[npt.NDArray[np.float32]]) -> None:
            found = face_heads.faces(answers, self._head, self._size, self._score_min)
            self._write(out, index, crops[index], found)

        self._network.each_whole(crops, done)
        return parted(out, batch, CROP)

    def _write(self, out: Arrays, index: int, crop: npt.NDArray[np.uint8], found: npt.NDArray[np.float32]) -> None:
        best = face_heads.own_face(found, used_size(crop, self._fill) if len(found) > 1 else self._size)
        if best is None:
            return
        points = found[best, 5:].reshape(5, 2)
        matrix = face_align.similarity(points, face_align.template(self._side))
        if matrix is None:
            return
        face = face_align.aligned(crop, matrix, self._side)
        out[FACE_BOX][index], out[FACE_SCORE][index], out[LANDMARKS][index] = found[best, :4], found[best, 4], points
        out[FACE_QUALITY][index] = face_align.quality(points, matrix, face)
        out[FACE][index] = face


class FaceEmbedding(Step):
    """FACE, FACE_SCORE → EMBEDDING."""

    def start(self, directory: Path) -> None:
        """Compile the network for upright BGR faces."""
        weights = card.load(network.weights_in(directory))
        self._size = weights.card.embedding_size
        self._network = network.Network(weights, "bgr", exact=True)

    def answer(self, batch: list[Arrays]) -> list[Arrays]:
        """Embed every face that is one."""
        faces = np.concatenate([arrays[FACE] for arrays in batch])
        asked = np.flatnonzero(np.concatenate([arrays[FACE_SCORE] for arrays in batch])[:, 0] > 0)
        embeddings = np.zeros((len(faces), self._size), np.float32)

        def done(position: int, answer: npt.NDArray[np.float32]) -> None:
            embeddings[asked[position]] = face_align.unit(answer.reshape(-1))

        self._network.each((faces[index] for index in asked), done)
        return parted({EMBEDDING: embeddings}, batch, FACE)


def _nothing(count: int, side: int) -> Arrays:
    """The answer for crops without a face."""
    return {
        FACE_BOX: np.zeros((count, 4), np.float32),
        FACE_SCORE: np.zeros((count, 1), np.float32),
        LANDMARKS: np.zeros((count, 5, 2), np.float32),
        FACE_QUALITY: np.zeros((count, 4), np.float32),
        LIVENESS: np.full((count, 1), UNKNOWN, np.float32),
        FACE: np.zeros((count, side, side, 3), np.uint8),
    }
