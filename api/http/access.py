"""Who may come in: a guard in front of every route that is not declared public.

A route is public by `opt={"public": True}`; forgetting it closes a route, never opens one. A token is 256 random bits:
guessing is hopeless, so the throttle answers 429 to wrong tokens only, and a stale tab behind a proxy locks nobody out.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from api.errors import NotAuthorised, TooManyFailures
from api.http.services import Services
from api.metrics import FAILED_LOGINS
from api.tokens import bearer, find_user

PUBLIC: dict[str, Any] = {"public": True}


def require_token(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let those in who have a token; raises `NotAuthorised`, `TooManyFailures`."""
    if handler.opt.get("public"):
        return
    services: Services = connection.app.state.services
    token = bearer(connection.headers.get("authorization", ""))
    if not token:
        raise NotAuthorised(token_given=False)
    address = connection.client.host if connection.client else ""
    user = find_user(services.users(), token)
    if user is None:
        FAILED_LOGINS.inc()
        now_s = services.steady_s()
        if wait_s := services.throttle.wait_s(address, now_s):
            raise TooManyFailures(retry_after_s=wait_s)
        services.throttle.failed(address, now_s)
        raise NotAuthorised(token_given=True)
    connection.scope["user"] = user
