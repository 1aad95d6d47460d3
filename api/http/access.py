"""Who may come in, and how far: a guard in front of every route that is not declared public.

A route is public by `opt={"public": True}`; forgetting it closes a route, never opens one. What a call needs stands in
`api.access_table`; what is not there needs an administrator of the whole site.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from api.access_table import rest_access
from api.http.answers import AnyRequest
from api.http.recorded import changes_of
from api.http.services import Services
from api.sessions import CSRF_HEADER, secret_of
from api.sight import check

PUBLIC: dict[str, Any] = {"public": True}


async def require_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let those in who may; raises what `api.admission` does, and `Forbidden`."""
    if handler.opt.get("public"):
        return
    services: Services = connection.app.state.services
    address = connection.client.host if connection.client else ""
    method = str(connection.scope.get("method", ""))
    authorization, secret = connection.headers.get("authorization", ""), secret_of(connection.headers.get("cookie", ""))
    if secret and not authorization:
        csrf = connection.headers.get(CSRF_HEADER, "")
        caller = services.admission.by_session(secret, method=method, csrf=csrf)
    else:
        caller = services.admission.by_token(authorization, address)
    connection.scope["user"] = caller
    connection.scope["audit_changes"] = []  # type: ignore[typeddict-unknown-key]
    check(caller, rest_access(method, str(connection.scope.get("path_template", ""))))


def services_for(services: Services, request: AnyRequest) -> Services:
    """The services as this caller sees them: who is limited to regions gets no others, whatever a route asks for."""
    caller = request.scope.get("user")
    return services if caller is None else services.seen_by(caller, changes_of(request.scope))
