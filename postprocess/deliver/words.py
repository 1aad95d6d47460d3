"""What people are told of events, in Russian and English. Pure: no I/O, no clock.

Rules
- Plain text: nothing of it is markup anywhere, whatever stands on a plate or in a name.
- Times are the site's. Names of cameras and people stand there, never an address.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from ingest.contract import SYSTEM
from postprocess.contract import Event, Title
from postprocess.deliver.lane import Parcel
from postprocess.deliver.rules import Site
from postprocess.functions import doors, registry
from postprocess.rules.schedule import local

Language = Literal["en", "ru"]
LINES_MAX = 12
TEXT_CHARS_MAX = 900
"""A caption of Telegram takes 1024."""

OTHERS: dict[str, Title] = {
    "camera_lost": Title(en="Camera lost", ru="Камера пропала"),
    "camera_restored": Title(en="Camera is back", ru="Камера вернулась"),
    "camera_blind": Title(en="Camera was blind", ru="Камера не видела"),
    "camera_degraded": Title(en="Bad picture", ru="Плохая картинка"),
    "camera_quality": Title(en="Camera does worse", ru="Камера работает хуже"),
    "system_stopped": Title(en="A stage stopped", ru="Стадия остановилась"),
    "system_resumed": Title(en="A stage goes on", ru="Стадия продолжила работу"),
    "system_gap": Title(en="Messages were lost", ru="Сообщения потеряны"),
    "handling": Title(en="Handling", ru="Обработка"),
    "missed_object": Title(en="Missed object", ru="Пропущенный объект"),
    "feedback": Title(en="Somebody's word", ru="Отзыв оператора"),
    "parking_session": Title(en="Parking", ru="Стоянка"),
    "parking_full": Title(en="Lot is full", ru="Парковка заполнена"),
    "antipassback": Title(en="Anti-passback", ru="Повторный проезд"),
}
"""Kinds of events that no function of a camera says."""
_SIGNS = {"info": "", "warning": "⚠ ", "alarm": "‼ "}
_LABELS: dict[str, Title] = {
    "plate": Title(en="Plate", ru="Номер"),
    "person": Title(en="Person", ru="Человек"),
    "list": Title(en="List", ru="Список"),
    "missing": Title(en="Not worn", ru="Не надето"),
    "verdict": Title(en="Verdict", ru="Оценка"),
}
ACKNOWLEDGE = Title(en="✓ Acknowledge", ru="✓ Принято")
FALSE_ALARM = Title(en="✗ False alarm", ru="✗ Ложная тревога")
_UNKNOWN = Title(en="unidentified", ru="не опознан")
_MORE = Title(en="… and {} more", ru="… и ещё {}")
_EVENTS = Title(en="{} events", ru="событий: {}")
TEST = Title(
    en="This is a test: messages of zool get here.", ru="Это проверка: сообщения zool сюда доходят."
)  # fmt: skip


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message for a person."""

    subject: str
    """One line."""
    text: str
    """Without the subject."""
    photo: bytes = b""
    """JPEG; empty = none."""


def say(title: Title, language: Language) -> str:
    """A title in a language."""
    return title.ru if language == "ru" else title.en


@functools.cache
def _titles() -> dict[str, Title]:
    named = {kind.name: kind.title for function in registry.BUILT_IN for kind in function.kinds}
    return OTHERS | doors.KINDS | named


def kind_words(kind: str, language: Language) -> str:
    """What a kind is called; its own token where it comes from outside."""
    title = _titles().get(kind)
    return kind if title is None else say(title, language)


def message(parcel: Parcel, site: Site, language: Language) -> Message:
    """What is said of a parcel."""
    if len(parcel.events) == 1:
        return _one(parcel.events[0], site, language)
    return _several(parcel.events, site, language)


def _one(event: Event, site: Site, language: Language) -> Message:
    place = place_words(event.camera, site)
    subject = f"{_SIGNS[event.severity]}{kind_words(event.kind, language)}{f' — {place}' if place else ''}"
    lines = [_when(event, site), *_facts(event, site, language)]
    if event.text:
        lines.append(event.text)
    if site.public_url and event.camera != SYSTEM:
        lines.append(f"{site.public_url.rstrip('/')}/#event={event.event_id}")
    return Message(subject=_line(subject), text=_cut("\n".join(lines)), photo=photo_of(event))


def _facts(event: Event, site: Site, language: Language) -> list[str]:
    def line(name: str, value: str) -> str:
        return f"{say(_LABELS[name], language)}: {value}"

    found = []
    if event.plate:
        found.append(line("plate", event.plate))
    if event.person:
        found.append(line("person", site.people.get(event.person) or event.person))
    elif event.function in {"faces", "attendance"}:
        found.append(line("person", say(_UNKNOWN, language)))
    if event.listed:
        found.append(line("list", event.listed))
    if event.missing:
        found.append(line("missing", ", ".join(event.missing)))
    if event.kind == "feedback":
        found.append(line("verdict", f"{event.cause} ({event.author})"))
    return found


def _several(events: Sequence[Event], site: Site, language: Language) -> Message:
    counts = Counter((event.kind, event.camera) for event in events)
    worst = max(events, key=lambda event: list(_SIGNS).index(event.severity))
    subject = f"{_SIGNS[worst.severity]}{say(_EVENTS, language).format(len(events))}"
    lines = [f"{_when(events[0], site)} – {_when(events[-1], site)}"]
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    for (kind, camera), count in ordered[:LINES_MAX]:
        place = place_words(camera, site)
        lines.append(f"{count} × {kind_words(kind, language)}{f' — {place}' if place else ''}")
    if len(ordered) > LINES_MAX:
        lines.append(say(_MORE, language).format(sum(count for _, count in ordered[LINES_MAX:])))
    return Message(subject=_line(subject), text=_cut("\n".join(lines)), photo=photo_of(events[0]))


def place_words(camera: str, site: Site) -> str:
    """Name of a camera with the region that it is in."""
    if camera == SYSTEM:
        return ""
    found = site.cameras.get(camera)
    if found is None:
        return camera
    region = site.regions.get(found.region)
    return found.name + (f" ({region.name})" if region is not None else "")


def photo_of(event: Event) -> bytes:
    """The small picture that comes with an event."""
    return next((photo.thumbnail for photo in event.photos if photo.thumbnail), b"")


def _when(event: Event, site: Site) -> str:
    return local(event.opened_at_us, site.timezone).strftime("%Y-%m-%d %H:%M:%S")


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
