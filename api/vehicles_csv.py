"""Lists of vehicles as CSV, as spreadsheets write and read it.

Pure.

Rules
- The file is read by `csv_rows`; `plate` and `list` are needed.
- A file is taken as a whole or not at all: every fault is told with its line and column.
- Dates without a time are days of the site: from their beginning, to their end. Hours are written as in
  `mon-fri 08:00-18:00, sat 10:00-14:00`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from api.body import explain
from api.contract import VehicleIn
from api.csv_rows import FAULTS_MAX, read_rows, safe
from api.errors import ApiError, FieldFault, InvalidBody
from api.language import Language, Words
from api.vehicles import read_vehicle
from api.views import moment
from postprocess.contract import DAYS, Hours, VehicleEntry

NAMES: Mapping[str, Words] = {
    "plate": Words("plate", "номер"),
    "list": Words("list", "список"),
    "valid_from": Words("valid_from", "действует с"),
    "valid_until": Words("valid_until", "действует до"),
    "directions": Words("directions", "направления"),
    "schedule": Words("schedule", "расписание"),
    "owner": Words("owner", "владелец"),
    "note": Words("note", "примечание"),
    "id": Words("id", "id"),
}
_LISTS = {
    "allow": Words("allow", "разрешён"),
    "deny": Words("deny", "запрещён"),
    "guest": Words("guest", "гость"),
}
_MORE_LISTS = {"разрешен": "allow", "белый": "allow", "запрещен": "deny", "чёрный": "deny", "черный": "deny"}
_LIST = {name: key for key, words in _LISTS.items() for name in (words.en, words.ru)} | _MORE_LISTS
_WAYS = {"entry": Words("entry", "въезд"), "exit": Words("exit", "выезд")}
_WAY = {name: key for key, words in _WAYS.items() for name in (words.en, words.ru)}
_RU_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_DAY = {name: number for names in (DAYS, _RU_DAYS) for number, name in enumerate(names)}
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?!\d)"
_HOURS = re.compile(rf"(?P<days>[^\d:]*?)\s*(?P<since>{_CLOCK})\s*[-–]\s*(?P<until>{_CLOCK})")
_DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y")
_TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M")


def read_csv(raw: bytes, zone: tzinfo) -> list[VehicleEntry]:
    """All entries of a file; raises `InvalidBody` with the faults of up to `FAULTS_MAX` lines."""
    entries: dict[str, VehicleEntry] = {}
    faults: list[FieldFault] = []
    for line, cells in read_rows(raw, NAMES, frozenset({"plate", "list"})):
        for fault, entry in _entry(cells, line, zone):
            if fault is not None:
                faults.append(fault)
            if entry is not None and entries.setdefault(entry.id, entry) is not entry:
                words = Words("this vehicle stands on this list twice", "эта машина уже есть в этом списке выше")
                faults.append(FieldFault(f"line {line}, plate", words))
        if len(faults) >= FAULTS_MAX:
            break
    if faults:
        raise InvalidBody(*faults[:FAULTS_MAX])
    return list(entries.values())


def write_csv(entries: Iterable[VehicleEntry], language: Language, zone: tzinfo) -> bytes:
    """A file that a spreadsheet of the language opens, and `read_csv` reads."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if language == "ru" else ",", lineterminator="\r\n")
    writer.writerow([words.to(language) for words in NAMES.values()])
    for entry in entries:
        writer.writerow([safe(cell) for cell in _cells(entry, language, zone)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _entry(
    cells: Mapping[str, str], line: int, zone: tzinfo
) -> Iterator[tuple[FieldFault | None, VehicleEntry | None]]:
    """The faults of a line, or its entry."""
    fields: dict[str, Any] = {}
    wrong = False
    for name, cell in cells.items():
        if not cell and name != "plate":
            continue
        try:
            fields[name] = _READ[name](cell, zone)
        except _CellError as error:
            wrong = True
            yield FieldFault(f"line {line}, {name}", error.words), None
    if wrong:
        return
    try:
        yield None, read_vehicle(msgspec.convert(fields, VehicleIn))
    except msgspec.ValidationError as error:
        fault = explain(str(error), VehicleIn)
        yield FieldFault(f"line {line}, {fault.field}", fault.words), None
    except ApiError as error:
        for fault in error.faults():
            yield FieldFault(f"line {line}, {fault.field}", fault.words), None


class _CellError(Exception):
    """A cell that can't be read."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def _list(cell: str, _: tzinfo) -> str:
    if (found := _LIST.get(cell.casefold())) is None:
        raise _CellError(Words("allowed are allow, deny, guest", "допустимо: разрешён, запрещён, гость"))
    return found


def _ways(cell: str, _: tzinfo) -> tuple[str, ...]:
    ways = tuple(_WAY.get(part.strip().casefold(), "") for part in re.split(r"[,;/+]", cell))
    if "" in ways:
        raise _CellError(Words("allowed are entry, exit or both", "допустимо: въезд, выезд или оба через запятую"))
    return ways


def _since(cell: str, zone: tzinfo) -> str:
    return _time(cell, zone, day_ends=False)


def _until(cell: str, zone: tzinfo) -> str:
    return _time(cell, zone, day_ends=True)


def _time(cell: str, zone: tzinfo, *, day_ends: bool) -> str:
    for formats, whole_day in ((_DATE_FORMATS, True), (_TIME_FORMATS, False)):
        for form in formats:
            try:
                at = datetime.strptime(cell, form)  # noqa: DTZ007 - the site's zone comes in the next line
            except ValueError:
                continue
            local = at + timedelta(days=int(whole_day and day_ends))
            return local.replace(tzinfo=zone).isoformat()
    return cell  # RFC 3339, or a fault that `read_vehicle` names


def _schedule(cell: str, _: tzinfo) -> tuple[Hours, ...]:
    text = cell.casefold()
    found = tuple(
        Hours(days=_days(part["days"]), since=part["since"].zfill(5), until=part["until"].zfill(5))
        for part in _HOURS.finditer(text)
    )
    if _HOURS.sub("", text).strip(" ,;") or not found:
        raise _CellError(_HOURS_WORDS)
    return found


_HOURS_WORDS = Words(
    "hours are written as in 'mon-fri 08:00-18:00, sat 10:00-14:00'",
    "часы пишутся так: «пн-пт 08:00-18:00, сб 10:00-14:00»",
)


def _days(text: str) -> tuple[Any, ...]:
    days: list[Any] = []
    for part in re.split(r"[,;\s]+", text.strip(" ,;")):
        if not part:
            continue
        ends = [_DAY.get(name, -1) for name in re.split(r"[-–]", part)]
        if -1 in ends or len(ends) > 2:
            raise _CellError(_HOURS_WORDS)
        span = range(ends[0], ends[-1] + 1 if ends[-1] >= ends[0] else ends[-1] + 8)
        days += [DAYS[number % 7] for number in span]
    return tuple(dict.fromkeys(days)) or DAYS


def _text(cell: str, _: tzinfo) -> str:
    return cell


_READ: dict[str, Callable[[str, tzinfo], Any]] = {
    "plate": _text, "list": _list, "valid_from": _since, "valid_until": _until, "directions": _ways,
    "schedule": _schedule, "owner": _text, "note": _text, "id": _text,
}  # fmt: skip


def _cells(entry: VehicleEntry, language: Language, zone: tzinfo) -> list[str]:
    return [
        entry.plate,
        _LISTS[entry.list].to(language),
        _written_time(entry.valid_from_us, zone),
        _written_time(entry.valid_until_us, zone),
        ",".join(_WAYS[way].to(language) for way in entry.directions),
        ", ".join(_written_hours(hours, language) for hours in entry.schedule),
        entry.owner,
        entry.note,
        entry.id,
    ]


def _written_time(at_us: int | None, zone: tzinfo) -> str:
    """With its offset and no more digits than are needed."""
    if at_us is None:
        return ""
    return datetime.fromisoformat(moment(at_us)).astimezone(zone).isoformat()


def _written_hours(hours: Hours, language: Language) -> str:
    names = _RU_DAYS if language == "ru" else DAYS
    days = " ".join(names[DAYS.index(day)] for day in hours.days)
    return f"{days} {hours.since}-{hours.until}"
