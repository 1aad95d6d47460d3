"""The promise on how late events may be, as PromQL. Pure.

Rules
- The limit is a bucket of `zool_decide_event_seconds`: shares are exact, nothing is interpolated.
- Burn 1 means that late events come exactly as fast as the promise allows (SRE workbook, "Alerting on SLOs").
"""

from __future__ import annotations

EVENT_S_MAX = 2.0
GOAL = 0.99
_NAME = "zool_decide_event_seconds"


def share_in_time(span: str) -> str:
    """Of the events of a span."""
    return f'sum(rate({_NAME}_bucket{{le="{EVENT_S_MAX}"}}[{span}])) / sum(rate({_NAME}_count[{span}]))'


def burn(span: str) -> str:
    """How many times faster than allowed the budget goes."""
    return f"(1 - {share_in_time(span)}) / {1 - GOAL:g}"
