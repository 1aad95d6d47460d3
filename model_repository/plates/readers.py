"""From any reader's probabilities to a text: the starter's kind, and those of public networks.

Rules of this file: pure numpy.  `probs` is float [steps, classes], rows that sum to one; the classes are those of
`alphabet` and then the blank (CTC) or the filler (one class per slot).
"""

from __future__ import annotations

import numpy as np

from model_repository.plates import decode
from model_repository.plates.decode import CONFIDENCE_MIN, Probs, Read
from model_repository.plates.grammar import ALPHABET, to_cyrillic, valid_ru

RUSSIA = "ru"


def read(probs: Probs, *, kind: str, alphabet: str) -> Read:
    """Read one plate; `kind` is 'ctc' or 'slots'. Text '' says: no readable plate, with the confidence of that."""
    if kind == "ctc" and alphabet == ALPHABET:
        return decode.read_plate(probs)
    text, chars = _ctc(probs, alphabet) if kind == "ctc" else _slots(probs, alphabet)
    confidence = float(np.prod(chars)) if chars else 0.0
    if not text or confidence < CONFIDENCE_MIN:
        return Read(text_latin="", confidence=1.0 - confidence)
    return Read(text_latin=text, confidence=confidence, char_confidence=tuple(chars))


def wire(text: str, alphabet: str) -> tuple[str, str]:
    """The text as events carry it, and the region: Russian plates in Cyrillic."""
    if text and (alphabet == ALPHABET or valid_ru(text)):
        return to_cyrillic(text), RUSSIA
    return text, ""


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
