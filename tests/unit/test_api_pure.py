"""The pure parts of the api: languages, problems, ETags, cursors, framing, tokens, bodies, views."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.body import explain, parse
from api.config import LookDefaults
from api.contract import CameraIn, FunctionIn, PictureKey, User
from api.cursor import Cursor, read_cursor, write_cursor
from api.errors import (
    ApiError,
    BadParameter,
    ConditionMissing,
    HttpFault,
    InvalidBody,
    MalformedJson,
    NotThere,
    Stale,
    Unavailable,
)
from api.etag import etag, matches
from api.functions import function_view, read_function
from api.language import preferred
from api.problem import describe
from api.query import EventFilter, event_of, events_query, plate_text, time_us
from api.sse import frame, resume_after, retry
from api.tokens import Throttle, bearer, find_user, hash_token
from api.views import cause_words, event_view, fault_words, moment, state_view
from ingest.config import PictureSettings
from ingest.contract import Camera, CameraState, PictureFault, unsafe_reason
from postprocess.contract import CameraFunction, Event, Region
from postprocess.functions.registry import registry

CONSOLE = Path(__file__).parents[2] / "api" / "console"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("ru", "ru"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("en-US,ru;q=0.9", "en"), ("de, ru;q=0.3", "ru"),
        ("en;q=0.1, ru;q=0.2", "ru"), ("ru;q=0", "en"), ("ru;q=nonsense", "en"), (";;;,", "en"), ("fr", "en"),
    ],
)  # fmt: skip
def test_the_best_language_wins(header: str, language: str) -> None:
    """Accept-Language by quality; garbage reads as English."""
    assert preferred(header) == language


def test_a_problem_has_every_part() -> None:
    """Type and status for machines, title and detail for people, faults by field."""
    with pytest.raises(InvalidBody) as caught:
        parse(b'{"name": "x"}', CameraIn)
    found = describe(caught.value, language="ru", instance="/api/v1/cameras")
    assert (found.type, found.status, found.instance) == ("urn:zool:problem:invalid", 422, "/api/v1/cameras")
    assert found.errors[0].field == "url"
    assert found.errors[0].message == "обязательное поле не указано"


def test_library_refusals_are_problems_too() -> None:
    """What the HTTP library refuses gets a title of its status in either language."""
    fault = HttpFault(status=405, reason="Method Not Allowed", headers={"Allow": "GET"})
    assert describe(fault, language="ru", instance="/").title == "Метод не разрешён"
    assert describe(fault, language="en", instance="/").detail == "Method Not Allowed."
    assert fault.headers() == {"Allow": "GET"}
    assert describe(HttpFault(status=418, reason=""), language="en", instance="/").title == "Internal error"


def test_every_error_speaks_both_languages() -> None:
    """Sentences differ by language and name their fields."""
    errors: list[ApiError] = [
        ApiError(),
        MalformedJson(reason="r", byte=1, line=2, column=3),
        NotThere(kind="camera", name="gate"),
        Stale(kind="camera", name="gate", etag='"3"'),
        Unavailable(component="nats"),
        ConditionMissing(),
    ]
    for error in errors:
        assert error.detail("en") != error.detail("ru")
        assert str(error) == error.detail("en")
    assert errors[4].headers() == {"Retry-After": "3"}


@pytest.mark.parametrize(
    ("header", "revision", "agrees"),
    [
        ('"3"', 3, True), ('"3"', 4, False), ("*", 9, True), ('"1", "3"', 3, True), ('W/"3"', 3, False),
        ("3", 3, False), ('"x"', 3, False), ('""', 0, False),
    ],
)  # fmt: skip
def test_if_match(header: str, revision: int, agrees: bool) -> None:
    """Strong tags by revision; weak and foreign ones match nothing."""
    assert matches(header, revision) is agrees
    assert matches(etag(revision), revision)


def test_if_match_is_needed() -> None:
    """An empty header is no condition."""
    with pytest.raises(ConditionMissing):
        matches("  ", 1)


@given(st.integers(min_value=-(2**62), max_value=2**62), st.text(max_size=60))
def test_cursors_come_back(at: int, event_id: str) -> None:
    """What is written is read; the form needs no escaping in an address."""
    text = write_cursor(Cursor(at, event_id))
    assert read_cursor(text) == Cursor(at, event_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


@given(st.text(max_size=500))
def test_foreign_cursors_are_refused(text: str) -> None:
    """Anything else is refused by name or happens to be a cursor; it never breaks."""
    with contextlib.suppress(BadParameter):
        assert isinstance(read_cursor(text), Cursor)


def test_framing() -> None:
    """A message with id and name; line breaks never leak into the framing."""
    assert frame(b"{}", event="gap", sequence=7) == b"id: 7\nevent: gap\ndata: {}\n\n"
    assert frame(b"a\r\nb\rc\nid: 9") == b"data: a\ndata: b\ndata: c\ndata: id: 9\n\n"
    assert frame(b"x", event="a\nid: 1") == b"event: a id: 1\ndata: x\n\n"
    assert retry(2000) == b"retry: 2000\n\n"


@pytest.mark.parametrize(
    ("text", "seen"), [("12", 12), (" 0 ", 0), ("", None), ("-1", None), ("٣", None), ("9" * 30, None)]
)
def test_last_event_id(text: str, seen: int | None) -> None:
    """A sequence, or nothing that can be used."""
    assert resume_after(text) == seen


def test_tokens() -> None:
    """A token finds its user by hash; the scheme is read in any case."""
    users = [User(name="a", token_sha256=hash_token("one")), User(name="b", token_sha256=hash_token("two"))]
    found = find_user(users, "two", 0)
    assert found is not None
    assert found[0].name == "b"
    assert find_user(users, "three", 0) is None
    assert bearer("bearer  abc ") == "abc"
    assert bearer("Basic abc") == bearer("") == ""


def test_the_throttle_slides_and_is_bounded() -> None:
    """So many failures a minute; the wait ends with the oldest of them; old addresses are forgotten."""
    throttle = Throttle(2)
    for at in (0.0, 10.0):
        assert throttle.wait_s("a", at) == 0
        throttle.failed("a", at)
    assert throttle.wait_s("a", 20.0) == 41
    assert throttle.wait_s("b", 20.0) == 0
    assert throttle.wait_s("a", 60.5) == 0
    for number in range(2000):
        throttle.failed(str(number), 70.0)
    assert len(throttle._failures) == 1024


@pytest.mark.parametrize(
    ("message", "field", "words"),
    [
        ("Expected `str`, got `int` - at `$.name`", "name", "must be a text"),
        ("Expected `float | null`, got `str` - at `$.analysis_fps`", "analysis_fps", "must be a number or null"),
        ("Expected `str` of length <= 200 - at `$.name`", "name", "must have at most 200 characters"),
        ("Expected `array` of length 2 - at `$.x`", "x", "must have 2 elements"),
        ("Something new in the library", "body", "something new in the library"),
    ],
)
def test_faults_in_words(message: str, field: str, words: str) -> None:
    """What the decoder refuses, as field and words; an unknown sentence is passed on."""
    fault = explain(message, CameraIn)
    assert (fault.field, fault.words.en) == (field, words)
    assert fault.words.ru != fault.words.en


def test_functions_are_read_strictly() -> None:
    """What was written is kept as it was written; an unknown setting, and an unknown function, is refused."""
    assert read_function(registry(), "gate", "vehicles", FunctionIn()).settings == {}
    told = FunctionIn(settings={"plates": False})
    assert read_function(registry(), "gate", "vehicles", told).settings == {"plates": False}
    with pytest.raises(InvalidBody):
        read_function(registry(), "gate", "vehicles", FunctionIn(settings={"plate": False}))
    with pytest.raises(NotThere):
        read_function(registry(), "gate", "magic", FunctionIn())


def test_effective_values_name_their_source() -> None:
    """Function over camera over config.ini over default."""
    camera = Camera(id="gate", name="Gate", url="rtsp://h/", analysis_fps=9)
    function = CameraFunction(camera="gate", name="vehicles", settings={"confidence_ratio": 0.7})
    look = LookDefaults(class_list=("car",))
    found = function_view(registry(), function, 3, camera=camera, defaults=look, configured=frozenset({"class_list"}))
    assert {name: (one.value, one.source) for name, one in found.effective.items()} == {
        "confidence_ratio": (0.7, "function"),
        "class_list": (("car",), "config"),
        "analysis_fps": (9, "camera"),
        "plates": (True, "default"),
        "plate_confidence_min": (0.5, "default"),
        "unlisted": ("info", "default"),
        "list_unsure_chars_max": (0, "default"),
        "lines": ((), "default"),
        "zones": ((), "default"),
    }
    assert found.etag == '"3"'


def test_regions_fill_what_a_function_leaves_out() -> None:
    """The nearest region wins, what the function says itself wins over it; a circle of parents ends."""
    camera = Camera(id="gate", name="Gate", url="rtsp://h/", region="yard")
    function = CameraFunction(camera="gate", name="vehicles", settings={"confidence_ratio": 0.7})
    regions = {
        "yard": Region(id="yard", name="Yard", parent="site", functions={"vehicles": {"plates": False}}),
        "site": Region(
            id="site", name="Site", parent="yard",
            functions={"vehicles": {"plates": True, "confidence_ratio": 0.2, "plate_confidence_min": 0.9}},
        ),
    }  # fmt: skip
    found = function_view(
        registry(), function, 3, camera=camera, defaults=LookDefaults(), configured=frozenset(), regions=regions
    ).effective
    assert {name: (found[name].value, found[name].source) for name in ("plates", "confidence_ratio")} == {
        "plates": (False, "region"),
        "confidence_ratio": (0.7, "function"),
    }
    assert (found["plate_confidence_min"].value, found["plate_confidence_min"].source) == (0.9, "region")


def test_times_are_utc_with_microseconds() -> None:
    """Every time is RFC 3339; beyond its years it is held at the end."""
    assert moment(0) == "1970-01-01T00:00:00.000000Z"
    assert moment(1_780_000_000_000_001).endswith(".000001Z")
    assert moment(2**62).startswith("9999-")
    assert time_us("since", "2026-03-01T03:00:00+03:00") == time_us("since", "2026-03-01T00:00:00Z")
    assert time_us("since", "2026-03-01T03:00:00 03:00") == time_us("since", "2026-03-01T00:00:00Z")


def test_a_state_grows_old() -> None:
    """After some seconds of silence a camera's state is unknown."""
    state = CameraState(camera="gate", phase="live", fps=24.96, since_us=1)
    assert state_view(state, 0, 4_000_000, "en").fps == 25.0
    assert state_view(state, 0, 6_000_000, "en").phase == "unknown"
    assert state_view(None, 0, 0, "en").phase == "unknown"


