"""Lists both ways, questions of a controller's own reader, offline lists, and calls with nonsense."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import doors_pb2 as dp
from deploy.acs.doors import offline_of
from postprocess.contract import Event
from tests.support.acs import publish
from tests.support.api import Site, running_site
from tests.support.doors import DoorCalls, door_calls, heard, now_us

PLATE = "А123ВС77"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site with an office door (card and face) and a gate."""
    with running_site(tmp_path_factory.mktemp("doors-lists")) as running, running.client() as http:
        office = {"places": [{"camera": "cam-office"}], "everybody": True, "second_factor": "card_face", "kind": "door"}
        assert http.put("/api/v1/doors/office", json=office).status_code == 201
        gate = {"everybody": True, "direction": "both", "departments": ["Цех 1"], "offline_h": 2}
        assert http.put("/api/v1/doors/gate", json=gate).status_code == 201
        yield running


@pytest.fixture
def calls(site: Site) -> Iterator[DoorCalls]:
    """Calls with the token."""
    with door_calls(site) as found:
        yield found


def at(us: int) -> Timestamp:
    """A time."""
    found = Timestamp()
    found.FromMicroseconds(us)
    return found


def upsert(name: str, **member: Any) -> dp.UpsertMemberRequest:
    """A member by its external id."""
    return dp.UpsertMemberRequest(member=dp.Member(external_id=name, **member))


def test_members_go_both_ways(site: Site, calls: DoorCalls) -> None:
    """Set, seen by a follower and over REST, removed and seen again; doing it twice changes nothing."""
    vehicle = dp.Vehicle(plate=PLATE, list="allow", owner="ООО", schedule=[dp.Hours(days=["mon"], since="08:00")])
    first = calls.call("UpsertMember", upsert("ext-1", vehicle=vehicle))
    assert first.revision > 0
    assert calls.call("UpsertMember", upsert("ext-1", vehicle=vehicle)).revision == 0
    stream = calls.members(dp.MEMBER_KIND_VEHICLE, follow=True)
    known, synced = next(stream), next(stream)
    assert (known.upsert.external_id, known.upsert.vehicle.plate, known.revision) == ("ext-1", PLATE, first.revision)
    assert synced.synced.members == 1
    with site.client() as http:
        shown = http.get("/api/v1/vehicles/ext-1").json()
        assert (shown["owner"], shown["schedule"][0]["since"]) == ("ООО", "08:00")
        assert (
            http.post("/api/v1/vehicles", json={"plate": "В777ВВ77", "list": "deny", "id": "ours"}).status_code == 201
        )
    assert next(stream).upsert.vehicle.list == "deny"
    gone = dp.RemoveMemberRequest(kind=dp.MEMBER_KIND_VEHICLE, external_id="ext-1")
    assert calls.call("RemoveMember", gone).revision > 0
    assert calls.call("RemoveMember", gone).revision == 0
    assert next(stream).remove == "ext-1"
    stream.cancel()


def test_people_keep_what_others_say_of_them(site: Site, calls: DoorCalls) -> None:
    """Name, department and card follow the other system; a watch list that was set here stays."""
    with site.client() as http:
        assert http.post("/api/v1/people", json={"id": "eve", "name": "E.", "watch": "thieves"}).status_code == 201
    calls.call("UpsertMember", upsert("eve", person=dp.Worker(name="Eve", badge="66", valid_until=at(now_us()))))
    with site.client() as http:
        shown = http.get("/api/v1/people/eve").json()
    assert (shown["name"], shown["badge"], shown["watch"]) == ("Eve", "66", "thieves")
    every = list(calls.members(dp.MEMBER_KIND_PERSON))
    assert "eve" in [one.upsert.external_id for one in every]
    assert every[-1].HasField("synced")
    calls.call("RemoveMember", dp.RemoveMemberRequest(kind=dp.MEMBER_KIND_PERSON, external_id="eve"))


