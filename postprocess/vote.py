"""What several reads of one plate say together. Pure: no I/O, no clock.

Rules
- Reads without text don't vote. Reads of one length vote character by character; between lengths the heavier wins.
- A text that fits a series of its region weighs double; how much a region counts is voted by all reads. At the winning
  length the heaviest series decides which places hold letters and which digits: reads that fit it vote, those that it
  can mend by look-alikes vote as mended, the others don't. Where nothing fits, all vote as they are.
- A character weighs its own confidence times that of the whole read.
- The result does not depend on the order of the reads (sums are taken in a fixed order; ties go to the smaller text).
- A plate is *sure* when it fits a series and `SURE_READS` reads of `AGREE_MIN` say it exactly, or one of `ALONE_MIN`,
  and the vote as a whole gives it `SURE_MIN`.
"""

from __future__ import annotations

import msgspec

from postprocess.contract import fold_plate
from postprocess.plates import RUSSIA, Series, country_of, fitting, mended, regions_of, series_of, spelled

SURE_READS = 2
AGREE_MIN = 0.6
ALONE_MIN = 0.95
SURE_MIN = 0.6

_UNFIT = 0.5
"""Weight of a text that fits no series, against one that does."""
_MENDED = 0.5
"""How much a read that has to be mended says for a series, against one that fits it."""
_ONE_COUNTRY = frozenset(("ru", "ua", "kz", "by", "ge"))
"""Regions with series of their own: only these mend where no read fits as it is."""
_TINY = 1e-9
_CYRILLIC = frozenset("АВЕКМНОРСТУХ")


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """One read: text, its confidence 0..1, and one per character (missing ones count as the text's)."""

    text: str
    confidence: float
    chars: tuple[float, ...] = ()
    region: str = ""
    """Whose plate the reader takes it for, one of `nations.REGIONS`; empty = it does not say."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The plate as voted; `reads` is the number of reads that voted for this length."""

    text: str = ""
    confidence: float = 0.0
    reads: int = 0
    country: str = ""
    """ISO 3166 alpha-2 in lower case, or empty."""
    sure: bool = False
    shares: tuple[float, ...] = ()
    """Of each character: how far the reads agree on it, 0..1."""


def vote(ballots: list[Ballot]) -> Verdict:
    """The text that the reads agree on best; empty where none has text."""
    ordered = sorted(ballots, key=lambda b: (b.text, b.confidence, b.chars, b.region))
    folded = [_folded(ballot) for ballot in ordered if fold_plate(ballot.text)]
    if not folded:
        return Verdict()
    regions = _regions(folded)
    groups: dict[int, list[Ballot]] = {}
    for ballot in folded:
        groups.setdefault(len(ballot.text), []).append(ballot)
    best = max(sorted(groups), key=lambda length: sum(_weight(ballot, regions) for ballot in groups[length]))
    series, voters = _elected(groups[best], regions)
    return _settle(voters, series, _likeliest(regions) if series is None else series.region)


def _folded(ballot: Ballot) -> Ballot:
    """The same in Latin letters; Cyrillic ones and a Russian text say Russia where the reader says nothing."""
    text, region = fold_plate(ballot.text), ballot.region
    if not region:
        fit = regions_of(text)
        russian = RUSSIA in fit or not _CYRILLIC.isdisjoint(ballot.text.upper())
        region = RUSSIA if russian else fit[0] if len(fit) == 1 else ""
    chars = ballot.chars if len(text) == len(ballot.text) else ()
    return msgspec.structs.replace(ballot, text=text, region=region, chars=chars)


def _regions(ballots: list[Ballot]) -> dict[str, float]:
    """Region → its share of what the reads say."""
    tally: dict[str, float] = {}
    for ballot in ballots:
        tally[ballot.region] = tally.get(ballot.region, 0.0) + ballot.confidence + _TINY
    total = sum(tally.values())
    return {region: weight / total for region, weight in tally.items()}


def _likeliest(regions: dict[str, float]) -> str:
    return max(sorted(regions), key=lambda name: regions[name])


def _weight(ballot: Ballot, regions: dict[str, float]) -> float:
    fit = sum(regions.get(region, 0.0) for region in regions_of(ballot.text))
    return ballot.confidence * (_UNFIT + (1.0 - _UNFIT) * fit)


def _elected(group: list[Ballot], regions: dict[str, float]) -> tuple[Series | None, list[Ballot]]:
    """The series of a group of one length, and the reads as it lets them vote."""
    length = len(group[0].text)
    open_to = {one for ballot in group for one in fitting(ballot.text) if regions.get(one.region, 0.0) > 0.0}
    if not open_to:
        likeliest = _likeliest(regions)
        open_to = {one for one in series_of(length) if one.region == likeliest and likeliest in _ONE_COUNTRY}
    ranked = [(_support(one, group) * regions[one.region], one) for one in series_of(length) if one in open_to]
    support, series = max(ranked, key=lambda pair: pair[0], default=(0.0, None))
    if series is None or (support <= 0.0 and not any(mended(ballot.text, series) for ballot in group)):
        return None, group
    fixed = ((ballot, mended(ballot.text, series)) for ballot in group)
    return series, [msgspec.structs.replace(ballot, text=text) for ballot, text in fixed if text is not None]


def _support(series: Series, group: list[Ballot]) -> float:
    said = 0.0
    for ballot in group:
        text = mended(ballot.text, series)
        if text is not None:
            said += ballot.confidence * (1.0 if text == ballot.text else _MENDED)
    return said * series.weight


def _settle(group: list[Ballot], series: Series | None, region: str) -> Verdict:
    """Vote per character; confidence = mean share of the winning characters × that of the surest read of the text."""
    text, shares = _characters(group)
    if series is not None and mended(text, series) != text:  # letters of several reads made a number that none has
        wholes = {ballot.text: sum(b.confidence for b in group if b.text == ballot.text) for ballot in group}
        text = max(sorted(wholes), key=lambda whole: wholes[whole])
    agreeing = [ballot.confidence for ballot in group if ballot.text == text]
    strength = max(agreeing) if agreeing else min(ballot.confidence for ballot in group)
    confidence = round(sum(shares) / len(text) * strength, 6)
    return Verdict(
        text=spelled(text, region),
        confidence=confidence,
        reads=len(group),
        country=country_of(text, region),
        sure=region in regions_of(text) and confidence >= SURE_MIN and _agreed(agreeing),
        shares=tuple(round(share, 6) for share in shares),
    )


def _characters(group: list[Ballot]) -> tuple[str, list[float]]:
    """The heaviest character of each place, and its share of what is said there."""
    text, shares = "", []
    for position in range(len(group[0].text)):
        tally: dict[str, float] = {}
        for ballot in group:
            char = ballot.chars[position] if position < len(ballot.chars) else ballot.confidence
            letter = ballot.text[position]
            tally[letter] = tally.get(letter, 0.0) + ballot.confidence * char
        letter = max(sorted(tally), key=lambda key: tally[key])
        total = sum(tally.values())
        text += letter
        shares.append(tally[letter] / total if total > 0 else 0.0)
    return text, shares


def _agreed(confidences: list[float]) -> bool:
    alone = any(confidence >= ALONE_MIN for confidence in confidences)
    return alone or sum(confidence >= AGREE_MIN for confidence in confidences) >= SURE_READS
