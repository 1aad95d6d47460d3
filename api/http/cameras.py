"""`/cameras`: set up, changed, tried out and looked at."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, HeaderParameter

from api.cameras import check_id, check_url, masks_at
from api.contract import CameraIn, CameraList, CameraOut, CameraPatch, ProbeIn, ProbeOut
from api.errors import FieldFault, InvalidBody, Stale
from api.etag import etag, matches
from api.http.answers import AnyRequest, language_of
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.views import camera_view, probe_view, state_view
from ingest.contract import Camera, ProbeRequest, mask_url

JPEG = "image/jpeg"


def _shown(
    services: Services, request: AnyRequest, camera: Camera, revision: int, functions: tuple[str, ...] | None = None
) -> CameraOut:
    if functions is None:
        functions = services.catalog.switched_on([camera.id])[camera.id]
    state, heard_at_us = services.states.state(camera.id)
    seen = state_view(state, heard_at_us, services.now_us(), language_of(request))
    return camera_view(camera, revision, seen, functions)


def _with_etag(camera: CameraOut, *, status: int = 200) -> Response[CameraOut]:
    headers = {"ETag": camera.etag} | ({"Location": f"/api/v1/cameras/{camera.id}"} if status == 201 else {})
    return Response(camera, status_code=status, headers=headers)


class Cameras(Controller):
    """Cameras."""

    path = "/cameras"
    tags = ["Cameras"]

    @get(summary="All cameras with their states")
    async def list_cameras(self, request: AnyRequest, services: Given) -> CameraList:
        """Ordered by name. Addresses are masked."""
        pairs = services.catalog.cameras()
        on = services.catalog.switched_on(camera.id for camera, _ in pairs)
        shown = (_shown(services, request, camera, revision, on[camera.id]) for camera, revision in pairs)
        return CameraList(items=tuple(shown))

    @post(summary="Add a camera", operation_class=takes(CameraIn))
    async def add_camera(self, request: AnyRequest, services: Given) -> Response[CameraOut]:
        """The camera is watched from the next second on. Nobody needs to be there yet."""
        wanted = await body(request, CameraIn)
        check_id(wanted.id)
        check_url(wanted.url)
        if wanted.analysis_url:
            check_url(wanted.analysis_url, "analysis_url")
        fields = msgspec.structs.asdict(wanted) | {"id": wanted.id or services.new_id("cam")}
        camera = Camera(**fields)
        revision = await services.catalog.write_camera(camera, expect=0)
        return _with_etag(_shown(services, request, camera, revision), status=201)

    @post("/test", summary="Try an address out", status_code=200, operation_class=takes(ProbeIn))
    async def test_camera(self, request: AnyRequest, services: Given) -> ProbeOut:
        """Opens the stream once: codec, size, rate and a picture, or the cause in words. Nothing is kept."""
        wanted = await body(request, ProbeIn)
        check_url(wanted.url)
        masks = masks_at(wanted.url, (camera for camera, _ in services.catalog.cameras()))
        reply = await services.states.probe(ProbeRequest(url=wanted.url, transport=wanted.transport, masks=masks))
        return probe_view(reply, language_of(request))

    @get("/{camera_id:str}", summary="One camera")
    async def get_camera(self, request: AnyRequest, services: Given, camera_id: FromPath[str]) -> Response[CameraOut]:
        """Comes with its ETag."""
        camera, revision = await services.catalog.camera(camera_id)
        return _with_etag(_shown(services, request, camera, revision))

    @patch("/{camera_id:str}", summary="Change a camera", operation_class=takes(CameraPatch))
    async def change_camera(
        self,
        request: AnyRequest,
        services: Given,
        camera_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> Response[CameraOut]:
        """Fields that are left out stay as they are. An address that is sent back masked stays as it is too."""
        matches(if_match, 0)
        wanted = await body(request, CameraPatch)
        camera, revision = await services.catalog.camera(camera_id)
        if not matches(if_match, revision):
            raise Stale(kind="camera", name=camera_id, etag=etag(revision))
        changed = _changed(camera, wanted)
        revision = await services.catalog.write_camera(changed, expect=revision)
        return _with_etag(_shown(services, request, changed, revision))

    @delete("/{camera_id:str}", summary="Remove a camera and its functions")
    async def remove_camera(
        self,
        services: Given,
        camera_id: FromPath[str],
        if_match: Annotated[str, HeaderParameter(name="If-Match", description="The ETag that was read")] = "",
    ) -> None:
        """Its events stay."""
        matches(if_match, 0)
        _, revision = await services.catalog.camera(camera_id)
        if not matches(if_match, revision):
            raise Stale(kind="camera", name=camera_id, etag=etag(revision))
        await services.catalog.delete_camera(camera_id, expect=revision)

    @get("/{camera_id:str}/snapshot.jpg", summary="Newest picture of a camera", media_type=JPEG)
    async def snapshot(self, services: Given, camera_id: FromPath[str]) -> Response[bytes]:
        """503 with the reason while there is none."""
        await services.catalog.camera(camera_id)
        jpeg = await services.states.snapshot(camera_id)
        return Response(jpeg, media_type=JPEG, headers={"Cache-Control": "no-store"})


def _changed(camera: Camera, wanted: CameraPatch) -> Camera:
    fields = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    for name in ("url", "analysis_url"):
        address = fields.get(name)
        if address is None:
            continue
        if address == mask_url(getattr(camera, name)):
            del fields[name]
        elif "://***@" in address:
            words = Words(
                "give user and password in full, or leave the address out to keep it",
                "укажите имя и пароль полностью или не передавайте адрес, чтобы оставить прежний",
            )
            raise InvalidBody(FieldFault(name, words))
        elif address or name == "url":
            check_url(address, name)
    return msgspec.structs.replace(camera, **fields)