def test_what_is_changed_over_grpc_is_in_the_audit(site: Site, calls: DoorCalls) -> None:
    """Who, by which call, and what: as over REST. Opening by hand is there too."""
    calls.call("UpsertMember", upsert("audited", vehicle=dp.Vehicle(plate="О111ОО77", list="allow")))
    calls.call("OpenDoor", dp.OpenDoorRequest(door="gate", reason="audit", request_id="audit"))
    with site.client() as http:
        records = http.get("/api/v1/audit").json()["items"]
    by_act = {one["act"]: one for one in reversed(records)}
    changed = by_act["/zool.acs.v1.Doors/UpsertMember"]
    assert (changed["user"], changed["changes"][0]["bucket"], changed["changes"][0]["key"]) == (
        "admin", "vehicles", "audited",
    )  # fmt: skip
    assert by_act["/zool.acs.v1.Doors/OpenDoor"]["user"] == "admin"


async def test_a_card_needs_its_owners_face(site: Site, calls: DoorCalls) -> None:
    """Without a face, with another's, with its owner's; the same request never opens twice."""
    for name, badge in (("ann", "1042"), ("bob", "1043")):
        calls.call("UpsertMember", upsert(name, person=dp.Worker(name=name, badge=badge)))

    def ask(number: str, card: str = "1042") -> dp.Decision:
        request = dp.DecideRequest(request_id=number, door="office", card=card)
        found: dp.Decision = calls.call("Decide", request)
        return found

    assert ask("r1").reason == dp.REASON_SECOND_FACTOR
    with calls.decisions("office") as stream:
        next(stream)
        await publish(site, _face("bob"))
        assert await _until(site, ask, dp.REASON_MISMATCH, "a")
        await publish(site, _face("ann"))
        assert await _until(site, ask, dp.REASON_CARD_FACE, "b")
        granted = ask("same")
        assert (granted.verdict, granted.person, granted.card) == (dp.VERDICT_GRANT, "ann", "1042")
        assert ask("same").id == granted.id
        told = heard(stream, 2)
    assert {message.decision.door for message in told} == {"office"}
    assert ask("r9", card="9").reason == dp.REASON_UNKNOWN


def _face(person: str) -> Event:
    return Event(
        event_id=f"face-{person}-{now_us()}", version=2, kind="face_known", camera="cam-office", opened_at_us=now_us(),
        person=person, person_confidence=0.8,
    )  # fmt: skip


async def _until(site: Site, ask: Any, reason: int, prefix: str) -> bool:
    """Ask again and again until the door has seen the face."""
    tries = iter(range(10_000))
    site.until(lambda _: ask(f"{prefix}{next(tries)}").reason == reason)
    return True


def test_a_guest_pass_opens_for_its_time(site: Site, calls: DoorCalls) -> None:
    """Over gRPC and REST; without an end, or with one too far away, it is refused; a second one prolongs the first."""
    until = at(now_us() + 3_600_000_000)
    made = calls.call("AddGuestPass", dp.AddGuestPassRequest(plate="К001КК77", valid_until=until, owner="Петров"))
    assert made.vehicle.list == "guest"
    request = dp.DecideRequest(
        request_id="guest-1", door="gate", plate="К001КК77", plate_sure=True, plate_confidence=0.9,
        direction=pb.DIRECTION_ENTRY,
    )  # fmt: skip
    found = calls.call("Decide", request)
    assert (found.verdict, found.list) == (dp.VERDICT_GRANT, "guest")
    for wrong in (None, at(now_us() - 1), at(now_us() + 40 * 86_400_000_000)):
        with pytest.raises(grpc.RpcError) as refused:
            calls.call("AddGuestPass", dp.AddGuestPassRequest(plate="К001КК77", valid_until=wrong))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with site.client() as http:
        body = {"plate": "К001КК77", "valid_until": "2999-01-01T00:00:00Z"}
        assert http.post("/api/v1/guest-passes", json=body).status_code == 422
        soon = until.ToDatetime().isoformat() + "Z"
        again = http.post("/api/v1/guest-passes", json={"plate": "К001КК77", "valid_until": soon, "note": "ещё раз"})
        assert (again.status_code, again.json()["id"], again.json()["note"]) == (201, made.external_id, "ещё раз")


