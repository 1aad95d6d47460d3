"""The audit: who did or looked at what, in links of a chain that nobody can mend in silence.

Pure: no I/O, no clock.

- A link holds records and the hash of the link before: sha256(previous + newline + the records' bytes as kept).
  Whoever changes, drops or puts in a link has to make all later ones anew; a hash that was noted elsewhere (`zool audit
  export`, the head that `verify` prints) tells even then.
- A record holds ids, not names of people; passwords, tokens, embeddings and credentials of addresses are masked, and
  said to have changed where they did.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ingest.contract import mask_url

GENESIS = "0" * 64
"""What stands before the first link."""
CHANGES_MAX = 200
"""Of one record; more of one call make several records."""
VALUE_BYTES_MAX = 8192
MASKED, CHANGED = "***", "*** (changed)"
_SECRET = re.compile(
    r"password|secret|token|sha256|embedding|authorization|credential|api_key|private|sealed", re.IGNORECASE
)
_PERSONAL: Mapping[str, frozenset[str]] = {
    "people": frozenset({"name", "badge", "basis_note"}),
    "vehicles": frozenset({"owner", "note"}),
    "users": frozenset({"title"}),
}
"""What of a bucket's entries names people: their id says enough."""
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a bucket before and after; None: it was not there. Of objects, only what differs."""

    bucket: str
    key: str
    before: Any = None
    after: Any = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    at_us: int
    user: str
    """Empty: nobody who was known."""
    came_by: str = ""
    key: str = ""
    """Id of the token or session."""
    address: str = ""
    act: str
    """Method and path, as the OpenAPI document writes them; or the method of gRPC."""
    target: dict[str, str] = {}
    """What stood in the path, and what was asked for."""
    status: int = 0
    reason: str = ""
    """Why, where the caller said it (X-Zool-Reason)."""
    changes: tuple[Change, ...] = ()


class ChainLink(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the stream AUDIT: some records, and how they hang on those before."""

    previous: str
    hash: str
    records: msgspec.Raw
    """The bytes that the hash is of."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first link that does not hold."""

    seq: int
    what: str
    """unreadable, content (the hash is not that of the records), order (it hangs on another link)."""


def link_of(previous: str, records: Sequence[Record]) -> ChainLink:
    """A link behind another."""
    raw = msgspec.json.encode(records)
    return ChainLink(previous=previous, hash=hash_of(previous, raw), records=msgspec.Raw(raw))


def hash_of(previous: str, records: bytes) -> str:
    """The hash of a link."""
    return hashlib.sha256(previous.encode() + b"\n" + records).hexdigest()


def records_of(link: ChainLink) -> list[Record]:
    """What a link says; raises `msgspec.DecodeError`."""
    return msgspec.json.decode(link.records, type=list[Record])


class Walk:
    """Goes along the chain, link by link in their order, and stops at the first that does not hold."""

    def __init__(self) -> None:
        self.links = self.records = 0
        self.first_seq = self.seq = 0
        self.hash = ""
        self.fault: Fault | None = None

    def step(self, seq: int, payload: bytes) -> bool:
        """Take in the next link; False: here the chain is broken, and stays so."""
        if self.fault is not None:
            return False
        what, link = self._look(payload)
        if link is None or what:
            self.fault = Fault(seq=seq, what=what)
            return False
        self.first_seq = self.first_seq or seq
        self.links, self.seq, self.hash = self.links + 1, seq, link.hash
        return True

    def _look(self, payload: bytes) -> tuple[str, ChainLink | None]:
        try:
            link = msgspec.json.decode(payload, type=ChainLink)
            records = records_of(link)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return "unreadable", None
        if hash_of(link.previous, bytes(link.records)) != link.hash:
            return "content", link
        if self.hash and link.previous != self.hash:
            return "order", link
        self.records += len(records)
        return "", link


def change_of(bucket: str, key: str, before: bytes | None, after: bytes | None) -> Change:
    """What a write changed, without secrets and names."""
    was, now = _read(before), _read(after)
    if isinstance(was, dict) and isinstance(now, dict):
        names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        left, right = _masked(bucket, {n: was.get(n) for n in names}), _masked(bucket, {n: now.get(n) for n in names})
        right = {name: CHANGED if value == MASKED else value for name, value in right.items()}
        return Change(bucket=bucket, key=key, before=_bounded(left), after=_bounded(right))
    return Change(bucket=bucket, key=key, before=_bounded(_masked(bucket, was)), after=_bounded(_masked(bucket, now)))


def split(record: Record, changes: Sequence[Change]) -> list[Record]:
    """A record with its changes, as several where there are many."""
    parts = [tuple(changes[at : at + CHANGES_MAX]) for at in range(0, len(changes), CHANGES_MAX)] or [()]
    return [msgspec.structs.replace(record, changes=part) for part in parts]


def asked_for(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters of a question as they may be kept: what people typed freely may be a name, so its length alone is."""
    free = {"q", "text"}
    return {name[:40]: f"{len(value)} characters" if name in free else value[:200] for name, value in query}


def _read(raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"bytes": len(raw)}


def _masked(bucket: str, value: Any, name: str = "") -> Any:
    if value in (None, "", [], {}) or isinstance(value, bool):
        return value
    if name and (_SECRET.search(name) or name in _PERSONAL.get(bucket, ())):
        if name == "tokens" and isinstance(value, list):  # which there are is no secret, their hashes are
            return [_masked(bucket, one) for one in value]
        return MASKED
    if isinstance(value, dict):
        return {key: _masked(bucket, one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(bucket, one) for one in value]
    if isinstance(value, str) and _ADDRESS.match(value):
        return mask_url(value)
    return value


def _bounded(value: Any) -> Any:
    raw = msgspec.json.encode(value)
    if len(raw) <= VALUE_BYTES_MAX:
        return value
    return {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
