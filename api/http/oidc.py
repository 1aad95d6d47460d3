"""`/session/oidc`: to the identity provider and back, as a browser goes.

Where a browser ends up is never taken from a request: it is sent to the provider's own address or to `/`, nowhere else.
"""

from __future__ import annotations

import html
import logging
import secrets

import msgspec
from litestar import Controller, Response, get
from litestar.datastructures import Cookie

from api.accounts import nobody_by_password
from api.contract import Caller, User
from api.errors import ApiError, HttpFault, ProviderAway, SignInRefused, Unavailable
from api.http.access import PUBLIC
from api.http.answers import AnyRequest, language_of, own
from api.http.services import Given, Services
from api.http.session import SECRET_BYTES, is_tls
from api.language import Words
from api.oidc import (
    ATTEMPT_S_MAX,
    CALLBACK,
    COOKIE,
    COOKIE_TLS,
    attempt_of,
    begun,
    code_of,
    cookie_value,
    person_of,
    user_for,
)
from api.problem import status_of
from api.provider import Provider
from api.sessions import cookie_of

log = logging.getLogger(__name__)
_BACK = Words("Back to signing in", "Вернуться ко входу")
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><link rel="stylesheet" href="/console/style.css"></head>
<body><main class="login"><div class="login-card"><h1>{title}</h1><p class="fault" role="alert">{words}</p>
<p><a href="/">{back}</a></p></div></main></body></html>
"""


class WaysOut(msgspec.Struct, frozen=True, kw_only=True):
    """How people may sign in, beside name and password."""

    oidc: str | None
    """What the identity provider is called; null = there is none."""
    first_run: bool | None = None
    """Whether the administrator's token is the only way in yet; null = not known, ask again."""


def _refusal(request: AnyRequest, error: ApiError) -> Response[bytes]:
    """Words as a page for who comes with a browser, problem details for everybody else; the attempt is over."""
    if isinstance(error, (ProviderAway, SignInRefused)):
        log.warning("sign-in by the identity provider: %s: %s", error, error.reason)
    services: Services = request.app.state.services
    over = _attempt_cookie(request, services, "")
    if "text/html" not in request.headers.get("accept", ""):
        answer = own(request, error)
        answer.cookies.append(over)
        return answer
    language = language_of(request)
    page = _PAGE.format(
        language=language,
        title=html.escape(error.title.to(language)),
        words=html.escape(error.detail(language)),
        back=_BACK.to(language),
    )
    headers = error.headers() | {"Cache-Control": "no-store", "Content-Language": language}
    return Response(
        page.encode(),
        status_code=status_of(error),
        media_type="text/html",
        headers=headers,
        cookies=[over],
    )


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise HttpFault(status=404, reason="Not Found")
    return services.provider


def _redirect_uri(request: AnyRequest, services: Services) -> str:
    """Our own callback as the browser reaches it; the provider refuses any that was not registered there."""
    return f"{'https' if is_tls(request, services) else 'http'}://{request.url.netloc}{CALLBACK}"


def _attempt_cookie(request: AnyRequest, services: Services, value: str) -> Cookie:
    """Lax: the provider's redirect has to bring it back."""
    tls = is_tls(request, services)
    return Cookie(
        key=COOKIE_TLS if tls else COOKIE,
        value=value,
        path="/",
        max_age=ATTEMPT_S_MAX if value else 0,
        secure=tls,
        httponly=True,
        samesite="lax",
    )


async def _user(services: Services, provider: Provider, request: AnyRequest, cookie: str) -> User:
    """Whoever comes back, with the role that the claims give, written where it is news."""
    attempt = attempt_of(cookie)
    code = code_of(request.query_params, attempt, provider.client)
    claims = await provider.claims(code, attempt, redirect_uri=_redirect_uri(request, services))
    if not services.catalog.users_known:
        raise Unavailable(component="nats")
    user, is_new = user_for(person_of(claims, provider.client), services.catalog.users())
    request.scope["audit_target"] = {"account": user.name}  # type: ignore[typeddict-unknown-key]
    changes = request.scope["audit_changes"] = []  # type: ignore[typeddict-unknown-key]
    catalog = services.catalog.for_caller(Caller(name=user.name, roles=(user.acts_as,)), changes)
    if is_new:
        await catalog.write_account(user, expect=0)
        return user
    kept, revision = await catalog.account(user.name)
    if kept.disabled:
        raise SignInRefused(reason="disabled", what=kept.name)
    mine = msgspec.structs.replace(kept, role=user.role, title=user.title, subject=user.subject)
    if mine != kept:
        await catalog.write_account(mine, expect=revision)
    return mine


class ProviderSessions(Controller):
    """Sign-in by the identity provider."""

    path = "/session"
    tags = ["Sign-in"]
    exception_handlers = {ApiError: _refusal}

    @get("/ways", summary="How people may sign in", opt=PUBLIC)
    async def ways(self, services: Given) -> Response[WaysOut]:
        """Name and password always; what the button of the identity provider says where there is one."""
        title = services.provider.client.title if services.provider is not None else None
        first = nobody_by_password(services.catalog.users()) if services.catalog.users_known else None
        if services.provider is not None:
            first = False
        return Response(WaysOut(oidc=title, first_run=first), headers={"Cache-Control": "no-store"})

    @get("/oidc", summary="Sign in by the identity provider", opt=PUBLIC, status_code=303)
    async def begin(self, request: AnyRequest, services: Given) -> Response[None]:
        """For browsers: sends them to the provider (authorisation code with PKCE)."""
        provider = _provider(services)
        value = cookie_value(secrets.token_urlsafe(SECRET_BYTES), services.now_us() // 1_000_000)
        there = await provider.way_there(attempt_of(value), redirect_uri=_redirect_uri(request, services))
        return Response(
            None,
            status_code=303,
            headers={"Location": there, "Cache-Control": "no-store"},
            cookies=[_attempt_cookie(request, services, value)],
        )

    @get("/oidc/callback", summary="Back from the identity provider", opt=PUBLIC, status_code=303)
    async def callback(self, request: AnyRequest, services: Given) -> Response[None]:
        """Makes the same session as a password does, and leads to the console; refused with words otherwise."""
        provider = _provider(services)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        address = request.client.host if request.client else ""

        async def proven() -> User:
            cookie = begun(request.headers.get("cookie", ""), services.now_us() // 1_000_000)
            return await _user(services, provider, request, cookie)

        caller = await services.admission.sign_in_by(proven, address=address, secret=secret)
        request.scope["user"] = caller  # the audit names who it was
        age_s = int(services.settings.session_max_h * 3600)
        session = cookie_of(secret, tls=is_tls(request, services), age_s=age_s)
        return Response(
            None,
            status_code=303,
            headers={"Location": "/", "Set-Cookie": session, "Cache-Control": "no-store"},
            cookies=[_attempt_cookie(request, services, "")],
        )
