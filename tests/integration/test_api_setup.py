"""What a site is set up with: regions, templates, settings copied to others, cameras from a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from postprocess.functions.registry import BUILT_IN
from tests.support.api import Site, running_site

CAMERAS, REGIONS = "/api/v1/cameras", "/api/v1/regions"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("api-setup")) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A client with the token."""
    with site.client() as found:
        yield found


def camera(client: httpx.Client, camera_id: str, **fields: Any) -> None:
    """A camera that is there."""
    body = {"id": camera_id, "name": camera_id.title(), "url": f"rtsp://10.0.0.7/{camera_id}"} | fields
    assert client.post(CAMERAS, json=body).status_code == 201


def test_every_function_describes_its_form(client: httpx.Client) -> None:
    """Each setting has a kind, words in both languages and, where it has a number, its limits."""
    modules = {one["name"]: one for one in client.get("/api/v1/functions").json()["items"]}
    assert modules.keys() == {function.name for function in BUILT_IN}
    fields = {field["name"]: field for field in modules["intrusion"]["fields"]}
    assert fields["zones"]["kind"] == "zones"
    assert (fields["debounce_s"]["unit"], fields["debounce_s"]["max"]) == ("s", 86400.0)
    assert set(fields["severity"]["choices"]) == {"info", "warning", "alarm"}
    assert fields["class_list"]["nullable"]
    assert {field["title"]["ru"] != "" for one in modules.values() for field in one["fields"]} == {True}


