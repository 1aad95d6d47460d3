"""Every query of the board against the real engine, which holds a day of events put in by the real row builders."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dashboards.__main__ import BOARDS
from dashboards.preview.board import Json, read_board, sql_targets, variable_queries
from dashboards.preview.macros import filled
from tests.support.boards import Asker, Rows, fill, span_of
from tests.support.clickhouse import running_clickhouse
from tests.support.day import CAMERAS, Passage, camera_events, passages, vehicle_events, without_lost
from tests.support.day_people import everything
from tests.support.native import ask_native, decoded

END = datetime(2026, 3, 4, 13, 30, tzinfo=UTC)
END_US = int(END.timestamp()) * 1_000_000
DAY = span_of(END - timedelta(hours=24), END)
BOARD = read_board(BOARDS / "gate.en.json")
ALL_BOARDS = [read_board(path) for path in sorted(BOARDS.glob("*.en.json"))]
ASKED = [
    pytest.param(board, panel["title"], sql, id=f"{board['uid']}-{panel['id']}")
    for board in ALL_BOARDS
    for panel, sql in sql_targets(board)
]
QUERIES = {panel["title"]: sql for panel, sql in sql_targets(BOARD)}
PASSAGES = without_lost(passages(END_US), END_US)
EVENTS = [*vehicle_events(PASSAGES, end_us=END_US), *camera_events(END_US), *everything(PASSAGES, END_US)]
ONLY_AT = {
    "On site, the longest first": "gate-north", "Last alarms and warnings": "gate-south",
    "What was not worn": "gate-south",
    "Alarms and warnings, by kind": "gate-south", "Alarms and warnings, by hour": "gate-south",
    "Alarms and warnings, by shift": "gate-south", "By camera and zone": "gate-south", "Time in zones": "gate-south",
    "Wore everything, by camera": "gate-south", "People of the chosen time": "gate-south", "Bad pictures": "gate-south",
}  # fmt: skip
"""Panels that list what happens at some cameras alone → one of these."""


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """A store with the day in it."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse")) as server:
        settings = msgspec.structs.replace(server.settings, database="site")
        asyncio.run(fill(settings, CAMERAS, EVENTS))
        client = Asker(settings)
        yield client
        client.close()


def ask(asker: Asker, title: str, **chosen: Any) -> Rows:
    """A panel's rows, with some variables chosen."""
    return asker.ask(QUERIES[title], DAY, asker.variables(BOARD, DAY, chosen))


def truth(kind: str, *cameras: str) -> list[Passage]:
    """Passages of the day of a kind, by cameras if any are named."""
    return [one for one in PASSAGES if one.kind == kind and (not cameras or one.camera in cameras)]


@pytest.mark.parametrize(("board", "title", "sql"), ASKED)
@pytest.mark.parametrize("chosen", [{}, {"camera": ["gate-north-out"]}, {"region": ["Север", "Юг"]}], ids=str)
def test_every_panel_has_rows(asker: Asker, board: Json, title: str, sql: str, chosen: dict[str, list[str]]) -> None:
    """With All, with one camera, with two regions."""
    if "camera" in chosen:
        chosen = {"camera": [ONLY_AT.get(title, "gate-north-out")]}
    found = asker.ask(sql, DAY, asker.variables(board, DAY, chosen)).rows
    assert found
    assert any(value is not None for row in found for value in row) or "camera" in chosen


@pytest.mark.parametrize(("board", "title", "sql"), ASKED)
@pytest.mark.parametrize("hours", [0, 1])
def test_an_empty_time_is_no_error(asker: Asker, board: Json, title: str, sql: str, hours: int) -> None:
    """Ten years before the first event, and a span without length: an answer, though nobody drove by."""
    until = END - timedelta(days=3650)
    span = span_of(until - timedelta(hours=hours), until)
    found = asker.ask(sql, span, asker.variables(board, span)).records
    counts = {"entries", "exits", "on_site", "unread_entries", "unread_exits", "vehicles", "blind_s", "spans"}
    assert [value for row in found for name, value in row.items() if name in counts and value] == []


@pytest.mark.parametrize(("board", "title", "sql"), ASKED)
def test_the_plugin_s_protocol_gives_the_same(asker: Asker, board: Json, title: str, sql: str) -> None:
    """As Grafana's plug-in asks over HTTP, read by another implementation of the format."""
    variables = asker.variables(board, DAY)
    answer = ask_native(asker.settings, filled(sql, DAY, variables))
    assert answer.status_code == 200, answer.text
    plain = [tuple(_bare(value) for value in row) for row in asker.ask(sql, DAY, variables).rows]
    assert [tuple(_bare(value) for value in row) for row in decoded(answer.content)] == plain


