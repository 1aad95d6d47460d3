"""Events as tables that people take away: columns in the reader's language, CSV piece by piece, names inside a ZIP.

Pure: no I/O, no clock.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from api.language import Language
from api.sheets import Table, safe
from postprocess.shown import EventOut

ROWS_MAX: Mapping[str, int] = {"csv": 100_000, "xlsx": 20_000, "zip": 2000}
"""Of one export. What is more is refused in words, never cut off in silence."""
PAGE = 500

_HEADS: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "Time", "Until", "Kind", "Severity", "Camera", "Camera id", "Rule", "Object", "Confidence", "Direction",
        "Plate", "Plate confidence", "List", "Person", "Missing", "Value", "Cause", "Text", "Verdict", "Right plate",
        "Reason", "Handling", "Given to", "Photos", "Event",
    ),
    "ru": (
        "Время", "До", "Вид", "Важность", "Камера", "Код камеры", "Правило", "Объект", "Уверенность", "Направление",
        "Номер", "Уверенность номера", "Список", "Человек", "Не надето", "Значение", "Причина", "Текст", "Отзыв",
        "Верный номер", "Основание", "Обработка", "Назначено", "Фотографии", "Событие",
    ),
}  # fmt: skip
_UNSAFE = re.compile(r"[^\w.-]+")


def head(language: Language) -> tuple[str, ...]:
    """The names of the columns."""
    return _HEADS[language]


def row(event: EventOut, *, zone: tzinfo, cameras: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[Any, ...]:
    """An event as cells; times by the site's clock."""
    said, done = event.feedback, event.handling
    return (
        local(event.opened_at, zone), local(event.closed_at, zone), kinds.get(event.kind, event.kind), event.severity,
        cameras.get(event.camera, event.camera), event.camera, event.rule, event.label, event.confidence,
        event.direction, event.plate, event.plate_confidence if event.plate else None, event.listed, event.person,
        ", ".join(event.missing), event.value, event.cause, event.text, said.verdict if said else "",
        said.plate if said else "", said.reason if said else "", done.act if done else "",
        done.assignee if done else "", len(event.photos), event.id,
    )  # fmt: skip


def local(text: str | None, zone: tzinfo) -> str | None:
    """A moment of the API by the site's clock, to the second."""
    if text is None:
        return None
    at = datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(zone)
    return at.isoformat(sep=" ", timespec="seconds")[:19]


def csv_piece(rows: Iterable[Sequence[Any]], language: Language, *, first: bool) -> bytes:
    """Some lines of a CSV as `sheets.as_csv` writes it; the first piece has the head and the mark of UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "ru" else ",", lineterminator="\r\n")
    if first:
        writer.writerow(head(language))
    writer.writerows([safe(cell) for cell in cells] for cells in rows)
    return out.getvalue().encode("utf-8-sig" if first else "utf-8")


def table(rows: Sequence[tuple[Any, ...]], language: Language) -> Table:
    """All rows as a sheet."""
    return Table(title="События" if language == "ru" else "Events", head=head(language), rows=tuple(rows))


def photo_name(event: EventOut, number: int, zone: tzinfo) -> str:
    """Where a photo lies in the ZIP: readable, unique, and no path that leads elsewhere."""
    at = (local(event.opened_at, zone) or "").replace(" ", "_").replace(":", "-")
    what = _UNSAFE.sub("-", event.plate or event.kind)[:40]
    return f"photos/{at}_{_UNSAFE.sub('-', event.camera)}_{what}_{_UNSAFE.sub('-', event.id)[:36]}_{number}.jpg"
