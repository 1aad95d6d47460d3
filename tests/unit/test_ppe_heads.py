"""Equipment: class names to items, boxes and probabilities to evidence, evidence to decisions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from model_repository import ppe_heads
from model_repository.card import Item, WeightsCard
from model_repository.ppe_heads import (
    evidence_of,
    evidence_of_boxes,
    evidence_of_classes,
    in_place,
    probabilities,
    score_min_of,
    sigmoid,
)
from model_repository.ppe_items import ItemsFile, Written, inferred, written

PUBLIC = (
    "Hardhat", "Mask", "NO-Hardhat", "NO-Mask", "NO-Safety Vest", "Person", "Safety Cone", "Safety Vest", "machinery",
    "vehicle",
)  # fmt: skip
HELMET, NO_HELMET, VEST, PERSON = 0, 1, 2, 3
ITEMS = (
    Item(name="helmet", worn=(HELMET,), missing=(NO_HELMET,), place="head"),
    Item(name="vest", worn=(VEST,), place="trunk"),
    Item(name="gloves", worn=(9,)),
)
USED = (100, 200)
Floats = npt.NDArray[np.float32]


def _rows(*rows: tuple[float, ...]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 6)


def test_a_public_detectors_classes_are_understood() -> None:
    """Synonyms, pairs with NO-, people; what is no equipment is nothing."""
    found = inferred(PUBLIC)
    assert [(item.name, item.worn, item.missing, item.place) for item in found.items] == [
        ("helmet", (0,), (2,), "head"),
        ("mask", (1,), (3,), "head"),
        ("vest", (7,), (4,), "trunk"),
    ]
    assert found.persons == (5,)


@pytest.mark.parametrize(
    ("classes", "items"),
    [
        (("head", "helmet"), {"helmet": ((1,), (0,))}),
        (("without_helmet", "with vest", "vest"), {"helmet": ((), (0,)), "vest": ((2,), ())}),
        (("no_apron", "apron", "no-sign"), {"apron": ((1,), (0,))}),
        (("каска", "без каска"), {"helmet": ((0,), (1,))}),
        (("gloves missing", "gloves"), {"gloves": ((1,), (0,))}),
        (("hard hat", "Safety-Helmet"), {"helmet": ((0, 1), ())}),
        (("car", "dog"), {}),
    ],
)
def test_names_of_classes(classes: tuple[str, ...], items: dict[str, tuple[tuple[int, ...], ...]]) -> None:
    """Known names, opposites of known ones, and pairs of any name; half of an unknown pair is nothing."""
    assert {item.name: (item.worn, item.missing) for item in inferred(classes).items} == items


def test_what_a_user_writes_wins() -> None:
    """Items from a file: classes by their names, places known or given; an unknown class is named."""
    file = ItemsFile(
        items={"helmet": Written(worn=("kask",), missing=("bare",)), "apron": Written(worn=("kask",), place="trunk")},
        persons=("man",),
    )
    found = written(file, ("man", "kask", "bare"))
    assert found.items[0] == Item(name="helmet", worn=(1,), missing=(2,), place="head")
    assert found.items[1].place == "trunk"
    assert found.persons == (0,)
    with pytest.raises(KeyError, match="kask"):
        written(file, ("man",))


def test_boxes_of_the_crops_person_are_evidence() -> None:
    """A helmet on the head and a vest on the trunk, the best score of each; nothing seen is no evidence."""
    rows = _rows(
        (10, 5, 90, 195, 0.9, PERSON), (40, 5, 60, 20, 0.8, HELMET), (42, 6, 60, 20, 0.5, HELMET),
        (30, 50, 70, 110, 0.7, VEST), (40, 5, 60, 22, 0.3, NO_HELMET),
    )  # fmt: skip
    np.testing.assert_allclose(
        evidence_of_boxes(rows, ITEMS, (PERSON,), USED), [[0.8, 0.3], [0.7, 0], [0, 0]], rtol=1e-6
    )


def test_somebody_elses_helmet_does_not_count() -> None:
    r"""Two people in one crop: the helmet of the one at the side is theirs, and so is one that touches both.

     o      H
    /|\    /|\      the crop is of the one in the middle
    """
    rows = _rows((20, 5, 70, 195, 0.9, PERSON), (66, 5, 100, 190, 0.8, PERSON), (75, 5, 95, 20, 0.9, HELMET))
    assert not evidence_of_boxes(rows, ITEMS, (PERSON,), USED).any()
    rows[2, :4] = 64, 5, 82, 20
    assert not evidence_of_boxes(rows, ITEMS, (PERSON,), USED).any()


def test_a_helmet_in_the_hand_is_not_worn() -> None:
    """A sign at the hip of a standing person is no helmet on the head; without a person's box the whole crop is one."""
    rows = _rows((60, 100, 80, 120, 0.9, HELMET))
    assert not evidence_of_boxes(rows, ITEMS, (PERSON,), USED).any()
    rows[0, :4] = 40, 0, 60, 20
    assert evidence_of_boxes(rows, ITEMS, (PERSON,), USED)[0, 0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("place", "box", "person", "there"),
    [
        ("anywhere", (0, 190, 10, 200), (0, 0, 100, 200), True),
        ("head", (40, 0, 60, 40), (0, 0, 100, 200), True),
        ("head", (40, 100, 60, 140), (0, 0, 100, 200), False),
        ("head", (40, 40, 60, 80), (0, 0, 100, 100), True),  # somebody crouching, or cut off at the waist
        ("trunk", (40, 60, 60, 100), (0, 0, 100, 200), True),
        ("trunk", (40, 0, 60, 10), (0, 0, 100, 200), False),
        ("trunk", (40, 0, 60, 10), (0, 0, 100, 100), True),
    ],
)
def test_items_belong_to_places_of_the_body(
    place: str, box: tuple[float, ...], person: tuple[float, ...], *, there: bool
) -> None:
    """Upper part for the head, middle for the trunk; a low box of a person says less about where what is."""
    assert in_place(np.array(box, np.float32), np.array(person, np.float32), place) is there


