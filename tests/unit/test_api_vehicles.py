"""Lists of vehicles: entries as people write them, and as spreadsheets hold them."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract import VehicleIn
from api.errors import InvalidBody
from api.query import instant
from api.vehicles import VehicleFilter, entry_id, found, plausible, read_vehicle, vehicle_view
from api.vehicles_csv import read_csv, write_csv
from postprocess.contract import DAYS, Hours, VehicleEntry

MOSCOW = ZoneInfo("Europe/Moscow")


def entry(**fields: object) -> VehicleEntry:
    """An entry as it is read from a body."""
    return read_vehicle(VehicleIn(**({"plate": "А123ВС77", "list": "allow"} | fields)))  # type: ignore[arg-type]


def refused(**fields: object) -> dict[str, str]:
    """Fields that are refused, in English."""
    with pytest.raises(InvalidBody) as caught:
        entry(**fields)
    return {fault.field: fault.words.en for fault in caught.value.faults()}


def lines(text: str | bytes, zone: ZoneInfo = MOSCOW) -> list[VehicleEntry]:
    """The entries of a file."""
    return read_csv(text if isinstance(text, bytes) else text.encode(), zone)


def wrong(text: str) -> dict[str, str]:
    """Places in a file that are refused, in English."""
    with pytest.raises(InvalidBody) as caught:
        lines(text)
    return {fault.field: fault.words.en for fault in caught.value.faults()}


def test_an_id_is_made_of_list_and_plate() -> None:
    """However the plate is spelled; another list is another entry; an id that is given stands."""
    assert entry().id == entry(plate="a 123 bc 77").id == entry_id("allow", "А123ВС77")
    assert entry().id != entry(list="deny").id
    assert entry(id="own").id == "own"


def test_what_is_no_entry() -> None:
    """Each field is named with what is allowed."""
    assert refused(plate="??") == {"plate": "a plate has 3 to 12 letters and digits"}
    assert refused(valid_from="tomorrow").keys() == {"valid_from"}
    assert refused(valid_from="2026-03-01T08:00:00Z", valid_until="2026-03-01T08:00:00Z").keys() == {"valid_until"}
    assert refused(directions=("entry", "entry")).keys() == {"directions"}
    assert (plausible("A1"), plausible("漢字12"), plausible("M1 ABC")) == (False, False, True)


def test_entries_are_found() -> None:
    """By part of the plate in either alphabet, list, owner or note, and time; by plate in order."""
    guest = entry(plate="М777ММ99", list="guest", owner="ООО Ромашка", valid_until="2026-01-01T00:00:00Z")
    pairs = [(guest, 2), (entry(note="director"), 1)]
    assert [revision for _, revision in found(pairs, VehicleFilter())] == [1, 2]
    assert found(pairs, VehicleFilter(plate="777MM")) == [pairs[0]]
    assert found(pairs, VehicleFilter(list="allow")) == [pairs[1]]
    assert found(pairs, VehicleFilter(text="РОМАШ")) == [pairs[0]]
    assert found(pairs, VehicleFilter(text="direct")) == [pairs[1]]
    assert found(pairs, VehicleFilter(valid_at_us=instant("2026-01-01T00:00:00Z"))) == [pairs[1]]
    assert vehicle_view(guest, 2).valid_until == "2026-01-01T00:00:00.000000Z"


def test_a_russian_spreadsheet() -> None:
    """Windows-1251, semicolons, Russian names, dates of the site: from the day's beginning to its end."""
    text = (
        "Номер;Список;Действует с;Действует до;Направления;Расписание;Владелец\r\n"
        "А123ВС77;разрешён;01.03.2026;31.03.2026;въезд;пн-пт 8:00-18:00, сб 10:00-14:00;Иванов\r\n"
        ";;;;;;\r\n"
        "м777мм99;ЧЁРНЫЙ;;;;;\r\n"
    )
    allowed, denied = lines(text.encode("cp1251"))
    assert (allowed.valid_from_us, allowed.valid_until_us) == (
        instant("2026-03-01T00:00:00+03:00"), instant("2026-04-01T00:00:00+03:00"),
    )  # fmt: skip
    assert allowed.directions == ("entry",)
    assert allowed.schedule == (
        Hours(days=DAYS[:5], since="08:00", until="18:00"), Hours(days=("sat",), since="10:00", until="14:00"),
    )  # fmt: skip
    assert (denied.list, denied.plate, denied.directions) == ("deny", "м777мм99", ("entry", "exit"))


