"""The audit's chain and what is masked in it."""

from __future__ import annotations

import msgspec
import pytest

from api.audit import CHANGED, CHANGES_MAX, GENESIS, MASKED, Change, Record, Walk, asked_for, change_of, link_of, split

RECORD = Record(at_us=1, user="anna", act="PATCH /api/v1/cameras/{camera_id}")


def chain(count: int) -> list[bytes]:
    """A whole chain."""
    previous, found = GENESIS, []
    for number in range(count):
        link = link_of(previous, [msgspec.structs.replace(RECORD, at_us=number)] * 2)
        previous = link.hash
        found.append(msgspec.json.encode(link))
    return found


def walked(payloads: list[bytes], *, first: int = 1) -> Walk:
    """As far as it holds."""
    walk = Walk()
    for seq, payload in enumerate(payloads, first):
        walk.step(seq, payload)
    return walk


def test_a_whole_chain_holds() -> None:
    """Also one whose beginning is no longer kept; its head is the last link's hash."""
    links = chain(5)
    walk = walked(links)
    assert (walk.fault, walk.links, walk.records, walk.seq) == (None, 5, 10, 5)
    assert walked(links[2:], first=3).hash == walk.hash
    assert walked([]).links == 0


@pytest.mark.parametrize(
    ("bend", "seq", "what"),
    [
        (lambda links: [*links[:2], links[2].replace(b"anna", b"anya"), *links[3:]], 3, "content"),
        (lambda links: [*links[:2], *links[3:]], 3, "order"),
        (lambda links: [*links[:2], links[1], *links[2:]], 3, "order"),
        (lambda links: [links[0], links[2], links[1], *links[3:]], 2, "order"),
        (lambda links: [*links[:3], b"{}", *links[4:]], 4, "unreadable"),
        (lambda links: [*links[:3], msgspec.json.encode(link_of(GENESIS, [RECORD])), *links[4:]], 4, "order"),
    ],
    ids=["changed", "removed", "doubled", "swapped", "garbage", "replaced"],
)
def test_the_first_broken_link_is_named(bend: object, seq: int, what: str) -> None:
    """Whatever is done to a link, the walk stops there and says what is wrong."""
    assert callable(bend)
    fault = walked(bend(chain(6))).fault
    assert fault is not None
    assert (fault.seq, fault.what) == (seq, what)


def written(value: object) -> bytes:
    """An entry."""
    return msgspec.json.encode(value)


def test_changes_show_what_differs_without_credentials() -> None:
    """Of two objects what differs; an address without user and password, one that differs in them alone is said to."""
    before = {"id": "gate", "name": "Gate", "url": "rtsp://u:secret@10.0.0.1/s", "enabled": True}
    after = before | {"name": "Main gate", "url": "rtsp://u:other@10.0.0.1/s"}
    change = change_of("cameras", "gate", written(before), written(after))
    assert change.before == {"name": "Gate", "url": "rtsp://***@10.0.0.1/s"}
    assert change.after == {"name": "Main gate", "url": "rtsp://***@10.0.0.1/s"}
    made = change_of("cameras", "gate", None, written(before))
    assert (made.before, made.after["id"], made.after["url"]) == (None, "gate", "rtsp://***@10.0.0.1/s")


def test_secrets_and_names_are_masked() -> None:
    """Passwords, hashes, embeddings: masked, and said to have changed; people by id, not by name."""
    token = {"id": "t-1", "name": "gate", "sha256": "aa"}
    user = {"name": "anna", "title": "Anna P.", "password": "$argon2id$x", "tokens": [token], "token_sha256": ""}
    change = change_of("users", "anna", written(user), written(user | {"password": "$argon2id$y"}))
    assert (change.before, change.after) == ({"password": MASKED}, {"password": CHANGED})
    made = change_of("users", "anna", None, written(user)).after
    assert made == user | {"title": MASKED, "password": MASKED, "tokens": [token | {"sha256": MASKED}]}
    person = {"id": "p-1", "name": "Anna P.", "badge": "77", "department": "office"}
    assert change_of("people", "p-1", written(person), None).before == person | {"name": MASKED, "badge": MASKED}
    face = {"id": "s-1", "embedding": "AAAA", "source": "x"}
    assert change_of("faces", "p-1.s-1", None, written(face)).after == face | {"embedding": MASKED}


def test_large_and_many_changes_are_bounded() -> None:
    """A large value is its size and hash; many changes are several records, and none is lost."""
    large = change_of("regions", "r", None, written({"functions": ["x" * 10_000]}))
    assert set(large.after) == {"bytes", "sha256"}
    changes = [Change(bucket="vehicles", key=str(number)) for number in range(2 * CHANGES_MAX + 1)]
    parts = split(RECORD, changes)
    assert [len(part.changes) for part in parts] == [CHANGES_MAX, CHANGES_MAX, 1]
    assert split(RECORD, []) == [RECORD]


def test_free_text_may_be_a_name() -> None:
    """What people typed to search by is kept as its length; ids as they are."""
    assert asked_for([("q", "Anna"), ("person", "p-1")]) == {"q": "4 characters", "person": "p-1"}
