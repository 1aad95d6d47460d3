"""What the routes stand on, handed to them by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

import msgspec
from litestar.di import NamedDependency

from api.archive import LimitedArchive, Rows
from api.catalog import Catalog
from api.config import ApiSettings, LookDefaults
from api.contract import Caller, User
from api.eraser import Eraser
from api.errors import NotAuthorised, TooManyFailures, Unavailable
from api.feed import LimitedFeed, Streams
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
    archive: Rows
    feed: Streams
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

    def seen_by(self, caller: Caller) -> Services:
        """These services for somebody who may be limited to regions: what lies elsewhere is not there."""
        if not caller.regions:
            return self
        catalog = self.catalog.limited(caller)
        return msgspec.structs.replace(
            self,
            catalog=catalog,
            archive=LimitedArchive(self.archive, catalog.seen_names),
            feed=LimitedFeed(self.feed, lambda camera: camera in catalog.seen_names()),
        )

    def admit(self, authorization: str, address: str) -> Caller:
        """Whose token an Authorization header holds; raises `NotAuthorised`, `TooManyFailures`, `Unavailable`.

        A token is 256 random bits: guessing is hopeless, so the throttle answers to wrong tokens only, and a stale tab
        behind a proxy locks nobody out.
        """
        token = bearer(authorization)
        if not token:
            raise NotAuthorised(token_given=False)
        user = find_user(self.users(), token)
        if user is not None:
            return Caller(name=user.name, roles=(user.acts_as,), regions=user.regions)
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
