"""What a user chooses on top of a board: region, camera, how long a stay may last, shifts; the data sources. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.query import CLICKHOUSE, sql
from dashboards.text import Say

Variables = Sequence[cogbuilder.Builder[models.VariableModel]]
STAY_HOURS = (12, 24, 72, 168)
STAY_HOURS_DEFAULT = 24


def _option(text: str, value: str) -> models.VariableOption:
    return models.VariableOption(selected=True, text=text, value=value)


def _source(name: str, plugin: str, label: str, uid: str, shown: str) -> builders.DatasourceVariable:
    return builders.DatasourceVariable(name).type(plugin).label(label).current(_option(shown, uid))


def _from_store(name: str, label: str, query: str, refresh: models.VariableRefresh) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(CLICKHOUSE)
        .query({"editorType": "sql", "rawSql": sql(query), "refId": name})
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
        .multi(True)
        .include_all(True)
        .refresh(refresh)
        .sort(models.VariableSort.DISABLED)
    )


class _Hidden(cogbuilder.Builder[models.VariableModel]):
    """A variable that is not shown."""

    def __init__(self, shown: cogbuilder.Builder[models.VariableModel]) -> None:
        self._shown = shown

    def build(self) -> models.VariableModel:
        variable = self._shown.build()
        variable.hide = models.VariableHide.HIDE_VARIABLE
        return variable


def variables(say: Say, *, zool_url: str, further: Variables = ()) -> list[cogbuilder.Builder[models.VariableModel]]:
    """Of a board about cameras and events, in the order in which they stand."""
    on_load = models.VariableRefresh.ON_DASHBOARD_LOAD
    return [
        _from_store("region", say("Region", "Участок"), "variable_region", on_load),
        _from_store("camera", say("Camera", "Камера"), "variable_camera", on_load),
        *further,
        *sources(zool_url=zool_url),
    ]


def sources(*, zool_url: str) -> list[cogbuilder.Builder[models.VariableModel]]:
    """Where the console is, and the two data sources."""
    return [
        _Hidden(builders.ConstantVariable("zool_url").value(zool_url)),
        _source("clickhouse", "grafana-clickhouse-datasource", "ClickHouse", "zool-clickhouse", "zool events"),
        _source("prometheus", "prometheus", "Prometheus", "zool-prometheus", "zool metrics"),
    ]


def stay(say: Say) -> cogbuilder.Builder[models.VariableModel]:
    """How long somebody may be there before an exit is taken as missed."""
    return (
        builders.CustomVariable("stay_hours")
        .label(say("Stays at most, hours", "Стоит не дольше, часов"))
        .description(say("An entry that is older no longer counts as on site.", "Въезд старше не считается стоянкой."))
        .values(",".join(str(hours) for hours in STAY_HOURS))
        .current(_option(str(STAY_HOURS_DEFAULT), str(STAY_HOURS_DEFAULT)))
    )


def shifts(say: Say) -> Variables:
    """When shifts begin, and by whose clock."""
    return (
        _choice("first_shift", say("First shift begins at", "Первая смена с"), (6, 7, 8, 9), 8),
        _choice("shift_hours", say("Shifts of hours", "Длина смены, часов"), (8, 12, 24), 12),
        builders.TextBoxVariable("zone")
        .label(say("Time zone of the site", "Часовой пояс"))
        .default_value("Europe/Moscow")
        .current(_option("Europe/Moscow", "Europe/Moscow")),
    )


def _choice(name: str, label: str, values: Sequence[int], default: int) -> builders.CustomVariable:
    shown = ",".join(str(one) for one in values)
    return builders.CustomVariable(name).label(label).values(shown).current(_option(str(default), str(default)))
