"""Pieces that panels share: colours, thresholds, words for values, what a column is called. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "#8e8e8e"
ENTRY_COLOUR, EXIT_COLOUR = "green", "blue"


def steps(*limits: tuple[float | None, str]) -> builders.ThresholdsConfig:
    """Thresholds: (from this value on, colour); the first value is None."""
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in limits])
    )


def by_thresholds() -> builders.FieldColor:
    """Colour follows the thresholds."""
    return builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)


def by_palette() -> builders.FieldColor:
    """Each series a colour of its own."""
    return builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC)


def fixed(colour: str) -> dict[str, str]:
    """Value of the property `color`: always this one."""
    return {"mode": "fixed", "fixedColor": colour}


def named(name: str, **others: object) -> list[models.DynamicConfigValue]:
    """Properties of a field: what it is called, and others by their Grafana id (`custom__width` is `custom.width`)."""
    return properties(displayName=name, **others)


def properties(**values: object) -> list[models.DynamicConfigValue]:
    """Properties of a field by their Grafana id (`custom__width` is `custom.width`)."""
    return [models.DynamicConfigValue(id_val=key.replace("__", "."), value=value) for key, value in values.items()]


def words(meanings: Mapping[str, tuple[str, str]]) -> list[models.ValueMapping]:
    """Value → (what is shown, colour); an empty colour leaves it as it is."""
    options = {
        value: models.ValueMappingResult(text=text, color=colour or None, index=index)
        for index, (value, (text, colour)) in enumerate(meanings.items())
    }
    return [models.ValueMap(options=options)]


def empty_as(text: str, colour: str) -> models.ValueMapping:
    """What stands where a value is empty."""
    result = models.ValueMappingResult(text=text, color=colour)
    options = models.DashboardSpecialValueMapOptions(match=models.SpecialValueMatch.EMPTY, result=result)
    return models.SpecialValueMap(options=options)


def legend_below() -> common_builders.VizLegendOptions:
    """A legend in one line under the drawing."""
    return (
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
    )


def all_series() -> common_builders.VizTooltipOptions:
    """A tooltip that lists every series."""
    return common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)


def last(fields: str = "") -> common_builders.ReduceDataOptions:
    """The last value of each field; `fields` is a regular expression between slashes, empty = numbers."""
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"]).fields(fields).values(False)


def rows(fields: str) -> common_builders.ReduceDataOptions:
    """Every row of a field by itself."""
    return common_builders.ReduceDataOptions().calcs([]).fields(fields).values(True).limit(30)


def link(title: str, url: str) -> dict[str, object]:
    """Value of the property `links`: one link that opens beside the board."""
    return {"title": title, "url": url, "targetBlank": True}


def links(pairs: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    """Several links: (title, address)."""
    return [link(title, url) for title, url in pairs]
