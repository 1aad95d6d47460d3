"""Questions to the event store, as SQL with bound parameters, and its rows as events.

Pure. Reads go through the views `events_latest` and `photos_latest` of postprocess/migrations: no duplicates. Times
cross as whole microseconds and pictures as base64, so that no driver setting can bend them.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from api.cursor import Cursor
from api.errors import BadParameter
from api.language import Words
from ingest.contract import Box, Point
from model_repository.contract import ModelRef
from postprocess.contract import Event, EventPhoto, fold_plate

LIMIT_MAX = 500
_TOKEN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_US = 1_000_000

_COLUMNS = """event_id, version, kind, camera, toUnixTimestamp64Micro(opened_at) AS opened_at_us,
    if(isNull(closed_at), NULL, toUnixTimestamp64Micro(assumeNotNull(closed_at))) AS closed_at_us, final, function,
    rule, track, epoch, direction, label, confidence, plate, plate_confidence, plate_reads, box, photo_shot_ids,
    arrayMap(x -> toUnixTimestamp64Micro(x), photo_captured_at) AS photo_captured_at_us, photo_roles, photo_quads,
    model_names, model_versions, model_sha256, model_starters, settings_revision, frame_seq, cause, text,
    severity, plate_region, listed, person, person_confidence, items, missing, value, plate_sure, about, author,
    tiles"""


_COMMENTS = "('feedback', 'handling')"
_FEEDBACK = "FROM events_latest WHERE kind = 'feedback'"
_CORRECTED = f"SELECT about {_FEEDBACK} AND cause = 'corrected' AND position(plate_folded, {{plate:String}}) > 0"


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; empty fields ask for nothing."""

    camera: str = ""
    kind: str = ""
    person: str = ""
    severity: str = ""
    listed: str = ""
    plate: str = ""
    """Folded; any part of a plate, as read or as corrected."""
    cameras: tuple[str, ...] | None = None
    """Of a region; None = all."""
    confidence_min: float = 0.0
    feedback: str = ""
    """The newest verdict on it, or `none`."""
    handling: str = ""
    """The newest act about it, `none`, or `open` for all but closed."""
    assignee: str = ""
    comments: bool = True
    """What people said and did about events is among them."""
    since_us: int | None = None
    until_us: int | None = None
    after: Cursor | None = None
    limit: int = 50


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """SQL and the values bound to it."""

    sql: str
    parameters: dict[str, Any]


def events_query(wanted: EventFilter, *further: str) -> Query:
    """Newest first; asks for one more than the page, to know whether there is a next one. `further`: conditions."""
    where, parameters = _conditions(wanted, further)
    sql = (
        f"SELECT {_COLUMNS} FROM events_latest WHERE {where} "  # noqa: S608 - values are bound
        "ORDER BY opened_at DESC, event_id DESC LIMIT {limit:UInt32}"
    )
    return Query(sql=sql, parameters=parameters)


def count_query(wanted: EventFilter) -> Query:
    """How many events a filter lets through, one row: `n`."""
    where, parameters = _conditions(wanted, ())
    return Query(sql=f"SELECT count() AS n FROM events_latest WHERE {where}", parameters=parameters)  # noqa: S608 - as above


def _conditions(wanted: EventFilter, further: Sequence[str]) -> tuple[str, dict[str, Any]]:
    conditions, parameters = [*further, "1"], cast("dict[str, Any]", {"limit": wanted.limit + 1})
    for name in ("camera", "kind", "person", "severity", "listed"):
        if value := getattr(wanted, name):
            conditions.append(f"{name} = {{{name}:String}}")
            parameters[name] = value
    if wanted.plate:
        conditions.append(f"(position(plate_folded, {{plate:String}}) > 0 OR event_id IN ({_CORRECTED}))")
        parameters["plate"] = wanted.plate
    if wanted.cameras is not None:
        conditions.append("camera IN {cameras:Array(String)}")
        parameters["cameras"] = list(wanted.cameras)
    if wanted.confidence_min > 0:
        conditions.append("confidence >= {confidence_min:Float64}")
        parameters["confidence_min"] = wanted.confidence_min
    if not wanted.comments:
        conditions.append(f"kind NOT IN {_COMMENTS}")
    if wanted.since_us is not None:
        conditions.append("opened_at >= fromUnixTimestamp64Micro({since:Int64})")
        parameters["since"] = wanted.since_us
    if wanted.until_us is not None:
        conditions.append("opened_at < fromUnixTimestamp64Micro({until:Int64})")
        parameters["until"] = wanted.until_us
    if wanted.after is not None:
        conditions.append("(opened_at, event_id) < (fromUnixTimestamp64Micro({after_at:Int64}), {after_id:String})")
        parameters |= {"after_at": wanted.after.opened_at_us, "after_id": wanted.after.event_id}
    conditions += _spoken(wanted, parameters)
    return " AND ".join(conditions), parameters


