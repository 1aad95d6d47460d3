"""Pictures of sites for the training: other cameras than the shown ones, and never their seeds."""

from __future__ import annotations

import numpy as np
import pytest

from model_repository.scenes.clips import SEED, scene_of
from model_repository.scenes.site import Scene
from model_repository.train.detector_site import INNER, SHOWN_SEEDS, camera, pictures, weather


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    """One scene outside and one inside, made once: they take a second or two."""
    return {name: scene_of(name, 77) for name in ("gate-day", "workshop")}


def test_the_seed_of_the_shown_clips_is_refused() -> None:
    """What a detector is measured on cannot be rendered for its training."""
    assert SEED in SHOWN_SEEDS
    with pytest.raises(ValueError, match="kept for the clips"):
        next(pictures(SEED, 1))


@pytest.mark.parametrize("name", ["gate-day", "workshop"])
def test_cameras_are_shaken(name: str, scenes: dict[str, Scene]) -> None:
    """A camera stands near the shown one, at the detector's size, and no two are alike."""
    scene, rng = scenes[name], np.random.default_rng(0)
    first, second = camera(scene, rng), camera(scene, rng)
    assert (first.width, first.height) == INNER
    assert first != second
    assert abs(first.yaw_rad - scene.view.yaw_rad) < 0.2
    assert 0.6 < first.focal_px * scene.view.width / INNER[0] / scene.view.focal_px < 1.2


def test_only_outdoor_scenes_change_their_light(scenes: dict[str, Scene]) -> None:
    """A hall keeps its lamps; a gate is seen in other light sooner or later."""
    rng = np.random.default_rng(0)
    hall, gate = scenes["workshop"], scenes["gate-day"]
    assert weather(hall, rng) is hall
    assert len({weather(gate, rng).weather for _ in range(40)}) > 1
