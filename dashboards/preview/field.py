"""How a value is shown: names, units, colours, words and links, as a panel's JSON says. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from dashboards.preview.answer import seconds
from dashboards.preview.board import Json

COLOURS = {
    "green": "#73bf69", "yellow": "#fade2a", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2",
}  # fmt: skip
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Text and colour of a value; no colour = as the text around it."""

    text: str
    colour: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one field: the panel's defaults with its overrides over them."""

    name: str
    settings: Mapping[str, Any]
    zone: tzinfo

    @property
    def title(self) -> str:
        """What the field is called; a blank name is a wish for none."""
        named: str | None = self.settings.get("displayName")
        return self.name if named is None else named

    def custom(self, key: str) -> Any:
        """A setting of the visualisation, None where it is not set."""
        return self.settings.get(f"custom.{key}", self.settings.get("custom", {}).get(key))

    def named(self, word: str) -> str:
        """A word of a row or label, as the mappings say it."""
        found = (_mapped(mapping, word) for mapping in self.settings.get("mappings", []))
        return next((one["text"] for one in found if one is not None), word)

    def show(self, value: Any) -> Shown:
        """A value in words."""
        for mapping in self.settings.get("mappings", []):
            if (word := _mapped(mapping, value)) is not None:
                return Shown(text=word.get("text") or _text(value), colour=colour(word.get("color") or ""))
        if value is None or value == "":
            return Shown(text=str(self.settings.get("noValue", "")))
        return Shown(text=self._in_units(value), colour=self.colour_of(value))

    def colour_of(self, value: Any) -> str:
        """By thresholds, or the one that is set."""
        mode = self.settings.get("color", {})
        if mode.get("mode") == "fixed":
            return colour(mode["fixedColor"])
        if mode.get("mode") != "thresholds" or not isinstance(value, (int, float)):
            return ""
        found = ""
        for step in self.settings.get("thresholds", {}).get("steps", []):
            if step["value"] is None or value >= step["value"]:
                found = step["color"]
        return colour(found)

    def _in_units(self, value: Any) -> str:
        if isinstance(value, datetime):
            return datetime.fromtimestamp(seconds(value), self.zone).strftime("%d.%m.%Y %H:%M:%S")
        decimals = self.settings.get("decimals")
        match self.settings.get("unit"):
            case "percentunit":
                return f"{value * 100:.{0 if decimals is None else int(decimals)}f}%"
            case "dthms":
                whole = round(value)
                return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
            case "bytes":
                return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))
            case "ms":
                return f"{value:.1f} ms"
            case "short" if abs(value) >= 1000:
                return _scaled(value, 1000, ("", "K", "Mil", "Bil")).strip()
            case "s" if value >= 3600:
                return f"{value / 3600:.1f} h"
            case "s" if value >= 120:
                return f"{value / 60:.1f} min"
            case "s" if value < 1:
                return f"{value * 1000:.0f} ms"
            case "s":
                return f"{value:.{1 if decimals is None else int(decimals)}f} s"
        if isinstance(value, float):
            return f"{value:.{1 if decimals is None else int(decimals)}f}"
        return _text(value)


def _scaled(value: float, base: int, names: tuple[str, ...]) -> str:
    power = min(len(names) - 1, int(math.log(abs(value), base))) if abs(value) >= 1 else 0
    return f"{value / base**power:.3g} {names[power]}"


def fields(panel: Json, names: tuple[str, ...], zone: tzinfo) -> dict[str, Field]:
    """The settings of each field of a panel."""
    config = panel.get("fieldConfig", {})
    found: dict[str, Field] = {}
    for name in names:
        settings = dict(config.get("defaults", {}))
        for override in config.get("overrides", []):
            if override["matcher"] == {"id": "byName", "options": name}:
                settings |= {one["id"]: one["value"] for one in override["properties"]}
        found[name] = Field(name=name, settings=settings, zone=zone)
    return found


def colour(name: str) -> str:
    """Grafana's name of a colour as one that browsers know."""
    return COLOURS.get(name, name)


def series_title(pattern: str, labels: Mapping[str, str]) -> str:
    """`{{label}}` of Prometheus or `${__field.labels.label}` of Grafana filled in."""
    filled = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found.group(1), ""), pattern)
    return re.sub(r"\$\{__field\.labels\.(\w+)\}", lambda found: labels.get(found.group(1), ""), filled)


def _mapped(mapping: Json, value: Any) -> Json | None:
    if mapping["type"] == "special":
        is_empty = mapping["options"]["match"] == "empty" and value == ""
        result: Json | None = mapping["options"]["result"] if is_empty else None
        return result
    key = f"{value:g}" if isinstance(value, float) else str(value)
    found: Json | None = mapping["options"].get(key)
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)
