"""What people and machines are told: words in both languages, signatures, topics, commands, answers of servers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
import msgspec
import pytest

from ingest.contract import Camera
from ingest.settings import SettingsError
from postprocess.contract import Event, EventPhoto, Region
from postprocess.deliver.http import answer_of, retry_after_s
from postprocess.deliver.lane import Parcel
from postprocess.deliver.reach import Reach, Unreachable
from postprocess.deliver.rules import Site
from postprocess.deliver.settings import Mqtt, Relay
from postprocess.deliver.wire import command_body, event_body, headers, key_of, topic
from postprocess.deliver.words import LINES_MAX, TEXT_CHARS_MAX, kind_words, message

NOON = 1_780_315_200_000_000
SITE = Site(
    timezone="Europe/Moscow",
    public_url="https://zool.example/",
    cameras={"gate-1": Camera(id="gate-1", name="Ворота 1", url="rtsp://user:password@10.0.0.1/", region="yard")},
    regions={"yard": Region(id="yard", name="Двор")},
    people={"p-1": "Иванова А. С."},
)


def event(**fields: Any) -> Event:
    """At noon UTC on camera gate-1."""
    plain: dict[str, Any] = {
        "event_id": "e-1", "version": 2, "kind": "vehicle_entry", "camera": "gate-1", "opened_at_us": NOON,
    }  # fmt: skip
    return Event(**(plain | fields))


def parcel(*events: Event, expires_us: int | None = None) -> Parcel:
    """As a courier makes it."""
    places = tuple(("EVENTS", number) for number in range(len(events)))
    return Parcel(
        id=events[0].message_id, key="k", rule="r", events=events, places=places, born_us=NOON, expires_us=expires_us
    )  # fmt: skip


def test_an_event_in_both_languages() -> None:
    """Kind, place, local time, facts, a link; never an address of a camera."""
    told = event(plate="А123ВС77", listed="deny", severity="alarm", person="p-1", missing=("helmet",), text="a text")
    russian, english = (message(parcel(told), SITE, language) for language in ("ru", "en"))
    assert russian.subject == "‼ Въезд — Ворота 1 (Двор)"
    assert russian.text.splitlines() == [
        "2026-06-01 15:00:00", "Номер: А123ВС77", "Человек: Иванова А. С.", "Список: deny", "Не надето: helmet",
        "a text", "https://zool.example/#event=e-1",
    ]  # fmt: skip
    assert english.subject == "‼ Vehicle entered — Ворота 1 (Двор)"
    assert "Person: Иванова А. С." in english.text
    assert "password" not in russian.text + english.text


def test_what_is_not_known_is_said_as_it_is() -> None:
    """A person whom nobody named, a camera that is gone, a kind from outside, the system itself, somebody's word."""
    assert "Person: unidentified" in message(parcel(event(function="faces")), SITE, "en").text
    assert message(parcel(event(camera="gone", kind="own_kind")), SITE, "en").subject == "own_kind — gone"
    stopped = message(parcel(event(camera="system", kind="system_stopped")), SITE, "ru")
    assert stopped.subject == "Стадия остановилась"
    assert "#event" not in stopped.text
    word = event(kind="feedback", cause="false_alarm", author="anna")
    assert "Verdict: false_alarm (anna)" in message(parcel(word), SITE, "en").text
    assert kind_words("loitering", "ru") != "loitering"


def test_a_digest_counts_by_kind_and_place() -> None:
    """Most first; what has no room is counted as well; its sign is that of the worst."""
    many = [event(kind=f"kind_{number:02}") for number in range(LINES_MAX + 3)]
    photo = EventPhoto(shot_id="s", captured_at_us=NOON, thumbnail=b"jpeg")
    last = event(severity="warning", opened_at_us=NOON + 60_000_000)
    said = message(parcel(event(photos=(photo,)), last, *many), SITE, "en")
    assert said.subject == f"⚠ {LINES_MAX + 5} events"
    assert said.text.splitlines()[1] == "2 × Vehicle entered — Ворота 1 (Двор)"
    assert said.text.splitlines()[-1] == "… and 4 more"
    assert said.photo == b"jpeg"
    assert message(parcel(event(), event()), SITE, "ru").subject == "событий: 2"


