"""Decoding: what the reader's probabilities become."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_repository.plates.decode import (
    BLANK,
    Probs,
    char_confidences,
    read_greedy,
    read_plate,
    text_probability,
)
from model_repository.plates.foreign import random_text
from model_repository.plates.grammar import ALPHABET, PATTERNS
from model_repository.plates.nations import REGIONS, SERIES, bare
from model_repository.plates.render import random_plate

RU = {"ru": 1.0}
COUNTRIES = [(region, country) for region, countries in SERIES.items() for country in countries]


def spelled(text: str, sure: float = 0.99, steps: int = 47) -> Probs:
    """Return probabilities that spell the text, two steps a character and a blank between."""
    probs = np.full((steps, BLANK + 1), (1 - sure) / BLANK, np.float32)
    classes = [BLANK] * steps
    for index, char in enumerate(text):
        classes[3 + 4 * index] = classes[4 + 4 * index] = ALPHABET.index(char)
    probs[np.arange(steps), classes] = sure
    return probs


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from(sorted(PATTERNS)))
def test_decode_sure_text_comes_back(seed: int, kind: str) -> None:
    """Any Russian plate that the probabilities spell clearly is read as it stands, each character with confidence."""
    text = random_plate(np.random.default_rng(seed), (kind,)).text_latin
    read = read_plate(spelled(text, 0.999), RU)
    assert read.text_latin == text
    assert read.confidence > 0.9
    assert len(read.char_confidence) == len(text)
    assert min(read.char_confidence) > 0.9
    assert read.region == "ru"


@settings(max_examples=80)
@given(st.integers(0, 10**9), st.sampled_from(COUNTRIES), st.data())
def test_decode_foreign_text_comes_back(seed: int, place: tuple[str, str], data: st.DataObject) -> None:
    """Any text of any country's series comes back, with the region that it looks like, and in Latin letters."""
    region, country = place
    pattern = data.draw(st.sampled_from(sorted(set(SERIES[region][country]))))
    text = random_text(np.random.default_rng(seed), bare(pattern))
    sure = dict.fromkeys(REGIONS, 0.02) | {region: 0.88}
    read = read_plate(spelled(text, 0.999), sure)
    assert read.text_latin == read.text == text
    assert read.region == region
    assert read.region_confidence > 0.5


def test_decode_region_says_which_letters() -> None:
    """The same answer of the network is a Russian O or a zero from elsewhere, as the plate looks."""
    probs = spelled("A123BC77", 0.999)
    probs[3:5] = 0.0
    probs[3, ALPHABET.index("0")], probs[3, ALPHABET.index("O")], probs[4, BLANK] = 0.6, 0.4, 1.0
    assert read_plate(probs, {"ru": 0.98, "eu": 0.02}).text == "О123ВС77"
    assert read_plate(probs, {"ru": 0.001, "other": 0.999}).text == "0123BC77"


@pytest.mark.parametrize(
    ("latin", "region", "wire"),
    [("A123BC77", "ru", "А123ВС77"), ("002CD177", "ru", "002CD177"), ("AA1234BB", "ua", "AA1234BB")],
)
def test_decode_spelling(latin: str, region: str, wire: str) -> None:
    """Russian plates come in Cyrillic, diplomatic ones and those of other countries in Latin letters."""
    assert read_plate(spelled(latin, 0.999), {region: 1.0}).text == wire


def test_decode_grammar_mends_look_alike() -> None:
    """A zero where only a letter can stand is read as the letter O.

    What the grammar settles does not make the whole text doubtful; the character's own confidence shows the doubt.
    """
    probs = spelled("A123BC77", 0.999)
    probs[3:5] = 0.0
    probs[3, ALPHABET.index("0")], probs[3, ALPHABET.index("O")], probs[4, BLANK] = 0.55, 0.45, 1.0
    assert read_greedy(probs) == "0123BC77"
    read = read_plate(probs, RU)
    assert read.text_latin == "O123BC77"
    assert read.confidence > 0.7
    assert read.char_confidence[0] < 0.6


def test_decode_region_list_mends_region() -> None:
    """A region code that does not exist gives way to the next likely one that does."""
    probs = spelled("A123BC764", 0.999)
    at = 3 + 4 * 7
    probs[at : at + 2] = 0.0
    probs[at, ALPHABET.index("6")], probs[at, ALPHABET.index("7")], probs[at + 1, BLANK] = 0.54, 0.46, 1.0
    assert read_plate(probs, RU).text_latin == "A123BC774"


@pytest.mark.parametrize("probs", [spelled(""), np.full((47, 37), 1 / 37, np.float32), spelled("AAAA"), spelled("123")])
def test_decode_no_plate_is_said(probs: Probs) -> None:
    """Blanks, noise and texts that are no plate give '' and the confidence of that."""
    read = read_plate(probs)
    assert read.text_latin == ""
    assert read.confidence > 0.6
    assert read.char_confidence == ()


def test_decode_text_probability_sums_alignments() -> None:
    """Two steps, one character: 'A' is A-A, A-blank or blank-A."""
    probs = np.zeros((2, BLANK + 1), np.float32)
    probs[:, ALPHABET.index("A")], probs[:, BLANK] = 0.4, 0.6
    assert text_probability(probs, "A") == pytest.approx(0.4 * 0.4 + 2 * 0.4 * 0.6)
    assert text_probability(probs, "AA") == 0.0


def test_decode_doubtful_character_shows() -> None:
    """The character that is in doubt has the least confidence."""
    probs = spelled("A123BC77")
    at = 3 + 4 * 2
    probs[at : at + 2, ALPHABET.index("2")] = 0.6
    probs[at : at + 2, ALPHABET.index("7")] = 0.39
    confidences = char_confidences(probs, "A123BC77")
    assert int(np.argmin(confidences)) == 2
    assert confidences[2] < 0.7