def _spoken(wanted: EventFilter, parameters: dict[str, Any]) -> list[str]:
    """Conditions on what people said and did: the newest word on an event counts."""
    conditions = []
    for kind, word in (("feedback", wanted.feedback), ("handling", wanted.handling)):
        said = f"SELECT about FROM events_latest WHERE kind = '{kind}'"  # noqa: S608 - one of the two above
        newest = f"{said} GROUP BY about HAVING argMax(cause, opened_at) ="
        if word == "none":
            conditions.append(f"event_id NOT IN ({said})")
        elif word == "open":
            conditions.append(f"event_id NOT IN ({newest} 'closed')")
        elif word:
            conditions.append(f"event_id IN ({newest} {{{kind}:String}})")
            parameters[kind] = word
    if wanted.assignee:
        given = "SELECT about FROM events_latest WHERE kind = 'handling' AND cause = 'assigned' GROUP BY about"
        conditions.append(f"event_id IN ({given} HAVING argMax(label, opened_at) = {{assignee:String}})")
        parameters["assignee"] = wanted.assignee
    return conditions


def event_query(event_id: str) -> Query:
    """One event by its id."""
    sql = f"SELECT {_COLUMNS} FROM events_latest WHERE event_id = {{id:String}} LIMIT 1"  # noqa: S608 - as above
    return Query(sql=sql, parameters={"id": event_id})


def feedback_query(events: Sequence[Event]) -> Query:
    """What people said of some events, the newest of each; a judgement lies beside its event, and after it."""
    sql = (
        f"SELECT {_COLUMNS} {_FEEDBACK} AND camera IN {{cameras:Array(String)}} "
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) AND about IN {ids:Array(String)} "
        "ORDER BY opened_at DESC, event_id DESC LIMIT 1 BY about"
    )
    return Query(sql=sql, parameters=_about(events))


def handling_query(events: Sequence[Event]) -> Query:
    """Where the handling of some events stands: the newest act of each, and whom it was given to last."""
    sql = (
        "SELECT about, argMax(cause, opened_at) AS act, argMaxIf(label, opened_at, cause = 'assigned') AS assignee, "
        "argMax(text, opened_at) AS note, argMax(author, opened_at) AS user, "
        "toUnixTimestamp64Micro(max(opened_at)) AS at_us FROM events_latest WHERE kind = 'handling' "
        "AND camera IN {cameras:Array(String)} AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) "
        "AND about IN {ids:Array(String)} GROUP BY about"
    )
    return Query(sql=sql, parameters=_about(events))


def words_query(event: Event) -> Query:
    """All that people said of an event and did about it, the oldest first; 500 at most."""
    sql = (
        f"SELECT {_COLUMNS} FROM events_latest WHERE kind IN {_COMMENTS} AND camera IN {{cameras:Array(String)}} "  # noqa: S608 - values are bound
        "AND opened_at >= fromUnixTimestamp64Micro({since:Int64}) AND about IN {ids:Array(String)} "
        "ORDER BY opened_at, event_id LIMIT 500"
    )
    return Query(sql=sql, parameters=_about([event]))


def _about(events: Sequence[Event]) -> dict[str, Any]:
    """What people say lies beside its event, and after it."""
    return {
        "cameras": sorted({event.camera for event in events}),
        "ids": [event.event_id for event in events],
        "since": min((event.opened_at_us for event in events), default=0),
    }


