"""What a user chooses on top of the board: region, camera, how long a vehicle may stay; the data sources. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.query import CLICKHOUSE, sql
from dashboards.text import Say

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


def variables(say: Say, *, zool_url: str) -> list[cogbuilder.Builder[models.VariableModel]]:
    """All of them, in the order in which they stand."""
    stay = say("Stays at most, hours", "Стоит не дольше, часов")
    on_load = models.VariableRefresh.ON_DASHBOARD_LOAD
    return [
        _from_store("region", say("Region", "Участок"), "variable_region", on_load),
        _from_store("camera", say("Camera", "Камера"), "variable_camera", on_load),
        builders.CustomVariable("stay_hours")
        .label(stay)
        .description(say("An entry that is older no longer counts as on site.", "Въезд старше не считается стоянкой."))
        .values(",".join(str(hours) for hours in STAY_HOURS))
        .current(_option(str(STAY_HOURS_DEFAULT), str(STAY_HOURS_DEFAULT))),
        _Hidden(builders.ConstantVariable("zool_url").value(zool_url)),
        _source("clickhouse", "grafana-clickhouse-datasource", "ClickHouse", "zool-clickhouse", "zool events"),
        _source("prometheus", "prometheus", "Prometheus", "zool-prometheus", "zool metrics"),
    ]
