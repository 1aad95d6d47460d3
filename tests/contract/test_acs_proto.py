"""zool.acs.v1 is a contract: the committed stubs are those of the proto file, and old messages are read for ever.

`python -m tests.contract.test_acs_proto` writes golden files that are missing, never over what stands.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from google.protobuf.message import Message

from api.acs import decisions
from api.acs.decisions import decision_message, member_message, reason_number
from api.acs.messages import event_message, gap_message, hello_message, response
from api.acs.v1 import acs_pb2 as pb
from api.acs.v1 import doors_pb2 as dp
from api.cursor import Mark, read_mark
from api.live import Gap, Happened, Hello, Lost, Still
from postprocess.contract import Employee, Event, Hours, VehicleEntry
from postprocess.functions.doors import REASONS, Candidate, Denial, Deny, Door, Grant, Ground, Place, decision_event
from tests.contract.test_postprocess_golden import MESSAGES as POSTPROCESS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "golden"
PROTOS = ("api/acs/v1/acs.proto", "api/acs/v1/doors.proto")
STUBS = tuple(f"{name}_{kind}" for name in ("acs", "doors") for kind in ("pb2.py", "pb2.pyi", "pb2_grpc.py"))
AT_US = 1_790_000_001_000_000
CURSOR = "k88ABlsWBYKyQCrPAAZb_to1IkA"

HELLO = hello_message(site="Завод", version="0.1.0", heartbeat_s=10.0)
MARK = Mark(1_789_000_000_123_456, 42, AT_US)
EVENT = POSTPROCESS["event"]
assert isinstance(EVENT, Event)
GAP = Gap(reason="expired", after=Mark(1_789_000_000_123_456, 12, AT_US), first_seq=13, last_seq=42, until_us=AT_US + 1)


ADDED = {"acs_event": ("severity", "listed", "person", "missing", "value")}
"""Fields that version 2 of a message has and version 1 had not."""


def _sent(item: Hello | Happened | Lost | Still) -> pb.StreamEventsResponse:
    return response(item, now_us=AT_US, hello=HELLO, thumbnails=True)


DOOR = Door(id="gate", places=(Place(camera="gate-1"),))
SEEN = Candidate(
    door="gate", subject=EVENT.event_id, version=5, captured_at_us=AT_US - 400_000, direction="entry", vehicle=True,
    plate="А123ВС77", plate_confidence=0.9, plate_sure=True, event=EVENT.event_id,
)  # fmt: skip
GRANT = decision_event(
    DOOR, SEEN, Grant(reason="plate", key="plate:A123BC77", way="entry", listed="allow", expires_at_us=0), AT_US
)
DENIAL = decision_event(DOOR, SEEN, Deny(reason="stale", listed="allow"), AT_US)
EMPLOYEE = Employee(id="ivanov", name="Иванов И. И.", department="Цех 1", badge="1042", valid_until_us=AT_US)
VEHICLE = VehicleEntry(
    id="v-1", plate="А123ВС77", list="guest", valid_from_us=AT_US - 1, valid_until_us=AT_US, schedule=(Hours(),),
    directions=("entry",), owner="ООО «Ромашка»", note="к Петрову",
)  # fmt: skip


MESSAGES: dict[str, Message] = {
    "acs_granted": decisions.response(Happened(mark=MARK, event=GRANT), now_us=AT_US, hello=HELLO, language="ru"),
    "acs_denied": decisions.response(Happened(mark=MARK, event=DENIAL), now_us=AT_US, hello=HELLO, language="en"),
    "acs_person": member_message(EMPLOYEE),
    "acs_vehicle": member_message(VEHICLE),
    "acs_ask": dp.DecideRequest(
        request_id="r", door="gate", card="1042", person="ivanov", person_confidence=0.7, direction=pb.DIRECTION_ENTRY
    ),
    "acs_report": dp.ReportPassageRequest(decision_id=GRANT.event_id, door="gate", outcome=dp.OUTCOME_PASSED),
    "acs_hello": _sent(Hello(mark=MARK)),
    "acs_event": _sent(Happened(mark=MARK, event=EVENT)),
    "acs_gap": _sent(Lost(mark=MARK, gap=GAP)),
    "acs_heartbeat": _sent(Still(mark=MARK)),
    "acs_request": pb.StreamEventsRequest(
        kinds=["vehicle_entry"], cameras=["gate-1"], cursor=CURSOR, start=pb.START_OLDEST, thumbnails=True
    ),
}


def test_the_stubs_are_those_of_the_proto_file(tmp_path: Path) -> None:
    """Generated anew they are equal, byte for byte; `make proto` writes them."""
    outs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I", ".", *outs, *PROTOS], check=True, cwd=ROOT)
    for name in STUBS:
        fresh, committed = tmp_path / "api/acs/v1" / name, ROOT / "api/acs/v1" / name
        assert fresh.read_bytes() == committed.read_bytes(), f"{name} is not of its proto file: make proto"


@pytest.mark.parametrize("name", MESSAGES)
def test_old_messages_are_read_for_ever(name: str) -> None:
    """The bytes of version 1 give the same message but for what was added since, and nothing in them is unknown."""
    read = type(MESSAGES[name]).FromString((FOLDER / f"{name}.v1.bin").read_bytes())
    expected = type(MESSAGES[name]).FromString(MESSAGES[name].SerializeToString())
    for added in ADDED.get(name, ()):
        expected.event.ClearField(added)
    assert read == expected


@pytest.mark.parametrize("name", ADDED)
def test_messages_that_have_grown(name: str) -> None:
    """The bytes of version 2 give the whole message."""
    assert type(MESSAGES[name]).FromString((FOLDER / f"{name}.v2.bin").read_bytes()) == MESSAGES[name]


def test_old_cursors_are_read_for_ever() -> None:
    """What a client has on its disk goes on to hold."""
    assert read_mark(CURSOR) == Mark(1_789_000_000_123_456, 42, AT_US)


def test_everything_has_words() -> None:
    """Each message and call of the proto file has a comment over it or over what it belongs to."""
    for proto in PROTOS:
        lines = (ROOT / proto).read_text().splitlines()
        for number, line in enumerate(lines):
            if line.startswith(("service ", "  rpc ")):
                assert lines[number - 1].strip().startswith("//"), line


def test_every_reason_has_a_number_and_words() -> None:
    """The closed set of reasons is the same in the decision, on the wire and in words."""
    closed = {*get_args(Ground), *get_args(Denial)}
    assert closed == REASONS.keys()
    numbers = {reason_number(reason) for reason in closed}
    assert numbers == set(dp.Reason.values()) - {dp.REASON_UNSPECIFIED}
    assert len(numbers) == len(closed)


def test_a_grant_is_one_for_three_seconds_only() -> None:
    """What is sent behind its end is an expired grant, whenever it was decided."""
    until = AT_US + 3_000_000
    verdicts = [decision_message(GRANT, now_us=now, language="en").verdict for now in (AT_US, until - 1, until)]
    assert verdicts == [dp.VERDICT_GRANT, dp.VERDICT_GRANT, dp.VERDICT_EXPIRED]
    assert decision_message(DENIAL, now_us=AT_US, language="ru").text == "кадр устарел"


def test_nothing_is_said_where_nothing_is_known() -> None:
    """An event without plate, box and end has none of these fields; pictures only where they are asked for."""
    bare = event_message(Event(event_id="e", version=1, kind="camera_lost", camera="c", opened_at_us=1, cause="dns"))
    assert {field.name for field, _ in bare.ListFields()} == {
        "id", "version", "idempotency_key", "kind", "camera", "opened_at", "cause", "severity",
    }  # fmt: skip
    assert isinstance(EVENT, Event)
    assert event_message(EVENT).photos[0].thumbnail == b""


def test_a_gap_without_knowledge() -> None:
    """A cursor that says no time and a stream that keeps nothing: until now, and how many is not known."""
    gap = gap_message(Gap(reason="renewed", after=Mark(1, 2)), now_us=AT_US)
    assert (gap.reason, gap.events_max, gap.HasField("after")) == (pb.Gap.REASON_RENEWED, 0, False)
    assert gap.until.ToMicroseconds() == AT_US


if __name__ == "__main__":
    for key, message in MESSAGES.items():
        path = FOLDER / f"{key}.v{2 if key in ADDED else 1}.bin"
        if not path.exists():
            path.write_bytes(message.SerializeToString(deterministic=True))
            sys.stdout.write(f"{path}\n")
