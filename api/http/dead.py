"""`/dead`: messages that no stage could process, looked at, said again, or dropped."""

from __future__ import annotations

import logging
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import FromPath, QueryParameter

from api.contract import LetterList, LetterOut, LettersDone, LettersIn, Resumed
from api.dead import LetterFilter, letter_view
from api.errors import NotThere
from api.http.answers import AnyRequest, only_known
from api.http.bodies import body, takes
from api.http.services import Given, Services
from api.query import time_us, token, whole

log = logging.getLogger(__name__)

FILTERS = frozenset({"stage", "camera", "reason", "since", "until", "after", "limit"})
LIMIT_MAX = 200
SEQ_MAX = 2**53


def _filter(*, stage: str, camera: str, reason: str, since: str, until: str) -> LetterFilter:
    return LetterFilter(
        stage=token("stage", stage) if stage else "",
        camera=token("camera", camera) if camera else "",
        reason=reason[:200],
        since_us=time_us("since", since) if since else None,
        until_us=time_us("until", until) if until else None,
    )


def _seq(text: str) -> int:
    if text.isascii() and text.isdecimal() and 0 < int(text[:16]) <= SEQ_MAX:
        return int(text[:16])
    raise NotThere(kind="letter", name=text[:40])


class Dead(Controller):
    """Dead letters."""

    path = "/dead"
    tags = ["Dead letters"]

    @get(summary="Dead letters, oldest first")
    async def list_letters(
        self,
        *,
        request: AnyRequest,
        services: Given,
        stage: Annotated[str, QueryParameter(description="Stage, as recognise")] = "",
        camera: Annotated[str, QueryParameter(description="Camera id")] = "",
        reason: Annotated[str, QueryParameter(description="Any part of the reason")] = "",
        since: Annotated[str, QueryParameter(description="Died at or after, RFC 3339")] = "",
        until: Annotated[str, QueryParameter(description="Died before, RFC 3339")] = "",
        after: Annotated[str, QueryParameter(description="next_after of the page before")] = "0",
        limit: Annotated[str, QueryParameter(description=f"1..{LIMIT_MAX}")] = "50",
    ) -> LetterList:
        """A page may hold fewer than `limit`, or none, and still have a `next_after`: the search goes on there."""
        only_known(request, FILTERS)
        wanted = _filter(stage=stage, camera=camera, reason=reason, since=since, until=until)
        found = await services.graves.find(
            wanted, after=whole("after", after, 0, SEQ_MAX), limit=whole("limit", limit, 1, LIMIT_MAX)
        )
        items = tuple(letter_view(letter) for letter in found.letters)
        return LetterList(items=items, next_after=found.next_after, last=found.last, total=found.total)

    @get("/{seq:str}", summary="One dead letter with its content")
    async def get_letter(self, services: Given, seq: FromPath[str]) -> LetterOut:
        """Addresses are masked; pictures and embeddings are left out, their size is told."""
        return letter_view(await services.graves.letter(_seq(seq)), content=True)

    @post("/replay", summary="Say many again", status_code=200, operation_class=takes(LettersIn))
    async def replay_many(self, request: AnyRequest, services: Given) -> LettersDone:
        """Each is published where it came from, and then taken out. Go on with `next_after` and `upto`."""
        return await _all(request, services, replay=True)

    @post("/drop", summary="Drop many", status_code=200, operation_class=takes(LettersIn))
    async def drop_many(self, request: AnyRequest, services: Given) -> LettersDone:
        """They are gone for good. Go on with `next_after` and `upto`."""
        return await _all(request, services, replay=False)

    @post("/resume/{stage:str}", summary="Tell a stage that stopped to go on", status_code=200)
    async def resume(self, request: AnyRequest, services: Given, stage: FromPath[str]) -> Resumed:
        """For `recognise` and `store`, which stop when too much goes to the dead letters."""
        stopped = await services.graves.resume(stage)
        log.info("stage %s resumed by %s", stage, _who(request))
        return Resumed(stage=stage, was_stopped=stopped)

    @post("/{seq:str}/replay", summary="Say one again", status_code=204)
    async def replay(self, request: AnyRequest, services: Given, seq: FromPath[str]) -> None:
        """Published where it came from, and then taken out; repeating a call that was cut off does no harm."""
        await services.graves.replay(_seq(seq))
        log.info("dead letter %s replayed by %s", seq, _who(request))

    @delete("/{seq:str}", summary="Drop one")
    async def drop(self, request: AnyRequest, services: Given, seq: FromPath[str]) -> None:
        """It is gone for good."""
        await services.graves.drop(_seq(seq))
        log.info("dead letter %s dropped by %s", seq, _who(request))


async def _all(request: AnyRequest, services: Services, *, replay: bool) -> LettersDone:
    asked = await body(request, LettersIn)
    wanted = _filter(stage=asked.stage, camera=asked.camera, reason=asked.reason, since=asked.since, until=asked.until)
    told = await services.graves.all(wanted, after=asked.after, upto=asked.upto, limit=asked.limit, replay=replay)
    log.info("%d dead letters %s by %s", told.done, "replayed" if replay else "dropped", _who(request))
    return LettersDone(done=told.done, refused=told.refused, next_after=told.next_after, upto=told.upto)


def _who(request: AnyRequest) -> str:
    return str(request.scope["user"].name)
