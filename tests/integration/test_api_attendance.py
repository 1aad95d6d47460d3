"""Working time over the real broker and the real store: a plan in, events in the store, a timesheet out."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import httpx
import msgspec
import openpyxl
import pytest

from postprocess.contract import Event, Feedback
from tests.support.api import Site, running_site

DAY_US = 1_781_049_600_000_000  # 2026-06-10T00:00Z, 02:00 in Berlin
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site in Berlin with two people, a plan and a day's events."""
    with running_site(tmp_path_factory.mktemp("api-attendance"), {"ZOOL_DECIDE_TIMEZONE": "Europe/Berlin"}) as running:
        with running.client() as client:
            for person, name in (("anna", "Анна"), ("boris", "Борис")):
                body = {"id": person, "name": name, "department": "Цех"}
                assert client.post("/api/v1/people", json=body).status_code == 201
        running.keep(*day())
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


def happened(number: int, kind: str, minute: int, person: str, *, version: int = 9, **fields: object) -> Event:
    """Minutes after 08:00 in Berlin."""
    at = DAY_US + (6 * 60 + minute) * MINUTE_US
    values: dict[str, object] = {"closed_at_us": at, "final": True} | fields
    return Event(
        event_id=f"e{number}", version=version, kind=kind, camera="gate-1", opened_at_us=at, function="attendance",
        person=person, **values,  # type: ignore[arg-type]
    )  # fmt: skip


def day() -> list[Event]:
    """Anna: in at 08:05, out at 16:00, two hours at the machine. Boris: nothing but an event that was not him."""
    wrong = happened(4, "person_entry", 10, "boris")
    judged = Feedback(
        event_id="e4", camera="gate-1", user="admin", verdict="not_person", person="boris",
        at_us=wrong.opened_at_us + MINUTE_US,
    )  # fmt: skip
    until = DAY_US + (6 * 60 + 180) * MINUTE_US
    return [
        happened(1, "person_entry", 5, "", version=1), happened(1, "person_entry", 5, "anna"),
        happened(2, "person_exit", 480, "anna"),
        happened(3, "presence", 60, "anna", closed_at_us=until, value=7200.0, rule="machine-7"),
        wrong, judged.event(), happened(5, "vehicle_entry", 20, ""),
    ]  # fmt: skip


PLAN = "person,date,since,until,break_min\nanna,2026-06-10,08:00,16:00,30\nboris,2026-06-10,08:00,16:00,30\n"


def test_a_timesheet(client: httpx.Client) -> None:
    """Plan in by CSV; late, hours, share in zones by the site's clock; whoever was not seen is absent."""
    done = client.post("/api/v1/attendance/shifts", content=PLAN.encode())
    assert done.json() == {"shifts": 2, "people": 2, "since": "2026-06-10", "until": "2026-06-10"}
    asked = {"from": "2026-06-10", "to": "2026-06-10"}
    shifts = client.get("/api/v1/attendance/shifts", params=asked).json()["items"]
    assert [(one["person"], one["since"]) for one in shifts] == [("anna", "08:00"), ("boris", "08:00")]
    answer = client.get("/api/v1/attendance/timesheet", params=asked)
    assert answer.status_code == 200, answer.text
    anna, boris = answer.json()["items"]
    assert (anna["late_min"], anna["there_min"], anna["present_min"], anna["planned_min"]) == (5, 475, 120, 450)
    assert (anna["name"], anna["first"], anna["absent"]) == ("Анна", "2026-06-10T08:05:00+02:00", False)
    assert (boris["absent"], boris["unpaired"], boris["there_min"]) == (True, 0, 0)
    one = client.get("/api/v1/attendance/timesheet", params=asked | {"person": "anna", "grace_min": 10}).json()
    assert [(row["person"], row["late_min"]) for row in one["items"]] == [("anna", 0)]
    none = client.get("/api/v1/attendance/timesheet", params=asked | {"department": "Склад"}).json()
    assert none == {"timezone": "Europe/Berlin", "items": []}


def test_it_can_be_taken_along(client: httpx.Client) -> None:
    """As CSV in the reader's language, as a workbook."""
    client.post("/api/v1/attendance/shifts", content=PLAN.encode())
    asked = {"from": "2026-06-10", "to": "2026-06-10", "format": "csv"}
    table = client.get("/api/v1/attendance/timesheet", params=asked, headers={"Accept-Language": "ru"})
    assert table.headers["content-disposition"] == 'attachment; filename="timesheet.csv"'
    assert "anna;Анна;Цех;2026-06-10;08:00;16:00;2026-06-10 08:05" in table.content.decode("utf-8-sig")
    book = client.get("/api/v1/attendance/timesheet", params=asked | {"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert [sheet["A2"].value, sheet["J2"].value] == ["anna", 475]


def test_it_goes_into_1c(client: httpx.Client) -> None:
    """A line per kind of time in the encoding that was asked for; an encoding that is none is refused."""
    client.post("/api/v1/attendance/shifts", content=PLAN.encode())
    asked = {"from": "2026-06-10", "to": "2026-06-10", "format": "1c", "encoding": "windows-1251"}
    table = client.get("/api/v1/attendance/timesheet", params=asked)
    assert table.headers["content-type"] == "text/csv; charset=windows-1251"
    assert table.content.decode("cp1251").split("\r\n")[1:3] == [
        "anna;Анна;Цех;10.06.2026;Я;7,42;",
        "boris;Борис;Цех;10.06.2026;НН;0;",
    ]
    assert client.get("/api/v1/attendance/timesheet", params=asked | {"encoding": "koi8-r"}).status_code == 422


def test_who_is_inside(site: Site, client: httpx.Client) -> None:
    """Entered an hour ago and not left; somebody without a name."""
    now_us = time.time_ns() // 1000
    for number, person in ((10, "boris"), (11, "")):
        event = happened(number, "person_entry", 0, person)
        site.keep(msgspec.structs.replace(event, opened_at_us=now_us - 60 * MINUTE_US))
    found = client.get("/api/v1/attendance/muster").json()
    assert [(one["person"], one["name"], one["by"]) for one in found["inside"]] == [("boris", "Борис", "entry")]
    assert found["unidentified"] == 1


def test_what_can_not_be_asked(client: httpx.Client) -> None:
    """A day that is none, a span that is too long, a form that is none; a table with a fault changes nothing."""
    for asked in (
        {"from": "June", "to": "2026-06-10"}, {"from": "2026-06-10", "to": "2026-06-01"},
        {"from": "2026-01-01", "to": "2026-12-31"}, {"from": "2026-06-10", "to": "2026-06-10", "format": "pdf"},
        {"from": "2026-06-10", "to": "2026-06-10", "grace_min": "a"},
    ):  # fmt: skip
        assert client.get("/api/v1/attendance/timesheet", params=asked).status_code == 422, asked
    broken = client.post("/api/v1/attendance/shifts", content=b"person,date,since,until\nanna,2026-07-01,08:00,x\n")
    assert (broken.status_code, broken.json()["type"]) == (422, "urn:zool:problem:table-refused")
    assert broken.json()["errors"][0]["field"] == "row 2, until"
    july = {"from": "2026-07-01", "to": "2026-07-31"}
    assert client.get("/api/v1/attendance/shifts", params=july).json()["items"] == []