def test_probabilities_of_classes_are_evidence() -> None:
    """Pairs as they are, single classes with their opposite; what is no number says nothing."""
    items = (ITEMS[0], Item(name="vest", worn=(2,)), Item(name="mask", missing=(3,)))
    found = evidence_of_classes(np.array([0.9, 0.2, 0.7, np.nan], np.float32), items)
    np.testing.assert_allclose(found, [[0.9, 0.2], [0.7, 0.3], [1.0, 0.0]], rtol=1e-6)


def test_evidence_becomes_a_decision() -> None:
    """Share of what speaks for it; known from the better sign; nothing seen: an even chance, not known at all."""
    worn, known = probabilities(np.array([[0.8, 0], [0.2, 0.6], [0, 0], [0.4, 0]], np.float32), 0.4)
    np.testing.assert_allclose(worn, [1, 0.25, 0.5, 1], rtol=1e-6)
    np.testing.assert_allclose(known, [1, 0.75, 0, 0.5], rtol=1e-6)


def _card(head: str, **more: object) -> WeightsCard:
    fields = {"input_width": 64, "input_height": 32, "items": ITEMS[:2], "persons": (PERSON,), **more}
    return WeightsCard(name="n", task="ppe", head=head, **fields)  # type: ignore[arg-type]


def test_every_kind_of_network_ends_in_evidence() -> None:
    """Logits, probabilities and boxes (upright and lying on their side) of the same helmet."""
    crop = np.full((32, 64, 3), 114, np.uint8)
    crop[:32, :20] = 0
    logits = np.array([2.0, -2.0, -3.0], np.float32)
    by_logits, by_labels = (
        evidence_of(each, _card(head), crop) for each, head in ((logits, "logits"), (sigmoid(logits), "labels"))
    )
    np.testing.assert_allclose(by_logits, by_labels)
    answer = np.zeros((4 + 4, 9), np.float32)
    answer[:, 0] = 10, 3, 8, 6, 0.9, 0, 0, 0
    upright = evidence_of(answer, _card("yolov8"), crop)
    np.testing.assert_allclose(upright, [[0.9, 0], [0, 0]])
    np.testing.assert_allclose(evidence_of(answer.T, _card("yolov8", transposed=True), crop), upright)


def test_the_card_names_the_floor() -> None:
    """A card's own floor wins over what is usual for classifiers and detectors."""
    assert score_min_of(_card("labels")) == ppe_heads.CLASS_SCORE_MIN
    assert score_min_of(_card("yolov8")) == ppe_heads.BOX_SCORE_MIN
    assert score_min_of(_card("yolov8", score_min=0.25)) == 0.25
