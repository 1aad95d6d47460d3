"""MQTT to a real broker, and commands to relay boards: a command that comes late opens nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from ingest.contract import decode, encode
from postprocess.config import DeliverSettings
from postprocess.deliver.log import TestReply, TestRequest
from tests.support.deliver import DEADLINE_S, LOCAL, SECRET, Site, delivering, happened, running_site
from tests.support.http_server import HttpServer, Reply, http_server
from tests.support.mqtt import PASSWORD, USER, mqtt_broker
from tests.support.postprocess import until

ENV = {"env": "ZOOL_SECRET_TEST"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A broker."""
    async with running_site(tmp_path / "nats") as running:
        yield running


@pytest.fixture
async def board() -> AsyncIterator[HttpServer]:
    """A relay board."""
    async with http_server() as server:
        yield server


async def outcomes(site: Site, count: int) -> list[str]:
    """Wait for so many entries of the log."""

    async def there() -> bool:
        return len(await site.log()) >= count

    await until(there, f"{count} entries", deadline_s=DEADLINE_S)
    return [entry.outcome for entry in await site.log()]


async def test_mqtt_gets_each_event_once_over_an_outage(site: Site, tmp_path: Path) -> None:
    """Topic and body of each; the broker is killed in between, what happens meanwhile comes afterwards, in order."""
    async with mqtt_broker(tmp_path / "mqtt") as broker:
        await site.target(
            "plant", "mqtt", host="127.0.0.1", port=broker.port, tls=False, user=USER, password={"value": PASSWORD},
            topic="plant/{camera}/{kind}/{rule}", timeout_s=2.0,
        )  # fmt: skip
        await site.rule("all", "plant", versions="every")
        async with delivering(site):
            await site.standing("plant")
            async with broker.heard("plant/#") as queue:
                await site.say(happened(1))
                message = await asyncio.wait_for(queue.get(), DEADLINE_S)
            assert message.topic.value == "plant/gate-1/vehicle_entry/all"
            assert isinstance(message.payload, bytes)
            assert json.loads(message.payload)["id"] == happened(1).event_id
            await broker.kill()
            for number in range(2, 22):
                await site.say(happened(number))

            async def failed() -> bool:
                return any(entry.outcome == "retrying" for entry in await site.log())

            await until(failed, "a try that fails", deadline_s=DEADLINE_S)
            await broker.start()
            async with broker.heard("plant/#") as queue:
                got = [await asyncio.wait_for(queue.get(), DEADLINE_S) for _ in range(20)]
            assert [json.loads(bytes(one.payload))["id"] for one in got] == [  # type: ignore[arg-type]
                happened(n).event_id for n in range(2, 22)
            ]


async def test_mqtt_with_a_wrong_password_says_so(site: Site, tmp_path: Path) -> None:
    """The test button says what the broker said, and a good one is taken."""
    async with mqtt_broker(tmp_path / "mqtt") as broker:
        where: dict[str, Any] = {"host": "127.0.0.1", "port": broker.port, "tls": False, "user": USER}
        await site.target("bad", "mqtt", password={"value": "wrong"}, **where)
        await site.target("good", "mqtt", password={"value": PASSWORD}, **where)
        async with delivering(site) as office:
            await site.standing("bad", "good")
            bad = await trial(office, "bad")
            assert not bad.ok
            assert "MQTT" in bad.words
            assert (await trial(office, "good")).ok
            assert "no such target" in (await trial(office, "none")).words


async def trial(office: Any, target: str, *, open_: bool = False) -> TestReply:
    """As the api asks."""
    return decode(await office._test("", encode(TestRequest(target=target, open=open_))), TestReply)


def passage(number: int, **fields: Any) -> Any:
    """A vehicle of the list `allow` whose plate is safe."""
    plain = {"plate": "А123ВС77", "plate_sure": True, "listed": "allow"}
    return happened(number, **(plain | fields))


async def test_a_relay_opens_once_with_id_and_expiry(site: Site, board: HttpServer) -> None:
    """For the first sure version only; the command is signed and says until when it holds."""
    await site.target("barrier", "relay", url=board.url("/open"), secret=ENV, relay="2", pulse_ms=500)
    await site.rule("gate", "barrier", lists=["allow"])
    async with delivering(site):
        await site.standing("barrier")
        await site.say(passage(1, plate_sure=False))
        await site.say(passage(1, version=2))
        await site.say(passage(1, version=3, final=True))
        await site.say(passage(2, listed="deny"))
        await site.say(passage(3, listed=""))
        await site.say(passage(4))
        assert await outcomes(site, 2) == ["sent", "sent"]
    first, second = board.taken
    command = json.loads(first.body)
    assert command["id"] == first.headers["idempotency-key"] == passage(1, version=2).message_id
    assert (command["command"], command["relay"], command["pulse_ms"]) == ("open", "2", 500)
    assert 0 < command["valid_ms"] <= 3000
    assert standardwebhooks.Webhook(SECRET.encode()).verify(first.body, first.headers)["camera"] == "gate-1"
    assert json.loads(second.body)["event"] == passage(4).event_id