def _bare(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.mark.parametrize(("name", "sql"), list(variable_queries(BOARD)))
def test_variables_have_options(asker: Asker, name: str, sql: str) -> None:
    """Value and text, as the plugin wants them."""
    found = asker.ask(sql, DAY, asker.variables(BOARD, DAY))
    assert found.names == ("value", "text")
    assert all(value for value, _ in found.rows), f"an empty value of {name} would mean All"


def test_cameras_follow_the_region(asker: Asker) -> None:
    """Only its cameras are offered; a camera without a region stands under a dash."""
    sql = dict(variable_queries(BOARD))["camera"]
    south = asker.ask(sql, DAY, asker.variables(BOARD, DAY, {"region": ["Юг"]}))
    assert {row[0] for row in south.rows} == {"gate-south", "old-gate"}
    nowhere = asker.ask(sql, DAY, asker.variables(BOARD, DAY, {"region": ["-"]}))
    assert nowhere.rows == [("car-park", "Парковка"), ("gone", "Ворота 9 ✕")]


@pytest.mark.parametrize("cameras", [(), ("gate-south",), ("gate-north", "car-park")])
def test_entries_and_exits_are_those_of_the_day(asker: Asker, cameras: tuple[str, ...]) -> None:
    """Each once, though versions came three times; by hour they sum up to the same."""
    chosen = {"camera": cameras} if cameras else {}
    expected = (len(truth("vehicle_entry", *cameras)), len(truth("vehicle_exit", *cameras)))
    assert ask(asker, "In the chosen time", **chosen).rows == [expected]
    hours = ask(asker, "Entries and exits by hour", **chosen).rows
    assert (sum(row[1] for row in hours), sum(row[2] for row in hours)) == expected
    assert [row[0] for row in hours] == [hours[0][0] + timedelta(hours=n) for n in range(25)], "quiet hours are zeros"


def still_there() -> set[str]:
    """Plates whose last passage is an entry."""
    newest: dict[str, Passage] = {one.plate: one for one in PASSAGES if one.plate}
    return {name for name, one in newest.items() if one.kind == "vehicle_entry"}


def test_on_site(asker: Asker) -> None:
    """Plates whose last passage is an entry, wherever they leave; unread passages beside it."""
    unread = [one for one in PASSAGES if not one.plate]
    (row,) = ask(asker, "Vehicles on site now").records
    assert row == {
        "on_site": len(still_there()),
        "unread_entries": sum(one.kind == "vehicle_entry" for one in unread),
        "unread_exits": sum(one.kind == "vehicle_exit" for one in unread),
    }
    listed = ask(asker, "On site, the longest first").records
    assert {one["plate"] for one in listed} == still_there()
    assert [one["stay_s"] for one in listed] == sorted((one["stay_s"] for one in listed), reverse=True)


def test_on_site_by_camera_counts_who_came_in_there(asker: Asker) -> None:
    """A vehicle that came in by one gate and left by another is not on site, whichever camera is chosen."""
    newest: dict[str, Passage] = {one.plate: one for one in PASSAGES if one.plate}
    expected = {n for n, one in newest.items() if one.kind == "vehicle_entry" and one.camera == "gate-north"}
    assert {one["plate"] for one in ask(asker, "On site, the longest first", camera=["gate-north"]).records} == expected


def test_who_stays_too_long_no_longer_counts(asker: Asker) -> None:
    """The window is the variable's."""
    short = ask(asker, "On site, the longest first", stay_hours=["12"]).records
    assert 0 < len(short) < len(still_there())
    assert max(one["stay_s"] for one in short) <= 12 * 3600


def test_read_rate(asker: Asker) -> None:
    """Share of final passages with a plate; nothing, not zero, where there are none."""
    settled = [one for one in PASSAGES if END_US - one.at_us > 20_000_000]
    ((rate,),) = ask(asker, "Plates read").rows
    assert rate == pytest.approx(sum(bool(one.plate) for one in settled) / len(settled))
    empty = span_of(END - timedelta(days=3650), END - timedelta(days=3649))
    assert asker.ask(QUERIES["Plates read"], empty, asker.variables(BOARD, empty)).rows == [(None,)]


def test_last_vehicles(asker: Asker) -> None:
    """The newest first, with the camera's name and the id that links are made of; no picture is no data address."""
    found = ask(asker, "Last vehicles").records
    assert len(found) == 25
    newest = PASSAGES[-1]
    assert (found[0]["plate"], found[0]["passage"], found[0]["picture"]) == (newest.plate, newest.kind, "")
    assert found[0]["camera_name"] == next(one.name for one in CAMERAS if one.id == newest.camera)
    assert all(one["event_id"] for one in found)
    assert all((one["plate_confidence"] is None) == (one["plate"] == "") for one in found)


def test_states_of_cameras(asker: Asker) -> None:
    """Lost with its cause, switched off, watched; deleted while vehicles of it lie in the chosen time."""
    found = {one["camera_name"]: one for one in ask(asker, "Cameras").records}
    states = {name: one["state"] for name, one in found.items()}
    assert states == {
        "Проходная, въезд": "watched", "Проходная, выезд": "watched", "Грузовые ворота": "watched", "Парковка": "lost",
        "Старые ворота": "disabled", "Ворота 9": "deleted",
    }  # fmt: skip
    assert found["Парковка"]["cause"] == "refused"
    assert found["Парковка"]["since"] == (END - timedelta(hours=1)).replace(tzinfo=None)
    assert found["Старые ворота"]["last_vehicle"] is None
    assert next(iter(found)) == "Парковка", "trouble stands first"
    assert found["Проходная, въезд"]["vehicles"] == len(truth("vehicle_entry", "gate-north"))


def test_blind_time(asker: Asker) -> None:
    """Clipped to the chosen time; a span that lasts counts up to its end; each once, though it came in two versions."""
    expected = {
        "Проходная, въезд": 4.2, "Проходная, выезд": 660.0, "Грузовые ворота": 74.4, "Парковка": 3600.0,
    }  # fmt: skip
    assert dict(ask(asker, "Not looked at, by camera").rows) == expected
    by_cause = {one["cause"]: (one["spans"], one["blind_s"]) for one in ask(asker, "Not looked at, by cause").records}
    assert by_cause == {"restart": (2, 8.6), "network": (1, 660.0), "inference": (1, 70.0), "camera": (1, 3600.0)}
    late = span_of(END - timedelta(minutes=30), END)
    clipped = asker.ask(QUERIES["Not looked at, by camera"], late, asker.variables(BOARD, late))
    assert dict(clipped.rows)["Парковка"] == 1800.0
