"""`/session`: signing in and out, who asks, and one's own password and tokens."""

from __future__ import annotations

import asyncio
import secrets

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath

from api import accounts
from api.accounts import OwnPasswordIn, SessionIn, SessionOut, TokenIn, TokenList, TokenMade
from api.contract import Caller
from api.errors import Forbidden
from api.http.access import PUBLIC
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.http.tokens import add_token, list_tokens, revoke_token
from api.sessions import cookie_of

SECRET_BYTES = 32


def caller_of(request: AnyRequest) -> Caller:
    """Who makes this call."""
    caller: Caller = request.scope["user"]
    return caller


def is_tls(request: AnyRequest, services: Services) -> bool:
    """Whether the client speaks TLS, here or to what stands in front."""
    return services.settings.behind_tls or request.url.scheme == "https"


def signed_in(request: AnyRequest, services: Services, caller: Caller, secret: str) -> Response[SessionOut]:
    """The answer that carries a new session's cookie."""
    age_s = int(services.settings.session_max_h * 3600)
    cookie = cookie_of(secret, tls=is_tls(request, services), age_s=age_s)
    shown = accounts.session_view(caller, services.catalog.users())
    return Response(shown, status_code=200, headers={"Set-Cookie": cookie, "Cache-Control": "no-store"})


class Sessions(Controller):
    """Sessions."""

    path = "/session"
    tags = ["Sign-in"]

    @post(summary="Sign in", operation_class=takes(SessionIn), opt=PUBLIC, status_code=200)
    async def sign_in(self, request: AnyRequest, services: Given) -> Response[SessionOut]:
        """Sets a cookie that scripts can't read. Wrong passwords lock the account for a while (429)."""
        wanted = await body(request, SessionIn)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        address = request.client.host if request.client else ""
        known = any(user.name == wanted.name for user in services.catalog.users())
        # What nobody is called may be a password that was typed into the wrong field.
        request.scope["audit_target"] = {"account": wanted.name if known else "unknown"}  # type: ignore[typeddict-unknown-key]
        caller = await services.admission.sign_in(wanted.name, wanted.password, address=address, secret=secret)
        request.scope["user"] = caller  # the audit names who it was
        return signed_in(request, services, caller, secret)

    @get(summary="Who asks, and what it may do")
    async def who(self, request: AnyRequest, services: Given) -> Response[SessionOut]:
        """For sessions with `csrf`, which changes have to carry as X-Zool-CSRF."""
        shown = accounts.session_view(caller_of(request), services.catalog.users())
        return Response(shown, headers={"Cache-Control": "no-store"})

    @delete(summary="Sign out", status_code=204)
    async def sign_out(self, request: AnyRequest, services: Given) -> Response[None]:
        """The session ends here, for whoever else holds its cookie too."""
        caller = caller_of(request)
        if caller.came_by == "session":
            await services.catalog.forget_session(caller.key)
        cookie = cookie_of("", tls=is_tls(request, services), age_s=0)
        return Response(None, status_code=204, headers={"Set-Cookie": cookie})

    @put("/password", summary="Change one's own password", operation_class=takes(OwnPasswordIn), status_code=204)
    async def change_password(self, request: AnyRequest, services: Given) -> None:
        """Every session of the user ends, this one too."""
        caller = caller_of(request)
        wanted = await body(request, OwnPasswordIn)
        if caller.came_by != "session":
            raise Forbidden(user=caller.name, needs=caller.roles[0])
        await services.admission.check_own(caller, wanted.old)
        user, revision = await services.catalog.account(caller.name)
        changed = await asyncio.to_thread(accounts.with_password, user, wanted.new, field="new")
        await services.catalog.write_account(changed, expect=revision)

    @get("/tokens", summary="One's own tokens")
    async def own_tokens(self, request: AnyRequest, services: Given) -> TokenList:
        """Without their secrets."""
        return await list_tokens(services, caller_of(request).name)

    @post("/tokens", summary="Make a token for oneself", operation_class=takes(TokenIn))
    async def make_token(self, request: AnyRequest, services: Given) -> TokenMade:
        """Its secret is shown this once. A token can't make another one: sign in for that."""
        caller = caller_of(request)
        wanted = await body(request, TokenIn)
        if caller.came_by != "session":
            raise Forbidden(user=caller.name, needs=caller.roles[0])
        return await add_token(services, caller.name, wanted)

    @delete("/tokens/{token_id:str}", summary="Revoke one's own token")
    async def revoke(self, request: AnyRequest, services: Given, token_id: FromPath[str]) -> None:
        """It lets nobody in from now on, and streams that it opened end."""
        await revoke_token(services, caller_of(request).name, token_id)
