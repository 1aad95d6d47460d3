"""Deliveries over REST: targets without secrets, rules, trial, log, a dead letter said again; over real processes."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from ingest.bus import Bus
from ingest.contract import encode, events_subject
from postprocess.contract import Event
from postprocess.deliver.settings import Target
from tests.support.api import Site, running_site
from tests.support.deliver import happened
from tests.support.postprocess import Killable

TARGETS, RULES, LOG = "/api/v1/deliveries/targets", "/api/v1/deliveries/rules", "/api/v1/deliveries/log"
SECRET = "value-of-the-webhook-secret"
ENVIRON = {"ZOOL_DELIVER_NETWORKS": "127.0.0.0/8", "ZOOL_DELIVER_REFUSED_MAX": "1"}


class Hook:
    """Somebody's server in a thread."""

    def __init__(self) -> None:
        self.status, self.bodies = 200, list[dict[str, Any]]()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.bodies.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with `deliver` beside it."""
    with running_site(tmp_path_factory.mktemp("api-deliveries")) as running:
        deliver = Killable("deliver", running.broker.settings, environ=ENVIRON)
        deliver.start()
        try:
            yield running
        finally:
            deliver.kill()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Somebody's server."""
    found = Hook()
    yield found
    found.server.shutdown()
    found.server.server_close()


def until(done: Any, what: str) -> Any:
    """Ask again and again until something is true."""
    deadline = time.monotonic() + 60
    while not (found := done()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def say(site: Site, event: Event) -> None:
    """As `decide` does."""

    async def publish() -> None:
        async with Bus.open(site.broker.settings, name="test") as bus:
            await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)

    asyncio.run(publish())


def stored(site: Site, key: str) -> Target:
    """A target as the bucket holds it."""

    async def get() -> Target:
        async with Bus.open(site.broker.settings, name="test") as bus:
            entry = await bus.bucket("targets").get(key)
        assert entry is not None
        assert entry.value is not None
        return msgspec.json.decode(entry.value, type=Target)

    return asyncio.run(get())


def target(hook: Hook, **settings: Any) -> dict[str, Any]:
    """Body of a webhook target."""
    return {"kind": "webhook", "name": "ERP", "settings": {"url": hook.url, "secret": {"value": SECRET}} | settings}


def standing(client: httpx.Client, name: str) -> None:
    """Wait until `deliver` tells of a target."""
    until(lambda: client.get(f"{TARGETS}/{name}").json()["state"] is not None, f"deliver tells of {name}")


def test_from_a_target_to_the_log(site: Site, client: httpx.Client, hook: Hook) -> None:
    """Set up, tried, an event sent, found in the log; the secret is in no answer."""
    made = client.put(f"{TARGETS}/erp", json=target(hook))
    assert made.status_code == 201, made.text
    assert made.json()["settings"]["secret"] == {"stored": True}
    standing(client, "erp")
    tried = client.post(f"{TARGETS}/erp/test", json={}).json()
    assert (tried["ok"], tried["words"]) == (True, "HTTP 200")
    assert hook.bodies.pop()["kind"] == "test"
    rule = client.put(f"{RULES}/gate", json={"target": "erp", "kinds": ["vehicle_entry"]})
    assert rule.status_code == 201, rule.text
    event = happened(1)

    def sent() -> bool:
        say(site, happened(int(time.time() * 1000) % 10**9))
        return bool(hook.bodies)

    until(sent, "an event that comes")
    say(site, event)
    until(lambda: any(body["id"] == event.event_id for body in hook.bodies), "the event")

    def logged() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = client.get(LOG, params={"target": "erp", "outcome": "sent"}).json()["items"]
        return [one for one in items if one["id"] == event.message_id]

    (entry,) = until(logged, "the log")
    assert (entry["rule"], entry["tries"], entry["count"], entry["words"]) == ("gate", 1, 1, "HTTP 200")
    assert entry["events"][0]["event"] == event.event_id
    first = client.get(LOG, params={"limit": "1"}).json()
    assert len(first["items"]) == 1
    second = client.get(LOG, params={"limit": "1", "before": str(first["next_before"])}).json()
    assert second["items"][0]["seq"] < first["items"][0]["seq"]
    everything = "".join(client.get(path).text for path in (TARGETS, f"{TARGETS}/erp", RULES, LOG))
    assert SECRET not in everything + site.api.log


def test_a_secret_is_kept_unless_a_new_one_is_written(site: Site, client: httpx.Client, hook: Hook) -> None:
    """What was shown and is written back keeps it; without it there is none, which is refused."""
    made = client.put(f"{TARGETS}/kept", json=target(hook)).json()
    body = {key: made[key] for key in ("kind", "name", "enabled", "language", "settings")}
    changed = client.put(f"{TARGETS}/kept", json=body | {"name": "Other"}, headers={"If-Match": made["etag"]})
    assert changed.status_code == 200, changed.text
    assert stored(site, "kept").settings["secret"]["value"] == SECRET
    gone = client.put(
        f"{TARGETS}/kept",
        json=body | {"settings": {"url": hook.url, "secret": {}}},
        headers={"If-Match": changed.json()["etag"]},
    )
    assert gone.status_code == 422
    assert gone.json()["errors"][0]["field"] == "settings.secret"


