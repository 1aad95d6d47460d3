"""One alert: when it fires, how grave it is, what people read. Pure.

Rules
- critical: somebody gets up now, for happenings are being missed or lost. warning: within the working day.
- A condition holds for `hold` before it fires; what mends itself within that time is no work for anybody.
- The section of RUNBOOK.md has the alert's name as its heading.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RUNBOOK_URL = "dashboards/RUNBOOK.md"
"""Where it lies in the repository; `zool dashboards build --runbook-url` writes the address at which people find it."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """`{{ $labels.… }}` and `{{ $value }}` are Prometheus' own."""

    name: str
    expr: str
    hold: str = "0s"
    severity: Literal["critical", "warning"]
    en: str
    ru: str

    def rule(self, runbook_url: str) -> dict[str, object]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.hold,
            "labels": {"severity": self.severity, "product": "zool"},
            "annotations": {
                "summary": self.en,
                "summary_ru": self.ru,
                "runbook_url": f"{runbook_url}#{self.name.lower()}",
            },
        }


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that are judged together."""

    name: str
    alerts: tuple[Alert, ...]
