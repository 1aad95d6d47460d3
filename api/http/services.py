"""What the routes stand on, handed to them by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from functools import partial

import msgspec
from litestar.di import NamedDependency

from api.admission import Admission
from api.archive import LimitedArchive, Rows
from api.audit import Change, Record, split
from api.boxes import Boxes
from api.catalog import Catalog
from api.config import ApiSettings, LookDefaults
from api.contract import Caller
from api.dispatch import Dispatch
from api.doorman import Doorman
from api.eraser import Eraser
from api.feed import LimitedFeed, Streams
from api.graves import Graves
from api.ledger import Ledger
from api.link import Link
from api.provider import Provider
from api.states import StateBoard
from postprocess.config import DecideSettings
from postprocess.functions.registry import Registry


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request may need."""

    settings: ApiSettings
    version: str
    link: Link
    catalog: Catalog
    states: StateBoard
    archive: Rows
    feed: Streams
    doors: Doorman
    boxes: Boxes
    functions: Registry
    graves: Graves
    eraser: Eraser
    dispatch: Dispatch
    admission: Admission
    ledger: Ledger
    provider: Provider | None = None
    """By whom people sign in beside passwords."""
    look: LookDefaults
    decide: DecideSettings
    configured: frozenset[str]
    zone: tzinfo
    """Of the site, `[decide] timezone`."""
    now_us: Callable[[], int]
    new_id: Callable[[str], str]
    """An id that begins with a word."""

    def seen_by(self, caller: Caller, changes: list[Change]) -> Services:
        """These services for somebody: what lies beyond its regions is not there, what it changes is noted."""
        catalog = self.catalog.for_caller(caller, changes)
        still = partial(self.admission.still, caller)
        if not caller.regions:
            return msgspec.structs.replace(self, catalog=catalog, feed=LimitedFeed(self.feed, lambda _: True, still))
        return msgspec.structs.replace(
            self,
            catalog=catalog,
            archive=LimitedArchive(self.archive, catalog.seen_names),
            feed=LimitedFeed(self.feed, lambda camera: camera in catalog.seen_names(), still),
        )

    async def record_call(self, act: str, caller: Caller, address: str, changes: list[Change]) -> None:
        """Keep in the audit what somebody changes, or reads where the table wants that kept; raises `Unavailable`."""
        record = Record(
            at_us=self.now_us(), user=caller.name, came_by=caller.came_by, key=caller.key[:12], address=address, act=act
        )
        await self.ledger.write(split(record, changes))


Given = NamedDependency[Services]
"""The services as a parameter of a route."""
