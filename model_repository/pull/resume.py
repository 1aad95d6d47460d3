"""How a download goes on: what is asked for, what an answer means for what is there. Pure.

    nothing there, or no strong ETag    GET                               200: from the start
    a part, and its strong ETag         GET, Range, If-Range: that ETag   206: go on
                                                                          200: another file, or no ranges: all of it
                                                                          416: what is there is of no use: ask anew

Source: RFC 9110, 13.1.5 (If-Range: strong validators only), 14.2 (Range), 14.4 (Content-Range).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

OK, PARTIAL, RANGE_UNSATISFIABLE = 200, 206, 416
AGAIN_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server that may answer otherwise in a moment."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file so far; written beside it."""

    address: str
    etag: str
    """Strong, quotes included; empty: the server named none, so the part can't be gone on with."""
    done_bytes: int = 0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with an answer."""

    action: Literal["write", "restart", "again", "refuse"]
    """write: its body belongs at `offset`; restart: ask again, from the start; again: ask again later."""
    offset: int = 0
    total_bytes: int | None = None
    """Length of the whole file, where the answer says it."""
    etag: str = ""
    reason: str = ""


def headers(part: Part | None, address: str) -> dict[str, str]:
    """What to ask with. The body must come as it lies there: ranges of something compressed are of no use."""
    asked = {"Accept-Encoding": "identity", "Accept": "application/octet-stream, */*;q=0.5"}
    if part is not None and resumable(part, address):
        asked |= {"Range": f"bytes={part.done_bytes}-", "If-Range": part.etag}
    return asked


def resumable(part: Part, address: str) -> bool:
    """Whether what is there can be gone on with."""
    return part.done_bytes > 0 and bool(part.etag) and part.address == address


def judge(status: int, answer: Mapping[str, str], part: Part | None, address: str) -> Verdict:
    """What an answer (names of headers in small letters) means for what is there."""
    had = part if part is not None and resumable(part, address) else None
    etag = strong(answer.get("etag", ""))
    if status == RANGE_UNSATISFIABLE and had:
        return Verdict(action="restart", reason="the server has less than what is there")
    if status in AGAIN_STATUSES:
        return Verdict(action="again", reason=f"the server answers {status}")
    if status not in (OK, PARTIAL):
        return Verdict(action="refuse", reason=f"the server answers {status}")
    if answer.get("content-encoding", "identity").lower() != "identity":
        return Verdict(action="refuse", reason=f"the server sends it as {answer['content-encoding']}, unasked")
    if status == OK:
        return Verdict(action="write", total_bytes=_number(answer.get("content-length", "")), etag=etag)
    if had is None:
        return Verdict(action="refuse", reason="the server sends a part, unasked")
    begin, total = content_range(answer.get("content-range", ""))
    if begin != had.done_bytes or (etag and etag != had.etag):
        return Verdict(action="restart", reason="the server sends another part, or of another file")
    return Verdict(action="write", offset=begin, total_bytes=total, etag=had.etag)


def strong(etag: str) -> str:
    """An ETag that names bytes; '' for none or a weak one, which may not stand in If-Range."""
    return etag if re.fullmatch(r'"[\x21\x23-\x7e\x80-\xff]*"', etag) else ""


def content_range(text: str) -> tuple[int | None, int | None]:
    """First byte and length of the whole, of 'bytes 100-199/200'; None for what is not said."""
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", text.strip())
    return (int(found[1]), _number(found[3])) if found else (None, None)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,18}", text) else None
