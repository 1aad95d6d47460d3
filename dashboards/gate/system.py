"""Panels about zool itself: is it up, is it late, did it lose anything. From the metrics. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common

from dashboards.panels import Asked, figures
from dashboards.parts import (
    GREEN,
    RED,
    YELLOW,
    all_series,
    by_palette,
    by_thresholds,
    last,
    legend_below,
    steps,
    words,
)
from dashboards.query import PROMETHEUS, promql
from dashboards.text import Say

_LAG = "histogram_quantile({q}, sum by (le) (rate(zool_decide_lag_seconds_bucket[{span}])))"
TROUBLES = (
    ("sum(increase(zool_postprocess_dead_total[$__range]))", "messages put aside", "отложенные сообщения"),
    ("sum(increase(zool_decide_gaps_total[$__range]))", "dropped unread by a stream", "выпало из потока"),
    ("sum(increase(zool_ingest_outbox_dropped_total[$__range]))", "given up at ingest", "потеряно на приёме"),
    ("sum(increase(zool_store_retries_total[$__range]))", "inserts tried again", "повторы записи"),
)
"""Each is zero on a healthy system; all but the last mean that something is missing from the counts."""


def late_now(say: Say) -> stat.Panel:
    """How late events are."""
    return (
        stat.Panel()
        .title(say("Event delay, 95 %", "Задержка, 95 %"))
        .description(
            say(
                "From the crossing to the first version of its event, over the chosen time; 19 of 20 are faster.",
                "От пересечения до первой версии события, за выбранное время; 19 событий из 20 быстрее.",
            )
        )
        .datasource(PROMETHEUS)
        .with_target(promql(_LAG.format(q=0.95, span="$__range"), instant=True))
        .reduce_options(last())
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .unit("s")
        .decimals(1)
        .no_value("—")
        .color_scheme(by_thresholds())
        .thresholds(steps((None, GREEN), (1, YELLOW), (5, RED)))
        .span(3)
        .height(5)
    )


def late_over_time(say: Say) -> timeseries.Panel:
    """Delay of events, and of looking at pictures."""
    return (
        timeseries.Panel()
        .title(say("Delay", "Задержка"))
        .description(
            say(
                "Of events: half and 95 % are faster. Of pictures: the camera that lags most, from the picture's stamp "
                "to its report.",
                "Событий: быстрее половина и 95 %. Картинки: самая отстающая камера, от отметки кадра до его разбора.",
            )
        )
        .datasource(PROMETHEUS)
        .with_target(
            promql(_LAG.format(q=0.5, span="$__rate_interval"), legend=say("events, half", "события, половина"))
        )
        .with_target(
            promql(
                _LAG.format(q=0.95, span="$__rate_interval"), legend=say("events, 95 %", "события, 95 %"), ref_id="B"
            )
        )
        .with_target(
            promql(
                'max(zool_ingest_lag_seconds{camera=~"$camera"})',
                legend=say("picture, worst camera", "картинка, худшая камера"),
                ref_id="C",
            )
        )
        .draw_style(common.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(True)
        .unit("s")
        .min(0)
        .color_scheme(by_palette())
        .legend(legend_below())
        .tooltip(all_series())
        .span(9)
        .height(8)
    )


def components(say: Say) -> statetimeline.Panel:
    """Which processes answer."""
    return (
        statetimeline.Panel()
        .title(say("Components answer", "Компоненты отвечают"))
        .description(
            say(
                "Prometheus' own `up` of the jobs whose name begins with zool: the process answered /metrics. "
                "What it lacks is in its /health/ready.",
                "`up` самого Prometheus для заданий, чьё имя начинается с zool: процесс ответил на /metrics. "
                "Чего ему не хватает — в его /health/ready.",
            )
        )
        .datasource(PROMETHEUS)
        .with_target(promql('min by (component) (up{job=~"zool.*"})', legend="{{component}}"))
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .merge_values(True)
        .color_scheme(by_thresholds())
        .thresholds(steps((None, RED), (1, GREEN)))
        .mappings(words({"1": (say("yes", "да"), GREEN), "0": (say("no", "нет"), RED)}))
        .legend(legend_below())
        .span(9)
        .height(8)
    )


def troubles(say: Say) -> stat.Panel:
    """What was lost, put aside or tried again."""
    return figures(
        say,
        ("Losses and retries", "Потери и повторы"),
        (
            "Over the chosen time; all zero on a healthy system. All but the retries mean that the counts miss "
            "something.",
            "За выбранное время; у здоровой системы всё по нулям. Всё, кроме повторов, значит, что в счёте "
            "чего-то нет.",
        ),
        [Asked(*each) for each in TROUBLES],
    )
