"""Who comes in: by a token, or by the cookie of a session; and how somebody signs in.

Edge (asyncio: passwords are checked in threads). Guessing is bounded: wrong tokens and passwords by address, wrong
passwords by account as well; an attempt counts before it is checked, so that a burst gets no further. A token is 256
random bits: its throttle answers to wrong ones only, and a stale tab behind a proxy locks nobody out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from api.catalog import Catalog
from api.contract import AccessToken, Caller, Session, Used, User
from api.errors import (
    AccountLocked,
    ApiError,
    CsrfMissing,
    NotAuthorised,
    SessionEnded,
    SignInRefused,
    TooManyFailures,
    TooManyRequests,
    Unavailable,
    WrongPassword,
)
from api.metrics import FAILED_LOGINS
from api.passwords import is_password, mark_of
from api.sessions import SAFE_METHODS, SESSIONS_MAX, TOUCH_US, csrf_of, end_of, same, session_id
from api.tokens import Rate, Throttle, bearer, find_user

log = logging.getLogger(__name__)

CHECKS_AT_ONCE = 2
"""Passwords under check: 64 MiB each."""
CHECKS_WAITING_MAX = 32


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long sessions last, and how often somebody may be wrong."""

    requests_per_minute: int
    failures_per_minute: int
    login_failures_max: int
    login_lock_min: float
    session_idle_min: float
    session_max_h: float


