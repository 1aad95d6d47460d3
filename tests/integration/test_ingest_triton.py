"""The detector's edge against the real Triton server."""

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from ingest.detector import geometry
from ingest.errors import InferenceError
from ingest.planes import blank
from ingest.settings import TritonSettings
from ingest.shm import FOLDER, SharedTensors
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


async def test_frames_pass_through_shared_memory(tmp_path: Path) -> None:
    """The same answer as over gRPC; a restarted Triton maps the regions anew, one that can't is sent the bytes."""
    board, shared = Board(), SharedTensors(f"test_{os.getpid()}_{secrets.token_hex(3)}")
    server = TritonServer(tmp_path / "triton", tmp_path / "data", ("detector",))
    settings = TritonSettings(url=server.url)
    try:
        await asyncio.to_thread(server.start)
        async with TritonDetector(settings, deadline_s=20.0, changed=board, shared=shared) as detector:
            await board.until(there=True)
            assert detector.card is not None
            shape = geometry(detector.card)
            tensor = shared.take(shape.height * 3 // 2, shape.width)
            tensor[:] = np.random.default_rng(4).integers(0, 256, tensor.shape)
            sent = await detector.infer(tensor.copy())
            await until_mapped(detector, tensor)
            assert_same(await detector.infer(tensor), sent)
            server.kill()
            await board.until(there=False)
            await asyncio.to_thread(server.start)
            await board.until(there=True)
            await until_mapped(detector, tensor)
            assert_same(await detector.infer(tensor), sent)
            (FOLDER / shared.regions[0].name).unlink()
            detector._mapped.clear()
            server.kill()
            await board.until(there=False)
            await asyncio.to_thread(server.start)
            await board.until(there=True)
            assert_same(await detector.infer(tensor), sent)
            assert detector._shared is None
    finally:
        await asyncio.to_thread(server.stop)
        shared.close()


async def until_mapped(detector: TritonDetector, tensor: npt.NDArray[np.uint8]) -> None:
    """Wait until Triton holds the tensor's region; the frames until then are sent."""
    async with asyncio.timeout(60):
        while detector._mapped_place(tensor) is None:
            await detector.infer(tensor)


def assert_same(one: dict[str, npt.NDArray[Any]], two: dict[str, npt.NDArray[Any]]) -> None:
    """Answers equal to the byte."""
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in two.items()
    }


async def test_a_further_detector_comes_and_goes_with_its_plan(tmp_path: Path) -> None:
    """One that is not served is told once and takes nothing from the first; one that is answers; both are forgotten."""
    starter, board = store.deployed("detector", tmp_path / "data"), Board()
    slot = msgspec.structs.replace(starter.card, task="object_detector", name="twin")
    store.add(starter.path, slot, tmp_path / "data")
    heard: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
    twin, nobody = "object_detector_twin", "object_detector_nobody"
    server = TritonServer(tmp_path / "triton", tmp_path / "data", ("detector", twin))
    settings = TritonSettings(url=server.url)
    try:
        await asyncio.to_thread(server.start)
        async with (
            asyncio.timeout(120),
            TritonDetector(
                settings, deadline_s=20.0, changed=board, further_changed=lambda *said: heard.put_nowait(said)
            ) as detector,
        ):
            await board.until(there=True)
            assert detector.card is not None
            assert detector.further(twin) is None
            detector.want([twin, nobody])
            said = dict([await heard.get(), await heard.get()])
            assert said[twin] == ""
            assert said[nobody]
            tensor = blank(detector.card.input_width, detector.card.input_height, 114)
            first, second = await detector.infer(tensor), await detector.infer(tensor, twin)
            assert_same(first, second)
            with pytest.raises(InferenceError) as late:
                await detector.infer(tensor, twin, 0.0005)
            assert late.value.reason == "deadline"
            assert (await heard.get())[0] == twin
            await detector.infer(tensor, twin)
            assert await heard.get() == (twin, "")
            with pytest.raises(InferenceError):
                await detector.infer(tensor, nobody)
            assert detector.card is not None
            server.kill()
            await board.until(there=False)
            assert detector.further(twin) is None
            await asyncio.to_thread(server.start)
            await board.until(there=True)
            with pytest.raises(InferenceError):
                await detector.infer(tensor, nobody)
            while (await heard.get())[0] != nobody:
                pass
            detector.want([])
            gone = set[str]()
            while gone != {twin, nobody}:
                name, reason = await heard.get()
                gone |= {name} if reason is None else set()
            assert detector.further(twin) is None
    finally:
        await asyncio.to_thread(server.stop)