def test_times_and_days() -> None:
    """A time without a zone is the site's; spans of days may go over Sunday; no days are all days."""
    (one,) = lines("plate,list,valid_from,schedule\nA123BC77,guest,2026-03-01 08:30,sat-mon 22:00-06:00\n")
    assert one.valid_from_us == instant("2026-03-01T08:30:00+03:00")
    assert one.schedule == (Hours(days=("sat", "sun", "mon"), since="22:00", until="06:00"),)
    (two,) = lines("plate\tlist\tschedule\nA123BC77\tguest\t08:00-20:00\n")
    assert two.schedule == (Hours(since="08:00", until="20:00"),)


def test_every_fault_is_named_with_its_line() -> None:
    """One file, every line wrong in another way."""
    found = wrong(
        "plate,list,valid_until,directions,schedule\n"
        ",allow,,,\n"
        "A123BC77,maybe,,,\n"
        "A123BC77,allow,soon,,\n"
        "A123BC77,allow,,sideways,\n"
        "A123BC77,allow,,,mon-fri\n"
        "A123BC77,allow,,,xyz 08:00-09:00\n"
        "A123BC77,allow,,,08:00-25:00\n"
        "M777MM99,deny,,,\n"
        "m777mm99,deny,,,\n"
    )
    assert list(found) == [
        "line 2, plate", "line 3, list", "line 4, valid_until", "line 5, directions", "line 6, schedule",
        "line 7, schedule", "line 8, schedule", "line 10, plate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1"), ("plate,colour\nA123BC77,red\n", "line 1"), ('plate,list\nA123BC77,"allow', "line 2"),
        ("номер;список;цвет\n", "line 1"),
    ],
)  # fmt: skip
def test_files_that_are_none(text: str, place: str) -> None:
    """Empty, a column that nobody knows, one that is missing, a quote that does not end."""
    assert place in wrong(text)


def test_a_huge_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is read any more; faults are told up to a limit too."""
    monkeypatch.setattr("api.csv_rows.ROWS_MAX", 2)
    many = "plate,list\n" + "".join(f"A{number}BC77,allow\n" for number in range(100, 110))
    assert wrong(many).keys() == {"file"}
    monkeypatch.setattr("api.csv_rows.ROWS_MAX", 10)
    monkeypatch.setattr("api.vehicles_csv.FAULTS_MAX", 3)
    assert len(wrong("plate,list\n" + "A123BC77,maybe\n" * 10)) == 3


def test_formulas_stay_text() -> None:
    """A note that a spreadsheet would calculate goes out behind an apostrophe and comes back without it."""
    written = write_csv([entry(note="=HYPERLINK(1)", owner="-5")], "en", UTC)
    assert b"'=HYPERLINK(1)" in written
    assert b"'-5" in written
    (back,) = read_csv(written, UTC)
    assert (back.note, back.owner) == ("=HYPERLINK(1)", "-5")


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20).map(str.strip)
texts = texts.filter(lambda text: not text.startswith("'"))
hours = st.builds(
    Hours,
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    since=st.sampled_from(("00:00", "08:30")),
    until=st.sampled_from(("00:00", "17:05")),
)
entries = st.builds(
    VehicleEntry,
    id=st.sampled_from(("one", "two-2")),
    plate=st.sampled_from(("А123ВС77", "AB12CDE", "0123ВС77")),
    list=st.sampled_from(("allow", "deny", "guest")),
    valid_from_us=st.none() | st.integers(0, 10**15),
    valid_until_us=st.none() | st.integers(10**15 + 1, 4 * 10**15),
    schedule=st.lists(hours, max_size=3).map(tuple),
    directions=st.sampled_from((("entry",), ("exit",), ("entry", "exit"))),
    owner=texts,
    note=texts,
)


@given(entry=entries, language=st.sampled_from(("en", "ru")))
def test_what_goes_out_comes_back(entry: VehicleEntry, language: str) -> None:
    """Export, then import: the same entries, so that doing it again changes nothing."""
    assert read_csv(write_csv([entry], language, MOSCOW), MOSCOW) == [entry]  # type: ignore[arg-type]


def test_json_of_an_entry() -> None:
    """A body with every field is read; what is stored is what was meant."""
    body = msgspec.json.decode(
        b'{"plate": "A123BC77", "list": "guest", "schedule": [{"days": ["mon"]}], "directions": ["exit"]}',
        type=VehicleIn,
    )
    assert read_vehicle(body, id_="x").schedule == (Hours(days=("mon",)),)