def facts_query(since_us: int, until_us: int, *, person: str, limit: int) -> Query:
    """Entries, exits and presences as rows of `timesheet.Fact`, with what people said against their persons."""
    times = "opened_at >= fromUnixTimestamp64Micro({since:Int64})"
    said = (
        f"SELECT about, argMax(cause, opened_at) AS verdict, argMax(person, opened_at) AS right {_FEEDBACK} "
        f"AND {times} AND cause IN ('not_person', 'corrected') AND person != '' GROUP BY about"
    )
    sql = (
        "SELECT kind, camera, rule, toUnixTimestamp64Micro(opened) AS opened_at_us, "  # noqa: S608 - values are bound
        "if(final AND NOT isNull(closed_at), toUnixTimestamp64Micro(assumeNotNull(closed_at)), NULL) AS closed_at_us, "
        "value, multiIf(f.verdict = 'not_person', '', f.verdict = 'corrected', f.right, e.named) AS person "
        "FROM (SELECT event_id, kind, camera, rule, opened_at AS opened, closed_at, final, value, person AS named "
        f"FROM events_latest WHERE kind IN ('person_entry', 'person_exit', 'presence') AND {times} "
        f"AND opened_at < fromUnixTimestamp64Micro({{until:Int64}})) AS e LEFT JOIN ({said}) AS f "
        "ON f.about = e.event_id WHERE {person:String} = '' OR person = {person:String} "
        "ORDER BY opened_at_us LIMIT {limit:UInt32}"
    )
    return Query(sql=sql, parameters={"since": since_us, "until": until_us, "person": person, "limit": limit})


def review_query(wanted: EventFilter) -> Query:
    """Passages whose plate a person should look at, newest first, as `events_query`.

    Final, with a plate that is not sure, or that was not read though there was one; nobody has judged them yet.
    """
    return events_query(
        wanted,
        "function = 'vehicles' AND final AND kind IN ('vehicle_entry', 'vehicle_exit')",
        "(plate != '' AND NOT plate_sure OR cause IN ('plate_unread', 'plate_unreadable', 'plate_unsure'))",
        f"event_id NOT IN (SELECT about {_FEEDBACK})",
    )


def photo_query(camera: str, photo: EventPhoto) -> Query:
    """The picture of a shot; camera and time are the store's sort key, so that it need not search."""
    sql = (
        "SELECT base64Encode(jpeg) AS jpeg FROM photos_latest WHERE camera = {camera:String} "
        "AND captured_at = fromUnixTimestamp64Micro({at:Int64}) AND shot_id = {shot:String} LIMIT 1"
    )
    return Query(sql=sql, parameters={"camera": camera, "at": photo.captured_at_us, "shot": photo.shot_id})


def thumbnail_query(event_id: str) -> Query:
    """The small picture that came with an event: shown while the store has no photo yet, or no longer."""
    sql = "SELECT base64Encode(thumbnail) AS jpeg FROM events_latest WHERE event_id = {id:String} LIMIT 1"
    return Query(sql=sql, parameters={"id": event_id})


def picture(row: Mapping[str, Any]) -> bytes:
    """The JPEG of a row of `photo_query` or `thumbnail_query`."""
    return base64.b64decode(row["jpeg"])


def event_of(row: Mapping[str, Any]) -> Event:
    """A row of `events_query` as an event (thumbnails stay in the store)."""
    photos = zip(
        row["photo_shot_ids"], row["photo_captured_at_us"], row["photo_roles"], row["photo_quads"], strict=True
    )
    models = zip(row["model_names"], row["model_versions"], row["model_sha256"], row["model_starters"], strict=True)
    return Event(
        event_id=row["event_id"],
        version=row["version"],
        kind=row["kind"],
        camera=row["camera"],
        opened_at_us=row["opened_at_us"],
        closed_at_us=row["closed_at_us"],
        final=bool(row["final"]),
        function=row["function"],
        rule=row["rule"],
        track=row["track"],
        epoch=row["epoch"],
        direction=row["direction"],
        label=row["label"],
        confidence=float(row["confidence"]),
        plate=row["plate"],
        plate_confidence=float(row["plate_confidence"]),
        plate_reads=row["plate_reads"],
        box=_box(row["box"]),
        photos=tuple(
            EventPhoto(shot_id=shot, captured_at_us=at, role=role, quad=_points(quad))
            for shot, at, role, quad in photos
        ),
        models=tuple(
            ModelRef(name=name, version=version, sha256=sha256, starter=bool(starter))
            for name, version, sha256, starter in models
        ),
        settings_revision=row["settings_revision"],
        frame_seq=row["frame_seq"],
        cause=row["cause"],
        text=row["text"],
        severity=row["severity"],
        plate_region=row["plate_region"],
        listed=row["listed"],
        person=row["person"],
        person_confidence=float(row["person_confidence"]),
        items={name: round(float(worn), 6) for name, worn in row["items"].items()},
        missing=tuple(row["missing"]),
        value=row["value"],
        tiles=tuple(round(float(tile), 4) for tile in row["tiles"]),
        plate_sure=bool(row["plate_sure"]),
        about=row["about"],
        author=row["author"],
    )


