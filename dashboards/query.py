"""Questions of panels: SQL for the plugin `grafana-clickhouse-datasource`, PromQL for Prometheus. Pure.

Rules
- SQL lies in `sql/<name>.sql`; `@name` in it stands for the fragment `sql/_<name>.sql`.
- Tables are named without their database: the data source says which one it is.
- Reads go through the views `*_latest` of postprocess/migrations: the tables behind them hold duplicates.
- Fields have English names; what people read is set by the panel.
"""

from __future__ import annotations

import re
from importlib import resources

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.errors import QueryMissingError

CLICKHOUSE = DataSourceRef(type_val="grafana-clickhouse-datasource", uid="${clickhouse}")
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${prometheus}")
_FRAGMENT = re.compile(r"@(\w+)")


def sql(name: str) -> str:
    """The text of a query with its fragments in place; raises `QueryMissingError`."""
    file = resources.files("dashboards").joinpath("sql", f"{name}.sql")
    if not file.is_file():
        raise QueryMissingError(name)
    text = file.read_text(encoding="utf-8").strip()
    return _FRAGMENT.sub(lambda found: sql(f"_{found.group(1)}"), text)


class SqlQuery(variants.Dataquery):
    """A target of the ClickHouse plugin, as its SQL editor saves it."""

    def __init__(self, text: str, *, series: bool, ref_id: str) -> None:
        self.text, self.series, self.ref_id = text, series, ref_id

    def to_json(self) -> dict[str, object]:
        """`format`: 0 = time series, 1 = table."""
        return {
            "datasource": CLICKHOUSE,
            "editorType": "sql",
            "format": 0 if self.series else 1,
            "queryType": "timeseries" if self.series else "table",
            "rawSql": self.text,
            "refId": self.ref_id,
        }


class Sql(cogbuilder.Builder[variants.Dataquery]):
    """Builder of a `SqlQuery` from a file of `sql/`."""

    def __init__(self, name: str, *, series: bool = False, ref_id: str = "A") -> None:
        self._query = SqlQuery(sql(name), series=series, ref_id=ref_id)

    def build(self) -> variants.Dataquery:
        """The target."""
        return self._query


def promql(expr: str, *, legend: str = "", instant: bool = False, ref_id: str = "A") -> prometheus.Dataquery:
    """A target of Prometheus: the whole span, or with `instant` its end only."""
    query = prometheus.Dataquery().expr(expr).datasource(PROMETHEUS).ref_id(ref_id).legend_format(legend)
    query = query.format(PromQueryFormat.TIME_SERIES)
    return query.instant() if instant else query.range()
