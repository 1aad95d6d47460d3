"""`/system`: how the whole is, for the page that people look at when something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Controller, get

from api import queues, system
from api.contract_work import QueueOut, SystemOut
from api.errors import Unavailable
from api.http.answers import AnyRequest, language_of
from api.http.health import components
from api.http.services import Given, Services
from api.language import Language
from api.query import Query
from api.views import moment


class System(Controller):
    """The system itself."""

    path = "/system"
    tags = ["System"]

    @get(summary="Parts, queues and storage")
    async def system(self, request: AnyRequest, services: Given) -> SystemOut:
        """Always an answer: what is away is empty, and its part says so."""
        parts = await components(services)
        stopped, tables, disks = await asyncio.gather(
            *(_rows(services, query()) for query in (system.stopped_query, system.tables_query, system.disks_query))
        )
        names = frozenset(str(row["rule"]) for row in stopped)
        return SystemOut(
            at=moment(services.now_us()),
            version=services.version,
            components=parts,
            queues=await _queues(services, names, language_of(request)),
            tables=system.tables_view(tables),
            disks=system.disks_view(disks),
        )


async def _rows(services: Services, query: Query) -> list[Mapping[str, Any]]:
    try:
        return await services.archive.rows(query)
    except Unavailable:
        return []


async def _queues(services: Services, stopped: frozenset[str], language: Language) -> tuple[QueueOut, ...]:
    try:
        found = await queues.read(services.link, system.STREAMS)
    except Unavailable:
        return ()
    now_us = services.now_us()
    return tuple(system.queue_view(info, readers, stopped, now_us, language) for info, readers in found)
