"""Clips through the chain and the rules, held to what is known of them. Edge (processes, files, asyncio).

Rules
- Rendering is another process (`zool site trials`): no program that measures imports what draws.
- A clip goes through the chain once; all functions that it is a case of hear the same looks and reads.
"""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from deploy.errors import FileUnusable, RendererMissing
from deploy.truth.cases import Case, Clip, Facts, clip_of
from deploy.truth.chain import Chain, pictures
from deploy.truth.noise import CAMERA
from deploy.truth.suites import PASS_US, T0_US, Held, held
from ingest.contract import Camera, FrameReport
from model_repository.contract import ModelRef
from model_repository.evaluation.server import triton_server
from postprocess.contract import Event, Read
from postprocess.functions.registry import Registry, read_settings, recognisers
from postprocess.functions.replay import Replay
from postprocess.functions.unit import Context, Defaults
from postprocess.plan import compile_plan

ENSEMBLES = ("detector", "plate_reader", "face_embedder", "ppe_classifier")
_CAMERA = Camera(id=CAMERA, name="", url="")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one clip."""

    clip: str
    case: Case
    held: Held


def rendered(folder: Path, variants: int, only: Iterable[str] = ()) -> list[tuple[Path, Clip]]:
    """The trials, drawn where they are not there yet; raises `RendererMissing`, `FileUnusable`."""
    if importlib.util.find_spec("panda3d") is None:
        raise RendererMissing
    words = [word for name in only for word in ("--only", name)]
    command = [sys.executable, "-m", "model_repository.scenes", "trials", "--out", str(folder)]
    drawn = subprocess.run([*command, "--variants", str(variants), *words], check=False, stdout=sys.stderr)
    if drawn.returncode:
        raise FileUnusable(folder, "could not be filled with trials: see above")
    wanted = list(only) or [path.stem for path in sorted(folder.glob("*.json")) if _variant(path) <= variants]
    return [(folder / f"{name}.mp4", clip_of(_facts(folder / f"{name}.json"))) for name in wanted]


def _variant(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _facts(path: Path) -> Facts:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Facts)
    except (OSError, msgspec.DecodeError) as error:
        raise FileUnusable(path, f"holds no facts of a trial: {error}") from None


def measure(
    clips: Iterable[tuple[Path, Clip]], functions: Registry, data_dir: Path, tell: Callable[[str], None]
) -> tuple[ModelRef, list[Outcome]]:
    """All cases of all clips, with the weights in use in `data_dir`, and which detector that is."""
    with (
        tempfile.TemporaryDirectory(prefix="zool-eval-") as folder,
        triton_server(Path(folder), data_dir, ENSEMBLES) as server,
    ):
        return asyncio.run(_measured(server.url, clips, functions, tell))


async def _measured(
    url: str, clips: Iterable[tuple[Path, Clip]], functions: Registry, tell: Callable[[str], None]
) -> tuple[ModelRef, list[Outcome]]:
    found: list[Outcome] = []
    async with Chain(url, recognisers(functions)) as chain:
        for file, clip in clips:
            tell(clip.file)
            messages = await through(chain, file, clip, functions)
            found += [
                Outcome(clip=clip.file, case=case, held=held(case.expected, events(case, functions, messages)))
                for case in clip.cases
            ]
        return chain.model, found


async def through(chain: Chain, file: Path, clip: Clip, functions: Registry) -> list[FrameReport | Read]:
    """A clip through the chain, looked at as all its functions ask for."""
    needs = [
        function.needs(read_settings(function, case.settings), Defaults())
        for case in clip.cases
        for function in [functions[case.function]]
    ]
    plan = compile_plan(_CAMERA, needs, Defaults())
    return await chain.run(pictures(file, until_s=clip.until_s), plan, t0_us=T0_US)


def events(case: Case, functions: Registry, messages: Iterable[FrameReport | Read]) -> tuple[Event, ...]:
    """What a function says of looks and reads: the last word of every event."""
    function = functions[case.function]
    policy = function.policy(read_settings(function, case.settings), Context(camera=_CAMERA))
    mine = {each.name for each in function.recognisers}
    replay = Replay(function, policy, CAMERA)
    replay.take(each for each in messages if isinstance(each, FrameReport) or each.recogniser in mine)
    return replay.finish(T0_US, T0_US + PASS_US)