def test_words_are_bounded_and_of_one_line_where_they_must_be() -> None:
    """A text of any length and with any line ends makes no second header of a letter."""
    said = message(parcel(event(text="x" * 5000)), SITE, "en")
    assert len(said.text) == TEXT_CHARS_MAX
    cameras = {"gate-1": Camera(id="gate-1", name="Gate\r\nBcc: all@site.example", url="")}
    assert "\n" not in message(parcel(event()), msgspec.structs.replace(SITE, cameras=cameras), "en").subject


def test_signatures() -> None:
    """HMAC over id, time and body; a secret in base64 or in words; without a secret none."""
    told = headers("a secret", "e.2", NOON, b"{}")
    digest = hmac.new(b"a secret", b"e.2." + str(NOON // 1_000_000).encode() + b".{}", hashlib.sha256).digest()
    assert told["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert told["Idempotency-Key"] == told["webhook-id"] == "e.2"
    assert "webhook-signature" not in headers("", "e.2", NOON, b"{}")
    assert key_of("whsec_" + base64.b64encode(b"key").decode()) == b"key"
    assert key_of("whsec_!") == b"whsec_!"


def test_topics_and_bodies() -> None:
    """Places stand for those of the event; small pictures only where they are asked for."""
    settings = Mqtt(host="h", topic="site/{camera}/{rule}/{kind}")
    assert topic(settings, event(), "night") == "site/gate-1/night/vehicle_entry"
    photo = EventPhoto(shot_id="s", captured_at_us=NOON, thumbnail=b"jpeg")
    for wanted in (False, True):
        body = json.loads(event_body(event(photos=(photo,)), thumbnails=wanted))
        assert (body["id"], body["version"], bool(body["photos"][0]["thumbnail"])) == ("e-1", 2, wanted)


def test_a_command_says_until_when_it_holds() -> None:
    """By the clock, and from now on."""
    body = json.loads(
        command_body(Relay(url="http://b/"), parcel(event(), expires_us=NOON + 3_000_000), NOON + 500_000)
    )
    assert (body["id"], body["valid_ms"], body["expires_at"]) == ("e-1.2", 2500, "2026-06-01T12:00:03.000000Z")
    late = json.loads(command_body(Relay(url="http://b/"), parcel(event(), expires_us=NOON), NOON + 1))
    assert late["valid_ms"] == 0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "sent"), (204, "sent"), (409, "sent"), (400, "refused"), (413, "refused"), (422, "refused"),
     (301, "away"), (401, "away"), (404, "away"), (408, "away"), (429, "away"), (500, "away"), (503, "away")],
)  # fmt: skip
def test_what_an_answer_means(status: int, outcome: str) -> None:
    """About the message, or about the target."""
    assert answer_of(status, b"  some\nwords ", httpx.Headers()).outcome == outcome


def test_retry_after_is_seconds_and_bounded() -> None:
    """A date or garbage asks for nothing."""
    assert answer_of(503, b"", httpx.Headers({"Retry-After": "7"})).retry_after_s == 7.0
    assert [retry_after_s(text) for text in ("", "-1", "soon", "99999999")] == [0.0, 0.0, 0.0, 3600.0]


@pytest.mark.parametrize(
    ("networks", "address", "may"),
    [
        ((), "10.1.2.3", True),
        ((), "93.184.216.34", True),
        ((), "127.0.0.1", False),
        ((), "::1", False),
        ((), "::ffff:127.0.0.1", False),
        ((), "169.254.169.254", False),
        ((), "fe80::1%eth0", False),
        ((), "0.0.0.0", False),
        ((), "224.0.0.1", False),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "192.168.1.1", False),
        (("127.0.0.0/8",), "127.0.0.1", True),
        (("0.0.0.0/0",), "169.254.169.254", False),
    ],
)
def test_which_addresses_may_be_opened(networks: tuple[str, ...], address: str, may: bool) -> None:
    """By default no loopback and no link-local one; a cloud's own services never."""
    assert Reach(networks).may(address) == may


async def test_a_name_that_is_not_found_is_named() -> None:
    """As is a network that is none."""
    with pytest.raises(Unreachable, match=r"zool\.invalid is not found"):
        await Reach(()).address("zool.invalid", 80)
    with pytest.raises(SettingsError, match="networks"):
        Reach(("10.0.0.0/40",))
