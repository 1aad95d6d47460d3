"""What several reads of one plate say together. Pure: no I/O, no clock.

Rules
- Reads without text don't vote. Reads of one length vote character by character; between lengths the heavier wins.
- A text of a known kind of number weighs double, and at its length the others don't vote.
- A character weighs its own confidence times that of the whole read.
- The result does not depend on the order of the reads (sums are taken in a fixed order; ties go to the smaller text).
"""

from __future__ import annotations

import re

import msgspec

_LETTERS = "АВЕКМНОРСТУХ"
_KINDS = (
    rf"[{_LETTERS}]\d{{3}}[{_LETTERS}]{{2}}\d{{2,3}}",  # car
    rf"[{_LETTERS}]{{2}}\d{{5,7}}",  # taxi, bus, trailer
    rf"[{_LETTERS}]\d{{6,7}}",  # police
    rf"\d{{4}}[{_LETTERS}]{{2}}\d{{2,3}}",  # motorcycle, tractor
)
_WHOLE = re.compile("|".join(_KINDS))
_PARTIAL_WEIGHT = 0.5


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """One read: text, its confidence 0..1, and one per character (missing ones count as the text's)."""

    text: str
    confidence: float
    chars: tuple[float, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The plate as voted; `reads` is the number of reads that voted for this length."""

    text: str = ""
    confidence: float = 0.0
    reads: int = 0


def vote(ballots: list[Ballot]) -> Verdict:
    """The text that the reads agree on best; empty where none has text."""
    groups: dict[int, list[Ballot]] = {}
    for ballot in sorted(ballots, key=lambda b: (b.text, b.confidence, b.chars)):
        if ballot.text:
            groups.setdefault(len(ballot.text), []).append(ballot)
    if not groups:
        return Verdict()
    best = max(sorted(groups), key=lambda length: _weight(groups[length]))
    whole = [ballot for ballot in groups[best] if _WHOLE.fullmatch(ballot.text)]
    return _settle(whole or groups[best])


def _weight(group: list[Ballot]) -> float:
    return sum(b.confidence * (1.0 if _WHOLE.fullmatch(b.text) else _PARTIAL_WEIGHT) for b in group)


def _settle(group: list[Ballot]) -> Verdict:
    """Vote per character; confidence = mean share of the winning characters × that of the surest read of the text."""
    text, shares = "", 0.0
    length = len(group[0].text)
    for position in range(length):
        tally: dict[str, float] = {}
        for ballot in group:
            char = ballot.chars[position] if position < len(ballot.chars) else ballot.confidence
            letter = ballot.text[position]
            tally[letter] = tally.get(letter, 0.0) + ballot.confidence * char
        letter = max(sorted(tally), key=lambda key: tally[key])
        total = sum(tally.values())
        text += letter
        shares += tally[letter] / total if total > 0 else 0.0
    agreeing = [ballot.confidence for ballot in group if ballot.text == text]
    strength = max(agreeing) if agreeing else min(ballot.confidence for ballot in group)
    return Verdict(text=text, confidence=round(shares / length * strength, 6), reads=len(group))
