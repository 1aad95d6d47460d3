"""`[recognise]`, `[decide]`, `[store]` and `[deliver]` of config.ini: every key, its default and what is allowed.

Pure: no I/O, no clock. `ingest.settings` fills the Structs from file and environment.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Days = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class RecogniseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How shots are read."""

    inflight_max: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """Requests to Triton under way at once."""
    deadline_ms: Annotated[int, msgspec.Meta(ge=100, le=60_000)] = 5000
    """How long one answer may take before the shot is tried again."""
    backlog_shots_max: Annotated[int, msgspec.Meta(ge=8, le=10_000)] = 512
    """Shots held in memory at once; within them the newest is read first."""
    deliveries_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    """A shot that Triton refuses this often goes to zool.dead.recognise; Triton being away does not count."""
    dead_per_minute_max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100
    """Beyond so many dead letters within a minute nothing more is taken; one shot a minute is tried."""
    thumbnail_px: Annotated[int, msgspec.Meta(ge=64, le=640)] = 320
    """Longer side of an event's thumbnail."""


class DecideSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events are decided."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    """Name of this process among those that share the cameras; empty = that of the host."""
    timezone: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*$")] = "UTC"
    """The site's time zone by its IANA name: schedules, shifts and days are meant in it."""

    snapshot_s: Annotated[float, msgspec.Meta(ge=0.2, le=60.0)] = 2.0
    """How often the state of rules is kept; a restart repeats at most this much of the streams."""
    settle_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 3.0
    """After a track's end its event waits this long for late reads before it is final."""
    unread_s: Annotated[float, msgspec.Meta(ge=0.0, le=600.0)] = 20.0
    """The same where no read came at all: the recogniser may be away."""
    open_s_max: Annotated[float, msgspec.Meta(ge=5.0, le=3600.0)] = 60.0
    """An event of a track that does not end (a waiting lorry) is final after this."""
    late_s: Annotated[float, msgspec.Meta(ge=5.0, le=3600.0)] = 900.0
    """Reads that come later than this after a track's end are dropped and counted."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events and photos are kept."""

    batch_rows_max: Annotated[int, msgspec.Meta(ge=1, le=50_000)] = 5000
    """Rows of one insert at most; a batch does not wait to become full."""
    dead_per_minute_max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100
    """Beyond so many dead letters within a minute nothing more is taken; one message a minute is tried."""
    events_days: Days = 365
    """Events with a plate, a person, a list's entry or an alarm are deleted after this."""
    events_unmatched_days: Days = 365
    """All other events are deleted after this."""
    photos_days: Days = 30
    """Photos older than this are deleted."""
    looks_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 7
    """What was seen and read is kept so long for replay; 0 = not at all."""


class DeliverSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events are sent to other systems and people."""

    public_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[!-~]+)?$")] = ""
    """Where people open the console, for links in messages; empty = no links."""
    networks: tuple[Annotated[str, msgspec.Meta(max_length=64)], ...] = ()
    """The only networks that targets may lie in, as CIDR; empty = all but loopback and link-local ones."""
    secrets_dir: str = ""
    """Folder of the files that targets name as secrets; empty = no secret is a file."""
    inflight_max: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """Messages under way to one target at once."""
    give_up_h: Annotated[float, msgspec.Meta(ge=0.01, le=168.0)] = 24.0
    """A message that a target did not take for so long goes to the dead letters."""
    refused_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    """A message that a target refuses this often, while it takes others, goes to the dead letters."""
    backoff_s_max: Annotated[float, msgspec.Meta(ge=0.1, le=3600.0)] = 60.0
    """Longest pause between tries; it starts at a second and doubles, with jitter."""
    command_s: Annotated[float, msgspec.Meta(ge=0.5, le=30.0)] = 3.0
    """A command to a relay opens nothing so long after it was decided."""
    dead_per_minute_max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100
    """Beyond so many dead letters of a target within a minute nothing more is sent there; one a minute is tried."""
