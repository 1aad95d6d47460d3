"""`/regions`: the tree of the site, and what holds for all cameras below a place."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, HeaderParameter

from api.contract_setup import RegionIn, RegionList, RegionOut, RegionPatch
from api.errors import NotThere, Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.query import token
from api.regions import changed, check_free, region_of, region_view
from ingest.contract import Camera
from postprocess.contract import Region

IfMatch = Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")]


def _known(services: Services) -> dict[str, Region]:
    return {region.id: region for region, _ in services.catalog.regions()}


def _cameras(services: Services) -> list[Camera]:
    return [camera for camera, _ in services.catalog.cameras()]


async def _read(services: Services, region_id: str) -> tuple[Region, int]:
    """A region and its revision; raises `NotThere`, `Unavailable`."""
    found = await services.catalog.region(token("region", region_id))
    if found is None:
        raise NotThere(kind="region", name=region_id)
    return found


def _with_etag(services: Services, region: Region, revision: int, *, status: int = 200) -> Response[RegionOut]:
    shown = region_view(region, revision, _cameras(services))
    headers = {"ETag": shown.etag} | ({"Location": f"/api/v1/regions/{shown.id}"} if status == 201 else {})
    return Response(shown, status_code=status, headers=headers)


class RegionTree(Controller):
    """Regions."""

    path = "/regions"
    tags = ["Regions"]

    @get(summary="All regions, by name")
    async def list_regions(self, services: Given) -> RegionList:
        """The tree is in their parents; `functions` of each hold for all cameras below it that say nothing else."""
        cameras = _cameras(services)
        pairs = sorted(services.catalog.regions(), key=lambda pair: (pair[0].name.casefold(), pair[0].id))
        return RegionList(items=tuple(region_view(*pair, cameras) for pair in pairs))

    @post(summary="Add a region", operation_class=takes(RegionIn))
    async def add_region(self, request: AnyRequest, services: Given) -> Response[RegionOut]:
        """Cameras are put into it by their own field `region`."""
        wanted = await body(request, RegionIn)
        region = region_of(wanted, wanted.id or services.new_id("r"), _known(services), services.functions)
        return _with_etag(services, region, await services.catalog.write_region(region, expect=0), status=201)

    @get("/{region_id:str}", summary="One region")
    async def get_region(self, services: Given, region_id: FromPath[str]) -> Response[RegionOut]:
        """Comes with its ETag."""
        return _with_etag(services, *await _read(services, region_id))

    @patch(
        "/{region_id:str}",
        summary="Rename or move a region, or change its settings",
        operation_class=takes(RegionPatch),
    )
    async def change_region(
        self, request: AnyRequest, services: Given, region_id: FromPath[str], if_match: IfMatch = ""
    ) -> Response[RegionOut]:
        """Fields that are left out stay as they are. Cameras below it follow at once."""
        matches(if_match, 0)
        wanted = await body(request, RegionPatch)
        region, revision = await _read(services, region_id)
        if not matches(if_match, revision):
            raise Stale(kind="region", name=region_id, etag=etag(revision))
        after = changed(region, wanted, _known(services), services.functions)
        return _with_etag(services, after, await services.catalog.write_region(after, expect=revision))

    @delete("/{region_id:str}", summary="Remove a region that is empty")
    async def remove_region(self, services: Given, region_id: FromPath[str], if_match: IfMatch = "") -> None:
        """While cameras or other regions stand in it the answer is 409, with their names."""
        matches(if_match, 0)
        region, revision = await _read(services, region_id)
        if not matches(if_match, revision):
            raise Stale(kind="region", name=region_id, etag=etag(revision))
        check_free(region, _known(services), _cameras(services))
        await services.catalog.delete_region(region_id, expect=revision)
