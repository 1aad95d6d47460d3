"""Webhooks over a real broker to a real HTTP server: signature, order, outage, refusal, dead letters."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import standardwebhooks
import trustme

from ingest.contract import DeadLetter, decode
from postprocess.config import DeliverSettings
from postprocess.contract import Event
from postprocess.shown import event_view
from tests.support.deliver import DEADLINE_S, LOCAL, SECRET, SETTINGS, Site, delivering, happened, running_site
from tests.support.http_server import HttpServer, Reply, Request, http_server
from tests.support.postprocess import everything, until

ENV = {"env": "ZOOL_SECRET_TEST"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A broker."""
    async with running_site(tmp_path) as running:
        yield running


@pytest.fixture
async def hook() -> AsyncIterator[HttpServer]:
    """Somebody's server."""
    async with http_server() as server:
        yield server


async def taken(server: HttpServer, count: int) -> list[Request]:
    """Wait until a server took so many requests."""

    async def enough() -> bool:
        return len(server.taken) >= count

    await until(enough, f"{count} requests", deadline_s=DEADLINE_S)
    return server.taken


async def test_the_rest_event_comes_signed(site: Site, hook: HttpServer) -> None:
    """Body = the event of REST; another implementation of Standard Webhooks takes the signature."""
    await site.target("erp", "webhook", url=hook.url("/in?key=1"), secret=ENV)
    await site.rule("all", "erp")
    async with delivering(site):
        await site.standing("erp")
        event = happened(1, plate="А123ВС77")
        await site.say(event)
        (request,) = await taken(hook, 1)
    assert (request.method, request.path) == ("POST", "/in?key=1")
    assert json.loads(request.body) == json.loads(msgspec.json.encode(event_view(event)))
    assert request.headers["idempotency-key"] == request.headers["webhook-id"] == event.message_id
    checker = standardwebhooks.Webhook(SECRET.encode())
    assert checker.verify(request.body, request.headers)["id"] == event.event_id
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        checker.verify(request.body + b" ", request.headers)
    (entry,) = await site.log("erp")
    assert (entry.outcome, entry.tries, entry.rule, entry.id) == ("sent", 1, "all", event.message_id)
    assert entry.events[0].event_id == event.event_id


def ids(requests: list[Request]) -> list[str]:
    """Their idempotency keys."""
    return [request.headers["idempotency-key"] for request in requests]


async def test_an_outage_is_made_up_for_in_order_and_completely(site: Site, hook: HttpServer) -> None:
    """Two minutes of events while the server is down: each arrives once, those of a plate or camera in their order.

    camera gate-1 ─ v1 v2 ────────  (no plate)
    plates A, B   ── a b a b a ───  server:  down ─────────── up
    """
    await site.target("erp", "webhook", url=hook.url(), secret=ENV)
    await site.rule("all", "erp", versions="every")
    async with delivering(site):
        await site.standing("erp")
        await site.say(happened(0))
        await taken(hook, 1)
        await hook.down()
        said: list[Event] = []
        for number in range(1, 121):
            plate = ("", "А111АА77", "В222ВВ77")[number % 3]
            event = happened(number, camera=f"gate-{1 + number % 2}", plate=plate)
            said += [event, msgspec.structs.replace(event, version=2, final=True)]
        for event in said:
            await site.say(event)

        async def tried() -> bool:
            return any(entry.outcome == "retrying" for entry in await site.log("erp"))

        await until(tried, "a try that fails", deadline_s=DEADLINE_S)
        await hook.up()
        await taken(hook, 1 + len(said))
    arrived = ids(hook.taken)[1:]
    assert sorted(arrived) == sorted(event.message_id for event in said)
    for key in {(event.plate or event.camera) for event in said}:
        wanted = [event.message_id for event in said if (event.plate or event.camera) == key]
        assert [one for one in arrived if one in set(wanted)] == wanted


async def test_a_target_that_is_away_holds_up_no_other(site: Site, hook: HttpServer) -> None:
    """One server is silent, the other has everything."""
    async with http_server() as dumb:
        dumb.reply = lambda _request: Reply(silent=True)
        await site.target("dumb", "webhook", url=dumb.url(), secret=ENV, timeout_s=60.0)
        await site.target("erp", "webhook", url=hook.url(), secret=ENV)
        for target in ("dumb", "erp"):
            await site.rule(f"all-{target}", target)
        async with delivering(site) as office:
            await site.standing("dumb", "erp")
            for number in range(50):
                await site.say(happened(number))
            await taken(hook, 50)
            assert dumb.taken == []
            assert office is not None


