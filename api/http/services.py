"""What the routes stand on, handed to them by name."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from litestar.di import NamedDependency

from api.archive import Archive
from api.catalog import Catalog
from api.config import ApiSettings, LookDefaults
from api.contract import User
from api.feed import Feed
from api.link import Link
from api.states import StateBoard
from api.tokens import Throttle


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request may need."""

    settings: ApiSettings
    version: str
    link: Link
    catalog: Catalog
    states: StateBoard
    archive: Archive
    feed: Feed
    owner: User | None
    """The administrator of the token file."""
    throttle: Throttle
    look: LookDefaults
    configured: frozenset[str]
    now_us: Callable[[], int]
    steady_s: Callable[[], float]
    new_id: Callable[[], str]

    def users(self) -> list[User]:
        """Everybody who may come in."""
        return [*([self.owner] if self.owner is not None else []), *self.catalog.users()]


Given = NamedDependency[Services]
"""The services as a parameter of a route."""
