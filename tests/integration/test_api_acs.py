"""zool.acs.v1 over the real broker: who may come in, what comes out, and that nothing is lost or silently skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import msgspec
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from api.acs.v1 import acs_pb2 as pb
from api.contract import User
from api.cursor import read_mark
from api.tokens import hash_token
from ingest.bus import Bus
from postprocess.contract import Event
from tests.support.acs import AcsClient, connected, publish
from tests.support.api import Site, running_site, vehicle_event

SERVICE = "zool.acs.v1.AccessControl"
DOORS = "zool.acs.v1.Doors"
BUFFER = 16
SMALL_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_535))
THUMBNAIL = b"\xff\xd8" + b"x" * 30_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    environ = {
        "ZOOL_API_ACS_CLIENTS_MAX": "3",
        "ZOOL_API_ACS_BUFFER_EVENTS": str(BUFFER),
        "ZOOL_API_SEND_TIMEOUT_S": "1",
        "ZOOL_API_FAILED_LOGINS_PER_MINUTE": "3",
        "ZOOL_API_SITE_NAME": "Завод",
    }
    with running_site(tmp_path_factory.mktemp("api-acs"), environ) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[AcsClient]:
    """A client that has the token."""
    with connected(site) as found:
        yield found


def test_health_and_reflection_are_open(site: Site) -> None:
    """Without a token: SERVING for the whole and the service, and the service with its methods is listed."""
    with connected(site, token="") as anybody:
        health, serving = health_pb2_grpc.HealthStub(anybody.channel), health_pb2.HealthCheckResponse.SERVING
        for name in ("", SERVICE, DOORS):  # told once a second: ready over HTTP may come a moment earlier
            asked = health_pb2.HealthCheckRequest(service=name)
            site.until(lambda _, asked=asked: health.Check(asked, timeout=30).status == serving)
        database = ProtoReflectionDescriptorDatabase(anybody.channel)
        assert {SERVICE, DOORS} <= set(database.get_services())
        described = database.FindFileContainingSymbol(SERVICE)
        assert [method.name for method in described.service[0].method] == ["StreamEvents", "GetEvent"]


@pytest.mark.parametrize("call", ["stream", "get"])
def test_nobody_comes_in_without_a_token(site: Site, call: str) -> None:
    """UNAUTHENTICATED with words in the caller's language; the metrics count it by method."""
    with connected(site, token="") as nobody, nobody.stream("ru") as stream:
        ask = stream.message if call == "stream" else lambda: nobody.get("any")
        with pytest.raises(grpc.RpcError) as refused:
            ask()
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert "authorization: Bearer" in refused.value.details()
    assert refused.value.details().startswith("This needs" if call == "get" else "Нужны")
    method = "GetEvent" if call == "get" else "StreamEvents"
    site.until(
        lambda http: (
            f'zool_api_acs_calls_total{{code="UNAUTHENTICATED",method="{method}"}} 1.0' in http.get("/metrics").text
        )
    )


async def test_events_arrive_typed(site: Site, client: AcsClient) -> None:
    """Hello with the site's name, then the event with everything that is known, with its picture where asked for."""
    with client.stream(thumbnails=True) as stream:
        hello = stream.message().hello
        assert (hello.site, hello.heartbeat_interval.seconds) == ("Завод", 15)
        await publish(site, vehicle_event(1, camera="typed-1", final=True))
        event = stream.event()
    assert (event.id, event.version, event.final) == ("event-typed-1-0001", 1, True)
    assert event.idempotency_key == "event-typed-1-0001.1"
    assert event.direction == pb.DIRECTION_ENTRY
    assert (event.plate.text, event.plate.folded, event.plate.reads) == ("А123ВС77", "A123BC77", 4)
    assert event.opened_at.ToMicroseconds() == 1_780_000_001_000_000
    assert not event.HasField("closed_at")
    assert event.published_at.ToMicroseconds() > event.opened_at.ToMicroseconds() - 10**15
    assert event.photos[0].thumbnail == b"\xff\xd8small"
    assert event.photos[0].url == "/api/v1/events/event-typed-1-0001/photos/0.jpg"
    assert (event.box.left, event.models[0].starter) == (pytest.approx(0.1), True)