def _box(values: list[float]) -> Box | None:
    return cast("Box", tuple(round(float(value), 5) for value in values)) if len(values) == 4 else None


def _points(flat: list[float]) -> tuple[Point, ...]:
    return tuple((round(float(x), 5), round(float(y), 5)) for x, y in zip(flat[::2], flat[1::2], strict=False))


def plate_text(text: str) -> str:
    """A plate as people type it, folded for searching; raises `BadParameter`."""
    folded = fold_plate(text)
    if not folded or len(folded) > 20:
        allowed = Words("allowed are 1 to 20 letters or digits", "допустимо от 1 до 20 букв или цифр")
        raise BadParameter(name="plate", value=text, allowed=allowed)
    return folded


def token(name: str, value: str) -> str:
    """A camera id or kind in a query; raises `BadParameter`."""
    if _TOKEN.fullmatch(value) is None:
        allowed = Words(
            "allowed are small Latin letters, digits, '-' and '_', 64 at most",
            "допустимы строчные латинские буквы, цифры, «-» и «_», не более 64",
        )
        raise BadParameter(name=name, value=value, allowed=allowed)
    return value


def whole(name: str, text: str, low: int, high: int) -> int:
    """A whole number of a query, within bounds; raises `BadParameter`."""
    if text.isascii() and text.isdecimal() and len(text) <= 18 and low <= int(text) <= high:
        return int(text)
    words = Words(f"allowed is {low} to {high}", f"допустимо от {low} до {high}")
    raise BadParameter(name=name, value=text, allowed=words)


def ratio(name: str, text: str) -> float:
    """A share of a query, 0..1; raises `BadParameter`."""
    with contextlib.suppress(ValueError):
        if 0.0 <= (found := float(text[:20])) <= 1.0:
            return found
    raise BadParameter(name=name, value=text, allowed=Words("allowed is 0 to 1", "допустимо от 0 до 1"))


def flag(name: str, text: str) -> bool:
    """`true` or `false`; raises `BadParameter`."""
    if text not in {"true", "false"}:
        words = Words("allowed are true, false", "допустимо: true, false")
        raise BadParameter(name=name, value=text, allowed=words)
    return text == "true"


def one_of(name: str, text: str, allowed: Sequence[str]) -> str:
    """One of some words; raises `BadParameter`."""
    if text not in allowed:
        named = ", ".join(allowed)
        raise BadParameter(name=name, value=text, allowed=Words(f"allowed are {named}", f"допустимо: {named}"))
    return text


def time_us(name: str, value: str) -> int:
    """An RFC 3339 time with its zone, as microseconds; raises `BadParameter`."""
    allowed = Words(
        "allowed is a time with its zone, as in 2026-03-01T08:00:00Z",
        "допустимо время с часовым поясом, например 2026-03-01T08:00:00Z",
    )
    found = instant(value.replace(" ", "+"))  # a bare '+' of a query reads as a blank
    if found is None:
        raise BadParameter(name=name, value=value, allowed=allowed)
    return found


def instant(text: str | None) -> int | None:
    """An RFC 3339 time with its zone as microseconds; None for none, and for what is no such time."""
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if at.tzinfo is None or not 1970 <= at.astimezone(UTC).year < 2290:
        return None
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _US + since.microseconds


def yes(name: str, value: str) -> bool:
    """A parameter that is `true` or `false`; raises `BadParameter`."""
    if value not in {"true", "false"}:
        allowed = Words("allowed are true and false", "допустимо true или false")
        raise BadParameter(name=name, value=value, allowed=allowed)
    return value == "true"
