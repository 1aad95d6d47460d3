"""What can go wrong with boards.

DashboardsError
├── QueryMissingError
├── MacroError
└── PreviewError
"""

from __future__ import annotations


class DashboardsError(Exception):
    """Root of all errors of this package."""


class QueryMissingError(DashboardsError):
    """No file holds this query."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"dashboards/sql has no {name}.sql")


class MacroError(DashboardsError):
    """A query uses a macro or a variable in a way that the plugin would not take."""

    def __init__(self, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"{what}: {reason}")


class PreviewError(DashboardsError):
    """The preview could not be drawn."""

    def __init__(self, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"{what}: {reason}")
