"""What somebody sees who is limited to regions."""

from __future__ import annotations

import pytest

from api.access_table import ANYBODY, CLOSED, Access
from api.contract import Caller
from api.errors import Forbidden
from api.query import Query
from api.sight import FILTERED_TABLES, check, limited, sight_of
from postprocess.contract import Region

#   site ─┬─ north ─┬─ gate
#         │         └─ yard ── corner
#         └─ south
TREE = [
    Region(id=name, name=name, parent=parent)
    for name, parent in {
        "site": "",
        "north": "site",
        "south": "site",
        "gate": "north",
        "yard": "north",
        "corner": "yard",
    }.items()
]


def test_a_region_is_seen_with_all_below() -> None:
    """Whatever lies below, however deep; what lies above is read for its settings and not seen."""
    sight = sight_of(["north"], TREE)
    assert sight.within == {"north", "gate", "yard", "corner"}
    assert sight.above == {"site"}
    assert sight.sees("corner")
    assert not any(sight.sees(other) for other in ("", "site", "south", "elsewhere"))


def test_several_regions_and_strangers() -> None:
    """Regions add up; one that is not in the tree stands for itself."""
    sight = sight_of(["gate", "south", "loading ramp"], TREE)
    assert sight.within == {"gate", "south", "loading ramp"}
    assert sight.above == {"site", "north"}


def test_circles_end() -> None:
    """A tree that somebody bent into a circle shows nothing that it should not."""
    circle = [Region(id="a", name="a", parent="b"), Region(id="b", name="b", parent="a")]
    assert sight_of(["other"], circle).within == {"other"}
    assert sight_of(["a"], circle).within == {"a", "b"}


def test_questions_to_the_store_are_limited_table_by_table() -> None:
    """Every table has the filter; who sees no camera gets no row."""
    asked = limited(Query(sql="SELECT 1", parameters={"a": 1}), ["gate-2", "gate-1"])
    assert asked.parameters == {"a": 1}
    for table in FILTERED_TABLES:
        assert f"'{table}': 'camera IN (\\'gate-1\\', \\'gate-2\\')'" in asked.sql
        assert f"'{table}': '0'" in limited(Query(sql="SELECT 1", parameters={}), []).sql


def test_refusals_say_what_is_missing() -> None:
    """The role that is needed, or the regions that somebody is limited to, in both languages."""
    guard = Caller(name="guard", roles=("viewer",), regions=("north",))
    with pytest.raises(Forbidden, match="needs the role administrator, which 'guard'") as refused:
        check(guard, CLOSED)
    assert "администратор" in refused.value.detail("ru")
    with pytest.raises(Forbidden, match="'guard' is limited to north"):
        check(guard, Access("viewer", "site"))
    check(guard, ANYBODY)
    check(guard, Access("viewer", "region"))