async def test_a_command_that_could_not_be_given_in_time_opens_nothing(site: Site, board: HttpServer) -> None:
    """The board is away for longer than a command holds; when it is back nothing comes but what happens then."""
    await board.down()
    await site.target("barrier", "relay", url=board.url("/open"))
    await site.rule("gate", "barrier", lists=["allow"])
    async with delivering(site, DeliverSettings(networks=LOCAL, command_s=1.0)):
        await site.standing("barrier")
        await site.say(passage(1))
        await site.say(passage(2))

        async def expired() -> bool:
            return [entry.outcome for entry in await site.log()].count("expired") == 2

        await until(expired, "both expire", deadline_s=DEADLINE_S)
        await board.up()
        await site.say(passage(3))

        async def opened() -> bool:
            return bool(board.seen)

        await until(opened, "the third opens", deadline_s=DEADLINE_S)
    assert [json.loads(request.body)["event"] for request in board.seen] == [passage(3).event_id]


async def test_what_is_said_again_or_late_opens_nothing(site: Site, board: HttpServer) -> None:
    """A replay has another message id; an old event said now is old; what `deliver` finds at its start has expired."""
    await site.target("barrier", "relay", url=board.url("/open"))
    await site.rule("gate", "barrier", lists=["allow"])
    hour_ago = time.time_ns() // 1000 - 3_600_000_000
    async with delivering(site, DeliverSettings(networks=LOCAL, command_s=1.0)):
        await site.standing("barrier")
    await site.say(passage(1))
    stored_s = time.monotonic()

    async def late() -> bool:
        return time.monotonic() - stored_s > 1.0

    await until(late, "its time is over", deadline_s=DEADLINE_S)
    async with delivering(site, DeliverSettings(networks=LOCAL, command_s=1.0)):
        assert await outcomes(site, 1) == ["expired"]
        await site.say(passage(2), message_id=f"{passage(2).message_id}.replay7")
        await site.say(passage(3, opened_at_us=hour_ago))
        await site.bus.publish(
            "zool.deliver.barrier.gate-1.vehicle_entry", encode(passage(4)), message_id=passage(4).message_id
        )
        await site.say(passage(5))

        async def opened() -> bool:
            return bool(board.seen)

        await until(opened, "the last opens", deadline_s=DEADLINE_S)
    assert [json.loads(request.body)["event"] for request in board.seen] == [passage(5).event_id]


async def test_the_test_button_opens_no_door_by_accident(site: Site, board: HttpServer) -> None:
    """A relay is opened by who says so."""
    await site.target("barrier", "relay", url=board.url("/open"))
    async with delivering(site) as office:
        await site.standing("barrier")
        closed = await trial(office, "barrier")
        assert not closed.ok
        assert board.seen == []
        assert (await trial(office, "barrier", open_=True)).ok
    assert len(board.taken) == 1


async def test_the_breaker_stops_a_target_that_refuses_everything(site: Site, board: HttpServer) -> None:
    """Beyond two letters a minute nothing is buried: what is refused waits, and comes when somebody says resume."""
    board.reply = lambda _request: Reply(status=422)
    await site.target("erp", "webhook", url=board.url(), secret=ENV)
    await site.rule("all", "erp", kinds=["vehicle_entry"])
    settings = DeliverSettings(networks=LOCAL, backoff_s_max=0.1, refused_max=1)
    async with delivering(site, settings, per_minute_max=2) as office:
        await site.standing("erp")
        for number in range(6):
            await site.say(happened(number, camera=f"gate-{1 + number % 2}"))

        async def stopped() -> bool:
            return office._grave.of("deliver-erp").takes() == 0

        await until(stopped, "it stops", deadline_s=DEADLINE_S)
        board.reply = lambda _request: Reply()
        await office._grave._hear("", b"")

        async def rest() -> bool:
            return len(board.taken) >= 4

        await until(rest, "the rest comes", deadline_s=DEADLINE_S)
    assert len(board.taken) == 4
    assert [entry.outcome for entry in await site.log()].count("dead") == 2
    for camera in ("gate-1", "gate-2"):
        numbers = [
            one["id"] for one in map(json.loads, (request.body for request in board.taken)) if one["camera"] == camera
        ]
        assert numbers == sorted(numbers)
