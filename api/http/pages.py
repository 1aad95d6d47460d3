"""Pages and their files: the console at `/` and Swagger UI at `/schema/swagger`, everything from this machine.

Files are read once; only names that were there at start are served, so a path can't lead out of the folder.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from api.errors import HttpFault
from api.http.access import PUBLIC
from api.http.answers import AnyRequest
from api.openapi import finished

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_TYPES |= {".html": "text/html; charset=utf-8", ".webmanifest": "application/manifest+json"}
_SWAGGER_FILES = {
    "swagger-ui.css": "swagger_style.css",
    "swagger-ui-bundle.js": "swagger_bundle.js",
    "swagger-ui-standalone-preset.js": "swagger_preset.js",
}


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file, ready to be sent."""

    content: bytes
    media_type: str
    etag: str


def _file(path: Traversable, name: str) -> File:
    content = path.read_bytes()
    suffix = name[name.rfind(".") :]
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(content=content, media_type=media_type, etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def console_files() -> dict[str, File]:
    """The console's files by name; the words of its pages as `texts/<name>`."""
    folder = resources.files("api").joinpath("console")
    texts = {f"texts/{entry.name}": _file(entry, entry.name) for entry in folder.joinpath("texts").iterdir()}
    return texts | {entry.name: _file(entry, entry.name) for entry in folder.iterdir() if entry.is_file()}


def swagger_files() -> dict[str, File]:
    """Swagger UI from its package, with our own page and start script."""
    package = resources.files("offapi")
    own = resources.files("api").joinpath("swagger")
    files = {name: _file(package.joinpath(source), name) for name, source in _SWAGGER_FILES.items()}
    return files | {entry.name: _file(entry, entry.name) for entry in own.iterdir() if entry.is_file()}


def _send(request: AnyRequest, files: Mapping[str, File], name: str) -> Response[bytes]:
    file = files.get(name)
    if file is None:
        raise HttpFault(status=404, reason="Not Found")
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    return Response(file.content, media_type=file.media_type, headers=headers)


def routes() -> list[ControllerRouterHandler]:
    """The pages."""
    console = console_files()

    @get("/", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def index(request: AnyRequest) -> Response[bytes]:
        return _send(request, console, "index.html")

    @get("/console/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def console_file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return _send(request, console, name)

    @get("/console/texts/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def console_text(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return _send(request, console, f"texts/{name}")

    @get("/favicon.ico", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def favicon(request: AnyRequest) -> Response[bytes]:
        return _send(request, console, "icon.svg")

    return [index, console_file, console_text, favicon]


class SwaggerPage(OpenAPIRenderPlugin):
    """Swagger UI at `/schema/swagger`; its files stand beside it."""

    def __init__(self) -> None:
        super().__init__(path="/swagger", media_type=MediaType.HTML)
        self._page = swagger_files()["index.html"].content

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - the plugin's shape
        """The page; it reads the document by itself."""
        return self._page


class Document(JsonRenderPlugin):
    """The OpenAPI document at `/schema/openapi.json`."""

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - the plugin's shape
        """The finished document."""
        return msgspec.json.encode(finished(openapi_schema))


def schema_router() -> Router:
    """Where the document and its page live."""
    swagger = swagger_files()

    @get("/files/{name:str}", sync_to_thread=False)
    def swagger_file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        return _send(request, swagger, name)

    return Router("/schema", route_handlers=[swagger_file], include_in_schema=False, opt=PUBLIC)
