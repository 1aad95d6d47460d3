"""Kill -9 of deliver in the middle of its work: everything arrives, in order, under ids that tell what came twice."""

from __future__ import annotations

from pathlib import Path

from tests.support.deliver import DEADLINE_S, SECRET, happened, running_site
from tests.support.http_server import http_server
from tests.support.postprocess import Killable, until

ENVIRON = {"ZOOL_DELIVER_NETWORKS": "127.0.0.0/8", "ZOOL_DELIVER_BACKOFF_S_MAX": "0.2", "ZOOL_SECRET_TEST": SECRET}
EVENTS = 90
KILLS = 2
"""Forty before each kill; the last ten come when the last one has started anew."""


async def test_deliver_killed_again_and_again(tmp_path: Path) -> None:
    """Twice while a hundred events are sent: none is lost, and of a plate none overtakes another.

    What was under way when it was killed may come twice, under the same key; a second time it is no news.
    """
    async with running_site(tmp_path) as site, http_server() as hook:
        await site.target("erp", "webhook", url=hook.url(), secret={"env": "ZOOL_SECRET_TEST"})
        await site.rule("all", "erp", kinds=["vehicle_entry"])
        deliver = Killable("deliver", site.nats.settings, environ=ENVIRON)
        deliver.start()
        try:
            await site.standing("erp")
            said = [happened(n, plate=f"А{n % 7}11АА77", camera=f"gate-{1 + n % 2}") for n in range(EVENTS)]
            for kill in range(KILLS):
                for event in said[kill * 40 : (kill + 1) * 40]:
                    await site.say(event)
                had = len(hook.taken)

                async def some(had: int = had) -> bool:
                    return len(hook.taken) >= had + 10

                await until(some, "ten more", deadline_s=DEADLINE_S)
                deliver.kill()
                deliver.start()

            for event in said[KILLS * 40 :]:
                await site.say(event)

            async def complete() -> bool:
                return {r.headers["idempotency-key"] for r in hook.taken} == {event.message_id for event in said}

            await until(complete, "all of them", deadline_s=DEADLINE_S)
            assert deliver.stop() == 0
        finally:
            deliver.kill()
        news = list(dict.fromkeys(request.headers["idempotency-key"] for request in hook.taken))
        for plate in {event.plate for event in said}:
            wanted = [event.message_id for event in said if event.plate == plate]
            assert [one for one in news if one in set(wanted)] == wanted
        assert len(hook.taken) < EVENTS + KILLS * 64
        assert {entry.outcome for entry in await site.log("erp")} <= {"sent", "retrying"}
