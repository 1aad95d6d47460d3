"""What `zool config` says: changes as lines, what was done, what was not; in Russian and English.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from deploy.configuration.changes import SECRET, Change
from deploy.language import Language

CHARS_MAX = 160
SIGNS = {"create": "+", "change": "~", "remove": "-"}
_WORDS: dict[str, tuple[str, str]] = {
    "head": (
        """\
# The site as it is set up; `zool config plan` and `apply` read it. What is left out has its default.
# Secrets are references: env:NAME or file:PATH. *** and `stored: true` keep what is stored.
""",
        """\
# Настройки объекта; их читают `zool config plan` и `apply`. Что не указано, имеет значение по умолчанию.
# Секреты — ссылки: env:ИМЯ или file:ПУТЬ. *** и `stored: true` оставляют сохранённое.
""",
    ),
    "written": ("{count} objects are in {file}", "объектов в {file}: {count}"),
    "none": ("nothing to do", "изменений нет"),
    "sum": (
        "{create} to create, {change} to change, {remove} to remove",
        "создать: {create}, изменить: {change}, удалить: {remove}",
    ),
    "faces": ("  (with faces and shifts)", "  (вместе с лицами и сменами)"),
    "camera": ("  (with its functions)", "  (вместе с функциями)"),
    "done": ("done: {act} {place}", "готово: {act} {place}"),
    "all": ("{count} done", "выполнено: {count}"),
    "refused": ("refused: {act} {place}: {words}", "отказано: {act} {place}: {words}"),
    "rest": ("{done} done, {left} not done:", "выполнено: {done}, не выполнено: {left}:"),
    "create": ("create", "создать"),
    "change": ("change", "изменить"),
    "remove": ("remove", "удалить"),
}


def words(key: str, language: Language, **fields: object) -> str:
    """A sentence with its fields filled in."""
    return _WORDS[key][language == "ru"].format(**fields)


def plan(changes: Sequence[Change], language: Language) -> list[str]:
    """Every change with what differs, and their sum."""
    if not changes:
        return [words("none", language)]
    acts = [change.act for change in changes]
    told = {act: acts.count(act) for act in ("create", "change", "remove")}
    return [line for change in changes for line in _change(change, language)] + [words("sum", language, **told)]


def _change(change: Change, language: Language) -> Iterator[str]:
    tail = {"people": "faces", "cameras": "camera"}.get(change.kind, "") if change.act == "remove" else ""
    yield f"{SIGNS[change.act]} {change.place}{words(tail, language) if tail else ''}"
    for one in change.differences:
        if change.act == "create":
            yield f"    {one.key}: {value(one.new)}"
        else:
            yield f"    {one.key}: {value(one.old)} -> {value(one.new)}"


def value(one: Any) -> str:
    """A value on one line, cut where it is long."""
    if one is msgspec.UNSET:
        return "—"
    text = SECRET if one in (SECRET, {"stored": True}) else json.dumps(one, ensure_ascii=False)
    return text if len(text) <= CHARS_MAX else f"{text[:CHARS_MAX]}…"


def done(change: Change, language: Language) -> str:
    """One change that was made."""
    return words("done", language, act=words(change.act, language), place=change.place)


def stopped(changes: Sequence[Change], at: int, said: str, language: Language) -> list[str]:
    """Where it stopped, with the API's words, and what was not done, that one among it."""
    left = changes[at:]
    failed = words("refused", language, act=words(left[0].act, language), place=left[0].place, words=said)
    rest = [f"{SIGNS[change.act]} {change.place}" for change in left]
    return [failed, words("rest", language, done=at, left=len(left)), *(f"  {line}" for line in rest)]


def as_json(changes: Sequence[Change]) -> str:
    """Changes for programs; without what is sent."""
    told = [
        {
            "act": change.act,
            "place": change.place,
            "differences": [
                {side: one for side in ("key", "old", "new") if (one := getattr(each, side)) is not msgspec.UNSET}
                for each in change.differences
            ],
        }
        for change in changes
    ]
    return json.dumps(told, ensure_ascii=False)