class Admission:
    """The door of both faces."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        owner: User | None,
        limits: Limits,
        now_us: Callable[[], int],
        steady_s: Callable[[], float],
    ) -> None:
        """`owner` is the administrator of the token file."""
        self._catalog, self.owner, self._limits = catalog, owner, limits
        self._now_us, self._steady_s = now_us, steady_s
        self._rate = Rate(limits.requests_per_minute)
        self._addresses = Throttle(limits.failures_per_minute)
        self._accounts = Throttle(limits.login_failures_max, limits.login_lock_min * 60)
        self._checks = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._waiting = 0
        self._touched: dict[str, int] = {}
        self._beside: set[asyncio.Task[None]] = set()

    def by_token(self, authorization: str, address: str) -> Caller:
        """Whose token an Authorization header holds; raises `NotAuthorised`, `TooManyFailures`, `Unavailable`."""
        token = bearer(authorization)
        if not token:
            raise NotAuthorised(token_given=False)
        owners = [self.owner] if self.owner is not None else []
        found = find_user([*owners, *self._catalog.users()], token, self._now_us())
        if found is not None:
            return self._counted(self._token_caller(*found, address))
        if not self._catalog.users_known:
            raise Unavailable(component="nats")
        self._count_failure(address)
        raise NotAuthorised(token_given=True)

    def _token_caller(self, user: User, token: AccessToken | None, address: str) -> Caller:
        if user is self.owner:
            return Caller(name=user.name, roles=(user.acts_as,), came_by="owner")
        if token is None:
            return Caller(name=user.name, roles=(user.acts_as,), regions=user.regions)
        now_us = self._now_us()
        if self._is_news(f"used.{token.id}", now_us):
            self._later(self._catalog.note_used(token.id, Used(at_us=now_us, address=address)))
        return Caller(name=user.name, roles=(user.acts_as, token.role), regions=user.regions, key=token.id)

    def by_session(self, secret: str, *, method: str, csrf: str) -> Caller:
        """Whose session a cookie's secret opens; raises `SessionEnded`, `CsrfMissing`, `Unavailable`."""
        id_ = session_id(secret)
        session = self._catalog.session(id_)
        if session is None:
            if not self._catalog.sessions_known:
                raise Unavailable(component="nats")
            raise SessionEnded
        user = next((user for user in self._catalog.users() if user.name == session.user), None)
        if user is None or self._end(session, user, id_):
            self._later(self._catalog.forget_session(id_))
            raise SessionEnded
        expected = csrf_of(secret)
        if method not in SAFE_METHODS and not same(csrf, expected):
            raise CsrfMissing
        now_us = self._now_us()
        if self._is_news(f"s.{id_}", now_us):
            self._later(self._catalog.note_session(id_, msgspec.structs.replace(session, seen_at_us=now_us)))
        return self._counted(
            Caller(
                name=user.name, roles=(user.acts_as,), regions=user.regions, came_by="session", key=id_, csrf=expected
            )
        )

    def _counted(self, caller: Caller) -> Caller:
        if wait_s := self._rate.wait_s(f"{caller.name} {caller.key}", self._steady_s()):
            raise TooManyRequests(retry_after_s=wait_s)
        return caller

    def still(self, caller: Caller) -> bool:
        """Whether somebody who came in before would come in now: for what goes on for hours."""
        if caller.came_by == "owner":
            return True
        user = next((user for user in self._catalog.users() if user.name == caller.name), None)
        if user is None or user.disabled or user.acts_as != caller.roles[0] or user.regions != caller.regions:
            return False
        if caller.came_by == "session":
            session = self._catalog.session(caller.key)
            return session is not None and not self._end(session, user, caller.key)
        now_us = self._now_us()
        alive = {one.id for one in user.tokens if one.expires_at_us is None or now_us < one.expires_at_us}
        return not caller.key or caller.key in alive

    async def sign_in(self, name: str, password: str, *, address: str, secret: str) -> Caller:
        """Open a session under a new secret.

        Raises `WrongPassword`, `AccountLocked`, `TooManyFailures`, `Unavailable`.
        """
        if not self._catalog.users_known:
            raise Unavailable(component="nats")
        now_s = self._steady_s()
        if wait_s := self._addresses.wait_s(address, now_s):
            raise TooManyFailures(retry_after_s=wait_s)
        if wait_s := self._accounts.wait_s(name, now_s):
            raise AccountLocked(retry_after_s=wait_s)
        self._addresses.failed(address, now_s)
        self._accounts.failed(name, now_s)
        user = next((user for user in self._catalog.users() if user.name == name), None)
        fine = await self._is_right(user.password if user is not None else "", password)
        if user is None or user.disabled or not fine:
            FAILED_LOGINS.inc()
            raise WrongPassword
        self._accounts.forgive(name)
        self._addresses.forgive(address)
        return await self.open(user, address=address, secret=secret)

    async def sign_in_by(self, proven: Callable[[], Awaitable[User]], *, address: str, secret: str) -> Caller:
        """Open a session for whomever somebody else vouches for; raises what `proven` does, and `TooManyFailures`."""
        if wait_s := self._addresses.wait_s(address, self._steady_s()):
            raise TooManyFailures(retry_after_s=wait_s)
        try:
            user = await proven()
        except SignInRefused:
            self._addresses.failed(address, self._steady_s())
            FAILED_LOGINS.inc()
            raise
        return await self.open(user, address=address, secret=secret)

    async def open(self, user: User, *, address: str, secret: str) -> Caller:
        """A session for somebody who has shown who it is; raises `Unavailable`."""
        now_us, id_ = self._now_us(), session_id(secret)
        mine = sorted(
            (session.seen_at_us, key) for key, session in self._catalog.sessions().items() if session.user == user.name
        )
        for _, key in mine[: max(0, len(mine) - SESSIONS_MAX + 1)]:
            await self._catalog.forget_session(key)
        session = Session(
            user=user.name, mark=mark_of(user.password), made_at_us=now_us, seen_at_us=now_us, address=address
        )
        await self._catalog.note_session(id_, session)
        self._touched[f"s.{id_}"] = now_us
        return Caller(
            name=user.name,
            roles=(user.acts_as,),
            regions=user.regions,
            came_by="session",
            key=id_,
            csrf=csrf_of(secret),
        )

    async def check_own(self, caller: Caller, password: str) -> None:
        """Whether somebody who is signed in knows the password; raises `WrongPassword`, `AccountLocked`."""
        now_s = self._steady_s()
        if wait_s := self._accounts.wait_s(caller.name, now_s):
            raise AccountLocked(retry_after_s=wait_s)
        self._accounts.failed(caller.name, now_s)
        user, _ = await self._catalog.account(caller.name)
        if not await self._is_right(user.password, password):
            raise WrongPassword
        self._accounts.forgive(caller.name)

    async def _is_right(self, kept: str, password: str) -> bool:
        if self._waiting >= CHECKS_WAITING_MAX:
            raise TooManyFailures(retry_after_s=5)
        self._waiting += 1
        try:
            async with self._checks:
                return await asyncio.to_thread(is_password, kept, password)
        finally:
            self._waiting -= 1

    def _end(self, session: Session, user: User, id_: str) -> str:
        seen_us = max(session.seen_at_us, self._touched.get(f"s.{id_}", 0))
        limits = self._limits
        return end_of(
            msgspec.structs.replace(session, seen_at_us=seen_us),
            user,
            now_us=self._now_us(),
            idle_min=limits.session_idle_min,
            whole_min=limits.session_max_h * 60,
        )

    def _count_failure(self, address: str) -> None:
        FAILED_LOGINS.inc()
        now_s = self._steady_s()
        if wait_s := self._addresses.wait_s(address, now_s):
            raise TooManyFailures(retry_after_s=wait_s)
        self._addresses.failed(address, now_s)

    def _is_news(self, key: str, now_us: int) -> bool:
        if now_us - self._touched.get(key, 0) < TOUCH_US:
            return False
        self._touched.pop(key, None)
        self._touched[key] = now_us
        while len(self._touched) > 4096:
            del self._touched[next(iter(self._touched))]
        return True

    def _later(self, write: Coroutine[Any, Any, None]) -> None:
        """Beside the request: when it was seen last is no reason to wait or to fail."""
        task = asyncio.get_running_loop().create_task(_quietly(write))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)


async def _quietly(write: Coroutine[Any, Any, None]) -> None:
    try:
        await write
    except ApiError as error:
        log.info("when somebody was seen last is not noted: %s", error)