VALUE = {"value": "x"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "pigeon", "settings": {}}, "kind"),
        ({"kind": "webhook", "settings": {"url": "https://erp/x", "secret": VALUE, "typo": 1}}, "settings.typo"),
        ({"kind": "webhook", "settings": {"url": "gopher://erp", "secret": VALUE}}, "settings.url"),
        (
            {"kind": "webhook", "settings": {"url": "https://erp/", "secret": {"file": "../key"}}},
            "settings.secret.file",
        ),
        ({"kind": "email", "settings": {"host": "mail", "sender": "nobody", "recipients": ["a@b"]}}, "settings.sender"),
        ({"kind": "telegram", "settings": {"token": {"env": "PATH"}, "chats": [1]}}, "settings.token.env"),
    ],
)
def test_what_can_not_be_a_target_is_named(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    """The field, and what is allowed there."""
    answer = client.put(f"{TARGETS}/wrong", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_rules_ask_for_a_target_and_relays_for_a_list(client: httpx.Client) -> None:
    """A relay never opens for everybody; a rule is changed over the version that was read."""
    assert client.put(f"{RULES}/r", json={"target": "nobody"}).json()["errors"][0]["field"] == "target"
    relay = {"kind": "relay", "settings": {"url": "http://board.example/open"}}
    assert client.put(f"{TARGETS}/barrier", json=relay).status_code == 201
    for fields in ({}, {"lists": ["allow", "deny"]}, {"kinds": ["vehicle_entry"]}):
        refused = client.put(f"{RULES}/r", json={"target": "barrier"} | fields)
        assert refused.json()["errors"][0]["field"] == "lists", fields
    assert client.put(f"{RULES}/decided", json={"target": "barrier", "kinds": ["access_granted"]}).status_code == 201
    made = client.put(f"{RULES}/r", json={"target": "barrier", "lists": ["allow"]})
    assert made.status_code == 201, made.text
    assert client.put(f"{RULES}/r", json={"target": "barrier", "lists": ["allow"]}).status_code == 428
    again = client.put(f"{RULES}/r", json={"target": "barrier", "lists": ["guest"]}, headers={"If-Match": '"1"'})
    assert again.status_code == 412
    shown = client.get(f"{RULES}/r")
    changed = client.put(
        f"{RULES}/r", json={"target": "barrier", "lists": ["guest"]}, headers={"If-Match": shown.headers["etag"]}
    )
    assert changed.json()["lists"] == ["guest"]
    assert client.delete(f"{RULES}/r", headers={"If-Match": changed.headers["etag"]}).status_code == 204
    assert client.get(f"{RULES}/r").status_code == 404
    opened = client.post(f"{TARGETS}/barrier/test", json={}).json()
    assert not opened["ok"]
    for name in (one["id"] for one in client.get(RULES).json()["items"]):
        assert name != "r"


def test_a_dead_letter_is_said_again_to_its_target(site: Site, client: httpx.Client, hook: Hook) -> None:
    """Refused, buried, replayed over REST: it arrives."""
    hook.status = 422
    assert client.put(f"{TARGETS}/strict", json=target(hook)).status_code == 201
    assert client.put(f"{RULES}/strict", json={"target": "strict", "kinds": ["loitering"]}).status_code == 201
    standing(client, "strict")

    def dead() -> list[dict[str, Any]]:
        say(site, happened(int(time.time() * 1000) % 10**9, kind="loitering"))
        items: list[dict[str, Any]] = client.get("/api/v1/dead", params={"stage": "deliver"}).json()["items"]
        return items

    letters = until(dead, "a dead letter")
    assert letters[0]["camera"] == "gate-1"
    assert letters[0]["kind"] == "event"
    assert letters[0]["replayable"]
    hook.status, before = 200, len(hook.bodies)
    assert client.post(f"/api/v1/dead/{letters[0]['seq']}/replay").status_code in {200, 201, 204}
    wanted = letters[0]["message_id"].removeprefix("strict.").rpartition(".")[0]
    until(lambda: any(body["id"] == wanted for body in hook.bodies[before:]), "the letter arrives")


def test_a_target_that_is_removed_is_gone(client: httpx.Client, hook: Hook) -> None:
    """With its ETag; the trial of what is not there is a 404."""
    made = client.put(f"{TARGETS}/short", json=target(hook))
    assert client.delete(f"{TARGETS}/short").status_code == 428
    assert client.delete(f"{TARGETS}/short", headers={"If-Match": made.headers["etag"]}).status_code == 204
    assert client.get(f"{TARGETS}/short").status_code == 404
    assert client.post(f"{TARGETS}/short/test", json={}).status_code == 404
    assert client.get(LOG, params={"outcome": "maybe"}).status_code == 422


def test_kinds_tell_what_their_settings_are(client: httpx.Client) -> None:
    """A JSON Schema for each."""
    found = {one["kind"]: one for one in client.get("/api/v1/deliveries/kinds").json()["items"]}
    assert list(found) == ["webhook", "mqtt", "email", "telegram", "relay"]
    assert [kind for kind, one in found.items() if one["for_people"]] == ["email", "telegram"]
    assert "url" in found["webhook"]["settings"]["$defs"]["Webhook"]["properties"]
