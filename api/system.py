"""How the whole is, for people: queues with their lag in words, tables and disks of the store.

Pure: `now_us` is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from api.contract_work import DiskOut, QueueOut, ReaderOut, StoredOut
from api.language import Language, Words
from api.query import Query
from api.views import moment

STREAMS = ("DETECTIONS", "SHOTS", "READS", "EVENTS", "DEAD")
WHAT = {
    "DETECTIONS": Words("looked-at frames", "просмотренные кадры"),
    "SHOTS": Words("crops to recognise", "кадры на распознавание"),
    "READS": Words("what was recognised", "распознанное"),
    "EVENTS": Words("events", "события"),
    "DEAD": Words("dead letters", "отложенные сообщения"),
}
BEHIND = 500
"""With more messages waiting a reader is behind; what is under way is less."""
SILENT_US = 60_000_000
_US = 1_000_000

State = Literal["ok", "behind", "silent", "stopped"]


class _Held(msgspec.Struct, frozen=True):
    messages: int = 0
    bytes: int = 0
    first_ts: str = ""
    last_ts: str = ""


class _Config(msgspec.Struct, frozen=True):
    name: str = ""
    max_bytes: int = -1
    max_age: int = 0


class StreamInfo(msgspec.Struct, frozen=True):
    """The broker's answer on a stream (JetStream API); an unknown stream has no name."""

    config: _Config = _Config()
    state: _Held = _Held()


class _ConsumerConfig(msgspec.Struct, frozen=True):
    durable_name: str = ""
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it reads of its stream."""
        return self.filter_subjects or (self.filter_subject or ">",)


class _Delivered(msgspec.Struct, frozen=True):
    stream_seq: int = 0
    last_active: str = ""


class ConsumerInfo(msgspec.Struct, frozen=True):
    """One reader of a stream (JetStream API)."""

    name: str
    config: _ConsumerConfig = _ConsumerConfig()
    num_pending: int = 0
    num_ack_pending: int = 0
    num_redelivered: int = 0
    delivered: _Delivered = _Delivered()


class Consumers(msgspec.Struct, frozen=True):
    """The broker's answer on the readers of a stream."""

    consumers: tuple[ConsumerInfo, ...] = ()
    total: int = 0


def queue_view(
    info: StreamInfo, found: Consumers, stopped: frozenset[str], now_us: int, language: Language
) -> QueueOut:
    """A stream for people."""
    named = [one for one in found.consumers if one.config.durable_name]
    held = info.state
    return QueueOut(
        name=info.config.name,
        what=WHAT.get(info.config.name, Words("", "")).to(language),
        messages=held.messages,
        bytes=held.bytes,
        bytes_max=max(0, info.config.max_bytes),
        age_s_max=info.config.max_age // 1_000_000_000,
        first_at=_utc(held.first_ts) if held.messages else None,
        last_at=_utc(held.last_ts) if held.messages else None,
        readers=tuple(_reader(one, stopped, now_us, language) for one in sorted(named, key=lambda one: one.name)),
        others=max(found.total, len(found.consumers)) - len(named),
    )


def _utc(text: str) -> str | None:
    us = _micros(text)
    return None if us is None else moment(us)


def _micros(text: str) -> int | None:
    """RFC 3339 with nanoseconds; None for nothing, and for the year 1 that the broker gives for never."""
    if not text or text.startswith("0001"):
        return None
    whole, _, rest = text.removesuffix("Z").partition(".")
    return round(datetime.fromisoformat(whole + "+00:00").timestamp()) * _US + int((rest or "0")[:6].ljust(6, "0"))


def _reader(one: ConsumerInfo, stopped: frozenset[str], now_us: int, language: Language) -> ReaderOut:
    active_us = _micros(one.delivered.last_active)
    state = reader_state(one.num_pending, active_us, now_us, stopped=one.name in stopped)
    return ReaderOut(
        name=one.name,
        waiting=one.num_pending,
        in_hand=one.num_ack_pending,
        again=one.num_redelivered,
        active_at=None if active_us is None else moment(active_us),
        state=state,
        words=_words(state, one.num_pending, active_us, now_us).to(language),
    )


def reader_state(waiting: int, active_us: int | None, now_us: int, *, stopped: bool) -> State:
    """What a reader's numbers mean."""
    if stopped:
        return "stopped"
    if waiting and (active_us is None or now_us - active_us > SILENT_US):
        return "silent"
    return "behind" if waiting > BEHIND else "ok"


def _words(state: State, waiting: int, active_us: int | None, now_us: int) -> Words:
    match state:
        case "stopped":
            return Words(
                "stopped: too much of what it was given could not be processed",
                "остановлен: слишком многое не удалось обработать",
            )
        case "silent":
            if active_us is None:
                return Words("has never read; its process may not run", "ещё не читал; возможно, процесс не запущен")
            ago = (now_us - active_us) // (60 * _US)
            return Words(f"silent for {ago} min while messages wait", f"молчит {ago} мин, а сообщения ждут")
        case "behind":
            return Words(f"{waiting} messages behind", f"отстаёт на {waiting} сообщений")
    return Words("keeps up", "успевает")


def stopped_query() -> Query:
    """Readers whose newest word is that they stopped."""
    sql = (
        "SELECT rule FROM events_latest WHERE camera = 'system' AND kind IN ('system_stopped', 'system_resumed') "
        "GROUP BY rule HAVING argMax(kind, opened_at) = 'system_stopped'"
    )
    return Query(sql=sql, parameters={})


def tables_query() -> Query:
    """Rows and bytes of the store's tables."""
    sql = (
        "SELECT table, sum(rows) AS n, sum(bytes_on_disk) AS size, toUnixTimestamp(min(min_time)) AS first_s, "
        "toUnixTimestamp(max(max_time)) AS last_s FROM system.parts WHERE active AND database = currentDatabase() "
        "GROUP BY table ORDER BY size DESC"
    )
    return Query(sql=sql, parameters={})


def disks_query() -> Query:
    """Disks of the store."""
    return Query(sql="SELECT name, free_space, total_space FROM system.disks ORDER BY name", parameters={})


def tables_view(rows: Sequence[Mapping[str, Any]]) -> tuple[StoredOut, ...]:
    """Tables for people; a table that is not parted by time has no times."""
    return tuple(
        StoredOut(
            table=row["table"],
            rows=int(row["n"]),
            bytes=int(row["size"]),
            first_at=moment(int(row["first_s"]) * _US) if int(row["first_s"]) > 0 else None,
            last_at=moment(int(row["last_s"]) * _US) if int(row["last_s"]) > 0 else None,
        )
        for row in rows
    )


def disks_view(rows: Sequence[Mapping[str, Any]]) -> tuple[DiskOut, ...]:
    """Disks for people."""
    return tuple(
        DiskOut(name=row["name"], free_bytes=int(row["free_space"]), total_bytes=int(row["total_space"]))
        for row in rows
    )
