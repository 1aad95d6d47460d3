"""Panels about cameras: are they there, were they looked at, how long not. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table
from grafana_foundation_sdk.models import common

from dashboards.panels import Asked, yes_no
from dashboards.parts import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    YELLOW,
    by_thresholds,
    last,
    named,
    rows,
    steps,
    words,
)
from dashboards.query import CLICKHOUSE, PROMETHEUS, Sql, promql
from dashboards.text import Say
from dashboards.vocabulary import causes

LIVE = 'zool_ingest_camera_live{camera=~"$camera"}'


def live(say: Say) -> stat.Panel:
    """Share of cameras that give pictures now."""
    return (
        stat.Panel()
        .title(say("Cameras live", "Камеры на связи"))
        .description(
            say(
                "Share of ingest's cameras that give pictures at the end of the chosen time (from the metrics).",
                "Доля камер, дающих картинку в конце выбранного времени (по метрикам приёма).",
            )
        )
        .datasource(PROMETHEUS)
        .with_target(promql(f"avg(max by (camera) ({LIVE}))", instant=True))
        .reduce_options(last())
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .unit("percentunit")
        .decimals(0)
        .no_value("—")
        .color_scheme(by_thresholds())
        .thresholds(steps((None, RED), (0.8, ORANGE), (1, GREEN)))
        .span(3)
        .height(5)
    )


def table_of_cameras(say: Say) -> table.Panel:
    """Each camera with its state as its events tell it."""
    states = words(
        {
            "watched": (say("watched", "наблюдается"), GREEN),
            "blind": (say("not looked at", "не просматривается"), ORANGE),
            "lost": (say("lost", "потеряна"), RED),
            "disabled": (say("switched off", "выключена"), GREY),
            "deleted": (say("deleted", "удалена"), GREY),
        }
    )
    return (
        table.Panel()
        .title(say("Cameras", "Камеры"))
        .description(
            say(
                "State at the end of the chosen time, from the events of the 30 days before it: “watched” means that "
                "no loss and no blind span is open. What the metrics say is the panel beside it.",
                "Состояние на конец выбранного времени, по событиям за 30 дней: «наблюдается» — нет незакрытой потери "
                "или слепого промежутка. Что говорят метрики — на соседней панели.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("cameras"))
        .no_value("—")
        .override_by_name("camera_name", named(say("Camera", "Камера")))
        .override_by_name("region", named(say("Region", "Участок"), custom__width=120))
        .override_by_name(
            "state",
            named(
                say("State", "Состояние"), mappings=states, custom__width=140,
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
        )
        .override_by_name("cause", named(say("Cause", "Причина"), mappings=words(causes(say)), custom__width=180))
        .override_by_name("since", named(say("Since", "С"), unit="dateTimeAsLocal", custom__width=165))
        .override_by_name("vehicles", named(say("Vehicles", "Машин"), custom__width=85))
        .override_by_name(
            "last_vehicle", named(say("Last vehicle", "Последняя машина"), unit="dateTimeAsLocal", custom__width=165)
        )
        .span(15)
        .height(8)
    )  # fmt: skip


def live_over_time(say: Say) -> statetimeline.Panel:
    """When each camera gave pictures."""
    return yes_no(
        say,
        ("Pictures come", "Картинка идёт"),
        (
            "From the metrics of ingest; a gap means that Prometheus had no answer.",
            "По метрикам приёма; пропуск — Prometheus не получил ответа.",
        ),
        Asked(f"max by (camera) ({LIVE})", "{{camera}}", "{{camera}}"),
        width=9,
    )


def blind(say: Say) -> bargauge.Panel:
    """For how long each camera was not looked at."""
    return (
        bargauge.Panel()
        .title(say("Not looked at, by camera", "Не просматривались, по камерам"))
        .description(
            say(
                "Sum of the blind spans within the chosen time. What drove past meanwhile is not in any count.",
                "Сумма слепых промежутков за выбранное время. Кто проехал тогда, нигде не посчитан.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("blind"))
        .reduce_options(rows("/^blind_s$/"))
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.GRADIENT)
        .name_placement(common.BarGaugeNamePlacement.LEFT)
        .value_mode(common.BarGaugeValueMode.COLOR)
        .unit("dthms")
        .min(0)
        .color_scheme(by_thresholds())
        .thresholds(steps((None, GREEN), (60, YELLOW), (600, ORANGE), (3600, RED)))
        .span(15)
        .height(8)
    )


def blind_causes(say: Say) -> table.Panel:
    """Why cameras were not looked at."""
    return (
        table.Panel()
        .title(say("Not looked at, by cause", "Не просматривались, по причинам"))
        .description(
            say(
                "“network” and “camera” are for whoever runs the cameras; the others for whoever runs zool.",
                "«Сеть» и «камера» — к тем, кто ведёт камеры; остальное — к тем, кто ведёт zool.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("blind_causes"))
        .no_value("—")
        .override_by_name("cause", named(say("Cause", "Причина"), mappings=words(causes(say))))
        .override_by_name("spans", named(say("Times", "Раз"), custom__width=70))
        .override_by_name("blind_s", named(say("Altogether", "Всего"), unit="dthms", custom__width=150))
        .span(9)
        .height(8)
    )
