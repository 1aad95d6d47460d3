"""Evaluation of faces and equipment: figures of embeddings and decisions that are known by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from model_repository import ppe_items
from model_repository.evaluation import faces, ppe
from model_repository.evaluation.faces import Person
from model_repository.evaluation.ppe import Decision

Floats = npt.NDArray[np.float32]


def _at(*degrees: float) -> Floats:
    """Unit vectors in the plane."""
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def test_pairs_are_counted_once() -> None:
    """Three of one and two of another: four pairs of the same, six of different people; a double is not its own."""
    people = [Person("a", _at(0, 10, 20)), Person("b", _at(90, 100))]
    same, different = faces.pairs(people)
    assert (len(same), len(different)) == (4, 6)
    assert same.min() == pytest.approx(math.cos(math.radians(20)), abs=1e-5)
    assert different.max() == pytest.approx(math.cos(math.radians(70)), abs=1e-5)
    assert len(faces.pairs([people[0], people[0]])[1]) == 0


@pytest.mark.parametrize(("pairs", "far"), [(958, 0.02), (1000, 0.01), (2000, 0.005), (10, 1.0), (0, 1.0), (99, 0.2)])
def test_the_false_accept_rate_is_one_that_pairs_support(pairs: int, far: float) -> None:
    """Ten false accepts at the least are behind a rate."""
    assert faces.supported(pairs) == pytest.approx(far)


def test_people_apart_are_verified_and_identified() -> None:
    """Clusters 90 degrees apart: everything right; one photograph among the others' is one mistake."""
    people = [Person("a", _at(0, 5)), Person("b", _at(90, 95)), Person("c", _at(180, 178))]
    assert faces.verified(people, 0) == 1.0
    assert faces.identification_error(people) == 0.0
    mixed = [*people[:2], Person("c", _at(180, 2))]
    assert faces.identification_error(mixed) == pytest.approx(1 / 3)
    assert faces.verified(mixed, 0) == pytest.approx(0)
    assert math.isnan(faces.verified(people[:1], 0))
    assert math.isnan(faces.identification_error([Person("a", _at(0))]))


def test_figures_of_photographs_without_a_face() -> None:
    """They count as not found, and a person without any is in no gallery."""
    vectors: dict[str, list[Floats | None]] = {"a": [_at(0)[0], _at(3)[0], None], "b": [_at(90)[0]], "c": [None]}
    found = {each.name: each for each in faces.figures(vectors)}
    assert found["face found"].value == pytest.approx(3 / 5)
    error = found["identification error, gallery of 2"]
    assert (error.value, error.n) == (0.0, 1)
    assert error.high is not None
    assert error.high > 0.5  # two people say little
    assert found["different people, highest cosine"].value == pytest.approx(math.cos(math.radians(87)), abs=1e-5)
    nothing = {each.name: each for each in faces.figures({"a": [None]})}
    assert nothing["face found"].value == 0
    assert nothing["verified without a false accept"].value is None


def test_decisions_are_counted() -> None:
    """Four worn, two missing; one worn and one missing undecided, one worn called missing."""
    decisions = [
        Decision(True, 0.9, 1.0),
        Decision(True, 0.8, 0.8),
        Decision(True, 0.2, 0.6),
        Decision(True, 0.9, 0.3),
        Decision(False, 0.1, 0.9),
        Decision(False, 0.6, 0.2),
    ]
    found = {each.name: (each.value, each.n) for each in ppe.of_item("helmet", decisions)}
    assert found["helmet: decided"] == (pytest.approx(4 / 6), 6)
    assert found["helmet: right where decided"] == (pytest.approx(3 / 4), 4)
    assert found["helmet worn, precision"] == (1.0, 2)
    assert found["helmet worn, recall"] == (pytest.approx(0.5), 4)
    assert found["helmet missing, precision"] == (pytest.approx(0.5), 2)
    assert found["helmet missing, recall"] == (pytest.approx(0.5), 2)
    assert ppe.ranked(decisions) == pytest.approx((1 + 1 + 1 + 4 / 5) / 4)
    assert math.isnan(ppe.ranked(decisions[4:]))


def test_signs_belong_to_who_carries_them() -> None:
    """A sign in one person's box is theirs; one in two people's, or two that contradict each other, say nothing."""
    names = ("Hardhat", "NO-Hardhat", "Person", "Safety Vest")
    mapping = ppe_items.inferred(names)
    boxes = [
        ("Person", (0.0, 0.0, 10.0, 30.0)),
        ("Person", (8.0, 0.0, 20.0, 30.0)),
        ("Hardhat", (2.0, 0.0, 5.0, 3.0)),
        ("Hardhat", (8.0, 0.0, 10.0, 3.0)),
        ("Safety Vest", (12.0, 10.0, 18.0, 20.0)),
        ("NO-Hardhat", (12.0, 0.0, 15.0, 3.0)),
        ("Hardhat", (13.0, 0.0, 16.0, 3.0)),
    ]
    assert ppe.truths_of(boxes, names, mapping) == [{"helmet": True}, {"vest": True}]
