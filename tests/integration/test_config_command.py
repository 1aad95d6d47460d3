"""`zool config` against the api as it runs: a site written, edited, compared and made so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.__main__ import main
from deploy.configuration.changes import changes
from deploy.configuration.command import apply, resolved
from deploy.configuration.document import dump, load
from deploy.configuration.kinds import KINDS
from deploy.configuration.site import read_found
from deploy.configuration.wanted import read_site
from deploy.errors import ApiRefused
from deploy.rest import RestClient
from tests.support.api import TOKEN, Site, running_site
from tests.support.http_server import Reply, http_server

API = "/api/v1"
LINE = {"id": "gate", "a": [0.1, 0.5], "b": [0.9, 0.5]}
Zool = Callable[..., int]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-config")) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


@pytest.fixture
def zool(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zool:
    """`zool config …` of that site, in English, with what `whole` refers to."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("ZOOL_TEST_CAMERA", "rtsp://root:hunter2@10.0.0.7/main")
    monkeypatch.setenv("ZOOL_TEST_PASS", "correct horse 7")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    return lambda *words: main(["config", *map(str, words), "--url", site.api.url, "--token-file", str(token)])


def file_of(folder: Path, document: Any) -> Path:
    """A configuration file."""
    path = folder / "site.yaml"
    path.write_text(dump(document), encoding="utf-8")
    return path


def whole(folder: Path) -> dict[str, Any]:
    """A file with an object of each kind; children before parents, rules before targets."""
    (folder / "hook").write_text("whsec_c2VjcmV0IHNlY3JldA==\n")
    return {
        "users": {
            "config-anna": {"role": "operator", "regions": ["c-shop"], "password": "env:ZOOL_TEST_PASS"},
            "config-off": {"role": "viewer", "disabled": True},
        },
        "deliveries": {
            "rules": {"c-all": {"target": "c-hook", "kinds": ["vehicle_entry"], "quiet": [{"since": "22:00"}]}},
            "targets": {
                "c-hook": {
                    "kind": "webhook",
                    "settings": {"url": "https://127.0.0.1:9/in", "secret": f"file:{folder}/hook"},
                }
            },
        },
        "doors": {"c-main": {"name": "Main", "places": [{"camera": "c-gate"}], "age_s_max": 4}},
        "people": {"c-ivan": {"name": "Иван Петров", "valid_until": "2036-03-01T08:00:00+03:00", "basis": "law"}},
        "vehicles": {"c-boss": {"plate": "А123ВС77", "list": "allow", "owner": "Director"}},
        "cameras": {
            "c-gate": {
                "name": "Gate",
                "url": "env:ZOOL_TEST_CAMERA",
                "region": "c-shop",
                "picture": {"blur_ratio": 0.5},
                "functions": {
                    "vehicles": {"settings": {"lines": [LINE]}},
                    "intrusion": {
                        "enabled": False,
                        "settings": {"zones": [{"id": "yard", "points": [[0, 0], [1, 0], [1, 1]]}]},
                    },
                },
            }
        },
        "regions": {
            "c-shop": {"name": "Shop", "parent": "c-plant"},
            "c-plant": {"name": "Plant", "functions": {"intrusion": {"leave_s": 7}}},
        },
    }


