"""From the reader's probabilities to a text that a plate can carry, or to an honest nothing.

Rules of this file: numpy only; it runs inside the model server.  `probs` is float [steps, 37], rows that sum to one,
the classes of `grammar.ALPHABET` and then the blank; `regions` says whose plate it looks like.  A text's confidence is
its CTC probability: the sum over all its alignments.  Which text is taken also depends on what plates of the likely
regions carry: among texts that look alike, one that a plate can carry wins.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_repository.plates import nations
from model_repository.plates.grammar import ALPHABET, wire_ru

Probs = npt.NDArray[np.float32]
Regions = Mapping[str, float]

BLANK: Final = len(ALPHABET)
CONFIDENCE_MIN: Final = 0.30
"""Below this a read is more often wrong than right: no readable plate."""
REGION_MIN: Final = 0.03
"""Regions less likely than this are not searched on their own."""
UNIFORM: Final[Regions] = dict.fromkeys(nations.REGIONS, 1.0 / len(nations.REGIONS))
"""For networks that don't say whose plate it is."""
_BEAM_WIDTH: Final = 10
_CLASS_FLOOR: Final = 1e-3
_TINY: Final = 1e-12
_LOOK_ALIKES: Final = str.maketrans("OQI", "001")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the plate. Text '' says: no readable plate, and the confidence is that of this statement.

    `region` is one of `nations.REGIONS`, the likeliest that can carry the text.
    """

    text_latin: str
    confidence: float
    char_confidence: tuple[float, ...] = ()
    region: str = ""
    region_confidence: float = 0.0

    @property
    def text(self) -> str:
        """The canonical spelling of the region: Cyrillic on Russian plates, Latin on all others."""
        return wire_ru(self.text_latin) if self.region == "ru" else self.text_latin


def read_plate(probs: Probs, regions: Regions = UNIFORM, confidence_min: float = CONFIDENCE_MIN) -> Read:
    """Return the likeliest text that a plate can carry, or '' when none is likely enough."""
    best, likelihood = _settled({text: text_probability(probs, text) for text in _candidates(probs, regions)}, regions)
    if not best or likelihood < confidence_min:
        return Read(text_latin="", confidence=1.0 - likelihood)
    shares = {region: share * nations.weight(best, region) for region, share in regions.items()}
    region = max(shares, key=lambda name: shares[name])
    return Read(
        text_latin=best,
        confidence=likelihood,
        char_confidence=char_confidences(probs, best),
        region=region,
        region_confidence=shares[region] / sum(shares.values()),
    )


def _settled(likely: dict[str, float], regions: Regions) -> tuple[str, float]:
    """Choose a text by its CTC probability and by whether plates carry it; return it with its confidence.

    O and 0, or I and 1, are one picture in many fonts: the network shares its probability out between texts that look
    alike, and what plates carry says which of them it is. So the confidence is that of all such texts together, times
    the share of the chosen one.
    """
    weighed = {text: own * _plausible(text, regions) for text, own in likely.items()}
    best = max(weighed, key=lambda text: weighed[text])
    if not weighed[best]:
        return "", 0.0
    alike = [text for text in likely if text.translate(_LOOK_ALIKES) == best.translate(_LOOK_ALIKES)]
    together = sum(likely[text] for text in alike)
    return best, min(1.0, together * weighed[best] / sum(weighed[text] for text in alike))


def _plausible(text: str, regions: Regions) -> float:
    """How likely it is that some plate carries the text, 0 to 1."""
    return sum(share * nations.weight(text, region) for region, share in regions.items())


def _candidates(probs: Probs, regions: Regions) -> list[str]:
    """Texts worth weighing: what stands there letter by letter, and the best ones that each likely region allows."""
    greedy = read_greedy(probs)
    likely = max(regions, key=lambda region: regions[region])
    sure = regions[likely] > 1 - REGION_MIN and nations.weight(greedy, likely) == 1
    if sure and text_probability(probs, greedy) > 0.5:
        return [greedy]
    texts = {greedy: None} | dict.fromkeys(_beam(probs, _any_start))
    for region, share in regions.items():
        if share >= REGION_MIN:
            texts |= dict.fromkeys(_beam(probs, partial(nations.starts, region=region)))
    return list(texts)


def _any_start(text: str) -> bool:
    return len(text) < nations.LENGTHS.stop


def read_greedy(probs: Probs) -> str:
    """Return the best class of every step, runs joined and blanks dropped; any string of the alphabet may come out."""
    classes = probs.argmax(axis=1)
    starts = np.flatnonzero(np.diff(classes, prepend=-1) != 0)
    return "".join(ALPHABET[cls] for cls in classes[starts] if cls != BLANK)


def text_probability(probs: Probs, text: str) -> float:
    """Return P(text), the CTC forward sum over every alignment; 0 for a text that is longer than the steps allow."""
    states = _states(text)
    return float(_forward(probs[:, states].astype(np.float64), states)[-1, -2:].sum())


def char_confidences(probs: Probs, text: str) -> tuple[float, ...]:
    """Return for every character how sure the reader is of it against any other class at its own steps, 0 to 1."""
    states = _states(text)
    emitted = probs[:, states].astype(np.float64)
    forward = _forward(emitted, states)
    backward = _forward(emitted[::-1, ::-1], states[::-1])[::-1, ::-1]
    # Both sums hold the step's own emission once; dividing it out gives the posterior of each state at each step.
    posterior = forward * backward / np.maximum(emitted, _TINY)
    out = []
    for index in range(1, len(states), 2):
        weight = posterior[:, index] / max(float(posterior[:, index].max()), _TINY)
        best = int(np.argmax(weight * emitted[:, index]))
        own, rest = emitted[best, index], 1.0 - float(probs[best, BLANK])
        out.append(float(np.clip(own / max(rest, _TINY), 0.0, 1.0)))
    return tuple(out)


def _states(text: str) -> npt.NDArray[np.int64]:
    """Blank, character, blank, … , character, blank."""
    states = np.full(2 * len(text) + 1, BLANK, np.int64)
    states[1::2] = [ALPHABET.index(char) for char in text]
    return states


def _forward(emitted: npt.NDArray[np.float64], states: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The CTC forward table [steps, states]."""
    table = np.zeros_like(emitted)
    table[0, :2] = emitted[0, :2]
    # A state may be entered from two before when a different character stands there, never over a needed blank.
    skips = np.zeros(len(states), bool)
    skips[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    for step in range(1, len(emitted)):
        before = table[step - 1]
        reach = before.copy()
        reach[1:] += before[:-1]
        reach[2:] += np.where(skips[2:], before[:-2], 0.0)
        table[step] = reach * emitted[step]
    return table


def _beam(probs: Probs, may_start: Callable[[str], bool]) -> list[str]:
    """Return likely texts: a prefix beam search that extends only what may be the start of a text."""
    beam: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for row in probs:
        blank = float(row[BLANK])
        likely = [(int(cls), float(row[cls])) for cls in np.flatnonzero(row[:BLANK] > _CLASS_FLOOR)]
        grown: dict[str, tuple[float, float]] = {}
        for text, (ends_blank, ends_char) in beam.items():
            _add(grown, text, (ends_blank + ends_char) * blank, 0.0)
            for cls, share in likely:
                char = ALPHABET[cls]
                repeated = bool(text) and text[-1] == char
                if repeated:
                    _add(grown, text, 0.0, ends_char * share)
                if may_start(text + char):
                    _add(grown, text + char, 0.0, (ends_blank if repeated else ends_blank + ends_char) * share)
        ranked = sorted(grown.items(), key=lambda item: sum(item[1]), reverse=True)[:_BEAM_WIDTH]
        beam = dict(ranked)
    return list(beam)


def _add(grown: dict[str, tuple[float, float]], text: str, blank: float, char: float) -> None:
    before = grown.get(text, (0.0, 0.0))
    grown[text] = (before[0] + blank, before[1] + char)
