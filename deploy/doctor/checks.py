"""What a check says: pure.

Rules
- A check never ends with a bare "failed": it says what is wrong, where, and what to do, in both languages.
- `warn` is something to know or to mend soon; only `fail` makes the command end with 1.
- `skipped` says why nothing was looked at: silence would read as well-being.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from deploy.language import Language

State = Literal["ok", "warn", "fail", "skipped"]
STATES: tuple[State, ...] = ("ok", "warn", "fail", "skipped")


class Said(NamedTuple):
    """A sentence in both languages."""

    en: str
    ru: str

    def to(self, language: Language) -> str:
        """The sentence in a language."""
        return self.ru if language == "ru" else self.en


NOTHING = Said("", "")
_SHOWN: dict[State, Said] = {
    "ok": Said("ok", "в порядке"),
    "warn": Said("warn", "внимание"),
    "fail": Said("FAIL", "ОШИБКА"),
    "skipped": Said("skipped", "пропущено"),
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    state: State
    said: Said
    where: str = ""
    """A file, an address, a stream, a component."""
    todo: Said = NOTHING


def ok(name: str, said: Said, where: str = "") -> Check:
    """It is as it should be."""
    return Check(name=name, state="ok", said=said, where=where)


def warn(name: str, said: Said, where: str, todo: Said) -> Check:
    """It works, and somebody should know."""
    return Check(name=name, state="warn", said=said, where=where, todo=todo)


def fail(name: str, said: Said, where: str, todo: Said) -> Check:
    """It does not work, or soon won't."""
    return Check(name=name, state="fail", said=said, where=where, todo=todo)


def skipped(name: str, why: Said) -> Check:
    """It can't be told here."""
    return Check(name=name, state="skipped", said=why)


def failed(checks: Iterable[Check]) -> bool:
    """Whether anything is broken."""
    return any(one.state == "fail" for one in checks)


def lines(checks: Sequence[Check], language: Language) -> list[str]:
    """For people: one line a check, under it what to do, at the end the sum."""
    told: list[str] = []
    width = max((len(_SHOWN[one.state].to(language)) for one in checks), default=0)
    for one in checks:
        place = f" ({one.where})" if one.where else ""
        told.append(f"{_SHOWN[one.state].to(language):<{width}}  {one.name:<14} {one.said.to(language)}{place}")
        if todo := one.todo.to(language):
            told.append(f"{'':<{width}}  {'':<14} -> {todo}")
    counts = {state: sum(1 for one in checks if one.state == state) for state in STATES}
    summed = ", ".join(f"{_SHOWN[state].to(language)}: {count}" for state, count in counts.items() if count)
    return [*told, summed]


def report(checks: Sequence[Check], language: Language) -> dict[str, Any]:
    """For programs."""
    return {
        "ok": not failed(checks),
        "checks": [
            {
                "name": one.name,
                "state": one.state,
                "said": one.said.to(language),
                "where": one.where,
                "todo": one.todo.to(language),
            }
            for one in checks
        ],
    }
