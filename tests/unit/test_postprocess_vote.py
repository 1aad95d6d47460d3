"""What several reads of a plate say together."""

from __future__ import annotations

import pytest

from postprocess.vote import Ballot, Verdict, vote


def ballot(text: str, confidence: float = 0.9, chars: tuple[float, ...] = (), region: str = "") -> Ballot:
    """One read."""
    return Ballot(text=text, confidence=confidence, chars=chars, region=region)


def said(ballots: list[Ballot]) -> tuple[str, float, int]:
    """Text, confidence and how many voted."""
    voted = vote(ballots)
    return voted.text, voted.confidence, voted.reads


def test_nobody_read_anything() -> None:
    """No reads, or none with text, give the empty verdict."""
    assert vote([]) == Verdict()
    assert vote([ballot("", 0.99)]) == Verdict()


def test_one_read_stands() -> None:
    """A single read is the verdict, with its own confidence."""
    assert said([ballot("А123ВС77", 0.8)]) == ("А123ВС77", 0.8, 1)


def test_characters_are_voted_one_by_one() -> None:
    """Each of three reads errs at another place: the plate comes out whole."""
    reads = [ballot("А723ВС77"), ballot("А123ЕС77"), ballot("А123ВС71")]
    voted = vote(reads)
    assert voted.text == "А123ВС77"
    assert voted.reads == 3
    assert 0.5 < voted.confidence < 0.9


def test_unsure_characters_weigh_less() -> None:
    """Two reads unsure of a character lose against one that is sure of it."""
    unsure = (0.9, 0.2, *[0.9] * 6)
    assert vote([ballot("А723ВС77", 0.9, unsure)] * 2 + [ballot("А123ВС77", 0.9, (0.9,) * 8)]).text == "А123ВС77"


def test_the_heavier_length_wins() -> None:
    """Two reads with the whole region outvote one that lost its last digit."""
    assert vote([ballot("А123ВС77"), ballot("А123ВС777"), ballot("А123ВС777")]).text == "А123ВС777"


def test_a_whole_number_outweighs_scraps() -> None:
    """A read of a known kind beats a surer scrap of another length, and scraps of its own length don't vote."""
    scraps = [ballot("123ВС7", 0.95), ballot("АА23ВСС7", 0.95)]
    assert said([*scraps, ballot("А123ВС77", 0.6)]) == ("А123ВС77", 0.6, 1)


def test_where_no_read_is_the_verdict() -> None:
    """A text put together from reads that all err is no surer than the least sure of them."""
    voted = vote([ballot("А723ВС77", 0.8), ballot("А123ЕС77", 0.7), ballot("А123ВС71", 0.9)])
    assert voted.text == "А123ВС77"
    assert voted.confidence < 0.7


@pytest.mark.parametrize(
    "text",
    [
        "А123ВС77", "АВ12377", "АВ1234777", "А123477", "1234АВ77", "АВ123С77", "ТАВ12377", "К123АВ77", "004D12377",
        "004CD177", "004T12377", "123А77", "1234А777", "С123АВ77",
    ],
)  # fmt: skip
def test_all_russian_kinds_are_whole_numbers(text: str) -> None:
    """Car, taxi, trailer, police, motorcycle or military, transit, exit, classic, diplomatic, technical, sport."""
    assert said([ballot(text, 0.5, region="ru"), ballot("Х" * 5, 0.9, region="ru")])[0] == text


@pytest.mark.parametrize(
    ("text", "region", "country"),
    [
        ("АВ12377", "ru", "ru"), ("AA1234BB", "ua", "ua"), ("123ABC02", "kz", "kz"), ("1234AB7", "by", "by"),
        ("AB123CD", "ge", "ge"), ("2AB1234", "eu", "cz"), ("1234BCD", "eu", "es"), ("AB12CDE", "eu", ""),
        ("ABC123", "eu", ""), ("ABC1D23", "other", "br"), ("XYZ99999999", "eu", ""),
    ],
)  # fmt: skip
def test_the_country(text: str, region: str, country: str) -> None:
    """By the region that the reader gives and the series that fits; empty where several countries have such plates."""
    assert vote([ballot(text, region=region)]).country == country


def test_foreign_plates_weigh_as_much_as_russian_ones() -> None:
    """A plate of its region's series beats a surer scrap; it stays in Latin letters."""
    voted = vote([ballot("AA1234BB", 0.5, region="ua"), ballot("A1234B", 0.8, region="ua")])
    assert (voted.text, voted.country) == ("AA1234BB", "ua")


def test_look_alikes_are_mended_by_the_place() -> None:
    """A digit in the place of a letter, a letter in that of a digit: each read is mended, then they vote.

    О 1 2 3 В С 7 7
    ↑     ↑ ↑
    0     O 8
    """
    reads = [ballot("О123ВС77", 0.8), ballot("0123ВС77", 0.7), ballot("О12З8С77".replace("З", "3"), 0.6)]
    assert said(reads)[0] == "О123ВС77"
    assert said([ballot("А1О38С77", 0.9, region="ru")]) == ("А103ВС77", 0.9, 1)


def test_a_military_plate_stays_one() -> None:
    """Two of three reads see a digit in front: 0123ВС77 is a plate too."""
    assert said([ballot("0123ВС77"), ballot("0123ВС77"), ballot("О123ВС77", 0.8)])[0] == "0123ВС77"


def test_elsewhere_nothing_is_mended_without_a_read_that_fits() -> None:
    """So many countries have so many series that nearly everything could be mended into something."""
    assert vote([ballot("A8CO123X", region="eu")]).text == "A8CO123X"


def test_a_region_that_nobody_issues_is_not_put_together() -> None:
    """Characters of 716 and 155 and 756 would give 756, which no plate has: the heaviest whole read stands."""
    reads = [ballot("А123ВС716", 0.9), ballot("А123ВС750", 0.8), ballot("А123ВС156", 0.8)]
    assert vote(reads).text in {"А123ВС716", "А123ВС750", "А123ВС156"}


@pytest.mark.parametrize(
    ("reads", "sure"),
    [
        ([ballot("А123ВС77", 0.7)], False),
        ([ballot("А123ВС77", 0.96)], True),
        ([ballot("А123ВС77", 0.7), ballot("А123ВС77", 0.7)], True),
        ([ballot("А123ВС77", 0.7), ballot("А123ВС71", 0.7)], False),
        ([ballot("А123ВС77", 0.7), ballot("А123ВС77", 0.5)], False),
        ([ballot("АА12ВС7", 0.99, region="ru")], False),
    ],
)
def test_when_a_plate_is_sure(reads: list[Ballot], sure: bool) -> None:
    """Two reads that agree, or one that is very sure; never a text that no plate carries."""
    assert vote(reads).sure is sure


def test_ties_and_no_confidence_at_all() -> None:
    """Ties go to the smaller text; reads without any confidence still give one, with confidence 0."""
    assert vote([ballot("В001АА77"), ballot("А001АА77")]).text == "А001АА77"
    assert said([ballot("В001АА77", 0.0)]) == ("В001АА77", 0.0, 1)
