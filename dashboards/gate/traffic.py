"""Panels about vehicles: how many, when, which, and how many are still there. Pure."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common

from dashboards import vocabulary
from dashboards.parts import (
    ENTRY_COLOUR,
    EXIT_COLOUR,
    GREEN,
    GREY,
    ORANGE,
    RED,
    YELLOW,
    all_series,
    by_palette,
    by_thresholds,
    empty_as,
    fixed,
    last,
    legend_below,
    named,
    properties,
    steps,
    words,
)
from dashboards.places import event_links
from dashboards.query import CLICKHOUSE, Sql
from dashboards.text import Say

READ_RATE_STEPS = ((None, RED), (0.8, ORANGE), (0.9, YELLOW), (0.95, GREEN))


def on_site(say: Say) -> stat.Panel:
    """How many vehicles are there now."""
    unread = say("unread", "без номера")
    return (
        stat.Panel()
        .title(say("Vehicles on site now", "Сейчас на территории"))
        .description(
            say(
                "Plates whose last passage, at any camera, is an entry not older than “Stays at most”. "
                "It is exact only for plates that were read both ways: a vehicle whose exit was not read, or read "
                "differently, stays counted until it is too old; one whose entry was not read is not counted. "
                "The grey numbers are the passages without a plate in the same hours: the count may be off by as many. "
                "“Now” is the end of the chosen time.",
                "Номера, чей последний проезд (по любой камере) — въезд не старше «Стоит не дольше». "
                "Точно лишь для машин, чей номер прочитан и на въезде, и на выезде: если выезд не прочитан или "
                "прочитан иначе, машина считается, пока не выйдет срок; если не прочитан въезд — не считается. "
                "Серые числа — проезды без номера за те же часы: настолько счёт может быть неточен. "
                "«Сейчас» — конец выбранного времени.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("on_site"))
        .reduce_options(last())
        .orientation(common.VizOrientation.VERTICAL)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .decimals(0)
        .override_by_name(
            "on_site", named(say("with a plate", "с номером"), color=fixed(GREEN))
        )
        .override_by_name(
            "unread_entries", named(say("entries ", "въезды ") + unread, color=fixed(GREY))
        )
        .override_by_name("unread_exits", named(say("exits ", "выезды ") + unread, color=fixed(GREY)))
        .span(9)
        .height(5)
    )  # fmt: skip


def passages(say: Say) -> stat.Panel:
    """Entries and exits in the chosen time."""
    return (
        stat.Panel()
        .title(say("In the chosen time", "За выбранное время"))
        .description(
            say(
                "Crossings of the line, each vehicle once; unread plates included.",
                "Пересечения линии, каждая машина один раз; непрочитанные номера тоже.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("passages"))
        .reduce_options(last())
        .orientation(common.VizOrientation.VERTICAL)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .decimals(0)
        .override_by_name("entries", named(say("entries", "въезды"), color=fixed(ENTRY_COLOUR)))
        .override_by_name("exits", named(say("exits", "выезды"), color=fixed(EXIT_COLOUR)))
        .span(6)
        .height(5)
    )


def read_rate(say: Say) -> stat.Panel:
    """Share of passages with a plate."""
    return (
        stat.Panel()
        .title(say("Plates read", "Номера прочитаны"))
        .description(
            say(
                "Share of finished passages that have a plate. Whether the plate is right, this number does not say.",
                "Доля законченных проездов с номером. Верен ли номер, это число не говорит.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("read_rate"))
        .reduce_options(last())
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .unit("percentunit")
        .decimals(1)
        .no_value("—")
        .color_scheme(by_thresholds())
        .thresholds(steps(*READ_RATE_STEPS))
        .override_by_name("read_rate", named(""))
        .span(3)
        .height(5)
    )


def by_hour(say: Say) -> timeseries.Panel:
    """Bars: entries up, exits down."""
    return (
        timeseries.Panel()
        .title(say("Entries and exits by hour", "Въезды и выезды по часам"))
        .description(
            say(
                "Whole hours; entries go up, exits go down.",
                "По целым часам; въезды вверх, выезды вниз.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("passages_by_hour", series=True))
        .draw_style(common.GraphDrawStyle.BARS)
        .bar_alignment(common.BarAlignment.AFTER)
        .bar_width_factor(0.85)
        .fill_opacity(80)
        .line_width(0)
        .axis_centered_zero(True)
        .axis_border_show(False)
        .decimals(0)
        .legend(legend_below())
        .tooltip(all_series())
        .override_by_name("entries", named(say("entries", "въезды"), color=fixed(ENTRY_COLOUR)))
        .override_by_name(
            "exits", named(say("exits", "выезды"), color=fixed(EXIT_COLOUR), custom__transform="negative-Y")
        )
        .span(15)
        .height(9)
    )


def read_rate_over_time(say: Say) -> timeseries.Panel:
    """Share of passages with a plate, for each camera."""
    return (
        timeseries.Panel()
        .title(say("Plates read, by camera", "Номера прочитаны, по камерам"))
        .description(
            say(
                "An hour or more to a point. One camera falling while others stay: dirt, light or a moved camera.",
                "Точка — час или больше. Падает одна камера: грязь, свет или её сдвинули.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("read_rate_by_camera", series=True))
        .draw_style(common.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.ALWAYS)
        .point_size(5)
        .span_nulls(False)
        .unit("percentunit")
        .decimals(0)
        .min(0)
        .max(1)
        .color_scheme(by_palette())
        .display_name("${__field.labels.camera_name}")
        .legend(legend_below())
        .tooltip(all_series())
        .span(9)
        .height(9)
    )


def last_vehicles(say: Say) -> table.Panel:
    """The newest passages with their pictures."""
    passage, vehicles = words(vocabulary.passages(say)), words(vocabulary.vehicles(say))
    opening = event_links(say)
    return (
        table.Panel()
        .title(say("Last vehicles", "Последние машины"))
        .description(
            say(
                "The newest 25 of the chosen time. The picture comes from the store; a click on it or on the plate "
                "opens the passage in the console.",
                "Последние 25 за выбранное время. Снимок — из хранилища; щелчок по нему или номеру открывает проезд "
                "в консоли.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("last_vehicles"))
        .cell_height(common.TableCellHeight.LG)
        .no_value("—")
        .override_by_name(
            "time", named(say("Time", "Время"), custom__width=165, unit="dateTimeAsLocal")
        )
        .override_by_name(
            "picture",
            named(say("Picture", "Снимок"), custom__width=110, custom__cellOptions={"type": "image"}, links=opening),
        )
        .override_by_name(
            "plate",
            named(
                say("Plate", "Номер"), links=opening, custom__width=130,
                mappings=[empty_as(say("not read", "не прочитан"), ORANGE)],
            ),
        )
        .override_by_name(
            "passage",
            named(say("Way", "Куда"), mappings=passage, custom__width=80, custom__cellOptions={"type": "color-text"}),
        )
        .override_by_name("camera_name", named(say("Camera", "Камера")))
        .override_by_name("vehicle", named(say("Vehicle", "Вид"), mappings=vehicles, custom__width=105))
        .override_by_name(
            "plate_confidence",
            named(say("Sure", "Уверенность"), unit="percentunit", decimals=0, custom__width=110),
        )
        .override_by_name("event_id", properties(custom__hidden=True))
        .span(15)
        .height(14)
    )  # fmt: skip


def on_site_list(say: Say) -> table.Panel:
    """Which vehicles are there, the longest stay first."""
    return (
        table.Panel()
        .title(say("On site, the longest first", "На территории, дольше всех — первыми"))
        .description(
            say(
                "The plates behind “Vehicles on site now”, with the same limits.",
                "Номера из «Сейчас на территории», с теми же оговорками.",
            )
        )
        .datasource(CLICKHOUSE)
        .with_target(Sql("on_site_list"))
        .cell_height(common.TableCellHeight.SM)
        .no_value("—")
        .override_by_name("plate", named(say("Plate", "Номер"), links=event_links(say), custom__width=125))
        .override_by_name("since", named(say("Since", "С"), unit="dateTimeAsLocal", custom__width=165))
        .override_by_name(
            "stay_s",
            named(
                say("Stays", "Стоит"), unit="dthms", custom__width=130,
                custom__cellOptions={"type": "color-text"}, color={"mode": "thresholds"},
                thresholds=steps((None, GREEN), (8 * 3600, YELLOW), (12 * 3600, ORANGE)).build(),
            ),
        )
        .override_by_name("camera_name", named(say("Came in at", "Въехала через")))
        .override_by_name("event_id", properties(custom__hidden=True))
        .span(9)
        .height(14)
    )  # fmt: skip