async def test_filters_choose_and_resume_keeps_them(site: Site, client: AcsClient) -> None:
    """Lists of kinds and cameras; what does not fit is not sent, garbage is dropped; the cursor goes on."""
    wanted = {"cameras": ["f-1", "f-2"], "kinds": ["vehicle_exit", "camera_lost"]}
    with client.stream(**wanted) as stream:
        stream.message()
        async with Bus.open(site.broker.settings, name="garbage") as bus:
            await bus.publish("zool.events.f-1.vehicle_exit", b"\xc1garbage", message_id="garbage-acs")
        await publish(
            site,
            vehicle_event(1, camera="f-1"),
            vehicle_event(2, camera="f-3", kind="vehicle_exit"),
            vehicle_event(3, camera="f-2", kind="vehicle_exit"),
            vehicle_event(4, camera="f-1", kind="camera_lost"),
        )
        assert stream.events(1) == ["event-f-2-0003"]
    with client.stream(cursor=stream.cursor, **wanted) as again:
        assert again.message().HasField("hello")
        assert again.events(1) == ["event-f-1-0004"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"cursor": "nonsense"}, "cursor = 'nonsense'"),
        ({"cameras": [">"]}, "cameras = '>'"),
        ({"kinds": ["*"]}, "kinds = '*'"),
        ({"kinds": ["k"] * 257}, "256"),
        ({"kinds": ["k", "l"], "cameras": [f"c{n}" for n in range(129)]}, "256 pairs"),
    ],
)
def test_what_cannot_be_asked_for(client: AcsClient, request_: dict[str, object], words: str) -> None:
    """INVALID_ARGUMENT, naming the field and what is allowed."""
    with pytest.raises(grpc.RpcError) as refused, client.stream(**request_) as stream:
        stream.message()
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert words in refused.value.details()


async def test_a_quiet_client_resumes_from_its_hello(site: Site, client: AcsClient) -> None:
    """A client that saw no event yet misses none while it is away."""
    with client.stream(cameras=["quiet-2"]) as quiet:
        quiet.message()
    await publish(site, vehicle_event(1, camera="quiet-2"))
    with client.stream(cameras=["quiet-2"], cursor=quiet.cursor) as back:
        back.message()
        assert back.events(1) == ["event-quiet-2-0001"]


async def test_a_heartbeat_moves_a_quiet_client_on(site: Site, client: AcsClient) -> None:
    """Its cursor holds although all that happened meanwhile was of others, and is no longer kept: there is no gap."""
    with client.stream(cameras=["nobody-1"]) as quiet:
        begin = read_mark(quiet.message().cursor)
        await publish(site, *(vehicle_event(n, camera="other-2") for n in range(3)))
        beat = quiet.message()
        while read_mark(beat.cursor).seq < begin.seq + 3:
            beat = quiet.message()
        assert beat.HasField("heartbeat")
    async with Bus.open(site.broker.settings, name="purge") as bus:
        await bus._js.purge_stream("EVENTS")
    await publish(site, vehicle_event(1, camera="nobody-1"))
    with client.stream(cameras=["nobody-1"], cursor=quiet.cursor) as back:
        back.message()
        assert back.events(1) == ["event-nobody-1-0001"]


async def test_a_user_of_the_bucket_is_not_refused_while_users_are_unknown(site: Site) -> None:
    """Started while the broker is away: UNAVAILABLE, which clients come back from, and then the user comes in."""
    token = "token-of-a-user-of-the-bucket"
    async with Bus.open(site.broker.settings, name="users") as bus:
        user = User(name="gate-system", role="integration", token_sha256=hash_token(token))
        await bus.bucket("users").put(user.name, msgspec.json.encode(user))
    site.api.stop()
    site.broker.kill()
    site.api.start()
    with connected(site, token=token) as known:
        with pytest.raises(grpc.RpcError) as refused:
            known.get("any")
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        site.broker.start()
        site.until(lambda http: http.get("/health/ready").status_code == 200, timeout_s=60)
        code = refused.value.code()
        while code == grpc.StatusCode.UNAVAILABLE:
            with pytest.raises(grpc.RpcError) as refused:
                known.get("nothing")
            code = refused.value.code()
        assert code == grpc.StatusCode.NOT_FOUND


