"""ETags: the revision of a settings entry, quoted (RFC 9110, 8.8.3 and 13.1.1).

Pure.
"""

from __future__ import annotations

from api.errors import ConditionMissing

ANY = -1
"""What `If-Match: *` reads as: whichever version is there."""


def etag(revision: int) -> str:
    """The strong ETag of a revision."""
    return f'"{revision}"'


def wanted_revisions(if_match: str) -> tuple[int, ...]:
    """Revisions that an If-Match header accepts; weak and foreign tags match nothing. Raises `ConditionMissing`."""
    header = if_match.strip()
    if not header:
        raise ConditionMissing
    if header == "*":
        return (ANY,)
    tags = (part.strip() for part in header.split(","))
    return tuple(int(tag[1:-1]) for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"' and tag[1:-1].isdecimal())


def matches(if_match: str, revision: int) -> bool:
    """Whether an If-Match header accepts a revision; raises `ConditionMissing` where the header is empty."""
    wanted = wanted_revisions(if_match)
    return ANY in wanted or revision in wanted
