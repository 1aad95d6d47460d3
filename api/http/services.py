"""What the routes stand on, handed to them by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

import msgspec
from litestar.di import NamedDependency

from api.archive import Archive
from api.catalog import Catalog
from api.config import ApiSettings, LookDefaults
from api.contract import User
from api.eraser import Eraser
from api.errors import NotAuthorised, TooManyFailures, Unavailable
from api.feed import Feed
from api.graves import Graves
from api.link import Link
from api.metrics import FAILED_LOGINS
from api.states import StateBoard
from api.tokens import Throttle, bearer, find_user
from postprocess.config import DecideSettings
from postprocess.functions.registry import Registry


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request may need."""

    settings: ApiSettings
    version: str
    link: Link
    catalog: Catalog
    states: StateBoard
    archive: Archive
    feed: Feed
    functions: Registry
    graves: Graves
    eraser: Eraser
    owner: User | None
    """The administrator of the token file."""
    throttle: Throttle
    look: LookDefaults
    decide: DecideSettings
    configured: frozenset[str]
    zone: tzinfo
    """Of the site, `[decide] timezone`."""
    now_us: Callable[[], int]
    steady_s: Callable[[], float]
    new_id: Callable[[str], str]
    """An id that begins with a word."""

    def users(self) -> list[User]:
        """Everybody who may come in."""
        return [*([self.owner] if self.owner is not None else []), *self.catalog.users()]

    def admit(self, authorization: str, address: str) -> User:
        """Whose token an Authorization header holds; raises `NotAuthorised`, `TooManyFailures`, `Unavailable`.

        A token is 256 random bits: guessing is hopeless, so the throttle answers to wrong tokens only, and a stale tab
        behind a proxy locks nobody out.
        """
        token = bearer(authorization)
        if not token:
            raise NotAuthorised(token_given=False)
        user = find_user(self.users(), token)
        if user is not None:
            return user
        if not self.catalog.users_known:
            raise Unavailable(component="nats")
        FAILED_LOGINS.inc()
        now_s = self.steady_s()
        if wait_s := self.throttle.wait_s(address, now_s):
            raise TooManyFailures(retry_after_s=wait_s)
        self.throttle.failed(address, now_s)
        raise NotAuthorised(token_given=True)


Given = NamedDependency[Services]
"""The services as a parameter of a route."""