def test_causes_in_words() -> None:
    """English keeps ingest's sentence, Russian says the cause and keeps it in brackets."""
    assert cause_words("dns", "host 'x' is unknown", "en") == "host 'x' is unknown"
    assert cause_words("dns", "", "en") == "The host name is unknown"
    assert cause_words("dns", "x", "ru") == "Имя узла не найдено (x)"
    assert cause_words("none", "", "ru") == ""


def test_values_are_bound_and_never_written_into_sql() -> None:
    """Whatever people ask for ends up in parameters."""
    query = events_query(
        EventFilter(camera="gate", plate="A1", since_us=1, until_us=2, after=Cursor(3, "'; DROP"), limit=5)
    )
    assert "DROP" not in query.sql
    assert query.parameters == {
        "limit": 6, "camera": "gate", "plate": "A1", "since": 1, "until": 2, "after_at": 3, "after_id": "'; DROP",
    }  # fmt: skip
    assert plate_text("а 123-вс") == "A123BC"


def test_a_sparse_row_is_an_event() -> None:
    """A camera notice has no box, no photos and no models."""
    row = {
        "event_id": "e", "version": 1, "kind": "camera_lost", "camera": "gate", "opened_at_us": 5, "closed_at_us": None,
        "final": True, "function": "", "rule": "", "track": "", "epoch": 0, "direction": "", "label": "",
        "confidence": 0.0, "plate": "", "plate_confidence": 0.0, "plate_reads": 0, "box": [], "photo_shot_ids": [],
        "photo_captured_at_us": [], "photo_roles": [], "photo_quads": [], "model_names": [], "model_versions": [],
        "model_sha256": [], "model_starters": [], "settings_revision": 0, "frame_seq": 0, "cause": "dns", "text": "t",
        "severity": "info", "plate_region": "", "listed": "", "person": "", "person_confidence": 0.0, "items": {},
        "missing": [], "value": None, "plate_sure": False, "about": "", "author": "", "tiles": [],
    }  # fmt: skip
    event = Event(
        event_id="e", version=1, kind="camera_lost", camera="gate", opened_at_us=5, final=True, cause="dns", text="t"
    )
    assert event_of(row) == event
    assert event_view(event).closed_at is None