def test_a_region_from_its_beginning_to_its_end(client: httpx.Client) -> None:
    """Made, put under another, given settings that cameras inherit, and removed once nobody stands in it."""
    top = client.post(REGIONS, json={"id": "plant", "name": "Plant"}).json()
    shop = client.post(REGIONS, json={"id": "shop", "name": "Shop", "parent": "plant"})
    assert shop.status_code == 201
    camera(client, "press", region="shop")
    settings = {"intrusion": {"leave_s": 7}}
    headers = {"If-Match": top["etag"]}
    told = client.patch(f"{REGIONS}/plant", json={"name": "Main plant", "functions": settings}, headers=headers)
    assert told.json()["functions"] == settings
    above = client.get(f"{CAMERAS}/press/functions").json()["inherited"]["intrusion"]["leave_s"]
    assert above == {"value": 7.0, "source": "region", "region": "plant"}
    full = client.delete(f"{REGIONS}/shop", headers={"If-Match": shop.json()["etag"]})
    assert (full.status_code, "Press" in full.json()["detail"]) == (409, True)
    assert client.delete(f"{REGIONS}/plant", headers={"If-Match": told.json()["etag"]}).status_code == 409
    found = client.get(f"{CAMERAS}/press").json()
    moved = client.patch(f"{CAMERAS}/press", json={"region": ""}, headers={"If-Match": found["etag"]})
    assert moved.status_code == 200
    assert client.delete(f"{REGIONS}/shop", headers={"If-Match": shop.json()["etag"]}).status_code == 204
    assert client.get(f"{REGIONS}/shop").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "parent": "nowhere"}, "parent"),
        ({"name": "X", "functions": {"dance": {}}}, "functions.dance"),
        ({"name": "X", "functions": {"intrusion": {"leave": 1}}}, "functions.intrusion.leave"),
        ({"name": "X", "functions": {"intrusion": {"leave_s": -1}}}, "functions.intrusion.leave_s"),
        ({"name": "X", "functions": {"parking": {"capacity": 0}}}, "functions.parking.capacity"),
    ],
)
def test_a_region_that_can_not_be(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    """The fault is named by its place."""
    answer = client.post(REGIONS, json=body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


def test_a_region_does_not_lie_within_itself(client: httpx.Client) -> None:
    """A circle of parents is refused where it would close."""
    outer = client.post(REGIONS, json={"id": "outer", "name": "Outer"}).json()
    client.post(REGIONS, json={"id": "inner", "name": "Inner", "parent": "outer"})
    answer = client.patch(f"{REGIONS}/outer", json={"parent": "inner"}, headers={"If-Match": outer["etag"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "parent"


def test_what_is_inherited_stays_inherited(client: httpx.Client) -> None:
    """Only what was written is stored: sent back so, a change of the region still reaches the camera."""
    region = client.post(
        REGIONS, json={"id": "yard", "name": "Yard", "functions": {"loitering": {"dwell_s": 90}}}
    ).json()
    camera(client, "yard-1", region="yard")
    path = f"{CAMERAS}/yard-1/functions/loitering"
    made = client.put(path, json={"settings": {"severity": "alarm"}}).json()
    assert made["written"] == {"severity": "alarm"}
    assert made["effective"]["dwell_s"] == {"value": 90.0, "source": "region", "region": "yard"}
    again = client.put(path, json={"settings": made["written"]}, headers={"If-Match": made["etag"]})
    assert again.status_code == 200
    functions = {"loitering": {"dwell_s": 30}}
    client.patch(f"{REGIONS}/yard", json={"functions": functions}, headers={"If-Match": region["etag"]})
    assert client.get(path).json()["effective"]["dwell_s"]["value"] == 30.0


def test_every_template_sets_functions_up(client: httpx.Client) -> None:
    """Each gives a new camera its functions; a second time they are kept as they are."""
    templates = client.get("/api/v1/templates").json()["items"]
    assert {one["name"] for one in templates} == {"gate", "workshop", "office_door", "car_park"}
    for number, one in enumerate(templates):
        camera(client, f"scene-{number}")
        path = f"{CAMERAS}/scene-{number}"
        assert client.post(f"{path}/template", json={"template": one["name"]}).json()["added"] == list(one["functions"])
        assert client.post(f"{path}/template", json={"template": one["name"]}).json()["kept"] == list(one["functions"])
        assert client.get(path).json()["functions"] == sorted(one["functions"])
        there = {each["name"]: each["written"] for each in client.get(f"{path}/functions").json()["items"]}
        assert there == one["functions"]
    unknown = client.post(f"{CAMERAS}/scene-0/template", json={"template": "pool"})
    assert (unknown.status_code, "gate" in unknown.json()["detail"]) == (404, True)


def test_settings_for_many(client: httpx.Client) -> None:
    """What was written goes to the others, without what is drawn unless that is wanted; a dry run writes nothing."""
    line = {"id": "line-1", "a": [0.1, 0.5], "b": [0.9, 0.5]}
    other = {"id": "own", "a": [0.2, 0.2], "b": [0.8, 0.2]}
    for name in ("copy-a", "copy-b", "copy-c"):
        camera(client, name)
    client.put(f"{CAMERAS}/copy-a/functions/vehicles", json={"settings": {"lines": [line], "plates": False}})
    client.put(f"{CAMERAS}/copy-b/functions/vehicles", json={"settings": {"lines": [other]}})
    body = {"to": ["copy-b", "copy-c"]}
    trial = client.post(f"{CAMERAS}/copy-a/copy", json=body | {"dry_run": True}).json()
    assert [(one["changed"], one["added"]) for one in trial["items"]] == [(["vehicles"], []), ([], ["vehicles"])]
    assert client.get(f"{CAMERAS}/copy-c/functions").json()["items"] == []
    assert client.post(f"{CAMERAS}/copy-a/copy", json=body).status_code == 200
    written = client.get(f"{CAMERAS}/copy-b/functions/vehicles").json()["written"]
    assert written == {"plates": False, "lines": [other]}
    assert client.post(f"{CAMERAS}/copy-a/copy", json=body | {"shapes": True}).status_code == 200
    assert client.get(f"{CAMERAS}/copy-b/functions/vehicles").json()["written"]["lines"] == [line]
    again = client.post(f"{CAMERAS}/copy-a/copy", json=body | {"shapes": True}).json()
    assert [one["unchanged"] for one in again["items"]] == [["vehicles"], ["vehicles"]]
    strange = client.post(f"{CAMERAS}/copy-a/copy", json={"to": ["copy-a", "nobody"]})
    assert [fault["field"] for fault in strange.json()["errors"]] == ["to[0]", "to[1]"]


def test_cameras_from_a_spreadsheet(client: httpx.Client) -> None:
    """A dry run says what would be done; the file is taken once, and a second time nothing changes."""
    client.post(REGIONS, json={"id": "north", "name": "Север"})
    sheet = "название;адрес;регион;шаблон\r\nВорота 1;rtsp://u:secret@10.0.1.1/a;север;ворота\r\n"
    sheet += "Ворота 2;rtsp://10.0.1.2/a;;\r\n"
    path = f"{CAMERAS}/import"
    trial = client.post(path, content=sheet.encode("cp1251"), params={"dry_run": "true"}).json()
    assert trial == {"added": 2, "changed": 0, "unchanged": 0, "dry_run": True}
    assert client.post(path, content=sheet.encode("cp1251")).json()["added"] == 2
    assert client.post(path, content=sheet.encode("cp1251")).json()["unchanged"] == 2
    made = {one["name"]: one for one in client.get(CAMERAS).json()["items"]}
    assert made["Ворота 1"]["region"] == "north"
    assert "secret" not in made["Ворота 1"]["url"]
    functions = client.get(f"{CAMERAS}/{made['Ворота 1']['id']}/functions").json()["items"]
    assert [one["name"] for one in functions] == ["vehicles"]
    renamed = sheet.replace("Ворота 2", "Ворота два")
    assert client.post(path, content=renamed.encode()).json() == {
        "added": 0, "changed": 1, "unchanged": 1, "dry_run": False,
    }  # fmt: skip


def test_a_spreadsheet_with_faults_is_refused_whole(client: httpx.Client) -> None:
    """Each fault by line and column, no secret told, and nothing is written."""
    sheet = "name,url,region,transport,enabled,template\n"
    sheet += (
        "Good,rtsp://10.0.2.1/a,,,,\nBad,http://u:secret@10.0.2.2/,nowhere,pigeon,maybe,pool\n,rtsp://10.0.2.1/a,,,,\n"
    )
    sheet += "Pigeon,rtsp://10.0.2.3/,,pigeon,,\nFile,file:///etc/passwd,,,,\nTwin,rtsp://10.0.2.1/a,,,,\n"
    answer = client.post(f"{CAMERAS}/import", content=sheet.encode(), params={"dry_run": "true"})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [
        "line 3, enabled", "line 3, region", "line 3, template", "line 4, name", "line 5, transport", "line 6, url",
        "line 7, url",
    ]  # fmt: skip
    assert "secret" not in answer.text
    assert "Good" not in {one["name"] for one in client.get(CAMERAS).json()["items"]}
