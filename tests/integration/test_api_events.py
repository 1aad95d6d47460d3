"""What people do with events over the real broker and the real store: filters, handling, traces, exports."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import httpx
import msgspec
import openpyxl
import pytest

from api.views import moment
from ingest.contract import FrameReport
from postprocess.contract import Feedback, Handling, Read
from tests.support.api import Site, running_site, shot_of, vehicle_event
from tests.support.vehicles import CAMERA, PLATE, at, drive, read

BASE_US = 1_780_000_000_000_000
JPEG = b"\xff\xd8picture"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two cameras, one of them below a region; a passage with looks, photo and read; judgements of some."""
    with running_site(tmp_path_factory.mktemp("api-events")) as running:
        with running.client() as client:
            for camera, region in ((CAMERA, "yard"), ("far", "")):
                body = {"id": camera, "name": camera.title(), "url": "rtsp://10.0.0.8/1", "region": region}
                assert client.post("/api/v1/cameras", json=body).status_code == 201
            assert client.put("/api/v1/parking/lots/site", json={"name": "Site"}).status_code == 201
            assert client.put("/api/v1/parking/lots/yard", json={"name": "Yard", "parent": "site"}).status_code == 201
        looks = [
            message
            for message in (at(one, BASE_US) for one in drive((0.2, 0.3, 0.4, 0.6)))
            if isinstance(message, FrameReport)
        ]
        seen = at(read("s1", seq=1), BASE_US)
        assert isinstance(seen, Read)
        told = vehicle_event(
            0, camera=CAMERA, at_us=BASE_US + 500_000, event_id="told", track=looks[0].detections[0].track,
            epoch=looks[0].stamp.epoch, plate=PLATE,
        )  # fmt: skip
        shot = msgspec.structs.replace(shot_of(told, JPEG), shot_id=told.photos[0].shot_id)
        far = vehicle_event(1, camera="far", at_us=BASE_US, event_id="far", confidence=0.4, severity="alarm", photos=())
        wrong = Feedback(
            event_id="far", camera="far", user="ann", verdict="false_alarm", at_us=BASE_US + 9_000_000, reason="a bird"
        )
        done = Handling(
            event_id="far", camera="far", user="ann", act="assigned", assignee="bob", at_us=BASE_US + 9_000_000
        )
        later = Handling(event_id="far", camera="far", user="bob", act="closed", at_us=BASE_US + 9_500_000)
        running.keep(told, far, wrong.event(), done.event(), later.event(), shots=(shot,), looks=looks, reads=[seen])
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"comments": "false"}, {"told", "far"}),
        ({"region": "site", "comments": "false"}, {"told"}),
        ({"region": "elsewhere"}, set()),
        ({"confidence": "0.5"}, {"told"}),
        ({"feedback": "false_alarm"}, {"far"}),
        ({"feedback": "none", "comments": "false"}, {"told"}),
        ({"handling": "closed"}, {"far"}),
        ({"handling": "open", "comments": "false"}, {"told"}),
        ({"handling": "none", "comments": "false"}, {"told"}),
        ({"handling": "assigned"}, set()),
        ({"assignee": "bob"}, {"far"}),
        ({"kind": "handling"}, None),
    ],
)
def test_filters_let_through_what_they_name(client: httpx.Client, asked: dict[str, str], ids: set[str] | None) -> None:
    """Region with all below it, confidence, and the newest word of people."""
    found = {event["id"] for event in client.get("/api/v1/events", params=asked).json()["items"]}
    assert len(found) == 2 if ids is None else found == ids


def test_an_event_shows_who_has_it(client: httpx.Client) -> None:
    """The newest act, whom it was given to before, and all words in their order."""
    found = client.get("/api/v1/events/far").json()
    assert (found["handling"]["act"], found["handling"]["assignee"], found["handling"]["user"]) == (
        "closed",
        "bob",
        "bob",
    )
    assert found["feedback"]["verdict"] == "false_alarm"
    words = client.get("/api/v1/events/far/words").json()["items"]
    assert [word["what"] for word in words][-1] == "closed"
    assert {word["kind"] for word in words} == {"feedback", "handling"}


