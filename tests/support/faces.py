"""A scripted face embedder over real gRPC, and pictures for it: a face is a bright rectangle of one colour.

A fake, for what surrounds the network: which person is the colour, sharpness and pose are scripted. Real networks are
asked in `test_models_people` and `test_postprocess_faces`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import cv2
import grpc  # type: ignore[import-untyped]
import msgspec
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2

from model_repository.contract import (
    CARD_PARAMETER,
    EMBEDDING,
    FACE_BOX,
    FACE_QUALITY,
    FACE_SCORE,
    LANDMARKS,
    LIVENESS,
    ModelCard,
    ModelRef,
)
from tests.support.postprocess import ScriptedTriton

Bytes = npt.NDArray[np.uint8]
SIDE = 320
COLOURS = {"anna": (255, 60, 60), "boris": (60, 255, 60), "vera": (60, 60, 255), "gleb": (255, 255, 60)}
"""BGR."""
FACE_CARD = ModelCard(
    name="scripted-faces",
    task="face_embedder",
    version="1",
    sha256="fa" * 32,
    input_width=SIDE,
    input_height=SIDE,
    anchor="top_left",
    embedding_size=3,
    false_accepts=((0.01, 0.8), (0.001, 0.95)),
)
MODEL = ModelRef(name="scripted-faces", version="1", sha256="fa" * 32)


def vector(name: str) -> npt.NDArray[np.float32]:
    """The embedding of somebody's colour."""
    colour = np.array(COLOURS[name], np.float32) - 128
    return np.asarray(colour / np.linalg.norm(colour), np.float32)


def photo(*faces: tuple[str, int, int, int], size: tuple[int, int] = (SIDE, SIDE)) -> bytes:
    """A PNG with faces (who, left, top, side) on grey."""
    picture = np.full((size[1], size[0], 3), 128, np.uint8)
    for who, left, top, side in faces:
        picture[top : top + side, left : left + side] = COLOURS[who]
    return bytes(cv2.imencode(".png", picture)[1])


class ScriptedFaces(ScriptedTriton):
    """Finds the largest rectangle of one bright colour."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness, self.pose, self.card = 1.0, 1.0, FACE_CARD

    async def ModelConfig(self, request: object, context: object) -> object:  # noqa: N802, ARG002
        """The card."""
        answer = service_pb2.ModelConfigResponse()
        answer.config.parameters[CARD_PARAMETER].string_value = msgspec.json.encode(self.card).decode()
        answer.config.max_batch_size = 8
        return answer

    async def ModelInfer(self, request: service_pb2.ModelInferRequest, context: grpc.aio.ServicerContext) -> object:  # noqa: N802, ARG002
        """The largest face of the crop."""
        crop = np.frombuffer(request.raw_input_contents[0], np.uint8).reshape(SIDE, SIDE, 3)
        values = self.face(crop)
        answer = service_pb2.ModelInferResponse()
        for wanted in request.outputs:
            answer.outputs.add(name=wanted.name, datatype="FP32")
            answer.raw_output_contents.append(values[wanted.name].astype(np.float32).tobytes())
        return answer

    def face(self, crop: Bytes) -> dict[str, npt.NDArray[np.float32]]:
        """Every output for one crop."""
        bright = (crop.max(axis=2) > 200).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        values = {name: np.zeros(n, np.float32) for name, n in ((FACE_BOX, 4), (FACE_SCORE, 1), (FACE_QUALITY, 4))}
        values |= {EMBEDDING: np.zeros(3, np.float32), LANDMARKS: np.zeros(10, np.float32)}
        values[LIVENESS] = np.full(1, -1, np.float32)
        if count < 2:
            return values
        x, y, w, h, _ = max(stats[1:].tolist(), key=lambda row: row[4])
        colour = crop[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4].reshape(-1, 3).mean(axis=0) - 128
        size = min(1.0, w / 112)
        values[FACE_BOX] = np.array([x, y, x + w, y + h], np.float32)
        values[FACE_SCORE] = np.array([0.9], np.float32)
        whole = (size * self.sharpness * self.pose) ** (1 / 3)
        values[FACE_QUALITY] = np.array([whole, size, self.sharpness, self.pose], np.float32)
        values[EMBEDDING] = np.asarray(colour / np.linalg.norm(colour), np.float32)
        return values


@contextlib.asynccontextmanager
async def scripted_faces() -> AsyncIterator[ScriptedFaces]:
    """A running scripted service."""
    server = ScriptedFaces()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
