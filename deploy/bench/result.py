"""What a benchmark prints. Pure but for `finish`, which prints it.

Rules
- `floor` is what the value could be at best, measured or known from the same run; `ratio` = value / floor, null where
  the floor is 0 or unknown.
- `spread` is the lowest and the highest value over parts of the run: it says how much of a difference is noise.
- `conditions` holds what the figure depends on, and below `details` what else was measured.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from deploy.bench.series import rounded

TABLES = ("budget", "costs", "runs", "panels", "faults")
"""Details that are tables: names to named figures."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One figure and what belongs to it."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    target: float | None
    """None: a comparison, nothing is promised."""
    spread: list[float] | None
    conditions: dict[str, Any]


def ratio(value: float, floor: float | None) -> float | None:
    """Value in floors."""
    return round(value / floor, 2) if floor else None


def finish(result: Result | None, *, json_wanted: bool) -> int:
    """Print a figure; returns the exit code, 130 where there is none because it was stopped."""
    if result is None:
        return 130
    print(as_json(result) if json_wanted else as_text(result), flush=True)
    return 0


def as_json(result: Result) -> str:
    """One line."""
    return json.dumps(msgspec.to_builtins(result), ensure_ascii=False)


def as_text(result: Result) -> str:
    """A small table."""
    details: dict[str, Any] = result.conditions.get("details", {})
    target = "none" if result.target is None else f"{result.target:g}"
    head = f"{result.name}  {result.value:g} {result.unit}  (target {target}"
    head += f", floor {result.floor:g}" if result.floor is not None else ""
    head += f", parts of the run {result.spread[0]:g} … {result.spread[1]:g})" if result.spread else ")"
    rows = [head]
    rows += [f"  {key:<18} {_shown(value)}" for key, value in result.conditions.items() if key != "details"]
    rows += [f"  {key:<18} {_shown(value)}" for key, value in details.items() if key not in {*TABLES, "components"}]
    for key in TABLES:
        rows += _table(key, details.get(key, {}))
    components: dict[str, dict[str, Any]] = details.get("components", {})
    if components:
        rows.append(_row("component", ("MB warm", "MB end", "MB/min", "cores", "threads", "files", "restarts")))
    rows += [_row(name, _cells(one)) for name, one in components.items()]
    return "\n".join(rows)


def _table(name: str, table: dict[str, dict[str, Any]]) -> list[str]:
    """Rows of named figures, all with the same names."""
    if not table:
        return []
    names = list(dict.fromkeys(key for row in table.values() for key in row))
    head = f"  {name:<20}" + "".join(f"{key:>24}" for key in names)
    return [head, *(f"  {key:<20}" + "".join(f"{_shown(row.get(n)):>24}" for n in names) for key, row in table.items())]


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    plain = [_shown(one.get(key)) for key in ("rss_warm_mb", "rss_end_mb", "rss_mb_per_min", "cpu_cores")]
    pairs = ["→".join(str(n) for n in one.get(key, ())) for key in ("threads", "files")]
    return (*plain, *pairs, str(one.get("restarts", "")))


def _row(name: str, cells: tuple[str, ...]) -> str:
    return f"  {name:<12}" + "".join(f"{cell:>12}" for cell in cells)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {_shown(one)}" for key, one in value.items())
    if isinstance(value, float):
        return f"{rounded(value):g}"
    return "—" if value is None else str(value)
