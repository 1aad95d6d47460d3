"""`zool acs watch` without a server: what it keeps, what it refuses, and how lines look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.acs.messages import event_message
from api.acs.v1 import acs_pb2 as pb
from deploy.__main__ import main
from deploy.acs.command import is_loopback
from deploy.acs.keep import CursorFile, Journal, Nowhere
from deploy.acs.lines import as_json, as_text
from deploy.errors import FileUnusable
from postprocess.contract import Event

EVENT = Event(
    event_id="e", version=2, kind="vehicle_entry", camera="gate", opened_at_us=1_780_000_000_000_000, final=True,
    direction="entry", label="truck", plate="А123ВС77", plate_confidence=0.97,
)  # fmt: skip
MESSAGE = pb.StreamEventsResponse(cursor="abc", event=event_message(EVENT))


def line(number: int) -> bytes:
    """A line of a journal."""
    return json.dumps({"cursor": f"c{number}", "event": {"n": number}}).encode()


def test_lines() -> None:
    """People get what is known, machines get the cursor with it; what only keeps the line shows nothing."""
    text = as_text(MESSAGE)
    assert text is not None
    assert text.decode() == "2026-05-28T20:26:40Z  gate  vehicle_entry  entry  truck  А123ВС77 0.97  v2 final"
    raw = as_json(MESSAGE)
    assert raw is not None
    read = json.loads(raw)
    assert (read["cursor"], read["event"]["plate"]["folded"]) == ("abc", "A123BC77")
    gap = pb.StreamEventsResponse(cursor="abc", gap=pb.Gap(text="Events may be missing here."))
    assert "Events may be missing" in (as_text(gap) or b"").decode()
    assert json.loads(as_json(gap) or b"")["cursor"] == "abc"
    for quiet in (pb.StreamEventsResponse(hello=pb.Hello()), pb.StreamEventsResponse(heartbeat=pb.Heartbeat())):
        assert as_text(quiet) is None
        assert as_json(quiet) is None


def test_a_cursor_file_follows_what_was_shown(tmp_path: Path) -> None:
    """Shown first, kept after; a heartbeat moves the cursor and shows nothing; the next start goes on there."""
    shown: list[bytes] = []
    path = tmp_path / "cursor"
    keeper = CursorFile(path, shown.append)
    assert keeper.cursor == ""
    keeper.take("c1", b"one")
    keeper.take("longer-than-the-next", None)
    keeper.take("c2", None)
    assert path.stat().st_size == 129
    with pytest.raises(FileUnusable, match="another process"):
        CursorFile(path, shown.append)
    keeper.close()

    def broken(_: bytes) -> None:
        raise BrokenPipeError

    again = CursorFile(path, broken)
    assert (shown, again.cursor) == ([b"one"], "c2")
    with pytest.raises(BrokenPipeError):
        again.take("c3", b"three")
    again.close()
    last = CursorFile(path, shown.append)
    assert last.cursor == "c2"
    last.close()


def test_an_empty_cursor_file_is_no_beginning(tmp_path: Path) -> None:
    """It would begin with what is new, and lose what it was kept for."""
    (tmp_path / "cursor").write_text("")
    for path, words in ((tmp_path / "cursor", "holds no cursor"), (tmp_path, "can't be read")):
        with pytest.raises(FileUnusable, match=words):
            CursorFile(path, lambda _: None)
    with pytest.raises(FileUnusable, match="can't be written"):
        CursorFile(tmp_path / "no" / "cursor", lambda _: None).take("c", None)


@given(st.data())
def test_a_journal_torn_anywhere_goes_on_behind_its_last_whole_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut at any byte: whole lines stay, the torn one is gone, and the cursor is that of the last whole line."""
    path = tmp_path_factory.mktemp("journal") / "journal"
    whole = b"".join(line(number) + b"\n" for number in range(5))
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    journal = Journal(path)
    kept = whole[:cut].count(b"\n")
    assert journal.cursor == (f"c{kept - 1}" if kept else "")
    for number in range(kept, 5):
        journal.take(f"c{number}", line(number))
    assert path.read_bytes() == whole
    journal.close()


def test_a_journal_has_one_writer_and_is_one(tmp_path: Path) -> None:
    """A second process is refused; so is a file of another kind, which stays as it is."""
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.take("c0", None)
    journal.take("c1", None)
    assert path.read_bytes() == b'{"cursor":"c0"}\n'
    with pytest.raises(FileUnusable, match="another process"):
        Journal(path)
    journal.close()
    (tmp_path / "poem").write_text("Roses are red\n")
    with pytest.raises(FileUnusable, match="no journal"):
        Journal(tmp_path / "poem")
    assert (tmp_path / "poem").read_text() == "Roses are red\n"
    with pytest.raises(FileUnusable, match="can't be opened"):
        Journal(tmp_path)


def test_without_a_file_the_cursor_lives_as_long_as_the_process() -> None:
    """It is enough for coming back after the server was away."""
    shown: list[bytes] = []
    keeper = Nowhere(shown.append)
    keeper.take("c1", b"one")
    keeper.take("c2", None)
    assert (shown, keeper.cursor) == ([b"one"], "c2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--address", "10.0.0.1:8081"], "in the clear"),
        (["--token-file", "/nowhere/token"], "/nowhere/token can't be read"),
        (["--token-file", "TOKEN", "--ca-file", "/nowhere/ca"], "/nowhere/ca can't be read"),
        (["--token-file", "TOKEN", "--journal", "/nowhere/journal"], "can't be opened"),
    ],
)
def test_what_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    """Exit code 2 and a sentence, before anything is sent."""
    (tmp_path / "token").write_text("a-token")
    assert main(["acs", "watch", *(word.replace("TOKEN", str(tmp_path / "token")) for word in words)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "here"),
    [("127.0.0.1:1", True), ("localhost:1", True), ("[::1]:1", True), ("10.0.0.1:1", False), ("gate.local:1", False)],
)
def test_what_is_on_this_machine(address: str, here: bool) -> None:
    """Only there a token may go without TLS."""
    assert is_loopback(address) is here
