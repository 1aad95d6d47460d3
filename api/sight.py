"""What somebody who is limited to regions sees: the regions themselves and all that lies below them.

Pure. Cameras stand in a region, lots are regions; the event store is asked with a filter on every table that says which
camera a row is of, so that no question can forget it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from api.access_table import Access, grants
from api.contract import Caller
from api.errors import Forbidden
from api.query import Query
from postprocess.contract import Region

FILTERED_TABLES = ("cameras", "events", "events_hourly", "looks", "photos", "reads")
"""Tables with a column `camera`; a test holds that no other table speaks of cameras."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """Places in the tree of the site, as ids."""

    within: frozenset[str]
    """The user's regions, and everything below."""
    above: frozenset[str]
    """From there up to the root: their settings hold below, so they are read, and never changed."""

    def sees(self, region: str) -> bool:
        """Whether what stands in a region is seen."""
        return region in self.within


def check(caller: Caller, access: Access) -> None:
    """Refuse a call that this user may not make; raises `Forbidden`."""
    if not grants(access, caller.roles):
        raise Forbidden(user=caller.name, needs=access.least)
    if caller.regions and access.place == "site":
        raise Forbidden(user=caller.name, regions=caller.regions)


def sight_of(roots: Collection[str], regions: Iterable[Region]) -> Sight:
    """What lies in and below some regions; a region that is not in the tree stands for itself. Circles end."""
    parents = {region.id: region.parent for region in regions}
    within = set(roots)
    for name in parents:
        way: list[str] = []
        here = name
        while here and here not in within and here not in way:
            way.append(here)
            here = parents.get(here, "")
        if here in within:
            within.update(way)
    above: set[str] = set()
    for root in roots:
        here = parents.get(root, "")
        while here and here not in above:
            above.add(here)
            here = parents.get(here, "")
    return Sight(within=frozenset(within), above=frozenset(above - within))


def limited(query: Query, cameras: Collection[str]) -> Query:
    """A question to the store that is answered from rows of these cameras (and lots) alone.

    The server applies the filter where it reads a table, below views, joins and subqueries
    (clickhouse.com/docs: additional_table_filters).
    """
    names = ", ".join(f"\\'{camera}\\'" for camera in sorted(cameras))
    condition = f"camera IN ({names})" if names else "0"
    filters = ", ".join(f"'{table}': '{condition}'" for table in FILTERED_TABLES)
    return Query(sql=f"{query.sql} SETTINGS additional_table_filters = {{{filters}}}", parameters=query.parameters)
