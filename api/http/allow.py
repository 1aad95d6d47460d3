"""`Allow` in answers to OPTIONS: all methods of a path.

The library answers with those of the handler it met first, where several share a path.
"""

from __future__ import annotations

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope


async def name_all_methods(message: Message, scope: Scope) -> None:
    """Correct the header before the answer goes out."""
    if message["type"] != "http.response.start" or scope.get("method") != "OPTIONS" or message["status"] != 204:
        return
    app: Litestar = scope["litestar_app"]
    template = scope.get("path_template")
    methods = {
        str(method)
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path_format == template
        for method in route.methods
    }
    kept = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
    message["headers"] = [*kept, (b"allow", ", ".join(sorted(methods)).encode())]
