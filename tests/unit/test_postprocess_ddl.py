"""Migrations as they lie in the package, and which of them a database still needs."""

from __future__ import annotations

import msgspec
import pytest

from postprocess.ddl import RUN_AGAIN, Applied, Keep, Migration, keeping, migrations, pending, statements
from postprocess.errors import MigrationChanged, MigrationSkipped, SchemaNameError, SchemaNewer

ALL = migrations()


def applied(*numbers: int) -> list[Applied]:
    """As recorded after these ran."""
    return [Applied(number=one.number, name=one.name, checksum=one.checksum) for one in ALL if one.number in numbers]


def test_numbers_have_no_gap() -> None:
    """They begin with 1."""
    assert [one.number for one in ALL] == list(range(1, len(ALL) + 1))


def test_applied_files_never_change() -> None:
    """As they were released: a change here breaks every database there is."""
    sums = ["56b4b419433b5975", "f1dc0c6e04d4551f", "0ad60aaf58b612a2", "9913c232e24a8664"]
    assert [one.checksum[:16] for one in ALL[:4]] == sums


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_statement_may_be_run_again(one: Migration) -> None:
    """Twice, or twice at once."""
    for statement in one.statements("zool"):
        assert RUN_AGAIN.match(statement), statement
        assert "{" not in statement
        assert "--" not in statement


def test_a_fresh_database_needs_all_a_current_one_none() -> None:
    """In order."""
    assert pending(ALL, []) == list(ALL)
    assert pending(ALL, applied(1)) == list(ALL[1:])
    assert pending(ALL, applied(*range(1, len(ALL) + 1))) == []


def test_a_newer_database_is_refused() -> None:
    """With both numbers and what to do."""
    newer = [Applied(number=len(ALL) + 1, name="later", checksum="x")]
    with pytest.raises(SchemaNewer, match=f"at {len(ALL) + 1:04d}, this program knows {len(ALL):04d}: run the version"):
        pending(ALL, newer)


def test_a_changed_file_is_refused() -> None:
    """By its number and name."""
    other = msgspec.structs.replace(applied(1)[0], checksum="other")
    with pytest.raises(MigrationChanged, match="migration 0001 events_photos_cameras is not the one"):
        pending(ALL, [other])


def test_a_hole_is_refused() -> None:
    """The second without the first was written by somebody else."""
    with pytest.raises(MigrationSkipped, match="has migration 0002 but not 0001"):
        pending(ALL, applied(2))


def test_statements_are_filled_in() -> None:
    """Database first, then all steps, then the settings."""
    found = statements("zool_test", Keep(events_days=11, events_unmatched_days=5, photos_days=22))
    assert found[0] == "CREATE DATABASE IF NOT EXISTS zool_test"
    assert not any("{" in text for text in found)
    events, photos = keeping("zool_test", Keep(events_days=11, events_unmatched_days=5, photos_days=22))[:2]
    assert "INTERVAL 11 DAY DELETE WHERE plate != ''" in events
    assert "INTERVAL 5 DAY DELETE WHERE NOT (plate != ''" in events
    assert "INTERVAL 22 DAY" in photos


@pytest.mark.parametrize("name", ["", "1st", "a b", "x;DROP TABLE y", "é", "a" * 64])
def test_a_database_name_is_a_plain_identifier(name: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(SchemaNameError, match="allowed are letters"):
        statements(name)
