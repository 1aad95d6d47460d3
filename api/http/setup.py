"""Many cameras at once: templates of scenarios, settings copied from one to others, cameras from a spreadsheet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter

from api.cameras_csv import CameraRow, read_cameras
from api.contract import FunctionIn, Imported
from api.contract_setup import CopyIn, CopyList, TemplateDone, TemplateIn, TemplateList
from api.copies import copied, difference
from api.errors import FieldFault, InvalidBody, NotThere
from api.functions import read_function
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.language import Words
from api.query import yes
from api.templates import TEMPLATES, Template, template, template_view
from postprocess.contract import CameraFunction


class Templates(Controller):
    """Templates of scenarios."""

    path = "/templates"
    tags = ["Functions"]

    @get(summary="What kinds of places usually need", sync_to_thread=False)
    def list_templates(self) -> TemplateList:
        """Functions with settings to begin with."""
        return TemplateList(items=tuple(template_view(one) for one in TEMPLATES))


class Setup(Controller):
    """Many cameras at once."""

    path = "/cameras"
    tags = ["Cameras"]

    @post("/import", summary="Cameras from CSV", status_code=200)
    async def import_cameras(
        self,
        *,
        request: AnyRequest,
        services: Given,
        dry_run: Annotated[str, QueryParameter(description="true: say only what would be done")] = "false",
    ) -> Imported:
        """The whole file or, where a line is wrong, nothing of it. Doing it again changes nothing.

        Columns: name, url; id, analysis_url, region, transport, enabled, template; or the same in Russian.
        """
        only_known(request, frozenset({"dry_run"}))
        # One by one: the list may hold addresses masked, and they are what cameras are known by.
        pairs = [await services.catalog.camera(camera.id) for camera, _ in services.catalog.cameras()]
        regions = [region for region, _ in services.catalog.regions()]
        known = [camera for camera, _ in pairs]
        rows = await asyncio.to_thread(read_cameras, await request.body(), known, regions)
        before = {camera.id: (camera, revision) for camera, revision in pairs}
        added = [row for row in rows if row.camera.id not in before]
        changed = [row for row in rows if row.camera.id in before and before[row.camera.id][0] != row.camera]
        trial = yes("dry_run", dry_run)
        if not trial:
            revisions = {camera_id: revision for camera_id, (_, revision) in before.items()}
            await _write(services, [*added, *changed], revisions)
            for row in rows:
                if row.template is not None:
                    await _apply(services, row.camera.id, row.template)
        unchanged = len(rows) - len(added) - len(changed)
        return Imported(added=len(added), changed=len(changed), unchanged=unchanged, dry_run=trial)

    @post(
        "/{camera_id:str}/template",
        summary="Functions of a template",
        status_code=200,
        operation_class=takes(TemplateIn),
    )
    async def apply_template(self, request: AnyRequest, services: Given, camera_id: FromPath[str]) -> TemplateDone:
        """Functions that the camera has already stay as they are."""
        wanted = await body(request, TemplateIn)
        found = template(wanted.template)
        if found is None:
            names = ", ".join(one.name for one in TEMPLATES)
            raise NotThere(
                kind="template", name=wanted.template, hint=Words(f" Known: {names}.", f" Известны: {names}.")
            )
        await services.catalog.camera(camera_id)
        return await _apply(services, camera_id, found)

    @post(
        "/{camera_id:str}/copy",
        summary="Settings of a camera for others",
        status_code=200,
        operation_class=takes(CopyIn),
    )
    async def copy_functions(self, request: AnyRequest, services: Given, camera_id: FromPath[str]) -> CopyList:
        """Only what was written for the camera: what it inherits, the others inherit from their own regions."""
        wanted = await body(request, CopyIn)
        await services.catalog.camera(camera_id)
        _check_targets(services, camera_id, wanted.to)
        own = [one for one, _ in services.catalog.functions(camera_id)]
        meant = [one for one in own if wanted.functions is None or one.name in wanted.functions]
        done = []
        for target in dict.fromkeys(wanted.to):
            pairs = {one.name: (one, revision) for one, revision in services.catalog.functions(target)}
            there = {name: one for name, (one, _) in pairs.items()}
            made = [copied(one, there.get(one.name), target, shapes=wanted.shapes) for one in meant]
            told, writes = difference(target, made, there)
            for one in () if wanted.dry_run else writes:
                expect = pairs[one.name][1] if one.name in pairs else 0
                await services.catalog.write_function(one, expect=expect)
            done.append(told)
        return CopyList(items=tuple(done), dry_run=wanted.dry_run)


def _check_targets(services: Services, camera_id: str, targets: Sequence[str]) -> None:
    known = {camera.id for camera, _ in services.catalog.cameras()}
    faults = [
        FieldFault(f"to[{number}]", Words(f"there is no other camera '{one}'", f"нет другой камеры «{one}»"))
        for number, one in enumerate(targets)
        if one not in known or one == camera_id
    ]
    if faults:
        raise InvalidBody(*faults)


async def _write(services: Services, rows: Sequence[CameraRow], revisions: dict[str, int]) -> None:
    """One after the other; what was written before a fault stays, and is unchanged when the file comes again."""
    for row in rows:
        await services.catalog.write_camera(row.camera, expect=revisions.get(row.camera.id, 0))


async def _apply(services: Services, camera_id: str, wanted: Template) -> TemplateDone:
    there = {one.name for one, _ in services.catalog.functions(camera_id)}
    missing: list[CameraFunction] = [
        read_function(services.functions, camera_id, name, FunctionIn(settings=dict(settings)))
        for name, settings in wanted.functions.items()
        if name not in there
    ]
    for function in missing:
        await services.catalog.write_function(function, expect=0)
    added = tuple(one.name for one in missing)
    return TemplateDone(added=added, kept=tuple(name for name in wanted.functions if name in there))
