"""Series of plates: what fits, what can be mended, how plates are compared."""

from __future__ import annotations

import pytest

from postprocess.plates import canonical, country_of, mended, regions_of, series_of, spelled


@pytest.mark.parametrize(
    ("text", "regions"),
    [("A123BC77", ("ru",)), ("A000BC77", ()), ("A123BC00", ()), ("AA1234BB", ("ua", "eu")), ("", ()), ("Z" * 12, ())],
)
def test_which_regions_have_such_plates(text: str, regions: tuple[str, ...]) -> None:
    """By shape, with number and region code for Russia: 000 and 00 are never issued."""
    assert regions_of(text) == regions


def test_a_series_mends_look_alikes_only() -> None:
    """0 for O, 8 for B, I for 1; an X in the place of a digit is no digit, and another length is no plate of it."""
    private = next(one for one in series_of(8) if one.slots == "LDDDLLDD")
    assert mended("0I238C77", private) == "O123BC77"
    assert mended("AX23BC77", private) is None
    assert mended("A123BC7", private) is None
    assert mended("A123BC0O", private) is None


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("а 123 вс 77", "A123BC77"), ("A-123-BC 77", "A123BC77"), ("А1О3ВС77", "A103BC77"), ("0123ВС77", "0123BC77"),
        ("hello", "HELLO"), ("ab 123 cd", "AB123CD"),
    ],
)  # fmt: skip
def test_plates_as_people_write_them(written: str, compared: str) -> None:
    """Case, blanks, alphabets; a look-alike where only one plate can be meant."""
    assert canonical(written) == compared


def test_spelling() -> None:
    """Russian plates in Cyrillic, diplomatic ones and all others in Latin letters."""
    assert (spelled("A123BC77", "ru"), spelled("004D12377", "ru")) == ("А123ВС77", "004D12377")
    assert spelled("AB123CD", "ge") == "AB123CD"


def test_a_country_is_named_only_if_it_is_the_only_one() -> None:
    """Within its region; a region that is none has no country."""
    assert country_of("A123BC77", "ru") == "ru"
    assert country_of("1234BCD", "eu") == "es"
    assert (country_of("ABC123", "eu"), country_of("A1", "ru"), country_of("A1", "mars")) == ("", "", "")
