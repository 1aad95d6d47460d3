"""The chain of `zool eval events --chain`: a clip of the demo site through the real Triton, and the rules behind it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deploy.errors import FileUnusable
from deploy.truth import trials
from deploy.truth.cases import Case, Clip
from deploy.truth.chain import Chain, pictures
from deploy.truth.command import real
from deploy.truth.scenes import Expected
from deploy.truth.suites import held
from ingest.contract import FrameReport
from model_repository.evaluation.server import triton_server
from postprocess.contract import PlateRead, Read
from postprocess.functions.registry import load, recognisers

SITE = Path(__file__).resolve().parents[2] / "deploy" / "site"
SECONDS = 16.0


def _gate() -> tuple[Clip, list[str]]:
    """The first vehicles of a gate, and their plates."""
    truth = json.loads((SITE / "gate-day.json").read_text(encoding="utf-8"))
    line = truth["lines"][0]
    settings = {
        "lines": [{"id": "gate", "a": line["from"], "b": line["to"], "entry": "forward"}],
        "confidence_ratio": 0.35,
    }
    told = [each for each in truth["events"] if each["at_s"] < SECONDS - 2.0]
    expected = tuple(
        Expected(
            kind=each["kind"],
            rule="gate",
            at_s=each["at_s"],
            until_s=each["at_s"],
            direction="entry" if each["direction"] == "forward" else "exit",
        )
        for each in told
    )
    case = Case(name="vehicles", function="vehicles", settings=settings, expected=expected)
    return Clip(file="gate-day.mp4", cases=(case,), until_s=SECONDS), [each["plate"] for each in told]


def test_a_clip_becomes_events(tmp_path: Path) -> None:
    """Frames, tracks, shots, plates and rules: every vehicle of the first seconds is told, with its plate."""
    clip, plates = _gate()
    functions = load()

    async def through(url: str) -> list[FrameReport | Read]:
        async with Chain(url, recognisers(functions)) as chain:
            assert chain.model.name == "starter-detector"
            return await trials.through(chain, SITE / clip.file, clip, functions)

    with triton_server(tmp_path / "triton", tmp_path / "data", ("detector", "plate_reader")) as server:
        messages = asyncio.run(through(server.url))
    told = trials.events(clip.cases[0], functions, messages)
    stamps = [each.stamp.captured_at_us for each in messages if isinstance(each, FrameReport)]
    assert stamps == sorted(set(stamps))
    assert any(isinstance(each, Read) and isinstance(each.read, PlateRead) for each in messages)
    found = held(clip.cases[0].expected, told)
    assert not found.missed
    assert sum(event.plate in plates for event in told) >= len(plates) - 1


def test_what_is_no_clip_says_so(tmp_path: Path) -> None:
    """Neither a file that holds no video nor a folder without the clips is taken for silence."""
    (tmp_path / "vehicles_road.mp4").write_text("no video")
    with pytest.raises(FileUnusable, match="vehicles_road"):
        list(pictures(tmp_path / "vehicles_road.mp4"))
    with pytest.raises(FileUnusable, match="say where they lie"):
        real(tmp_path / "elsewhere", [])
    with pytest.raises(FileUnusable, match="--data DIR"):
        real(None, [])
