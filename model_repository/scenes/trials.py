"""Trials: rendered clips at the rate at which cameras are looked at, each with all that is true of it. Edge (files).

`python -m model_repository.scenes trials --out DIR`: DIR/<name>.mp4 and DIR/<name>.json. A trial that is there, drawn
by the same code, is not drawn again.

Rules
- The truth is where the foot of everybody's projected box stands (occlusion is not looked at), eight times a second,
  while it is well inside the picture; which events follow from that is not said here.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_repository.scenes import truth
from model_repository.scenes.clips import encode
from model_repository.scenes.geometry import Pair, View, visible_box
from model_repository.scenes.site import FPS, Driver, Scene, Walker
from model_repository.scenes.trial_scripts import SCRIPTS, Script
from model_repository.scenes.vehicles import BUS, PERSON, TRUCK

SEED = 2026
STEP = 5
"""Every so many frames of a scene is one of the clip: 5 a second."""
SAMPLE_S = 0.125
LABELS = {PERSON: "person", 2: "car", BUS: "bus", TRUCK: "truck"}


def trial_of(name: str, seed: int = SEED) -> tuple[Scene, Script, dict[str, Any]]:
    """The scene of a trial `<script>-<variant>` and its facts, which are JSON."""
    script_name, variant = name.rsplit("-", 1)
    script = SCRIPTS[script_name]
    rng = np.random.default_rng((seed, 4711, list(SCRIPTS).index(script_name), int(variant)))
    place = script.place(rng)
    cast = script.cast(rng)
    scene = Scene(
        name, place.view, place.light, place.floor, script.seconds, seed * 100 + int(variant), weather=place.weather
    )
    scene.standing, scene.drivers, scene.walkers = [*place.standing, *cast.standing], cast.drivers, cast.walkers
    facts = {
        "name": name,
        "seed": seed,
        "drawn_by": _sources(),
        "fps": FPS / STEP,
        "seconds": script.seconds,
        "size": [place.view.width, place.view.height],
        "kinds": list(script.kinds),
        "line": _on_picture(place.view, place.line),
        "zone": _on_picture(place.view, place.zone),
        "subjects": [
            *(_subject(scene, actor, actor.vehicle.class_id, plate=actor.plate_latin) for actor in scene.drivers),
            *(_subject(scene, actor, PERSON, worn=_worn(actor)) for actor in scene.walkers),
        ],
    }
    return scene, script, facts


def names(variants: int) -> list[str]:
    """All scripts, each so many times."""
    return [f"{script}-{variant}" for script in SCRIPTS for variant in range(1, variants + 1)]


def write(name: str, folder: Path, seed: int = SEED, tell: Callable[[str], None] = print) -> Path:
    """Draw a trial, unless it is there."""
    from model_repository.scenes.film import Film  # noqa: PLC0415 - facts can be had without a renderer

    scene, _, facts = trial_of(name, seed)
    clip, beside = folder / f"{name}.mp4", folder / f"{name}.json"
    text = json.dumps(facts, ensure_ascii=False) + "\n"
    if clip.exists() and beside.exists() and beside.read_text(encoding="utf-8") == text:
        return clip
    folder.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    film = Film(scene)
    try:
        pictures = _pictures(film.frame, scene.frame_count)
        size = encode(pictures, clip, (scene.view.width, scene.view.height), rate=FPS // STEP, key_s=4)
    finally:
        film.close()
    beside.write_text(text, encoding="utf-8")
    tell(f"{name}: {size / 1e6:.2f} MB")
    return clip


def _pictures(frame: Callable[[int], npt.NDArray[np.uint8]], count: int) -> Iterator[npt.NDArray[np.uint8]]:
    for number in range(0, count, STEP):
        yield frame(number)


@lru_cache(maxsize=1)
def _sources() -> str:
    """Of the modules that draw: what other ones drew is drawn again."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _on_picture(view: View, points: tuple[Pair, ...]) -> list[list[float]]:
    """Ground points as relative points of the picture, moved to its rim where they lie beyond."""
    pixels = view.project(np.array([(x, y, 0.0) for x, y in points]))
    held = np.clip(pixels / [view.width, view.height], 0.0, 1.0)
    return [[round(float(x), 4), round(float(y), 4)] for x, y in held]


def _worn(walker: Walker) -> dict[str, bool]:
    return {"helmet": walker.who.helmet is not None, "vest": walker.who.vest is not None}


def _subject(scene: Scene, actor: Driver | Walker, class_id: int, **more: Any) -> dict[str, Any]:
    stops: list[list[float]] = []
    for number in range(int(scene.duration_s / SAMPLE_S) + 1):
        at_s = number * SAMPLE_S
        at = actor.where(at_s)
        box = None if at is None else visible_box(scene.view, actor.mesh(at))
        if box is not None:
            x, y = truth.foot(scene, box)
            stops.append([at_s, round(x, 4), round(y, 4)])
    return {"name": actor.subject, "label": LABELS[class_id], "stops": stops, **more}
