"""The detector's edge against the real Triton server."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ingest.detector import geometry
from ingest.errors import InferenceError
from ingest.planes import blank
from ingest.settings import TritonSettings
from ingest.triton import TritonDetector
from model_repository import importer, store
from model_repository.contract import BOXES, COUNT, DETECTIONS_MAX, ModelCard
from tests.support.realdata import real
from tests.support.triton import TritonServer, triton_server


class Board:
    """What the edge says of Triton."""

    def __init__(self) -> None:
        self.card: ModelCard | None = None
        self.reason = ""
        self._changed = asyncio.Event()

    def __call__(self, card: ModelCard | None, reason: str) -> None:
        """Take a change."""
        self.card, self.reason = card, reason
        self._changed.set()

    async def until(self, *, there: bool) -> None:
        """Wait until Triton is there, or away."""
        async with asyncio.timeout(60):
            while (self.card is not None) != there:
                await self._changed.wait()
                self._changed.clear()


async def test_away_at_first_then_there_then_killed_then_there(tmp_path: Path) -> None:
    """The card is read when Triton comes, requests fail fast while it is away, and all goes on by itself."""
    network, board = real("models/yolov8n_coco.onnx"), Board()
    store.add(network, importer.examine(network, "detector"), tmp_path / "data")
    server = TritonServer(tmp_path / "triton", tmp_path / "data", ("detector",))
    async with TritonDetector(TritonSettings(url=server.url), deadline_s=5.0, changed=board) as detector:
        with pytest.raises(InferenceError) as away:
            await detector.infer(blank(64, 64, 114))
        assert away.value.reason == "unavailable"
        try:
            await asyncio.to_thread(server.start)
            await board.until(there=True)
            assert detector.card is not None
            shape = geometry(detector.card)
            answer = await detector.infer(blank(shape.width, shape.height, shape.fill))
            assert answer[COUNT].tolist() == [0]
            assert answer[BOXES].shape == (DETECTIONS_MAX * 4,)
            with pytest.raises(InferenceError) as refused:
                await detector.infer(np.zeros((30, 20), np.uint8))
            assert refused.value.reason == "refused"
            server.kill()
            with pytest.raises(InferenceError):
                await detector.infer(blank(shape.width, shape.height, shape.fill))
            await board.until(there=False)
            await asyncio.to_thread(server.start)
            await board.until(there=True)
            await detector.infer(blank(shape.width, shape.height, shape.fill))
        finally:
            await asyncio.to_thread(server.stop)


async def test_a_deadline_is_kept(tmp_path: Path) -> None:
    """A request that takes longer than allowed is given up with the reason `deadline`."""
    network, board = real("models/yolov8n_coco.onnx"), Board()
    store.add(network, importer.examine(network, "detector"), tmp_path / "data")
    with triton_server(tmp_path / "triton", tmp_path / "data", ("detector",)) as server:
        async with TritonDetector(TritonSettings(url=server.url), deadline_s=0.001, changed=board) as detector:
            await board.until(there=True)
            assert detector.card is not None
            shape = geometry(detector.card)
            with pytest.raises(InferenceError) as late:
                await detector.infer(blank(shape.width, shape.height, shape.fill))
            assert late.value.reason == "deadline"
