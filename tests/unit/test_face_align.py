"""Upright faces: the similarity against another way to compute it, and what the qualities say."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_repository.crops import used_size
from model_repository.face_align import TEMPLATE, aligned, pose_of, quality, sharpness_of, similarity, template, unit

Floats = npt.NDArray[np.float32]


def _umeyama(source: Floats, target: Floats) -> npt.NDArray[np.float64]:
    """The textbook way, by singular values (Umeyama 1991, equations 38 to 42)."""
    a, b = source.astype(np.float64), target.astype(np.float64)
    ac, bc = a - a.mean(axis=0), b - b.mean(axis=0)
    u, d, v = np.linalg.svd(bc.T @ ac / len(a))
    sign = np.diag([1.0, float(np.sign(np.linalg.det(u) * np.linalg.det(v)))])
    turn = u @ sign @ v
    scale = float(np.trace(np.diag(d) @ sign)) / float(ac.var(axis=0).sum())
    return np.column_stack([scale * turn, b.mean(axis=0) - scale * turn @ a.mean(axis=0)])


@settings(max_examples=50, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.05, 20), st.floats(-300, 300), st.floats(-300, 300), st.integers(0, 9))
def test_the_similarity_is_umeyamas(angle: float, scale: float, x: float, y: float, seed: int) -> None:
    """Turned, scaled, moved and shaken points: the closed form in the plane agrees with singular values."""
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    noise = np.random.default_rng(seed).normal(0, 2, (5, 2))
    points = ((TEMPLATE + noise) @ np.array([[c, s], [-s, c]]) + [x, y]).astype(np.float32)
    ours = similarity(points, TEMPLATE)
    assert ours is not None
    np.testing.assert_allclose(ours, _umeyama(points, TEMPLATE), rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("value", [7.0, np.nan, np.inf])
def test_points_that_coincide_have_no_similarity(value: float) -> None:
    """Five equal points, or none at all, can't be turned; nor can points be brought onto a single one."""
    assert similarity(np.full((5, 2), value, np.float32), TEMPLATE) is None
    assert similarity(TEMPLATE, np.zeros((5, 2), np.float32)) is None


def test_an_upright_face_stays_where_it_is() -> None:
    """Points of the template: the picture comes out as it went in; the template scales with the side."""
    picture = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    matrix = similarity(TEMPLATE, TEMPLATE)
    assert matrix is not None
    np.testing.assert_array_equal(aligned(picture, matrix), picture)
    np.testing.assert_allclose(template(224), TEMPLATE * 2)


def test_quality_falls_with_size_and_blur() -> None:
    """A face of half the pixels has size 0.5; a blurred one less sharpness; the whole is the geometric mean."""
    board = np.kron(np.indices((7, 7)).sum(axis=0) % 2, np.ones((16, 16)))
    picture = np.asarray(cv2.merge([(board * 200).astype(np.uint8)] * 3), np.uint8)
    half = (TEMPLATE / 2).astype(np.float32)
    matrix = similarity(half, TEMPLATE)
    assert matrix is not None
    found = quality(half, matrix, picture)
    assert found.size == pytest.approx(0.5, abs=1e-3)
    assert found.sharpness == 1.0
    assert found.whole == pytest.approx((found.size * found.sharpness * found.pose) ** (1 / 3))
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)
    assert sharpness_of(blurred) < 0.5 < sharpness_of(picture)
    assert sharpness_of(np.full((112, 112, 3), 90, np.uint8)) == 0.0


def test_pose_falls_as_a_face_turns() -> None:
    r"""The nose wanders from the middle line to an eye's side, or up to the eyes: from 0.8 and more to nothing.

    o   o        o  o
      >     ->       >     the nose leaves the line between eyes and mouth
    \___/         \_/
    """
    aside = [TEMPLATE + np.float32([[0, 0], [0, 0], [shift, 0], [0, 0], [0, 0]]) for shift in (0, 5, 10, 25)]
    poses = [pose_of(each) for each in aside]
    assert poses[0] > 0.8
    assert poses == sorted(poses, reverse=True)
    assert poses[-1] == 0.0
    up = TEMPLATE + np.float32([[0, 0], [0, 0], [0, -20], [0, 0], [0, 0]])
    assert pose_of(up) == 0.0
    assert pose_of(np.zeros((5, 2), np.float32)) == 0.0
    assert pose_of(aside[1][:, ::-1] * np.float32([1, -1])) == pytest.approx(poses[1], abs=0.01)


def test_unit_vectors() -> None:
    """Length 1; zero stays zero, what is no number becomes zero first."""
    np.testing.assert_allclose(unit(np.array([3, 4], np.float32)), [0.6, 0.8])
    assert not unit(np.zeros(4, np.float32)).any()
    np.testing.assert_allclose(unit(np.array([np.nan, 2, np.inf], np.float32)), [0, 1, 0])


def test_the_used_part_of_a_tensor() -> None:
    """The fill at the right and below is not the picture; a tensor of nothing but fill counts whole."""
    tensor = np.full((8, 6, 3), 114, np.uint8)
    assert used_size(tensor, 114) == (6, 8)
    tensor[:4, :5] = 114
    tensor[3, 4, 1] = 115
    assert used_size(tensor, 114) == (5, 4)