def test_a_site_from_a_file_and_back(
    client: httpx.Client, zool: Zool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made from nothing and exported; again there is nothing to do, neither for the file nor for the export."""
    path = file_of(tmp_path, whole(tmp_path))
    assert zool("plan", path) == 2
    assert "12 to create, 0 to change, 0 to remove" in capsys.readouterr().out
    assert zool("apply", path) == 0
    assert capsys.readouterr().out.endswith("12 done\n")
    assert zool("plan", path) == 0
    assert zool("apply", path) == 0
    assert capsys.readouterr().out == "nothing to do\n" * 2
    signed = client.post(f"{API}/session", json={"name": "config-anna", "password": "correct horse 7"})
    assert signed.is_success
    assert client.get(f"{API}/users/config-off").json()["disabled"]

    out = tmp_path / "out.yaml"
    assert zool("export", out) == 0
    assert zool("export", out) == 1
    text = out.read_text()
    assert (out.stat().st_mode & 0o777, "hunter2" in text, "whsec" in text) == (0o600, False, False)
    assert "rtsp://***@10.0.0.7/main" in text
    assert zool("plan", "--prune", out) == 0
    assert load(text)["cameras"]["c-gate"]["functions"] == whole(tmp_path)["cameras"]["c-gate"]["functions"]


def test_an_edited_export(
    site: Site, client: httpx.Client, zool: Zool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Old -> new by key, removed only with --prune; applied, there is nothing left to do and the password is kept."""
    path = file_of(tmp_path, whole(tmp_path))
    assert zool("apply", path) == 0
    assert zool("export", "--replace", path) == 0
    document = load(path.read_text())
    document["regions"]["c-yard"] = {"name": "Yard"}
    camera = document["cameras"]["c-gate"]
    camera |= {"region": "c-yard", "name": "Gate 2"}
    camera["functions"]["vehicles"]["settings"]["lines"][0]["b"] = [0.9, 0.6]
    del camera["functions"]["intrusion"], camera["picture"], document["vehicles"]["c-boss"]
    del document["regions"]["c-shop"], document["users"]["config-anna"]
    document["doors"]["c-main"]["lists"] = ["allow"]
    document["deliveries"]["targets"]["c-hook"]["name"] = "ERP"
    file_of(tmp_path, document)
    capsys.readouterr()
    assert zool("plan", path) == 2
    said = capsys.readouterr().out
    for line in (
        "+ regions.c-yard",
        '    region: "c-shop" -> "c-yard"',
        "    settings.lines[0].b: [0.9, 0.5] -> [0.9, 0.6]",
        "    picture.blur_ratio: 0.5 -> —",
        '    lists: ["allow", "guest"] -> ["allow"]',
        "1 to create, 4 to change, 0 to remove",
    ):
        assert line in said.splitlines()
    assert zool("plan", "--prune", "--json", path) == 2
    told = json.loads(capsys.readouterr().out)
    assert [one["place"] for one in told if one["act"] == "remove"] == [
        "users.config-anna", "vehicles.c-boss", "cameras.c-gate.functions.intrusion", "regions.c-shop",
    ]  # fmt: skip
    assert zool("apply", "--prune", path) == 0
    capsys.readouterr()
    assert zool("plan", "--prune", path) == 0
    hook = client.get(f"{API}/deliveries/targets/c-hook").json()
    assert (hook["name"], hook["settings"]["secret"]) == ("ERP", {"stored": True})
    assert client.get(f"{API}/regions/c-shop").status_code == 404
    assert client.get(f"{API}/cameras/c-gate").json()["region"] == "c-yard"
    assert zool("export", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["cameras"]["c-gate"]["name"] == "Gate 2"
    assert "hunter2" not in site.api.log


async def test_who_comes_too_soon_waits() -> None:
    """A call that was not taken because of many before it is made again; any other 429 is a refusal."""
    soon = Reply(status=429, body=b'{"type": "urn:zool:problem:too-many-requests"}', headers={"Retry-After": "0"})
    replies = [soon, soon, Reply(body=b'{"items": []}'), Reply(status=429, body=b'{"detail": "Locked."}')]
    async with http_server() as server:
        server.reply = lambda _request: replies.pop(0)
        with RestClient(server.url(""), TOKEN, "en") as rest:
            assert await asyncio.to_thread(rest.call, "GET", "/regions") == {"items": []}
            with pytest.raises(ApiRefused, match=r"429: Locked\."):
                await asyncio.to_thread(rest.call, "GET", "/regions")
        assert [request.path for request in server.seen] == ["/api/v1/regions"] * 4


def test_a_refusal_stops_and_names_the_key(
    client: httpx.Client, zool: Zool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What only the API knows is said in its words; what stood before is done, the rest is named."""
    document = {
        "regions": {"r-a": {"name": "A"}},
        "cameras": {
            "r-cam": {
                "name": "C",
                "url": "rtsp://10.0.0.9/x",
                "functions": {"intrusion": {"settings": {"leave_sec": 3}}},
            }
        },
        "people": {"r-olga": {"name": "Olga"}},
    }
    path = file_of(tmp_path, document)
    assert zool("apply", path) == 1
    said = capsys.readouterr()
    assert "refused: create cameras.r-cam.functions.intrusion: settings.leave_sec: unknown field" in said.err
    assert "2 done, 2 not done:" in said.err
    assert said.err.endswith("  + people.r-olga\n")
    assert client.get(f"{API}/cameras/r-cam").status_code == 200
    assert client.get(f"{API}/people/r-olga").status_code == 404
    document["cameras"]["r-cam"]["functions"]["intrusion"]["settings"] = {"leave_s": 3}  # type: ignore[index]
    assert zool("apply", file_of(tmp_path, document)) == 0
    assert capsys.readouterr().out.endswith("2 done\n")


def test_what_can_not_be_is_told_before_anything_is_asked(
    client: httpx.Client, zool: Zool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, every fault with its place, nothing done."""
    path = file_of(tmp_path, {"regions": {"w-a": {"name": "A"}}, "cameras": {"w-cam": {"name": "C", "urll": "x"}}})
    assert zool("apply", path) == 1
    assert f"zool: {path}: cameras.w-cam.urll: unknown key; allowed here: name, url" in capsys.readouterr().err
    assert client.get(f"{API}/regions/w-a").status_code == 404
    path.write_text("a: 1\na: 2\n")
    assert zool("plan", path) == 1
    assert "line 2, column 1: a stands twice" in capsys.readouterr().err


def test_a_second_writer_in_between_is_told(
    site: Site, client: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Changed, made and removed meanwhile: nothing of another's is written over."""
    for id_ in ("s-a", "s-b"):
        assert client.post(f"{API}/people", json={"id": id_, "name": "Anna"}).status_code == 201
    with RestClient(site.api.url, TOKEN, "en") as rest:
        kinds = [kind.name for kind in KINDS]
        for act, entry in (("PATCH", {"name": "Eva"}), ("DELETE", None), ("POST", None)):
            id_ = {"PATCH": "s-a", "DELETE": "s-b", "POST": "s-c"}[act]
            wanted = read_site({"people": {id_: {"name": "Anna", "department": "1"}}}, resolved)
            todo = changes(wanted, read_found(rest, kinds), resolved)
            address = f"{API}/people" + ("" if act == "POST" else f"/{id_}")
            etag = "" if act == "POST" else client.get(address).json()["etag"]
            body = {"id": id_, "name": "Other"} if act == "POST" else entry
            assert client.request(act, address, json=body, headers={"If-Match": etag}).is_success
            assert apply(rest, todo, "en") == 1
            assert f"people.{id_}: " in capsys.readouterr().err
    assert client.get(f"{API}/people/s-a").json()["name"] == "Eva"
    assert client.get(f"{API}/people/s-c").json()["name"] == "Other"