def test_an_act_is_told_to_everybody_at_once(site: Site, client: httpx.Client) -> None:
    """The answer has it, and the stream carries it about its event; nobody acts on an act."""
    with client.stream("GET", "/api/v1/events/stream", params={"kind": "handling"}) as stream:
        lines = stream.iter_lines()
        assert any(line == "event: hello" for line in lines)
        told = client.post("/api/v1/events/told/handling", json={"act": "assigned", "note": "please"})
        assert (told.status_code, told.json()["handling"]["assignee"]) == (201, "admin")
        heard = msgspec.json.decode(next(line for line in lines if '"kind":"handling"' in line).removeprefix("data: "))
    assert (heard["about"], heard["cause"], heard["text"]) == ("told", "assigned", "please")
    wrong = client.post("/api/v1/events/told/handling", json={"act": "forgotten"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "act")
    act = client.get("/api/v1/events", params={"kind": "handling"}).json()["items"][0]["id"]
    assert client.post(f"/api/v1/events/{act}/handling", json={"act": "closed"}).status_code == 422


def test_a_trace_shows_way_crops_and_reads(client: httpx.Client) -> None:
    """Each of the track's looks is a step; the crop comes with its place and its picture."""
    found = client.get("/api/v1/events/told/trace").json()
    assert len(found["path"]) == 4
    assert [step["at"] for step in found["path"]] == sorted(step["at"] for step in found["path"])
    assert [one["text"] for one in found["reads"]] == [PLATE]
    (shot,) = found["shots"]
    assert shot["crop"] == [0.08, 0.18, 0.52, 0.62]
    assert client.get(shot["url"]).content == JPEG
    assert client.get("/api/v1/events/told/shots/other.jpg").status_code == 404
    assert client.get("/api/v1/events/far/trace").json() == {"path": [], "shots": [], "reads": []}


def test_a_csv_has_what_the_filter_lets_through(site: Site) -> None:
    """With the mark of UTF-8, and the words of people in it."""
    with site.client(language="ru") as client:
        answer = client.get("/api/v1/events/export", params={"comments": "false", "until": moment(BASE_US + 10**9)})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [row["Событие"] for row in rows] == ["far", "told"]
    assert (rows[0]["Отзыв"], rows[0]["Основание"], rows[0]["Назначено"]) == ("false_alarm", "a bird", "bob")
    assert answer.headers["content-disposition"] == 'attachment; filename="events.csv"'


def test_a_workbook_and_a_zip_hold_the_same(client: httpx.Client) -> None:
    """The ZIP has the photo beside the table; nothing found is a table with its head alone."""
    asked = {"comments": "false", "camera": CAMERA}
    book = client.get("/api/v1/events/export", params=asked | {"format": "xlsx"})
    cells = list(openpyxl.load_workbook(io.BytesIO(book.content)).active.iter_rows(values_only=True))
    assert (len(cells), cells[1][-1]) == (2, "told")
    packed = client.get("/api/v1/events/export", params=asked | {"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.testzip() is None
        photo, listed = archive.namelist()
        assert (photo.startswith("photos/"), listed) == (True, "events.csv")
        assert archive.read(photo) == JPEG
        assert b"told" in archive.read("events.csv")
    for form in ("csv", "zip"):
        none = client.get("/api/v1/events/export", params={"camera": "nowhere", "format": form})
        assert none.status_code == 200
        assert len(none.content) > 100
    wrong = client.get("/api/v1/events/export", params={"format": "pdf"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "format")


def test_many_events_come_page_by_page(site: Site, client: httpx.Client) -> None:
    """More than one page of the store; each once."""
    site.keep(*(vehicle_event(number, camera="many", at_us=BASE_US, photos=()) for number in range(1203)))
    answer = client.get("/api/v1/events/export", params={"camera": "many"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len({row["Event"] for row in rows}) == len(rows) == 1203