def test_an_offline_list_has_an_end(site: Site, calls: DoorCalls) -> None:
    """Plates and cards that open the gate, for two hours; none for a door that wants a face."""
    calls.call("UpsertMember", upsert("off-1", vehicle=dp.Vehicle(plate="М100ММ77", list="allow")))
    calls.call("UpsertMember", upsert("off-2", vehicle=dp.Vehicle(plate="М200ММ77", list="deny")))
    calls.call("UpsertMember", upsert("off-3", person=dp.Worker(name="Off", badge="777")))
    found = calls.call("OfflineList", dp.OfflineListRequest(door="gate"))
    kept, now = offline_of(found), now_us()
    assert found.valid_until.ToMicroseconds() - found.made_at.ToMicroseconds() == 2 * 3_600_000_000
    assert kept.opens(plate="М100ММ77", way="entry", now_us=now)
    assert kept.opens(card="777", now_us=now)
    assert not kept.opens(plate="М200ММ77", way="entry", now_us=now)
    assert not kept.opens(card="777", now_us=found.valid_until.ToMicroseconds())
    assert calls.call("OfflineList", dp.OfflineListRequest(door="gate")).revision == found.revision
    assert not calls.call("OfflineList", dp.OfflineListRequest(door="office")).entries


@pytest.mark.parametrize(
    ("call", "request_", "code", "words"),
    [
        ("Decide", dp.DecideRequest(door="nowhere", request_id="r", card="1"), "NOT_FOUND", "no door 'nowhere'"),
        ("Decide", dp.DecideRequest(door="gate", card="1"), "INVALID_ARGUMENT", "request_id"),
        ("Decide", dp.DecideRequest(door="gate", request_id="r", card="1", plate="x"), "INVALID_ARGUMENT", "plate"),
        ("Decide", dp.DecideRequest(door="gate", request_id="r", person_confidence=float("nan")), "INVALID_ARGUMENT",
         "person_confidence"),
        ("Decide", dp.DecideRequest(door="gate", request_id="r", captured_at=Timestamp(seconds=2**62)),
         "INVALID_ARGUMENT", "captured_at"),
        ("OpenDoor", dp.OpenDoorRequest(door="gate", request_id="r", reason=" a "), "INVALID_ARGUMENT", "reason"),
        ("ReportPassage", dp.ReportPassageRequest(door="gate"), "INVALID_ARGUMENT", "outcome"),
        ("ReportPassage", dp.ReportPassageRequest(door="gate", outcome=dp.OUTCOME_OPENED, at=at(4 * 10**15)),
         "INVALID_ARGUMENT", "at = "),
        ("UpsertMember", upsert("A b"), "INVALID_ARGUMENT", "external_id"),
        ("UpsertMember", upsert("ab"), "INVALID_ARGUMENT", "member"),
        ("UpsertMember", upsert("ab", vehicle=dp.Vehicle(plate=PLATE, list="vip")), "INVALID_ARGUMENT", "list"),
        ("UpsertMember", upsert("ab", vehicle=dp.Vehicle(plate="!", list="allow")), "INVALID_ARGUMENT", "plate"),
        ("UpsertMember", upsert("ab", person=dp.Worker()), "INVALID_ARGUMENT", "name"),
        ("RemoveMember", dp.RemoveMemberRequest(external_id="ab"), "INVALID_ARGUMENT", "kind"),
        ("OfflineList", dp.OfflineListRequest(door="nowhere"), "NOT_FOUND", "nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(calls: DoorCalls, call: str, request_: Message, code: str, words: str) -> None:
    """Refused by its name, with words."""
    with pytest.raises(grpc.RpcError) as refused:
        calls.call(call, request_)
    assert (refused.value.code().name, words in refused.value.details()) == (code, True), refused.value.details()


DOCUMENTED = {
    "OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "ABORTED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
}  # fmt: skip
"""Statuses of the proto files for a caller with a token; any other would be the server's own fault."""
FUZZ = max(60, 20 * int(os.environ.get("ZOOL_FUZZ_EXAMPLES", "3")))
"""Calls of each method; many more in `make fuzz`."""


def test_nonsense_is_never_the_servers_fault(site: Site, calls: DoorCalls) -> None:
    """Random fields, random bytes and spoilt messages into every call of both services: an answer, or a refusal."""
    random_ = random.Random(11)
    codes: set[str] = set()
    services = (pb.DESCRIPTOR.services_by_name["AccessControl"], dp.DESCRIPTOR.services_by_name["Doors"])
    for method in (method for service in services for method in service.methods):
        path = f"/{method.containing_service.full_name}/{method.name}"
        for number in range(FUZZ):
            message = _filled(GetMessageClass(method.input_type)(), random_)
            raw = _spoilt(message.SerializeToString(), number % 3, random_)
            codes.add(_sent(calls, path, raw, streams=method.server_streaming))
    assert codes <= DOCUMENTED
    assert {"OK", "INVALID_ARGUMENT", "NOT_FOUND"} <= codes
    assert "Traceback" not in site.api.log


def _spoilt(raw: bytes, how: int, random_: random.Random) -> bytes:
    """As it is; noise in its place; or with some of its bytes changed and its end cut off."""
    if how == 0 or not raw:
        return raw
    if how == 1:
        return random_.randbytes(random_.randrange(200))
    changed = bytearray(raw[: random_.randrange(1, len(raw) + 1)])
    for _ in range(random_.randrange(4)):
        changed[random_.randrange(len(changed))] = random_.randrange(256)
    return bytes(changed)


def _sent(calls: DoorCalls, path: str, raw: bytes, *, streams: bool) -> str:
    """The status that a call with these bytes ends with; a stream that begins is well."""
    try:
        if streams:
            call = calls.channel.unary_stream(path)(raw, metadata=calls.metadata, timeout=30)
            next(call)
            call.cancel()
        else:
            calls.channel.unary_unary(path)(raw, metadata=calls.metadata, timeout=30)
    except StopIteration:
        return "OK"
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def _filled(message: Message, random_: random.Random, depth: int = 0) -> Message:
    """A message of random fields, some of them as they would be meant."""
    for field in message.DESCRIPTOR.fields:
        if random_.random() < 0.4 or depth > 3:
            continue
        many = field.label == FieldDescriptor.LABEL_REPEATED
        if field.message_type is not None:
            if many:
                _filled(getattr(message, field.name).add(), random_, depth + 1)
            else:
                getattr(message, field.name).SetInParent()
                _filled(getattr(message, field.name), random_, depth + 1)
        elif many:
            getattr(message, field.name).extend([_value(field, random_)])
        else:
            setattr(message, field.name, _value(field, random_))
    return message


def _value(field: FieldDescriptor, random_: random.Random) -> Any:
    kinds = FieldDescriptor
    if field.cpp_type == kinds.CPPTYPE_STRING:
        if field.type == kinds.TYPE_BYTES:
            return random_.randbytes(5)
        return random_.choice(
            ["", "gate", "office", "ext-9", PLATE, "allow", "mon", "08:00", "é\0\n", "x" * 5000, "a.b>*"]
        )
    if field.cpp_type in {kinds.CPPTYPE_FLOAT, kinds.CPPTYPE_DOUBLE}:
        return random_.choice([0.0, 0.5, 1.0, -1.0, float("nan"), float("inf")])
    if field.cpp_type == kinds.CPPTYPE_BOOL:
        return random_.random() < 0.5
    if field.cpp_type == kinds.CPPTYPE_ENUM:
        return random_.choice([0, 1, 2, 5, 99])
    small = [0, 1, 2**31 - 1] if field.cpp_type == kinds.CPPTYPE_UINT32 else [0, 1, -1, 2**31 - 1, -(2**31)]
    return random_.choice([*small, *([2**63 - 1, now_us() // 10**6] if field.cpp_type == kinds.CPPTYPE_INT64 else [])])
