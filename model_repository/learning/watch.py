"""Whether a version that went live behaves: errors, latency, drift. Pure but for `read_counts` (HTTP).

Triton's own counters say how many requests of an ensemble failed and how long the others took. They are read at the
switch and again and again behind it; limits are on what came since, beside what the version before did.
"""

from __future__ import annotations

import re
import urllib.request

import msgspec

from model_repository.learning.difference import Tally, drifted
from model_repository.learning.errors import ControlRefused

_LINE = re.compile(r"^(nv_inference_\w+)\{([^}]*)\} ([0-9.e+]+)$", re.MULTILINE)
_SUCCESS, _FAILURE = "nv_inference_request_success", "nv_inference_request_failure"
_DURATION = "nv_inference_request_duration_us"


NOTHING = Tally()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one ensemble since Triton began."""

    answered: float = 0.0
    failed: float = 0.0
    duration_us: float = 0.0

    def since(self, before: Counts) -> Counts:
        """What came after; counters that begin anew (another version) count from zero."""
        fields = ("answered", "failed", "duration_us")
        if self.answered < before.answered:
            return self
        return Counts(**{name: getattr(self, name) - getattr(before, name) for name in fields})

    @property
    def latency_ms(self) -> float:
        """Mean of the answered ones."""
        return self.duration_us / self.answered / 1000 if self.answered else 0.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """From where on a version goes back."""

    requests_min: int = 20
    """With fewer nothing is said yet."""
    failed_ratio_max: float = 0.01
    latency_ratio_max: float = 2.0
    latency_ms_slack: float = 20.0


def fault(before: Counts, now: Counts, limits: Limits, seen: Tally = NOTHING, expected: float = 1.0) -> str:
    """Why the version has to go back; '' while it may stay. `before`: of the version before, over a like span."""
    total = now.answered + now.failed
    if total >= limits.requests_min and now.failed / total > limits.failed_ratio_max:
        return f"errors: {now.failed:.0f} of {total:.0f} requests failed"
    slow = before.latency_ms * limits.latency_ratio_max + limits.latency_ms_slack
    if now.answered >= limits.requests_min and before.answered >= limits.requests_min and now.latency_ms > slow:
        return f"latency: {now.latency_ms:.1f} ms a request against {before.latency_ms:.1f} ms"
    return drifted(seen, expected) if seen.looks else ""


def parsed(text: str, ensemble: str) -> Counts:
    """Counters of an ensemble, its versions together, from Triton's metrics."""
    found = {_SUCCESS: 0.0, _FAILURE: 0.0, _DURATION: 0.0}
    for name, labels, value in _LINE.findall(text):
        if name in found and f'model="{ensemble}"' in labels:
            found[name] += float(value)
    return Counts(answered=found[_SUCCESS], failed=found[_FAILURE], duration_us=found[_DURATION])


def read_counts(url: str, ensemble: str) -> Counts:
    """Counters of an ensemble now. Raises ControlRefused."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - Triton's own address
            return parsed(answer.read().decode(), ensemble)
    except (OSError, ValueError) as error:
        raise ControlRefused("reading its metrics", str(error)) from error