async def test_the_oldest_comes_first_where_asked_for(site: Site, client: AcsClient) -> None:
    """Without a cursor: from the oldest event kept."""
    await publish(site, *(vehicle_event(n, camera="old-1") for n in (1, 2)))
    with client.stream(cameras=["old-1"], start=pb.START_OLDEST) as stream:
        stream.message()
        assert stream.events(2) == ["event-old-1-0001", "event-old-1-0002"]


def test_one_event_from_the_store(site: Site, client: AcsClient) -> None:
    """The newest version; NOT_FOUND with words for what is not there."""
    site.keep(vehicle_event(5, camera="kept-1"), vehicle_event(5, camera="kept-1", version=2, plate="Х777ХХ77"))
    found = client.get("event-kept-1-0005")
    assert (found.version, found.plate.folded) == (2, "X777XX77")
    with pytest.raises(grpc.RpcError, match="There is no event 'nothing'") as refused:
        client.get("nothing")
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_streams_have_a_limit(site: Site, client: AcsClient) -> None:
    """One client more than allowed is told so; when one goes, there is room again."""
    with client.stream() as one, client.stream() as two, client.stream() as three:
        for stream in (one, two, three):
            stream.message()
        with pytest.raises(grpc.RpcError, match="acs_clients_max") as refused, client.stream() as four:
            four.message()
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    site.until(lambda http: 'zool_api_stream_clients{face="grpc"} 0.0' in http.get("/metrics").text)
    with client.stream() as again:
        assert again.message().HasField("hello")


def _rss_mib(site: Site) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{site.api.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


async def test_a_slow_client_is_told_and_cut_off(site: Site) -> None:
    """RESOURCE_EXHAUSTED with words and its last cursor, memory bounded; it resumes and has everything once."""
    count = 1500  # 45 MB for a client that takes nothing
    events = [_heavy(number) for number in range(count)]
    with connected(site, options=SMALL_WINDOW) as slow, slow.stream(cameras=["slow-1"], thumbnails=True) as stream:
        stream.message()
        before = _rss_mib(site)
        await publish(site, *events)
        cut = 'zool_api_stream_cut_total{face="grpc",reason="slow"} 1.0'
        site.until(lambda http: cut in http.get("/metrics").text, timeout_s=60)
        assert _rss_mib(site) - before < 25
        got = [message.event.id for message in stream.rest() if message.HasField("event")]
        assert stream.call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "cut off" in stream.call.details()
        assert dict(stream.call.trailing_metadata())["zool-cursor"] == stream.cursor
    assert len(got) < count
    with connected(site) as fast, fast.stream(cameras=["slow-1"], cursor=stream.cursor) as again:
        again.message()
        got += again.events(count - len(got))
    assert got == [event.event_id for event in events]


def _heavy(number: int) -> Event:
    event = vehicle_event(number, camera="slow-1")
    photos = tuple(type(photo)(shot_id=photo.shot_id, captured_at_us=1, thumbnail=THUMBNAIL) for photo in event.photos)
    return vehicle_event(number, camera="slow-1", photos=photos)


async def test_the_broker_goes_and_comes(site: Site, client: AcsClient) -> None:
    """NOT_SERVING, UNAVAILABLE with words; an open stream goes on with what was written before and after."""
    with client.stream(cameras=["broker-1"]) as stream:
        stream.message()
        await publish(site, vehicle_event(1, camera="broker-1"))
        site.broker.kill()
        site.until(lambda http: http.get("/health/ready").status_code == 503)
        with pytest.raises(grpc.RpcError, match="NATS") as refused, client.stream() as away:
            away.message()
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        health = health_pb2_grpc.HealthStub(client.channel)
        watch = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=60)
        assert any(one.status == health_pb2.HealthCheckResponse.NOT_SERVING for one in watch)
        site.broker.start()
        await publish(site, vehicle_event(2, camera="broker-1"))
        assert stream.events(2) == ["event-broker-1-0001", "event-broker-1-0002"]
        assert any(one.status == health_pb2.HealthCheckResponse.SERVING for one in watch)


