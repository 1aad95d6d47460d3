"""What `zool dead` says: letters as lines, progress and sums, in Russian and English.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.language import Language

Json = Mapping[str, Any]

_WORDS: dict[str, tuple[str, str]] = {
    "head": ("SEQ DIED STAGE CAMERA WHAT BYTES REASON", "№ КОГДА СТАДИЯ КАМЕРА ЧТО БАЙТ ПРИЧИНА"),
    "none": ("no dead letters", "отложенных сообщений нет"),
    "shown": (
        "{shown} shown, {total} in all; `zool dead show SEQ` tells more",
        "показано {shown}, всего {total}; подробности: `zool dead show №`",
    ),
    "more": ("more with --after {after}", "дальше: --after {after}"),
    "replayed": ("{done} replayed", "отправлено снова: {done}"),
    "dropped": ("{done} dropped", "удалено: {done}"),
    "resumed": ("{stage} goes on", "{stage}: продолжено"),
    "ran": ("{stage} had not stopped", "{stage}: остановки не было"),
    "refused": (
        "{refused} can't be replayed and stay (see `zool dead list`)",
        "нельзя отправить снова, остались: {refused} (см. `zool dead list`)",
    ),
    "stage": ("stage", "стадия"),
    "reason": ("reason", "причина"),
    "died_at": ("died at", "когда"),
    "camera": ("camera", "камера"),
    "kind": ("what", "что"),
    "subject": ("subject", "тема"),
    "message_seq": ("sequence", "номер в потоке"),
    "message_id": ("message id", "идентификатор"),
    "size_bytes": ("bytes", "байт"),
    "replayable": ("can be replayed", "можно отправить снова"),
}
_WIDTHS = (8, 27, 10, 16, 7, 8)


def words(key: str, language: Language, **fields: object) -> str:
    """A sentence with its fields filled in."""
    return _WORDS[key][language == "ru"].format(**fields)


def table(letters: Sequence[Json], total: int, next_after: int | None, language: Language) -> list[str]:
    """Letters one a line, and what is left."""
    if not letters:
        tail = [words("none", language)] if next_after is None else []
    else:
        tail = [words("shown", language, shown=len(letters), total=total)]
    if next_after is not None:
        tail.append(words("more", language, after=next_after))
    head = [_columns(words("head", language).split(" "))] if letters else []
    return head + [_row(letter) for letter in letters] + tail


def _row(letter: Json) -> str:
    return _columns([
        str(letter["seq"]), letter["died_at"], letter["stage"], letter["camera"] or "-", letter["kind"] or "-",
        str(letter["size_bytes"]), letter["reason"],
    ])  # fmt: skip


def _columns(values: Sequence[str]) -> str:
    padded = [value.ljust(width) for value, width in zip(values, _WIDTHS, strict=False)]
    return " ".join([*padded, *values[len(_WIDTHS) :]]).rstrip()


def sheet(letter: Json, language: Language) -> list[str]:
    """One letter with its content."""
    facts = [f"{words(key, language)}: {letter[key]}" for key in _WORDS if letter.get(key) not in {None, ""}]
    return [f"# {letter['seq']}", *facts, json.dumps(letter["content"], ensure_ascii=False, indent=2)]