@pytest.mark.parametrize(
    "url", ["rtsp://h/", "RTSPS://u:p@10.0.0.1:322/a?b=c", "rtsp://[::1]:8554/x", "rtsp://127.0.0.1/"]
)
def test_camera_addresses_pass(url: str) -> None:
    """Cameras stand in inner networks, and on this machine in the demo."""
    assert unsafe_reason(url) is None


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://h/", "", "rtsp://", "rtsp://h:0/", "rtsp://h:99999/", "rtsp://h/\n", "rtsp://хост/",
     "rtsp://169.254.169.254/", "rtsp://h/" + "x" * 3000],
)  # fmt: skip
def test_other_addresses_do_not(url: str) -> None:
    """Files, web addresses and malformed ones are named, without credentials."""
    reason = unsafe_reason(url)
    assert reason
    assert "secret" not in (unsafe_reason("ftp://user:secret@h/") or "")


def _console_files() -> list[Path]:
    return [path for path in CONSOLE.rglob("*") if path.suffix in {".js", ".css", ".html", ".svg"}]


def _strings(language: str) -> dict[str, str]:
    """Words of a language: those of all, and those of the pages (`add({en: …, ru: …})`)."""
    found: dict[str, str] = {}
    for path in _console_files():
        for block in path.read_text(encoding="utf-8").split(f"\n  {language}: {{\n")[1:]:
            found |= dict(re.findall(r'^    (\w+): "(.*)",$', block.split("\n  },\n", 1)[0], flags=re.MULTILINE))
    return found


