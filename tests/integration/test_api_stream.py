"""The event stream over the real broker, and what happens while the broker or the store is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Self

import httpx
import pytest

from ingest.bus import Bus
from ingest.contract import encode, events_subject
from postprocess.contract import Event
from tests.support.api import Site, running_site, vehicle_event


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-stream"), {"ZOOL_API_STREAM_CLIENTS_MAX": "2"}) as running:
        yield running


async def publish(site: Site, *events: Event) -> None:
    """Write events as postprocess does."""
    async with Bus.open(site.broker.settings, name="test") as bus:
        for event in events:
            await bus.publish(events_subject(event.camera, event.kind), encode(event), message_id=event.message_id)


class Listener:
    """A client of the stream that reads message by message."""

    def __init__(self, site: Site, **params: str) -> None:
        self._client = site.client()
        last = params.pop("last", "")
        headers = {"Last-Event-ID": last} if last else {}
        self._context = self._client.stream("GET", "/api/v1/events/stream", params=params, headers=headers)

    def __enter__(self) -> Self:
        self.answer = self._context.__enter__()
        self._lines = self.answer.iter_lines()
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)
        self._client.close()

    def message(self) -> tuple[str, str, Any]:
        """The next message: id, name, data."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and "data" in fields:
                return fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"])
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        raise EOFError


async def test_events_arrive_and_resume(site: Site) -> None:
    """An event comes with its thumbnail; a client that was away gets what it missed, in order and once."""
    with Listener(site) as first:
        assert first.answer.headers["content-type"].startswith("text/event-stream")
        _, name, _ = first.message()
        assert name == "hello"
        await publish(site, vehicle_event(1, camera="live-1"))
        seen, name, data = first.message()
        assert (name, data["id"]) == ("", "event-live-1-0001")
        assert data["photos"][0]["thumbnail"] == "/9hzbWFsbA=="
    await publish(site, vehicle_event(2, camera="live-1"), vehicle_event(3, camera="live-1"))
    with Listener(site, last=seen) as again:
        assert again.message()[1] == "hello"
        assert [again.message()[2]["id"][-1] for _ in range(2)] == ["2", "3"]
    with Listener(site, after=seen) as by_query:
        assert by_query.message()[1] == "hello"
        assert by_query.message()[2]["id"][-1] == "2"


async def test_a_quiet_first_connection_resumes_too(site: Site) -> None:
    """`hello` carries an id, so that a client which saw no event yet misses nothing while it is away."""
    with Listener(site) as quiet:
        place, _, _ = quiet.message()
    await publish(site, vehicle_event(1, camera="quiet-1"))
    with Listener(site, last=place) as back:
        back.message()
        assert back.message()[2]["id"] == "event-quiet-1-0001"


async def test_filters_hold_on_the_stream(site: Site) -> None:
    """Camera and kind choose; garbage on the subject is dropped and the stream goes on."""
    wanted = vehicle_event(3, camera="some-1", kind="vehicle_exit")
    with Listener(site, camera="some-1", kind="vehicle_exit") as some:
        some.message()
        async with Bus.open(site.broker.settings, name="garbage") as bus:
            await bus.publish("zool.events.some-1.vehicle_exit", b"\xc1garbage", message_id="garbage-1")
        await publish(site, vehicle_event(1, camera="other-1"), vehicle_event(2, camera="some-1"), wanted)
        assert some.message()[2]["id"] == wanted.event_id


def test_wrong_filters_are_refused(site: Site) -> None:
    """A camera that is no token, a sequence that is no number, a parameter that is not there."""
    with site.client() as client:
        for params in ({"camera": ">"}, {"after": "later"}, {"kamera": "x"}):
            assert client.get("/api/v1/events/stream", params=params).status_code == 422


def test_streams_have_a_limit(site: Site) -> None:
    """One client more than allowed is told so; when one goes, there is room again."""
    with Listener(site) as one, Listener(site) as two:
        one.message()
        two.message()
        with site.client() as client:
            refused = client.get("/api/v1/events/stream")
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:zool:problem:too-many-streams")

    def room(client: httpx.Client) -> bool:
        with client.stream("GET", "/api/v1/events/stream") as answer:
            return answer.status_code == 200

    site.until(room)


async def test_the_broker_goes_and_comes(site: Site) -> None:
    """Without the broker: 503 with Retry-After and words, quickly; with it again all goes on, streams included."""
    with Listener(site) as listener:
        listener.message()
        site.broker.kill()
        site.until(lambda client: client.get("/health/ready").status_code == 503)
        with site.client() as client:
            for path in ("/api/v1/cameras", "/api/v1/cameras/any", "/api/v1/events/stream"):
                refused = client.get(path)
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "3"), refused.text
                assert "NATS" in refused.json()["detail"]
            refused = client.post("/api/v1/cameras", json={"name": "x", "url": "rtsp://h/"})
            assert refused.status_code == 503
            assert client.get("/api/v1/events").status_code == 200
            assert client.get("/health/live").status_code == 200
        site.broker.start()
        site.until(lambda client: client.get("/api/v1/cameras").status_code == 200)
        await publish(site, vehicle_event(1, camera="after-1"))
        assert listener.message()[2]["id"] == "event-after-1-0001"


def test_the_store_goes_and_comes(site: Site) -> None:
    """Without the store events answer 503 and cameras go on; with it again events are back."""
    site.store.kill()
    with site.client() as client:
        refused = client.get("/api/v1/events")
        assert refused.status_code == 503
        assert "ClickHouse" in refused.json()["detail"]
        assert client.get("/api/v1/cameras").status_code == 200
        assert client.get("/health/ready").json()["components"]["clickhouse"]["ok"] is False
    site.store.start()
    site.until(lambda client: client.get("/api/v1/events").status_code == 200)


def test_metrics_tell_what_happened(site: Site) -> None:
    """Requests by route, never by path, and the clients of the stream."""
    with site.client() as client:
        client.get("/api/v1/cameras/secret-path")
        text = client.get("/metrics").text
    assert 'route="/api/v1/cameras/{camera_id}"' in text
    assert "secret-path" not in text
    assert "zool_api_stream_events_total" in text


def test_it_stops_with_streams_open(site: Site) -> None:
    """Asked to stop, it ends at once although clients listen."""
    with Listener(site) as listener:
        listener.message()
        assert site.api.stop() == 0
    assert "Traceback" not in site.api.log
