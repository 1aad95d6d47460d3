"""Whether a schedule holds at a time. Pure: no I/O but the time zone database, no clock.

Rules
- Hours are local: `since` belongs to them, `until` does not; `until` not after `since` means on the following day, so
  that 22:00 to 06:00 on Friday lasts into Saturday, and 00:00 to 00:00 is the whole day.
- Days with a change of the clock follow the wall clock: an hour that comes twice counts twice, one that is left out
  never comes (RFC 5545, 3.3.10, says the same of local times).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from postprocess.contract import DAYS, Hours


@functools.lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises `zoneinfo.ZoneInfoNotFoundError`, a `KeyError`."""
    return ZoneInfo(name)


def local(now_us: int, timezone: str) -> datetime:
    """The wall clock at a time, aware."""
    return datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(zone_of(timezone))


def holds(schedule: Sequence[Hours], now_us: int, timezone: str) -> bool:
    """Whether a schedule holds; an empty one always does."""
    if not schedule:
        return True
    now = local(now_us, timezone)
    minute = now.hour * 60 + now.minute
    today, yesterday = DAYS[now.weekday()], DAYS[(now - timedelta(days=1)).weekday()]
    return any(_covers(hours, minute, today, yesterday) for hours in schedule)


def _covers(hours: Hours, minute: int, today: str, yesterday: str) -> bool:
    since, until = _minute(hours.since), _minute(hours.until)
    if since < until:
        return today in hours.days and since <= minute < until
    return (today in hours.days and minute >= since) or (yesterday in hours.days and minute < until)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
