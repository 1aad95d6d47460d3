"""`/cameras/{id}/functions`: modules switched on for a camera, with their lines and zones."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, put
from litestar.params import FromPath, HeaderParameter

from api.contract import FunctionIn, FunctionList, FunctionOut, ModuleList
from api.errors import ConditionMissing, Stale
from api.etag import etag, matches
from api.functions import function_view, inherited_view, module_view, read_function
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.services import Given, Services
from ingest.contract import Camera
from postprocess.contract import CameraFunction


def _shown(services: Services, camera: Camera, function: CameraFunction, revision: int) -> FunctionOut:
    return function_view(
        services.functions,
        function,
        revision,
        camera=camera,
        defaults=services.look,
        configured=services.configured,
        regions={region.id: region for region, _ in services.catalog.regions()},
    )


class Modules(Controller):
    """Functions that could be switched on."""

    path = "/functions"
    tags = ["Functions"]

    @get(summary="Every function that is installed")
    async def list_modules(self, services: Given) -> ModuleList:
        """Titles, kinds of events, and the schema of the settings of each."""
        return ModuleList(items=tuple(module_view(function) for function in services.functions.values()))


class Functions(Controller):
    """Functions of a camera."""

    path = "/cameras/{camera_id:str}/functions"
    tags = ["Functions"]

    @get(summary="Functions of a camera")
    async def list_functions(self, services: Given, camera_id: FromPath[str]) -> FunctionList:
        """Those that are set up, all that could be, and what holds of each where the camera says nothing."""
        camera, _ = await services.catalog.camera(camera_id)
        pairs = services.catalog.functions(camera_id)
        shown = tuple(_shown(services, camera, function, revision) for function, revision in pairs)
        above = inherited_view(
            services.functions,
            camera,
            defaults=services.look,
            configured=services.configured,
            regions={region.id: region for region, _ in services.catalog.regions()},
        )
        return FunctionList(items=shown, available=tuple(services.functions), inherited=above)

    @get("/{name:str}", summary="One function")
    async def get_function(
        self, services: Given, camera_id: FromPath[str], name: FromPath[str]
    ) -> Response[FunctionOut]:
        """Settings as written, and each value that holds with its source."""
        camera, _ = await services.catalog.camera(camera_id)
        function, revision = await services.catalog.function(camera_id, name)
        return Response(_shown(services, camera, function, revision), headers={"ETag": etag(revision)})

    @put("/{name:str}", summary="Set up or change a function", operation_class=takes(FunctionIn))
    async def put_function(
        self,
        request: AnyRequest,
        services: Given,
        camera_id: FromPath[str],
        name: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="Needed once the function exists")] = "",
    ) -> Response[FunctionOut]:
        """A new one needs no If-Match; an existing one is changed only over the version that was read."""
        wanted = read_function(services.functions, camera_id, name, await body(request, FunctionIn))
        camera, _ = await services.catalog.camera(camera_id)
        known = {one.name: revision for one, revision in services.catalog.functions(camera_id)}
        if not if_match.strip():
            if name in known:
                raise ConditionMissing
            revision = await services.catalog.write_function(wanted, expect=0)
            status = 201
        else:
            _, current = await services.catalog.function(camera_id, name)
            if not matches(if_match, current):
                raise Stale(kind="function", name=f"{camera_id}/{name}", etag=etag(current))
            revision = await services.catalog.write_function(wanted, expect=current)
            status = 200
        shown = _shown(services, camera, wanted, revision)
        return Response(shown, status_code=status, headers={"ETag": shown.etag})

    @delete("/{name:str}", summary="Switch a function off and forget its settings")
    async def remove_function(
        self,
        services: Given,
        camera_id: FromPath[str],
        name: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """Events that it made stay."""
        matches(if_match, 0)
        _, revision = await services.catalog.function(camera_id, name)
        if not matches(if_match, revision):
            raise Stale(kind="function", name=f"{camera_id}/{name}", etag=etag(revision))
        await services.catalog.delete_function(camera_id, name, expect=revision)