def test_the_console_speaks_both_languages() -> None:
    """Both lists hold the same keys, nothing is empty, and every key that is used exists."""
    english, russian = _strings("en"), _strings("ru")
    assert english.keys() == russian.keys()
    assert all(english.values())
    assert all(russian.values())
    used: set[str] = set()
    for path in _console_files():
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'\bt\("(\w+)"\)', text)) | set(re.findall(r'data-i18n(?:-\w+)?="(\w+)"', text))
        used |= set(re.findall(r'\b(?:row|field)\((?:"[\w-]+", )?"(\w+)"', text))
    assert used <= english.keys()


def test_the_console_loads_nothing_from_elsewhere() -> None:
    """No foreign address, no inline script or style, no markup from strings."""
    for path in _console_files():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), path.name
        assert "innerHTML" not in text, path.name
        if path.suffix == ".html":
            assert " style=" not in text
            assert " onclick=" not in text


def test_what_is_wrong_with_a_picture_is_said_in_words() -> None:
    """In the reader's language; a camera in maintenance says why it is lost, too; every fault has its words."""
    bad = CameraState(camera="gate", phase="degraded", faults=("frozen", "clock"))
    assert state_view(bad, 0, 0, "ru").detail == "Картинка застыла; Часы камеры ушли"
    assert state_view(bad, 0, 0, "en").detail == "The picture is frozen; The camera's clock has moved"
    assert all(fault_words([fault], "ru") != fault for fault in get_args(PictureFault))
    assert fault_words(["of_tomorrow"], "en") == "of_tomorrow"
    assert state_view(CameraState(camera="gate", phase="maintenance", cause="dns"), 0, 0, "ru").detail


def test_thresholds_are_those_of_ingest() -> None:
    """What the API takes for a camera's picture is what ingest reads."""
    known = {field.name for field in msgspec.structs.fields(PictureSettings)} - {"enabled"}
    assert set(get_args(PictureKey)) == known
