"""`/audit`: who did what, for administrators."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.params import QueryParameter

from api.audit import Record
from api.http.answers import AnyRequest, only_known
from api.http.services import Given
from api.ledger import Read
from api.query import time_us, whole
from api.views import moment

FILTERS = frozenset({"user", "act", "target", "since", "until", "before", "limit"})
LIMIT_MAX = 500
LINKS_MAX = 500
SEQ_MAX = 2**53


class ChangeOut(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a bucket before and after, secrets and names masked; of objects, only what differs."""

    bucket: str
    key: str
    before: Any
    after: Any


class RecordOut(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    seq: int
    """Of the link that holds it."""
    at: str
    user: str
    came_by: str
    key: str
    address: str
    act: str
    target: dict[str, str]
    status: int
    reason: str
    changes: tuple[ChangeOut, ...]


class RecordList(msgspec.Struct, frozen=True, kw_only=True):
    """Records, the newest first; `next_before` goes on, null where there are no more."""

    items: tuple[RecordOut, ...]
    next_before: int | None


class LinkOut(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the chain as it is kept."""

    seq: int
    link: str


class LinkList(msgspec.Struct, frozen=True, kw_only=True):
    """Links in their order."""

    items: tuple[LinkOut, ...]
    last: int
    """The newest link when this was read. Reading is recorded too: who walks to the end stops at the first `last`."""


class Audit(Controller):
    """The audit."""

    path = "/audit"
    tags = ["Audit"]

    @get(summary="Who did what, newest first")
    async def list_records(
        self,
        *,
        request: AnyRequest,
        services: Given,
        user: Annotated[str, QueryParameter(description="Name of the user, whole")] = "",
        act: Annotated[str, QueryParameter(description="Any part of method and path")] = "",
        target: Annotated[str, QueryParameter(description="An id, whole: of a camera, a person, an event")] = "",
        since: Annotated[str, QueryParameter(description="At or after, RFC 3339")] = "",
        until: Annotated[str, QueryParameter(description="Before, RFC 3339")] = "",
        before: Annotated[str, QueryParameter(description="next_before of the page before")] = "",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "100",
    ) -> RecordList:
        """A page may hold other than `limit` records, or none, and still have a `next_before`: go on there."""
        only_known(request, FILTERS)
        since_us, until_us = (time_us(n, v) if v else None for n, v in (("since", since), ("until", until)))

        def wanted(record: Record) -> bool:
            return (
                (not user or record.user == user)
                and act.casefold() in record.act.casefold()
                and (not target or target in record.target.values() or any(c.key == target for c in record.changes))
                and (since_us is None or record.at_us >= since_us)
                and (until_us is None or record.at_us < until_us)
            )

        page = await services.ledger.page(
            wanted,
            before=whole("before", before, 1, SEQ_MAX) if before else None,
            limit=whole("limit", limit, 1, LIMIT_MAX),
        )
        return RecordList(items=tuple(_shown(found) for found in page.items), next_before=page.before)

    @get("/links", summary="The chain itself, oldest first")
    async def list_links(
        self,
        *,
        request: AnyRequest,
        services: Given,
        after: Annotated[str, QueryParameter(description="Behind this sequence")] = "0",
    ) -> LinkList:
        """Each as it is kept, for checking it elsewhere: `zool audit verify`."""
        only_known(request, frozenset({"after"}))
        found, last = await services.ledger.links(after=whole("after", after, 0, SEQ_MAX), count=LINKS_MAX)
        shown = (LinkOut(seq=seq, link=raw.decode("utf-8", "replace")) for seq, raw in found)
        return LinkList(items=tuple(shown), last=last)


def _shown(found: Read) -> RecordOut:
    record = found.record
    return RecordOut(
        seq=found.seq,
        at=moment(record.at_us),
        user=record.user,
        came_by=record.came_by,
        key=record.key,
        address=record.address,
        act=record.act,
        target=record.target,
        status=record.status,
        reason=record.reason,
        changes=tuple(ChangeOut(bucket=c.bucket, key=c.key, before=c.before, after=c.after) for c in record.changes),
    )
