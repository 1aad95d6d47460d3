"""From any reader's probabilities to a text: the starter's kind, and those of public networks.

Rules of this file: pure numpy.  `probs` is float [steps, classes], rows that sum to one; the classes are those of
`alphabet` and then the blank (CTC) or the filler (one class per slot).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_repository.plates import decode
from model_repository.plates.decode import BLANK, CONFIDENCE_MIN, Probs, Read
from model_repository.plates.grammar import ALPHABET, DIGITS, LETTERS
from model_repository.plates.nations import weight

RUSSIA = "ru"
ALPHABET_RU = DIGITS + LETTERS
"""The order in which public readers of Russian plates have their classes, and the starter of version 1."""


def read(probs: Probs, *, kind: str, alphabet: str, labels: Sequence[str] = ()) -> Read:
    """Read one plate; `kind` is 'ctc' or 'slots'. Text '' says: no readable plate, with the confidence of that.

    A network with `labels` has the probabilities of these regions as its last row. It is decoded with the grammars of
    `nations`, one that knows Russian letters only with Russia's, any other as it stands.
    """
    if kind == "ctc" and labels and alphabet == ALPHABET:
        return decode.read_plate(probs[:-1], dict(zip(labels, probs[-1].tolist(), strict=False)))
    if kind == "ctc" and alphabet == ALPHABET_RU:
        return decode.read_plate(_spread(probs, alphabet), {RUSSIA: 1.0})
    text, chars = _ctc(probs, alphabet) if kind == "ctc" else _slots(probs, alphabet)
    confidence = float(np.prod(chars)) if chars else 0.0
    if not text or confidence < CONFIDENCE_MIN:
        return Read(text_latin="", confidence=1.0 - confidence)
    russian = weight(text, RUSSIA) == 1
    return Read(
        text_latin=text,
        confidence=confidence,
        char_confidence=tuple(chars),
        region=RUSSIA if russian else "",
        region_confidence=confidence if russian else 0.0,
    )


def wire(read: Read) -> tuple[str, str]:
    """The text as events carry it (Russian plates in Cyrillic), and the region: of 'other' nothing is said.

    'eu' is reserved in ISO 3166 for just this use.
    """
    return read.text, "" if read.region == "other" else read.region


def _spread(probs: Probs, alphabet: str) -> Probs:
    """Put the columns of another alphabet where `decode` has them."""
    out = np.zeros((len(probs), BLANK + 1), np.float32)
    out[:, [*(ALPHABET.index(char) for char in alphabet), BLANK]] = probs
    return out


def _ctc(probs: Probs, alphabet: str) -> tuple[str, list[float]]:
    """The likeliest class of every step, runs joined, blanks dropped; a character is as sure as its surest step."""
    classes, best = probs.argmax(axis=1), probs.max(axis=1)
    starts = np.flatnonzero(np.diff(classes, prepend=-1) != 0)
    ends = [*starts[1:], len(classes)]
    runs = [(classes[start], float(best[start:end].max())) for start, end in zip(starts, ends, strict=True)]
    kept = [(alphabet[each], share) for each, share in runs if each < len(alphabet)]
    return "".join(char for char, _ in kept), [share for _, share in kept]


def _slots(probs: Probs, alphabet: str) -> tuple[str, list[float]]:
    """One character per row; the class behind the alphabet fills what is left."""
    classes, best = probs.argmax(axis=1), probs.max(axis=1)
    kept = [(alphabet[each], float(share)) for each, share in zip(classes, best, strict=True) if each < len(alphabet)]
    return "".join(char for char, _ in kept), [share for _, share in kept]
