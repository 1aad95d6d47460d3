"""Writes clips: H.264 as a camera would send it, and the truth beside it. The only module that imports PyAV here."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from model_repository.scenes import truth
from model_repository.scenes.gate import CLIP_S as GATE_S
from model_repository.scenes.gate import PLANS, QUIET_PLANS, gate
from model_repository.scenes.indoors import CLIP_S as INDOOR_S
from model_repository.scenes.indoors import office_door, workshop
from model_repository.scenes.site import FPS, Scene

NAMES = (*PLANS, "workshop", "office-door")
"""Cameras of the demo site."""
BENCH_NAMES = tuple(QUIET_PLANS)
"""Further cameras, for benchmarks."""
QUIET_S = 66.0
QUIET_CODING = 27, 2
"""Quality and seconds between key frames: without these a quiet clip would be key frames and little else."""
SEED = 1


def scene_of(name: str, seed: int = SEED, seconds: float | None = None) -> Scene:
    """The scene of a camera of the demo site or the benchmarks; KeyError for an unknown name."""
    if name in QUIET_PLANS:
        return gate(name, seed, seconds or QUIET_S)
    if name in PLANS:
        return gate(name, seed, seconds or GATE_S)
    return {"workshop": workshop, "office-door": office_door}[name](seed, seconds or INDOOR_S)


def encode(
    frames: Iterable[npt.NDArray[np.uint8]],
    target: Path,
    size: tuple[int, int],
    *,
    preset: str = "slow",
    crf: int = 25,
    key_s: int = 1,
    rate: int = FPS,
) -> int:
    """Write BGR frames as H.264, main profile, no B-frames, a key frame every `key_s`; below 1 Mbit/s. Its bytes."""
    options = {
        "preset": preset,
        "profile": "main",
        "crf": str(crf),
        "maxrate": "900k",
        "bufsize": "900k",
        "bf": "0",
        "x264-params": f"keyint={key_s * rate}:min-keyint={key_s * rate}:scenecut=0:bframes=0:threads=1",
    }
    with av.open(str(target), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return target.stat().st_size


def write_clip(scene: Scene, folder: Path, tell: Callable[[str], None] = print) -> Path:
    """Render one scene to folder/<name>.mp4 and its truth to folder/<name>.json."""
    from model_repository.scenes.film import Film  # noqa: PLC0415 - truth can be had without a renderer

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{scene.name}.mp4"
    document = truth.document(scene)
    (folder / f"{scene.name}.json").write_text(
        json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    film = Film(scene)

    def told() -> Iterable[npt.NDArray[np.uint8]]:
        for n, frame in enumerate(film.frames()):
            if n % 100 == 0:
                tell(f"{scene.name}: frame {n} of {scene.frame_count}")
            yield frame

    try:
        crf, key_s = QUIET_CODING if scene.name in QUIET_PLANS else (25, 1)
        size = encode(told(), target, (scene.view.width, scene.view.height), crf=crf, key_s=key_s)
    finally:
        film.close()
    kbit_s = size * 8 / scene.duration_s / 1e3
    tell(f"{scene.name}: {size / 1e6:.2f} MB, {kbit_s:.0f} kbit/s, {len(document['events'])} events")
    return target
