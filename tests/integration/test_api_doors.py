"""Doors over the real broker: what opens, what never does, and that everything is told in its order."""

from __future__ import annotations

from collections.abc import Iterator

import grpc  # type: ignore[import-untyped]
import pytest

from api.acs.v1 import doors_pb2 as dp
from tests.support.acs import publish
from tests.support.api import Site, running_site
from tests.support.doors import DoorCalls, door_calls, heard, now_us, passage

LISTED, DENIED, STRANGE = "А123ВС77", "Х666ХХ77", "М001ММ99"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file, with a listed and a denied plate."""
    with running_site(tmp_path_factory.mktemp("api-doors"), {"ZOOL_API_ACS_CLIENTS_MAX": "6"}) as running:
        with running.client() as http:
            for plate, on in ((LISTED, "allow"), (DENIED, "deny"), (DENIED, "allow")):
                assert http.post("/api/v1/vehicles", json={"plate": plate, "list": on}).status_code == 201
        yield running


@pytest.fixture
def calls(site: Site) -> Iterator[DoorCalls]:
    """Calls with the token."""
    with door_calls(site) as found:
        yield found


def make_door(site: Site, door: str, **settings: object) -> None:
    """A door whose camera is `cam-<door>`."""
    body = {"places": [{"camera": f"cam-{door}"}], **settings}
    with site.client() as http:
        answer = http.put(f"/api/v1/doors/{door}", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_listed_plate_opens_and_others_do_not(site: Site, calls: DoorCalls) -> None:
    """Grant with three seconds; denied, strange and stale with their reasons, in the order of the stream."""
    make_door(site, "plain")
    with calls.decisions("plain") as stream:
        assert next(stream).HasField("hello")
        camera = "cam-plain"
        await publish(
            site,
            passage(1, camera=camera, plate=LISTED),
            passage(2, camera=camera, plate=DENIED),
            passage(3, camera=camera, plate=STRANGE),
            passage(4, camera=camera, plate=LISTED, age_s=30),
            passage(5, camera=camera, plate=LISTED, kind="vehicle_exit", direction="exit"),
        )
        told = [message.decision for message in heard(stream, 5)]
    assert [one.verdict for one in told] == [dp.VERDICT_GRANT, *[dp.VERDICT_DENY] * 4]
    assert [dp.Reason.Name(one.reason).removeprefix("REASON_") for one in told] == [
        "PLATE", "DENIED", "UNKNOWN", "STALE", "DIRECTION",
    ]  # fmt: skip
    first = told[0]
    assert first.expires_at.ToMicroseconds() - first.decided_at.ToMicroseconds() == 3_000_000
    assert (first.event_id, first.list, first.plate) == ("pass-cam-plain-00001", "allow", LISTED)


async def test_what_is_not_sure_yet_waits_for_its_last_word(site: Site, calls: DoorCalls) -> None:
    """Unread, then unsure, then sure: one decision, a grant; and no second one for later versions."""
    make_door(site, "versions")
    camera = "cam-versions"
    with calls.decisions("versions") as stream:
        next(stream)
        await publish(
            site,
            passage(1, camera=camera, plate="", plate_sure=False, version=1),
            passage(1, camera=camera, plate=LISTED, plate_sure=False, version=3),
            passage(1, camera=camera, plate=LISTED, version=5),
            passage(1, camera=camera, plate=LISTED, version=7, final=True),
            passage(2, camera=camera, plate="", plate_sure=False, version=1, final=True),
        )
        told = [message.decision for message in heard(stream, 2)]
    assert [(one.verdict, one.version, one.reason) for one in told] == [
        (dp.VERDICT_GRANT, 5, dp.REASON_PLATE), (dp.VERDICT_DENY, 1, dp.REASON_UNREAD),
    ]  # fmt: skip


async def test_opening_by_hand_is_a_command_and_an_event(site: Site, calls: DoorCalls) -> None:
    """Over REST and gRPC, with a reason that is needed; the same request never opens twice."""
    make_door(site, "hand")
    with calls.decisions("hand") as stream, site.client() as http:
        next(stream)
        site.until(lambda http: http.get("/api/v1/doors/hand").json()["listeners"] == 1)
        body = {"reason": "fire brigade", "request_id": "r1"}
        first = http.post("/api/v1/doors/hand/open", json=body).json()
        assert http.post("/api/v1/doors/hand/open", json=body).json() == first
        assert http.post("/api/v1/doors/hand/open", json={"reason": " x "}).status_code == 422
        second = calls.call("OpenDoor", dp.OpenDoorRequest(door="hand", reason="a guest", request_id="r2"), "ru")
        told = [message.decision for message in heard(stream, 2)]
    assert [one.id for one in told] == [first["id"], second.id]
    assert (told[0].verdict, told[0].author, told[0].note) == (dp.VERDICT_GRANT, "admin", "fire brigade")
    assert second.text == "открыто вручную"
    make_door(site, "off", enabled=False)
    refused = calls.call("OpenDoor", dp.OpenDoorRequest(door="off", reason="a guest", request_id="r3"))
    assert (refused.verdict, refused.reason) == (dp.VERDICT_DENY, dp.REASON_DOOR_OFF)


def test_a_door_that_is_not_there(calls: DoorCalls) -> None:
    """Nobody waits for its decisions for ever."""
    with calls.decisions("nowhere") as stream, pytest.raises(grpc.RpcError) as refused:
        next(stream)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


async def test_antipassback_counts_what_the_door_reports(site: Site, calls: DoorCalls) -> None:
    """Let in, not again until it went out; reports become events and say the decision they are about."""
    make_door(site, "apb-in", region="yard", antipassback="both")
    make_door(site, "apb-out", region="yard", antipassback="both", direction="exit")
    out = {"kind": "vehicle_exit", "direction": "exit"}
    with calls.decisions("apb-in", "apb-out") as stream:
        next(stream)

        async def one(number: int, camera: str, **fields: object) -> dp.Decision:
            await publish(site, passage(number, camera=camera, plate=LISTED, **fields))
            return heard(stream, 1)[0].decision

        first = await one(1, "cam-apb-out", **out)
        assert first.reason == dp.REASON_NOT_INSIDE
        granted = await one(2, "cam-apb-in")
        assert granted.verdict == dp.VERDICT_GRANT
        assert (await one(3, "cam-apb-in")).reason == dp.REASON_UNDER_WAY
        report = dp.ReportPassageRequest(door="apb-in", decision_id=granted.id, outcome=dp.OUTCOME_PASSED)
        said = calls.call("ReportPassage", report)
        assert calls.call("ReportPassage", report).event_id == said.event_id
        inside = await one(4, "cam-apb-in")
        assert inside.verdict == dp.VERDICT_DENY
        gone = await one(5, "cam-apb-out", **out)
        assert gone.verdict == dp.VERDICT_GRANT
    with site.client() as http:
        recent = http.get("/api/v1/doors/apb-in").json()["recent"]
    passed = next(one for one in recent if one["kind"] == "access_passage")
    assert (passed["id"], passed["reason"], passed["plate"], passed["author"]) == (
        granted.id,
        "passed",
        LISTED,
        "admin",
    )


async def test_after_an_outage_nothing_opens_and_nothing_is_missing(site: Site, calls: DoorCalls) -> None:
    """A client that comes back behind its cursor gets every decision in order; what has expired is told as expired."""
    make_door(site, "away")
    with calls.decisions("away") as stream:
        cursor = next(stream).cursor
    plates = [LISTED, STRANGE, LISTED, DENIED]
    await publish(site, *(passage(n, camera="cam-away", plate=plate) for n, plate in enumerate(plates)))
    site.until(lambda http: len(http.get("/api/v1/doors/away").json()["recent"]) == 4)
    until_us = now_us() + 3_100_000
    site.until(lambda _: now_us() > until_us)
    with calls.decisions("away", cursor=cursor) as back:
        next(back)
        told = [message.decision for message in heard(back, 4)]
    assert [one.plate for one in told] == plates
    expired, deny = dp.VERDICT_EXPIRED, dp.VERDICT_DENY
    assert [one.verdict for one in told] == [expired, deny, expired, deny]


async def test_a_restart_forgets_nobody(site: Site) -> None:
    """Who is inside is read from the stream again, and a question that was answered gets the same answer."""
    make_door(site, "again", antipassback="entry", everybody=True)
    question = dp.DecideRequest(request_id="before", door="again", card="nobody's")
    with door_calls(site) as calls, calls.decisions("again") as stream:
        next(stream)
        await publish(site, passage(1, camera="cam-again", plate=LISTED))
        granted = heard(stream, 1)[0].decision
        assert granted.verdict == dp.VERDICT_GRANT
        report = dp.ReportPassageRequest(door="again", decision_id=granted.id, outcome=dp.OUTCOME_PASSED)
        calls.call("ReportPassage", report)
        answer = calls.call("Decide", question)
    assert site.api.stop() == 0
    site.api.start()
    site.until(lambda http: http.get("/health/ready").status_code == 200, timeout_s=60)
    site.until(lambda http: len(http.get("/api/v1/doors/again").json().get("recent", ())) == 3, timeout_s=60)
    with door_calls(site) as calls, calls.decisions("again") as stream:
        next(stream)
        await publish(site, passage(2, camera="cam-again", plate=LISTED))
        assert heard(stream, 1)[0].decision.reason == dp.REASON_INSIDE
        assert calls.call("Decide", question).decided_at == answer.decided_at
