"""Users, their tokens and who is signed in, for people: shapes of the calls, and what must not happen.

Pure: time and randomness are passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from api.access_table import within
from api.contract import AccessToken, Caller, Role, Session, Used, User
from api.errors import FieldFault, InvalidBody, LastAdministrator, TooManyTokens
from api.etag import etag
from api.language import Words
from api.passwords import check_password, hash_password
from api.tokens import hash_token
from api.views import moment
from ingest.contract import Token

OWNER = "admin"
"""Under this name the token of the token file acts."""
TOKENS_MAX = 32
DAYS_MAX = 3650
_DAY_US = 86_400_000_000

Title = Annotated[str, msgspec.Meta(max_length=200, description="How people call this user")]
Password = Annotated[str, msgspec.Meta(max_length=128)]
Regions = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], ...],
    msgspec.Meta(max_length=64, description="Regions that the user is limited to; empty: the whole site"),
]


class UserIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new user. Without a password it comes in by tokens, or by the site's identity provider."""

    name: Token
    role: Role
    title: Title = ""
    regions: Regions = ()
    password: Password | None = None


class UserPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of a user: fields left out stay as they are."""

    role: Role | msgspec.UnsetType = msgspec.UNSET
    title: Title | msgspec.UnsetType = msgspec.UNSET
    regions: Regions | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


class PasswordIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password for a user."""

    password: Password


class OwnPasswordIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another password for whoever is signed in."""

    old: Password
    new: Password


class TokenIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new token. It may do what its user and `role` both may; without `role`, what its user may."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="What it is for")]
    role: Role | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] | None = 365
    """Days until it ends; null = never."""


class SessionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Password


class TokenOut(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    id: str
    name: str
    role: Role
    made_at: str
    expires_at: str | None
    expired: bool
    used_at: str | None
    """To the minute."""
    used_from: str


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one user, the oldest first."""

    items: tuple[TokenOut, ...]


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new token; `secret` is shown here and never again."""

    secret: str
    token: TokenOut


class UserOut(msgspec.Struct, frozen=True, kw_only=True):
    """A user without secrets."""

    name: str
    title: str
    role: Role
    regions: tuple[str, ...]
    disabled: bool
    has_password: bool
    tokens: int
    sessions: int
    seen_at: str | None
    """When a session or token of the user was used last, to the minute."""
    etag: str


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """All users, by name; the token of the token file is none of them."""

    items: tuple[UserOut, ...]


class SessionOut(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what it may do."""

    user: str
    title: str
    role: Role
    regions: tuple[str, ...]
    came_by: str
    """owner (the token of the token file), token or session."""
    csrf: str
    """For the header X-Zool-CSRF of changes within a session; empty otherwise."""
    first_run: bool
    """Nobody can sign in by a password yet: time to make an administrator."""


def user_of(wanted: UserIn) -> User:
    """A new user; raises `InvalidBody`. Takes as long as a password is hashed."""
    if wanted.name == OWNER:
        words = Words("is the token file's own user", "занято пользователем файла с токеном")
        raise InvalidBody(FieldFault("name", words))
    password = ""
    if wanted.password is not None:
        check_password(wanted.password, user=wanted.name)
        password = hash_password(wanted.password)
    return User(name=wanted.name, title=wanted.title, role=wanted.role, regions=wanted.regions, password=password)


def changed(user: User, wanted: UserPatch) -> User:
    """A user with changes."""
    fields = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    return msgspec.structs.replace(user, **fields)


def with_password(user: User, password: str, *, field: str = "password") -> User:
    """A user with another password; raises `InvalidBody`. Takes as long as a password is hashed."""
    check_password(password, user=user.name, field=field)
    return msgspec.structs.replace(user, password=hash_password(password))


def keep_an_administrator(users: Iterable[User], name: str, after: User | None) -> None:
    """Refuse a change (None: a removal) that leaves nobody who may do everything; raises `LastAdministrator`."""
    before = {user.name: user for user in users}
    rest = [user for user in before.values() if user.name != name]
    was = name in before and _rules(before[name])
    if was and not any(_rules(user) for user in ([*rest, after] if after is not None else rest)):
        raise LastAdministrator(user=name)


def _rules(user: User) -> bool:
    return user.acts_as == "administrator" and not user.disabled and not user.regions


def with_token(user: User, wanted: TokenIn, *, id_: str, secret: str, now_us: int) -> tuple[User, AccessToken]:
    """A user with one more token; raises `TooManyTokens`, `InvalidBody`."""
    if wanted.role is not None and wanted.role not in within(user.acts_as):
        allowed = ", ".join(within(user.acts_as))
        raise InvalidBody(FieldFault("role", Words(f"allowed are {allowed}", f"допустимо: {allowed}")))
    if len(user.tokens) >= TOKENS_MAX:
        raise TooManyTokens(user=user.name, tokens_max=TOKENS_MAX)
    token = AccessToken(
        id=id_,
        name=wanted.name,
        role=wanted.role or user.acts_as,
        sha256=hash_token(secret),
        made_at_us=now_us,
        expires_at_us=None if wanted.days is None else now_us + wanted.days * _DAY_US,
    )
    return msgspec.structs.replace(user, tokens=(*user.tokens, token)), token


def without_token(user: User, id_: str) -> User | None:
    """A user without one of its tokens; None where it has no such token."""
    rest = tuple(token for token in user.tokens if token.id != id_)
    return None if len(rest) == len(user.tokens) else msgspec.structs.replace(user, tokens=rest)


def token_view(token: AccessToken, used: Used | None, now_us: int) -> TokenOut:
    """A token for people."""
    return TokenOut(
        id=token.id,
        name=token.name,
        role=token.role,
        made_at=moment(token.made_at_us),
        expires_at=None if token.expires_at_us is None else moment(token.expires_at_us),
        expired=token.expires_at_us is not None and now_us >= token.expires_at_us,
        used_at=None if used is None else moment(used.at_us),
        used_from="" if used is None else used.address,
    )


def user_view(user: User, revision: int, sessions: Iterable[Session], used: Iterable[Used | None]) -> UserOut:
    """A user for people."""
    mine = [session for session in sessions if session.user == user.name]
    seen = [session.seen_at_us for session in mine] + [one.at_us for one in used if one is not None]
    return UserOut(
        name=user.name,
        title=user.title,
        role=user.acts_as,
        regions=user.regions,
        disabled=user.disabled,
        has_password=bool(user.password),
        tokens=len(user.tokens) + bool(user.token_sha256),
        sessions=len(mine),
        seen_at=moment(max(seen)) if seen else None,
        etag=etag(revision),
    )


def nobody_by_password(users: Iterable[User]) -> bool:
    """Whether no administrator has a password: the token of the file is the only way in."""
    return not any(user.password and _rules(user) for user in users)


def session_view(caller: Caller, users: Iterable[User]) -> SessionOut:
    """Who asks."""
    everybody = list(users)
    title = next((user.title for user in everybody if user.name == caller.name), "")
    return SessionOut(
        user=caller.name,
        title=title,
        role=caller.roles[-1],
        regions=caller.regions,
        came_by=caller.came_by,
        csrf=caller.csrf,
        first_run=caller.came_by == "owner" and nobody_by_password(everybody),
    )
