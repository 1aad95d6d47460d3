"""Who may come in: a guard in front of every route that is not declared public.

A route is public by `opt={"public": True}`; forgetting it closes a route, never opens one.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from api.http.services import Services

PUBLIC: dict[str, Any] = {"public": True}


def require_token(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let those in who have a token; raises `NotAuthorised`, `TooManyFailures`, `Unavailable`."""
    if handler.opt.get("public"):
        return
    services: Services = connection.app.state.services
    address = connection.client.host if connection.client else ""
    connection.scope["user"] = services.admit(connection.headers.get("authorization", ""), address)
