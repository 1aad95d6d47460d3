"""The audit over the running api: what is in it, in which order, and that nothing answered with success is missing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import nats.js.errors
import pytest

from api.audit import Record, Walk
from api.contract import User
from api.ledger import Ledger
from api.tokens import hash_token
from deploy.__main__ import main
from ingest.bus import Bus
from tests.support.api import TOKEN, Site, running_site, shot_of, vehicle_event

SECRET = "a-camera-s-password"
CAMERA = {"name": "Gate", "url": f"rtsp://viewer:{SECRET}@10.0.0.8/s"}
OPERATOR = "token-of-an-operator-of-the-site"


async def prepare(site: Site) -> None:
    """An operator."""
    async with Bus.open(site.broker.settings, name="prepare") as bus:
        user = User(name="olga", role="operator", token_sha256=hash_token(OPERATOR))
        await bus.bucket("users").put(user.name, msgspec.json.encode(user))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-audit")) as running:
        asyncio.run(prepare(running))
        with running.client(token=OPERATOR) as olga:
            running.until(lambda _: olga.get("/api/v1/functions").status_code == 200)
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the administrator's token."""
    with site.client() as found:
        yield found


def records(client: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    """All records that are asked for, the newest first."""
    found: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    while True:
        page = client.get("/api/v1/audit", params=filters | before).json()
        found += page["items"]
        if page["next_before"] is None:
            return found
        before = {"before": str(page["next_before"])}


def test_a_change_is_there_with_before_and_after(client: httpx.Client) -> None:
    """Who, from where, what, how it was and how it is; when the answer is there, so is the record."""
    client.post("/api/v1/cameras", json=CAMERA | {"id": "audit-1"})
    (made,) = records(client, target="audit-1")
    assert (made["user"], made["came_by"], made["address"]) == ("admin", "owner", "127.0.0.1")
    assert (made["act"], made["status"]) == ("POST /api/v1/cameras", 201)
    assert made["changes"][0]["before"] is None
    client.patch("/api/v1/cameras/audit-1", json={"name": "Main gate"}, headers={"If-Match": "*"})
    newest = records(client, target="audit-1")[0]
    assert newest["target"] == {"camera_id": "audit-1"}
    assert newest["changes"] == [
        {"bucket": "cameras", "key": "audit-1", "before": {"name": "Gate"}, "after": {"name": "Main gate"}}
    ]
    client.put("/api/v1/cameras/audit-1/functions/vehicles", json={"settings": {}})
    client.delete("/api/v1/cameras/audit-1", headers={"If-Match": "*"})
    gone = records(client, target="audit-1")[0]
    assert [(change["bucket"], change["after"]) for change in gone["changes"]] == [
        ("cameras", None),
        ("functions", None),
    ]
    assert SECRET not in json.dumps(records(client))


def test_looks_at_people_and_their_photos_are_there(site: Site, client: httpx.Client) -> None:
    """With the reason where one is given; looking at cameras, or for events of nobody, is no such look."""
    event = vehicle_event(1, camera="looked-1")
    site.keep(event, shots=(shot_of(event),))
    client.post("/api/v1/people", json={"id": "p-1", "name": "Анна Петрова"})
    with site.client(token=OPERATOR) as olga:
        olga.get("/api/v1/cameras")
        olga.get("/api/v1/events")
        why = {"X-Zool-Reason": "%D0%BA%D1%80%D0%B0%D0%B6%D0%B0 12.03"}
        olga.get("/api/v1/events", params={"person": "p-1"}, headers=why)
        olga.get("/api/v1/people", params={"q": "Петр"})
        olga.get("/api/v1/people/p-1")
        assert olga.get("/api/v1/events/event-looked-1-0001/photos/0.jpg").status_code == 200
        with olga.stream("GET", "/api/v1/events/stream") as stream:
            next(stream.iter_lines())
    seen = [(one["act"], one["target"], one["reason"]) for one in reversed(records(client, user="olga"))]
    assert seen == [
        ("GET /api/v1/events", {"person": "p-1"}, "кража 12.03"),
        ("GET /api/v1/people", {"q": "4 characters"}, ""),
        ("GET /api/v1/people/{person_id}", {"person_id": "p-1"}, ""),
        (
            "GET /api/v1/events/{event_id}/photos/{photo}",
            {"event_id": "event-looked-1-0001", "photo": "0.jpg"},
            "",
        ),
        ("GET /api/v1/events/stream", {}, ""),
    ]
    assert "Петров" not in json.dumps(records(client), ensure_ascii=False)


def test_refusals_and_sign_ins_are_there(site: Site, client: httpx.Client) -> None:
    """A call that the role does not allow; a wrong password, with the account where there is one."""
    with site.client(token=OPERATOR) as olga:
        assert olga.get("/api/v1/users").status_code == 403
    assert (records(client, user="olga")[0]["act"], records(client, user="olga")[0]["status"]) == (
        "GET /api/v1/users",
        403,
    )
    client.post("/api/v1/users", json={"name": "petr", "role": "viewer", "password": "a long enough one"})
    with site.client(token="") as nobody:
        for name in ("petr", "my-secret-typed-here"):
            nobody.post("/api/v1/session", json={"name": name, "password": "wrong wrong wrong"})
        nobody.post("/api/v1/session", json={"name": "petr", "password": "a long enough one"})
    signed = [(one["status"], one["user"], one["target"]) for one in records(client, act="POST /api/v1/session")]
    assert signed == [
        (200, "petr", {"account": "petr"}),
        (401, "", {"account": "unknown"}),
        (401, "", {"account": "petr"}),
    ]


def test_the_command_line_walks_the_chain(
    site: Site, client: httpx.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`zool audit verify` holds it whole, over REST and over an export; a head that was noted is found again."""
    token = tmp_path / "token"
    token.write_text(TOKEN)

    def zool(*words: str) -> tuple[int, str]:
        code = main(["audit", *words, "--url", site.api.url, "--token-file", str(token)])
        return code, capsys.readouterr().out

    client.post("/api/v1/vehicles", json={"plate": "А777АА77", "list": "deny"})
    code, said = zool("verify")
    found = re.search(r"Head (\d+:[0-9a-f]{64})", said)
    assert (code, bool(found)) == (0, True), said
    assert found is not None
    export = tmp_path / "audit.jsonl"
    assert zool("export", str(export))[0] == 0
    assert zool("verify", "--file", str(export), "--head", found[1])[0] == 0
    assert zool("verify", "--head", found[1].replace(":", ":0"))[0] == 1
    lines = export.read_text().splitlines()
    bent = tmp_path / "bent.jsonl"
    bent.write_text("\n".join([*lines[:1], lines[1].replace("admin", "nimda"), *lines[2:]]))
    code, said = zool("verify", "--file", str(bent), "--json")
    assert (code, json.loads(said)["broken_at"]) == (1, json.loads(lines[1])["seq"])
    assert "POST /api/v1/vehicles" in zool("list", "--user", "admin")[1]


async def test_the_stream_is_append_only(site: Site) -> None:
    """Neither deleted from nor purged; and what is put in by somebody else is named by the walk."""
    async with Bus.open(site.broker.settings, name="forger") as bus:
        with pytest.raises(nats.js.errors.APIError):
            await bus._js.delete_msg("AUDIT", 1)
        with pytest.raises(nats.js.errors.APIError):
            await bus._js.purge_stream("AUDIT")


class _Line:
    """As much of `api.link.Link` as the ledger needs, over a bus of the test."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def bus(self) -> Bus:
        """The bus."""
        return self._bus


async def test_two_writers_make_one_chain(site: Site) -> None:
    """Beside the api's own: each hangs its links on what is there, nothing is lost, and the chain holds."""
    async with (
        Bus.open(site.broker.settings, name="one") as one,
        Bus.open(site.broker.settings, name="two") as two,
    ):
        ledgers = [Ledger(_Line(bus)) for bus in (one, two)]  # type: ignore[arg-type]
        await asyncio.gather(
            *(
                ledger.write([Record(at_us=number, user=f"writer-{which}", act="test")])
                for number in range(100)
                for which, ledger in enumerate(ledgers)
            )
        )
        walk, seen = Walk(), dict.fromkeys(("writer-0", "writer-1"), 0)
        links, _ = await ledgers[0].links(after=0, count=10_000)
        for seq, payload in links:
            assert walk.step(seq, payload), walk.fault
            for name in seen:
                seen[name] += payload.count(f'"user":"{name}"'.encode())
        assert seen == {"writer-0": 100, "writer-1": 100}
        assert len(links) < 150  # what waited went together


def test_what_was_answered_with_success_survives_a_kill(site: Site, tmp_path: Path) -> None:
    """Kill -9 under writes: each change that anybody was told of is in the audit, and the chain holds."""
    answered: list[str] = []
    stop = threading.Event()

    def write(worker: int) -> None:
        with site.client() as mine:
            number = 0
            while not stop.is_set():
                number += 1
                name = f"killed-{worker}-{number}"
                try:
                    answer = mine.post("/api/v1/people", json={"id": name, "name": "n"})
                except httpx.HTTPError:
                    return
                if answer.status_code == 201:
                    answered.append(name)

    workers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    while len(answered) < 60:
        assert any(worker.is_alive() for worker in workers)
        stop.wait(0.01)
    os.kill(site.api.pid, signal.SIGKILL)
    stop.set()
    for worker in workers:
        worker.join(30)
    site.api.stop()
    site.api.start()
    site.until(lambda client: client.get("/health/ready").status_code == 200)
    with site.client() as client:
        kept = {change["key"] for one in records(client, act="POST /api/v1/people") for change in one["changes"]}
        assert set(answered) <= kept
    token = tmp_path / "token"
    token.write_text(TOKEN)
    assert main(["audit", "verify", "--url", site.api.url, "--token-file", str(token)]) == 0
