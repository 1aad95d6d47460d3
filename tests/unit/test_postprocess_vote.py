"""What several reads of a plate say together."""

from __future__ import annotations

import pytest

from postprocess.vote import Ballot, Verdict, vote


def ballot(text: str, confidence: float = 0.9, chars: tuple[float, ...] = ()) -> Ballot:
    """One read."""
    return Ballot(text=text, confidence=confidence, chars=chars)


def test_nobody_read_anything() -> None:
    """No reads, or none with text, give the empty verdict."""
    assert vote([]) == Verdict()
    assert vote([ballot("", 0.99)]) == Verdict()


def test_one_read_stands() -> None:
    """A single read is the verdict, with its own confidence."""
    assert vote([ballot("А123ВС77", 0.8)]) == Verdict(text="А123ВС77", confidence=0.8, reads=1)


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
    voted = vote([ballot("123ВС7", 0.95), ballot("А123ВС77", 0.6), ballot("АА23ВСС7", 0.95)])
    assert voted == Verdict(text="А123ВС77", confidence=0.6, reads=1)


def test_where_no_read_is_the_verdict() -> None:
    """A text put together from reads that all err is no surer than the least sure of them."""
    voted = vote([ballot("А723ВС77", 0.8), ballot("А123ЕС77", 0.7), ballot("А123ВС71", 0.9)])
    assert voted.text == "А123ВС77"
    assert voted.confidence < 0.7


@pytest.mark.parametrize("text", ["АВ12377", "АВ1234777", "А123477", "1234АВ77"])
def test_other_kinds_are_whole_numbers(text: str) -> None:
    """Taxi, trailer, police and motorcycle plates weigh as much as those of cars."""
    assert vote([ballot(text, 0.6), ballot("Х" * 5, 0.9)]).text == text


def test_ties_and_no_confidence_at_all() -> None:
    """Ties go to the smaller text; reads without any confidence still give one, with confidence 0."""
    assert vote([ballot("В001АА77"), ballot("А001АА77")]).text == "А001АА77"
    assert vote([ballot("В001АА77", 0.0)]) == Verdict(text="В001АА77", confidence=0.0, reads=1)
