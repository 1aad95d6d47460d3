"""What the demo heard: the newest version of every event, when its first one came, and how it reads on a terminal.

Pure: times come in.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from deploy.demo.truth import Happening, Span
from deploy.language import Language

FOREVER_US = 2**62

Json = dict[str, Any]

_KINDS: dict[str, tuple[str, str]] = {
    "vehicle_entry": ("entry", "въезд"),
    "vehicle_exit": ("exit", "выезд"),
    "access_granted": ("opens", "открывается"),
    "access_denied": ("stays shut", "закрыто"),
    "access_passage": ("barrier", "шлагбаум"),
    "camera_lost": ("camera lost", "камера пропала"),
    "camera_restored": ("camera is back", "камера вернулась"),
    "camera_blind": ("camera was blind", "камера не видела"),
    "camera_degraded": ("bad picture", "плохая картинка"),
}


class Record:
    """All events so far, by id."""

    def __init__(self) -> None:
        self.events: dict[str, Json] = {}
        self.heard_us: dict[str, int] = {}
        self.read_us: dict[str, int] = {}
        """When the first version with a plate came."""

    def hear(self, event: Json, now_us: int) -> bool:
        """Take an event; True when it is new, or its plate changed, or it became final."""
        known = self.events.get(event["id"])
        if known is not None and known["version"] >= event["version"]:
            return False
        self.events[event["id"]] = event
        self.heard_us.setdefault(event["id"], now_us)
        if event["plate"]:
            self.read_us.setdefault(event["id"], now_us)
        return known is None or known["plate"] != event["plate"]

    def happenings(self) -> list[Happening]:
        """Every event as the comparison wants it."""
        return [
            Happening(
                at_us=at_us(e["opened_at"]), camera=e["camera"], kind=e["kind"], plate=e["plate"], event_id=e["id"]
            )
            for e in self.events.values()
        ]

    def blind(self) -> list[Span]:
        """Spans in which a camera was reported not looked at; one that was not told as over lasts."""
        return [
            Span(
                camera=e["camera"],
                from_us=at_us(e["opened_at"]),
                to_us=at_us(e["closed_at"]) if e["closed_at"] else FOREVER_US,
                cause=e["cause"],
            )
            for e in self.events.values()
            if e["kind"] == "camera_blind"
        ]

    def latency_us(self, event_id: str) -> int:
        """From the crossing to the first version at this client."""
        return self.heard_us[event_id] - at_us(self.events[event_id]["opened_at"])

    def kinds(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(sorted(Counter(e["kind"] for e in self.events.values()).items()))


def at_us(text: str) -> int:
    """RFC 3339 to microseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def line(event: Json, latency_us: int, language: Language) -> str:
    """One event on one line."""
    en, ru = _KINDS.get(event["kind"], (event["kind"], event["kind"]))
    at = datetime.fromisoformat(event["opened_at"]).astimezone().strftime("%H:%M:%S.%f")[:-3]
    what = ru if language == "ru" else en
    if not event["kind"].startswith("vehicle_"):
        why = " ".join(word for word in (event["cause"], event["plate"], event["text"]) if word)
        return f"{at}  {event['camera']:<12} {what:<16} {why}".rstrip()
    plate = event["plate"] or "—"
    unit = "мс" if language == "ru" else "ms"
    sure = f"{event['plate_confidence']:.2f}" if event["plate"] else ""
    late = f"+{latency_us / 1000:.0f} {unit}"
    return f"{at}  {event['camera']:<12} {what:<8} {plate:<10} {sure:<5} {event['label']:<10} {late}"