async def test_an_expired_cursor_gets_a_gap(site: Site, client: AcsClient) -> None:
    """What the stream no longer keeps is named by reason, number and time; then come the events that it keeps."""
    with client.stream(cameras=["gap-1"]) as stream:
        stream.message()
        await publish(site, vehicle_event(1, camera="gap-1"))
        assert stream.events(1) == ["event-gap-1-0001"]
    await publish(site, *(vehicle_event(n, camera="gap-1") for n in range(2, 7)))
    async with Bus.open(site.broker.settings, name="purge") as bus:
        await bus._js.purge_stream("EVENTS", keep=2)
    with client.stream(cameras=["gap-1"], cursor=stream.cursor) as back:
        back.message()
        gap = back.message().gap
        assert (gap.reason, gap.events_max) == (pb.Gap.REASON_EXPIRED, 3)
        assert gap.after.ToMicroseconds() < gap.until.ToMicroseconds()
        assert "no longer kept" in gap.text
        assert back.events(2) == ["event-gap-1-0005", "event-gap-1-0006"]


async def test_a_stream_made_anew_gives_a_gap(site: Site, client: AcsClient) -> None:
    """A cursor of the old one, a client that comes back and one that stayed: told, then given all that there is."""
    with client.stream(cameras=["anew-1"]) as stayed:
        stayed.message()
        old = stayed.cursor
        async with Bus.open(site.broker.settings, name="anew") as bus:
            await bus._js.delete_stream("EVENTS")
            await bus.ensure_streams("EVENTS")
        await publish(site, vehicle_event(1, camera="anew-1"))
        site.broker.kill()
        site.broker.start()
        message = stayed.message()
        while message.HasField("heartbeat"):
            message = stayed.message()
        assert message.gap.reason == pb.Gap.REASON_RENEWED
        assert stayed.events(1) == ["event-anew-1-0001"]
    with client.stream(cameras=["anew-1"], cursor=old) as back:
        back.message()
        assert back.message().gap.reason == pb.Gap.REASON_RENEWED
        assert back.events(1) == ["event-anew-1-0001"]
    with client.stream(cameras=["anew-1"], cursor=stayed.cursor) as fresh:
        fresh.message()
        await publish(site, vehicle_event(2, camera="anew-1"))
        assert fresh.events(1) == ["event-anew-1-0002"]


def test_wrong_tokens_are_throttled_together_with_rest(site: Site) -> None:
    """Tries over HTTP count for gRPC: the words say when to come back, and a right token still comes in."""
    with site.client(token="wrong-token-wrong-token") as http:
        for _ in range(3):
            assert http.get("/api/v1/cameras").status_code == 401
    with connected(site, token="wrong-token-wrong-token") as stranger, pytest.raises(grpc.RpcError) as refused:
        stranger.get("any")
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert "Too many wrong tokens" in refused.value.details()
    assert int(dict(refused.value.trailing_metadata())["retry-after"]) > 0
    with connected(site) as known, known.stream() as stream:
        assert stream.message().HasField("hello")


def test_it_stops_with_streams_open(site: Site) -> None:
    """Asked to stop, open streams end at once with UNAVAILABLE, words and a cursor, also one that is not read."""
    with connected(site) as client, client.stream() as stream, client.stream(thumbnails=True):
        stream.message()
        assert site.api.stop() == 0
        stream.rest()
    assert stream.call.code() == grpc.StatusCode.UNAVAILABLE
    assert stream.call.details().startswith("The server stops")
    assert dict(stream.call.trailing_metadata())["zool-cursor"] == stream.cursor
    assert "Traceback" not in site.api.log
