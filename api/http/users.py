"""`/users`: who may come in, for administrators."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath, HeaderParameter

from api import accounts
from api.accounts import PasswordIn, TokenIn, TokenList, TokenMade, UserIn, UserList, UserOut, UserPatch
from api.contract import User
from api.errors import Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.http.tokens import add_token, list_tokens, revoke_token

IfMatch = Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")]


def _shown(services: Services, user: User, revision: int) -> UserOut:
    used = (services.catalog.used(token.id) for token in user.tokens)
    return accounts.user_view(user, revision, services.catalog.sessions().values(), used)


def _with_etag(shown: UserOut, *, status: int = 200) -> Response[UserOut]:
    headers = {"ETag": shown.etag} | ({"Location": f"/api/v1/users/{shown.name}"} if status == 201 else {})
    return Response(shown, status_code=status, headers=headers)


async def _read(services: Services, name: str, if_match: str) -> tuple[User, int]:
    user, revision = await services.catalog.account(name)
    if not matches(if_match, revision):
        raise Stale(kind="user", name=name, etag=etag(revision))
    return user, revision


class Users(Controller):
    """Users."""

    path = "/users"
    tags = ["Users"]

    @get(summary="All users, by name")
    async def list_users(self, services: Given) -> UserList:
        """The token of the token file is none of them."""
        return UserList(items=tuple(_shown(services, *pair) for pair in services.catalog.accounts()))

    @post(summary="Add a user", operation_class=takes(UserIn))
    async def add_user(self, request: AnyRequest, services: Given) -> Response[UserOut]:
        """Without a password it comes in by tokens only."""
        wanted = await body(request, UserIn)
        user = await asyncio.to_thread(accounts.user_of, wanted)
        revision = await services.catalog.write_account(user, expect=0)
        return _with_etag(_shown(services, user, revision), status=201)

    @get("/{name:str}", summary="One user")
    async def get_user(self, services: Given, name: FromPath[str]) -> Response[UserOut]:
        """Comes with its ETag."""
        return _with_etag(_shown(services, *await services.catalog.account(name)))

    @patch("/{name:str}", summary="Change role, regions, or switch off", operation_class=takes(UserPatch))
    async def change_user(
        self, request: AnyRequest, services: Given, name: FromPath[str], if_match: IfMatch = ""
    ) -> Response[UserOut]:
        """Holds from the next call on; streams of the user end within seconds. The last administrator stays one."""
        matches(if_match, 0)
        wanted = await body(request, UserPatch)
        user, revision = await _read(services, name, if_match)
        changed = accounts.changed(user, wanted)
        accounts.keep_an_administrator(services.catalog.users(), name, changed)
        return _with_etag(_shown(services, changed, await services.catalog.write_account(changed, expect=revision)))

    @delete("/{name:str}", summary="Remove a user with tokens and sessions")
    async def remove_user(self, services: Given, name: FromPath[str], if_match: IfMatch = "") -> None:
        """What the user said of events stays under the name. The last administrator stays."""
        matches(if_match, 0)
        _, revision = await _read(services, name, if_match)
        accounts.keep_an_administrator(services.catalog.users(), name, None)
        await services.catalog.delete_account(name, expect=revision)

    @put("/{name:str}/password", summary="Set a password", operation_class=takes(PasswordIn), status_code=204)
    async def set_password(self, request: AnyRequest, services: Given, name: FromPath[str]) -> None:
        """Sessions of the user end."""
        wanted = await body(request, PasswordIn)
        user, revision = await services.catalog.account(name)
        changed = await asyncio.to_thread(accounts.with_password, user, wanted.password)
        await services.catalog.write_account(changed, expect=revision)

    @get("/{name:str}/tokens", summary="Tokens of a user")
    async def tokens(self, services: Given, name: FromPath[str]) -> TokenList:
        """Without their secrets."""
        return await list_tokens(services, name)

    @post("/{name:str}/tokens", summary="Make a token for a user", operation_class=takes(TokenIn))
    async def make_token(self, request: AnyRequest, services: Given, name: FromPath[str]) -> TokenMade:
        """Its secret is shown this once."""
        return await add_token(services, name, await body(request, TokenIn))

    @delete("/{name:str}/tokens/{token_id:str}", summary="Revoke a token")
    async def revoke(self, services: Given, name: FromPath[str], token_id: FromPath[str]) -> None:
        """It lets nobody in from now on, and streams that it opened end."""
        await revoke_token(services, name, token_id)
