"""What a target answered, as rows or as series. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One line: points are (seconds since 1970, value)."""

    name: str
    labels: Mapping[str, str] = {}
    points: tuple[tuple[float, float], ...] = ()

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.points[-1][1] if self.points else None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of ClickHouse, or series of Prometheus."""

    names: tuple[str, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()
    series: tuple[Series, ...] = ()

    def lines(self) -> tuple[Series, ...]:
        """The same as series: a column `time`, perhaps one of text that tells them apart, and numbers."""
        if self.series or not self.rows:
            return self.series
        first = self.rows[0]
        texts = [n for n, value in enumerate(first) if isinstance(value, str)]
        numbers = [n for n, value in enumerate(first) if isinstance(value, (int, float))]
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for row in self.rows:
            key = row[texts[0]] if texts else ""
            for n in numbers:
                found.setdefault((self.names[n], key), []).append((seconds(row[0]), float(row[n])))
        label = self.names[texts[0]] if texts else ""
        return tuple(
            Series(name=name, labels={label: key} if label else {}, points=tuple(points))
            for (name, key), points in found.items()
        )


def seconds(moment: datetime) -> float:
    """Since 1970; a moment without a zone is UTC, as ClickHouse's driver gives it."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
