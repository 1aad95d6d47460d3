"""What a site is set up with, without a site: cameras from CSV, regions, copies, templates."""

from __future__ import annotations

from typing import Any

import pytest

from api.cameras_csv import read_cameras
from api.contract import FunctionIn
from api.contract_setup import RegionIn, RegionPatch
from api.copies import copied, difference
from api.errors import InUse, InvalidBody
from api.functions import read_function
from api.regions import DEPTH_MAX, changed, check_free, region_of, region_view
from api.templates import TEMPLATES, template, template_view
from ingest.contract import Camera
from postprocess.contract import CameraFunction, Region
from postprocess.functions.registry import registry

FUNCTIONS = registry()
NORTH = Region(id="north", name="Север")
GATE = Camera(id="gate", name="Gate", url="rtsp://u:secret@10.0.0.1/a", region="north", transport="udp")


def faults(work: Any, *given: Any, **named: Any) -> dict[str, str]:
    """What is refused: field and words."""
    with pytest.raises(InvalidBody) as refused:
        work(*given, **named)
    return {fault.field: fault.words.en for fault in refused.value.faults()}


def cameras(text: str, known: list[Camera] | None = None) -> dict[str, Camera]:
    """Cameras of a file by name."""
    return {row.camera.name: row.camera for row in read_cameras(text.encode(), known or [GATE], [NORTH])}


def test_a_known_camera_keeps_what_the_file_leaves_out() -> None:
    """By its address or its id; empty cells change nothing, others do."""
    by_address = cameras("name,url,transport,region\nMain gate,rtsp://u:secret@10.0.0.1/a,,\n")["Main gate"]
    assert (by_address.id, by_address.transport, by_address.region) == ("gate", "udp", "north")
    by_id = cameras("id,name,url,enabled\ngate,Gate,rtsp://10.0.0.2/a,no\n")["Gate"]
    assert (by_id.url, by_id.enabled, by_id.region) == ("rtsp://10.0.0.2/a", False, "north")


def test_a_new_camera_has_the_same_id_each_time() -> None:
    """Made of its address; columns may be Russian, regions may be named, a template comes along."""
    text = "название;адрес;регион;включена;шаблон\nЦех;rtsp://10.0.0.3/a;СЕВЕР;да;цех\n"
    first, second = (read_cameras(raw, [], [NORTH])[0] for raw in (text.encode(), text.encode("cp1251")))
    assert first == second
    assert (first.camera.region, first.camera.id[:4]) == ("north", "cam-")
    assert first.template is not None
    assert first.template.name == "workshop"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("A,rtsp://10.0.0.2/a,,,http://10.0.0.2/", "line 2, analysis_url"),
        ("A,rtsp://10.0.0.2/a,system,,", "line 2, id"),
        ("A,rtsp://10.0.0.2/a,Большой,,", "line 2, id"),
        ("A,http://u:secret@10.0.0.2/,,,", "line 2, url"),
        (",rtsp://10.0.0.2/a,,,", "line 2, name"),
        ("A,rtsp://10.0.0.2/a,,pool,", "line 2, template"),
    ],
)
def test_a_line_that_can_not_be(line: str, place: str) -> None:
    """The place is named, a password is not."""
    found = faults(read_cameras, f"name,url,id,template,analysis_url\n{line}\n".encode(), [], [])
    assert found.keys() == {place}
    assert "secret" not in "".join(found.values())


def test_files_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """No columns, an open quote, too many lines and too many faults."""
    assert "'url'" in faults(read_cameras, b"name\nA\n", [], [])["line 1"]
    assert faults(read_cameras, b'name,url\n"A,rtsp://h/\n', [], []).keys() == {"line 2"}
    many = "name,url\n" + "A,ftp://h/\n" * 8
    monkeypatch.setattr("api.cameras_csv.FAULTS_MAX", 3)
    assert len(faults(read_cameras, many.encode(), [], [])) == 3
    monkeypatch.setattr("api.csv_rows.ROWS_MAX", 2)
    assert faults(read_cameras, many.replace("ftp://h/", "rtsp://h/").encode(), [], []).keys() == {"file"}


def test_a_region_is_as_deep_as_is_allowed() -> None:
    """One level more is refused; so is a parent that is not there."""
    chain = {"r0": Region(id="r0", name="0")}
    for number in range(1, DEPTH_MAX):
        chain[f"r{number}"] = Region(id=f"r{number}", name=str(number), parent=f"r{number - 1}")
    deep = f"r{DEPTH_MAX - 1}"
    assert region_of(RegionIn(name=" Deep ", parent=f"r{DEPTH_MAX - 2}"), "new", chain, FUNCTIONS).name == "Deep"
    assert faults(region_of, RegionIn(name="Deeper", parent=deep), "new", chain, FUNCTIONS).keys() == {"parent"}
    assert faults(region_of, RegionIn(name="X", parent="nowhere"), "new", {}, FUNCTIONS).keys() == {"parent"}
    assert faults(changed, chain["r0"], RegionPatch(parent="r3"), chain, FUNCTIONS).keys() == {"parent"}


def test_settings_of_a_region() -> None:
    """Each alone: what only the whole of a camera can have is no fault; a wrong value and a wrong name are."""
    functions: dict[str, dict[str, Any]] = {"object": {"dwell_s": 5}, "parking": {"capacity": 10}}
    assert changed(NORTH, RegionPatch(functions=functions), {}, FUNCTIONS).functions == functions
    wrong: dict[str, dict[str, Any]] = {"object": {"class_list": []}, "dance": {}, "ppe": {"hold": 1}}
    found = faults(changed, NORTH, RegionPatch(functions=wrong), {}, FUNCTIONS)
    assert found.keys() == {"functions.object.class_list", "functions.dance", "functions.ppe.hold"}


def test_a_region_in_which_others_stand() -> None:
    """They are named, some of them."""
    below = {f"r{number}": Region(id=f"r{number}", name=f"R{number}", parent="north") for number in range(6)}
    with pytest.raises(InUse, match=r"R0, R1, R2, R3, R4 \(\+2\)"):
        check_free(NORTH, below, [GATE])
    check_free(Region(id="south", name="South"), below, [GATE])
    assert region_view(NORTH, 7, [GATE]).cameras == ("gate",)


def test_copies_leave_what_is_drawn() -> None:
    """Without shapes the other camera's stay and those of the source don't come; with them they do."""
    line = {"id": "a", "a": [0, 0.5], "b": [1, 0.5]}
    source = CameraFunction(camera="a", name="vehicles", settings={"lines": [line], "plates": False}, revision=3)
    own = CameraFunction(camera="b", name="vehicles", settings={"lines": [], "unlisted": "alarm"}, revision=4)
    assert copied(source, own, "b", shapes=False).settings == {"plates": False, "lines": []}
    assert copied(source, None, "b", shapes=False).settings == {"plates": False}
    full = copied(source, own, "b", shapes=True)
    assert full.settings == source.settings
    done, writes = difference("b", [full], {"vehicles": own})
    assert (done.changed, writes) == (("vehicles",), [full])
    assert difference("b", [full], {"vehicles": full})[0].unchanged == ("vehicles",)
    assert difference("b", [full], {})[0].added == ("vehicles",)


@pytest.mark.parametrize("one", TEMPLATES, ids=lambda each: str(each.name))
def test_every_template_can_be_read(one: Any) -> None:
    """By the functions' own types; without a line or a zone no event would come where one is needed."""
    assert template(one.name) is one
    for name, settings in template_view(one).functions.items():
        read_function(FUNCTIONS, "cam", name, FunctionIn(settings=settings))
    assert template("pool") is None
