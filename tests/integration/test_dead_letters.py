"""Dead letters over the real broker, the real api and the command line: seen, said again, dropped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.__main__ import main
from ingest.bus import Bus, Stored
from ingest.contract import DeadLetter, Shot, dead_subject, decode, encode, shots_subject
from ingest.process import Health
from postprocess.config import RecogniseSettings
from postprocess.contract import Event, Read
from postprocess.ensemble import Ensemble
from postprocess.errors import PoisonError
from postprocess.recognise import STREAMS, Recognise
from postprocess.recognisers.plate import PLATE
from tests.support.api import TOKEN, Site, running_site, vehicle_event
from tests.support.postprocess import everything, grave_of, program, scripted_triton, until
from tests.support.shots import jpeg, shot


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("dead")) as running:
        yield running


@pytest.fixture
async def bus(site: Site) -> AsyncIterator[Bus]:
    """The bus, for what the stages do; no letters are left by the test before."""
    async with Bus.open(site.broker.settings, name="test") as found:
        await found.ensure_streams(*STREAMS, "EVENTS")
        while (letter := await found.next_message("DEAD", "zool.dead.*", 1)) is not None:
            await found.remove_message("DEAD", letter.seq)
        yield found


class Zool:
    """The command line."""

    def __init__(self, site: Site, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._site, self._capsys, self._token = site, capsys, folder / "token"
        self._token.write_text(TOKEN)

    def __call__(self, act: str, *words: str) -> tuple[int, str, str]:
        """`zool dead …`: exit code, standard output and error."""
        self._capsys.readouterr()
        code = main(["dead", act, "--url", self._site.api.url, "--token-file", str(self._token), *words])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    async def found(self, *words: str) -> list[dict[str, Any]]:
        """What `list` shows, off the loop, which has programs to run."""
        _, out, _ = await asyncio.to_thread(self, "list", "--json", *words)
        items: list[dict[str, Any]] = json.loads(out)["items"]
        return items


@pytest.fixture
def zool(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Zool:
    """The command line, told where the site is."""
    return Zool(site, tmp_path, capsys)


async def bury(bus: Bus, number: int, event: Event, *, stage: str = "store", reason: str = "does not fit") -> None:
    """A letter as `store` writes it."""
    subject = f"zool.events.{event.camera}.{event.kind}"
    letter = DeadLetter(subject=subject, seq=number, reason=reason, payload=encode(event), message_id=event.message_id)
    await bus.publish(dead_subject(stage), encode(letter), message_id=f"dead.{stage}.{event.message_id}")


async def test_replay_gives_the_read_once_the_cause_is_mended(site: Site, bus: Bus, zool: Zool) -> None:
    """Triton refuses a shot: it is a letter with its reason. It refuses no more: replayed, the read comes."""
    sent: Shot = shot(1, jpeg())
    async with (
        scripted_triton() as triton,
        Ensemble(PLATE.name, PLATE.outputs, triton.settings, deadline_s=2.0, health=Health("recognise")) as reader,
        program(Recognise(bus, reader, PLATE, RecogniseSettings(deliveries_max=2), grave_of(bus, "recognise")).run),
    ):
        triton.refuse = True
        await bus.publish(shots_subject(sent.recogniser, "cam-1"), encode(sent), message_id=sent.shot_id)

        async def buried() -> bool:
            return len(await zool.found()) == 1

        await until(buried, "a dead letter")
        (letter,) = await zool.found("--stage", "recognise", "--camera", "cam-1", "--reason", "REFUSED BY")
        assert (letter["kind"], letter["message_id"], letter["replayable"]) == ("shot", "s1", True)
        _, shown, _ = await asyncio.to_thread(zool, "show", str(letter["seq"]))
        assert '"shot_id": "s1"' in shown
        assert f"<{len(sent.jpeg)} bytes>" in shown
        triton.refuse = False
        code, out, _ = await asyncio.to_thread(zool, "replay", str(letter["seq"]))
        assert (code, out.strip()) == (0, "1 replayed")

        async def read() -> bool:
            return len(await everything(bus, "READS", "zool.reads.*")) == 1

        await until(read, "a read")
    (message,) = await everything(bus, "READS", "zool.reads.*")
    assert decode(message.payload, Read).shot_id == "s1"
    assert await zool.found() == []


async def test_a_stopped_stage_is_told_to_go_on(site: Site, bus: Bus, zool: Zool) -> None:
    """By name; one that is not there, or is no stage, is named."""
    stage = grave_of(bus, "recognise", per_minute_max=1)
    await stage.listen()
    grave = stage.of("recognise-plate_reader")
    message = await _message(bus)
    for _ in range(2):
        await grave.accept(message, PoisonError("a shot", "made up"))
    assert grave.takes() == 0
    code, out, _ = await asyncio.to_thread(zool, "resume", "recognise")
    assert (code, out.strip()) == (0, "recognise goes on")
    assert grave.takes() is None
    assert (await asyncio.to_thread(zool, "resume", "recognise"))[1].strip() == "recognise had not stopped"
    code, _, err = await asyncio.to_thread(zool, "resume", "store")
    assert code == 1
    assert "storage (store)" in err
    code, _, err = await asyncio.to_thread(zool, "resume", "ingest")
    assert code == 1
    assert "no stage" in err


async def _message(bus: Bus) -> Stored:
    """Something that was sent."""
    await bus.publish("zool.reads.told", b"x", message_id="told")
    found = await bus.next_message("READS", "zool.reads.told", 1)
    assert found is not None
    return found


async def test_a_replay_that_was_killed_half_way_is_repeated(site: Site, bus: Bus, zool: Zool) -> None:
    """Published but not yet taken out: the second time the broker knows the id, and the letter goes."""
    event = vehicle_event(1, camera="half")
    await bus.publish("zool.events.half.vehicle_entry", encode(event), message_id=event.message_id)
    await bury(bus, 1, event)
    (letter,) = await zool.found()
    again = f"{event.message_id}.replay{letter['seq']}"
    await bus.publish("zool.events.half.vehicle_entry", encode(event), message_id=again)
    assert zool("replay", str(letter["seq"]))[0] == 0
    said = await everything(bus, "EVENTS", "zool.events.half.*")
    assert [message.message_id for message in said] == [event.message_id, again]
    assert zool("replay", str(letter["seq"]))[0] == 1


async def test_many_are_replayed_and_dropped_by_filter(site: Site, bus: Bus, zool: Zool) -> None:
    """More than one call takes; each once, in order; the others stay; the count is told."""
    for number in range(1100):
        await bury(bus, number, vehicle_event(number, camera=f"many-{number % 2}"))
    await bury(bus, 1, vehicle_event(1, camera="odd"), stage="decide", reason="the rules failed")
    await bus.publish("zool.dead.store", b"\xc1", message_id="garbage")
    assert len(await zool.found("--limit", "5000")) == 1102
    assert zool("replay", "--camera", "many-1")[:2] == (0, "550 replayed\n")
    said = [decode(m.payload, Event).event_id for m in await everything(bus, "EVENTS", "zool.events.many-1.*")]
    assert said == [vehicle_event(number, camera="many-1").event_id for number in range(1, 1100, 2)]
    code, out, _ = zool("drop", "--stage", "store", "--json")
    assert (code, json.loads(out)) == (0, {"dropped": 551, "refused": 0})
    assert [letter["stage"] for letter in await zool.found()] == ["decide"]


async def test_what_can_not_be_replayed_stays(site: Site, bus: Bus, zool: Zool) -> None:
    """A letter that names a subject of the broker itself is refused in words, and can be dropped."""
    evil = DeadLetter(subject="$JS.API.STREAM.PURGE.EVENTS", seq=1, reason="x", payload=b"{}")
    await bus.publish("zool.dead.store", encode(evil), message_id="evil")
    (letter,) = await zool.found()
    code, out, _ = zool("replay", "--all")
    assert code == 1
    assert "1 can't be replayed" in out
    code, _, err = zool("replay", str(letter["seq"]))
    assert code == 1
    assert "names no subject of the data path" in err
    assert zool("drop", str(letter["seq"]))[:2] == (0, "1 dropped\n")
    assert "no dead letter" in zool("drop", str(letter["seq"]))[2]


async def test_what_dies_again_is_not_replayed_for_ever(site: Site, bus: Bus, zool: Zool) -> None:
    """The end is set at the beginning: a letter that comes while others are replayed waits for the next time."""
    await bury(bus, 1, vehicle_event(1, camera="again"))
    with site.client() as client:
        first = client.post("/api/v1/dead/replay", json={}).json()
        await bury(bus, 2, vehicle_event(2, camera="again"))
        second = client.post("/api/v1/dead/replay", json={"upto": first["upto"]}).json()
    assert (first["done"], second["done"], second["next_after"]) == (1, 0, None)
    assert len(await zool.found()) == 1


def test_a_wrong_question_is_refused_in_words(site: Site, zool: Zool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name of the field, in the reader's language; an act on many says on which."""
    with site.client(token="") as nobody:
        assert nobody.get("/api/v1/dead").status_code == 401
    with site.client(language="ru") as client:
        for params in ({"stage": ">"}, {"limit": "0"}, {"after": "x"}, {"since": "today"}, {"kamera": "x"}):
            answer = client.get("/api/v1/dead", params=params)
            assert (answer.status_code, answer.headers["content-language"]) == (422, "ru"), params
        assert client.get("/api/v1/dead/x").status_code == 404
        assert client.delete("/api/v1/dead/999999").json()["detail"].startswith("Нет отложенного сообщения")
        assert client.post("/api/v1/dead/drop", json={"kamera": "x"}).status_code == 422
    assert "give numbers, a filter" in zool("drop")[2]
    assert "not both" in zool("drop", "1", "--all")[2]
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert zool("list", "--camera", "nobody")[1].strip() == "отложенных сообщений нет"


def test_an_api_that_is_away_or_far(zool: Zool, capsys: pytest.CaptureFixture[str]) -> None:
    """Named with what to do; a token is not sent through a network in the clear."""
    code, _, err = zool("list", "--url", "http://127.0.0.1:9")
    assert code == 1
    assert "start `zool up`, or name its address with --url" in err
    code, _, err = zool("list", "--url", "http://10.0.0.1:8080")
    assert code == 2
    assert "https://" in err
    code, _, err = zool("list", "--token-file", "/nowhere")
    assert code == 2
    assert "--token-file" in err


async def test_the_broker_is_away(site: Site, zool: Zool) -> None:
    """503 in words, and it works again by itself."""
    site.broker.kill()

    def away(client: httpx.Client) -> bool:
        return client.get("/api/v1/dead").status_code == 503

    await asyncio.to_thread(site.until, away)
    site.broker.start()
    await asyncio.to_thread(site.until, lambda client: client.get("/api/v1/dead").status_code == 200, timeout_s=60)