async def test_what_is_refused_goes_to_the_dead_letters_and_can_be_said_again(site: Site, hook: HttpServer) -> None:
    """422 three times: a letter; the next of its key gets through. The letter said again goes to this target alone."""
    refused = happened(1)
    hook.reply = lambda request: Reply(status=422 if refused.event_id in request.headers["idempotency-key"] else 200)
    async with http_server() as other:
        await site.target("erp", "webhook", url=hook.url(), secret=ENV)
        await site.target("other", "webhook", url=other.url(), secret=ENV)
        for target in ("erp", "other"):
            await site.rule(f"all-{target}", target)
        async with delivering(site):
            await site.standing("erp", "other")
            await site.say(refused)
            await site.say(happened(2))
            assert ids(await taken(hook, 1)) == [happened(2).message_id]
            tries = [one for one in ids(hook.seen) if one == refused.message_id]
            assert len(tries) == SETTINGS.refused_max
            (raw,) = await everything(site.bus, "DEAD", "zool.dead.deliver")
            letter = decode(raw.payload, DeadLetter)
            assert letter.subject == "zool.deliver.erp.gate-1.vehicle_entry"
            assert "HTTP 422" in letter.reason
            await taken(other, 2)
            hook.reply = lambda _request: Reply()
            await site.bus.publish(letter.subject, letter.payload, message_id=f"{letter.message_id}.replay1")
            assert ids(await taken(hook, 2))[-1] == refused.message_id
        assert len(other.taken) == 2
    assert [entry.outcome for entry in await site.log("erp")] == ["retrying", "dead", "sent", "sent"]


async def test_wrong_password_is_an_outage_not_a_refusal(site: Site, hook: HttpServer) -> None:
    """401 and redirects wait: nothing is lost while somebody sets the target right."""
    hook.reply = lambda _request: Reply(status=302, headers={"Location": hook.url("/other")})
    await site.target("erp", "webhook", url=hook.url(), secret=ENV)
    await site.rule("all", "erp")
    async with delivering(site):
        await site.standing("erp")
        await site.say(happened(1))

        async def tried() -> bool:
            return len(hook.seen) >= 5

        await until(tried, "five tries", deadline_s=DEADLINE_S)
        assert {request.path for request in hook.seen} == {"/hook"}
        assert "redirects are not followed" in str(site.health.snapshot())
        hook.reply = lambda _request: Reply(status=401)
        seen = len(hook.seen)

        async def refused() -> bool:
            return len(hook.seen) > seen + 4

        await until(refused, "tries that end with 401", deadline_s=DEADLINE_S)
        hook.reply = lambda _request: Reply()
        await taken(hook, 1)
    assert [entry.outcome for entry in await site.log()] == ["retrying", "sent"]


async def test_loopback_is_no_target_unless_it_is_allowed(site: Site, hook: HttpServer) -> None:
    """With the defaults of [deliver] nothing is opened; the state says why."""
    await site.target("erp", "webhook", url=hook.url(), secret=ENV)
    await site.rule("all", "erp")
    async with delivering(site, DeliverSettings(backoff_s_max=0.1)):
        await site.standing("erp")
        await site.say(happened(1))

        async def told() -> bool:
            return any("no target may be at" in entry.words for entry in await site.log())

        await until(told, "a try that is refused here", deadline_s=DEADLINE_S)
    assert hook.seen == []


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(site: Site) -> None:
    """TLS is verified, by the name that was written."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with http_server(context) as server:
        await site.target("erp", "webhook", url=server.url(host="localhost"), secret=ENV)
        await site.rule("all", "erp")
        async with delivering(site, DeliverSettings(networks=(*LOCAL, "::1/128"), backoff_s_max=0.1)):
            await site.standing("erp")
            await site.say(happened(1))

            async def told() -> bool:
                return any("CERTIFICATE_VERIFY_FAILED" in entry.words for entry in await site.log())

            await until(told, "a certificate that is refused", deadline_s=DEADLINE_S)
        assert server.seen == []


async def test_a_new_target_begins_with_what_happens_next(site: Site, hook: HttpServer) -> None:
    """What was in the stream before is not sent; what happens while it is off is not, either."""
    await site.say(happened(1))
    await site.target("erp", "webhook", url=hook.url(), secret=ENV)
    await site.rule("all", "erp")
    async with delivering(site):
        await site.standing("erp")
        await site.say(happened(2))
        await taken(hook, 1)
        await site.target("erp", "webhook", enabled=False, url=hook.url(), secret=ENV)

        async def gone() -> bool:
            return await site.bus.consumer_place("EVENTS", "deliver-erp") is None

        await until(gone, "the consumer is gone", deadline_s=DEADLINE_S)
        await site.say(happened(3))
        await site.target("erp", "webhook", url=hook.url(), secret=ENV)
        await site.standing("erp")
        await site.say(happened(4))
        await taken(hook, 2)
    assert ids(hook.taken) == [happened(2).message_id, happened(4).message_id]
