"""`zool config`: files as objects, differences as changes, changes in order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.configuration import lines
from deploy.configuration.changes import Change, Difference, Found, Stored, changes, differences
from deploy.configuration.command import resolved
from deploy.configuration.document import DocumentFault, dump, load
from deploy.configuration.exported import exported
from deploy.configuration.kinds import BY_NAME, KINDS, address_of, compared, place_of
from deploy.configuration.wanted import SECTIONS, Faulty, Site, read_site

KEYS = st.sampled_from([
    "gate", "name", "url", "functions", "settings", "kind", "webhook", "secret", "stored", "value", "plate", "list",
    "role", "password", "targets", "rules", "target", "region", "parent", "schedule", "env:CAMERA", "А",
])  # fmt: skip
CAMERA = {"name": "Gate", "url": "rtsp://10.0.0.7/main"}
SECRETS = {"env:CAMERA": "rtsp://root:pass@10.0.0.7/main", "env:HOOK": "whsec_c2VjcmV0", "env:PASS": "long enough 1"}


def resolve(reference: str) -> str:
    """References of these tests."""
    if reference not in SECRETS:
        raise LookupError(f"{reference} is not there")
    return SECRETS[reference]


def wanted(**sections: Any) -> Site:
    """A site as a file has it."""
    return read_site(sections, resolve)


def told(**sections: Any) -> dict[str, str]:
    """Faults of a file: place -> words."""
    with pytest.raises(Faulty) as caught:
        wanted(**sections)
    return {fault.field: fault.words.en for fault in caught.value.faults}


def stored(site: Site) -> Found:
    """What the API has once all of it was written."""
    return {
        kind: {id_: Stored(fields=one.fields, etag=f'"{n}"') for n, (id_, one) in enumerate(objects.items(), 1)}
        for kind, objects in site.objects.items()
    }


def plan(site: Site, found: Found, **how: bool) -> list[Change]:
    """What is to be done."""
    return changes(site, found, resolve, **how)


@pytest.mark.parametrize(
    "text", ["18:00", "on", "no", "2026-03-01", "0123", "1_000", "0x10", "1e3", "А123ВС77", "=", "~x"]
)
def test_a_text_is_what_it_looks_like(text: str) -> None:
    """Clock times, answers, dates and plates stay texts, unquoted."""
    assert load(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    "value", ["18:00", "yes", "null", "", "7", "1.5", "<<", "a: b", 7, -1.5, 1e-05, 1e20, True, None, [], {}]
)
def test_what_is_written_is_read_back(value: Any) -> None:
    """Whatever a value is."""
    assert load(dump({"a": value, "b": [value, [0.5, 1]]})) == {"a": value, "b": [value, [0.5, 1]]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3: c stands twice"),
        ("1: a\n", "line 1, column 1: a key must be a text"),
        ("a: [1\n", "line 2, column 1: "),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: !!int x\n", "invalid literal"),
        ("[" * 4000, "recursion"),
        ("a: b\x00", "special characters are not allowed"),
    ],
)
def test_no_such_document(text: str, words: str) -> None:
    """Named by line and column."""
    with pytest.raises(DocumentFault) as caught:
        load(text)
    assert words in str(caught.value)


def test_anchors_and_merges_are_read() -> None:
    """What cameras have in common may be written once."""
    document = load("a: &x {url: u, fps: 5}\nb:\n  <<: *x\n  fps: 7\n")
    assert document["b"] == {"url": "u", "fps": 7}


def test_unknown_keys_are_named_with_what_is_allowed() -> None:
    """In the file, a section, an object, and deep inside."""
    found = told(
        cams={},
        deliveries={"target": {}},
        cameras={"gate": CAMERA | {"regoin": "x"}, "yard": CAMERA | {"id": "other"}},
        regions={"plant": {"name": "Plant", "functions": []}},
        doors={"main": {"places": [{"camera": "gate", "rule": "a"}]}},
    )
    assert found["cams"] == ("unknown key; allowed here: regions, cameras, vehicles, people, doors, deliveries, users")
    assert found["deliveries.target"] == "unknown key; allowed here: targets, rules"
    assert found["cameras.gate.regoin"].startswith(
        "unknown key; allowed here: name, url, analysis_url, enabled, region"
    )
    assert "cameras.yard.id" in found
    assert found["regions.plant.functions"] == "must be an object"
    assert found["doors.main.places[0].rule"] == "unknown field; known here: camera, rules"


def test_wrong_values_are_all_told_at_once() -> None:
    """With their places: ids, types, missing keys, settings by the kind of target."""
    found = told(
        cameras={"Gate 1": CAMERA, "gate": {"name": "Gate"}, "yard": 7},
        vehicles={"boss": {"plate": "А123ВС77", "list": "all"}},
        people=None,
        deliveries={"targets": {"hook": {"kind": "webhook", "settings": {"url": "https://x.example", "sekret": 1}}}},
    )
    assert found.keys() == {
        "cameras.Gate 1", "cameras.gate.url", "cameras.yard", "vehicles.boss.list", "people",
        "deliveries.targets.hook.settings.sekret",
    }  # fmt: skip
    assert told(cameras={"gate": CAMERA | {"functions": {"vehicles": {"setings": {}}, "x": 1}}}).keys() == {
        "cameras.gate.functions.vehicles.setings", "cameras.gate.functions.x",
    }  # fmt: skip
    with pytest.raises(Faulty):
        read_site([], resolve)


@pytest.mark.parametrize("value", ["\ud800", {1, 2, object}, 1j])
def test_what_is_no_json_is_a_fault(value: Any) -> None:
    """With its place, as every other."""
    assert told(regions={"plant": {"name": value}}).keys() == {"regions.plant"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
GOOD = st.sampled_from([
    CAMERA, {"name": "N"}, {"plate": "А123ВС77", "list": "guest"}, {"role": "viewer"}, {"kind": "turnstile"}, {},
])  # fmt: skip
SHAPED = st.dictionaries(KEYS, JSON, max_size=6)


@given(document=st.dictionaries(st.sampled_from(SECTIONS), st.dictionaries(KEYS, GOOD | SHAPED, max_size=3)))
@settings(max_examples=200, deadline=None)
def test_any_document_is_a_site_or_has_faults(document: dict[str, Any]) -> None:
    """Nothing else comes of it; and a site that was made has nothing to do."""
    try:
        site = read_site(document, resolve)
    except Faulty:
        return
    found = stored(site)
    assert plan(site, found, prune=True) == []
    assert plan(read_site(load(dump(exported(found))), resolve), found, prune=True) == []


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"cameras": {"gate": CAMERA | {"url": "rtsp://a:b@10.0.0.7/"}}}, "cameras.gate.url"),
        ({"cameras": {"gate": CAMERA | {"url": "env:NOBODY"}}}, "cameras.gate.url"),
        ({"users": {"anna": {"role": "viewer", "password": "plain text 1"}}}, "users.anna.password"),
        (
            {"deliveries": {"targets": {"t": {"kind": "webhook", "settings": {"url": "https://x", "secret": "s"}}}}},
            "deliveries.targets.t.settings.secret",
        ),
        (
            {
                "deliveries": {
                    "targets": {"t": {"kind": "telegram", "settings": {"token": {"value": "s"}, "chats": [1]}}}
                }
            },
            "deliveries.targets.t.settings.token",
        ),
    ],
)
def test_a_file_holds_no_secrets(sections: dict[str, Any], place: str) -> None:
    """Plain ones are refused, and so are references to nothing; neither is repeated."""
    found = told(**sections)
    assert found.keys() == {place}
    assert "a:b" not in found[place]


def test_secrets_are_sent_and_never_shown() -> None:
    """They stand in what is sent alone; the same address masked is no change, unless it is to be sent again."""
    hook = {"kind": "webhook", "settings": {"url": "https://x.example", "secret": "env:HOOK"}}
    site = wanted(
        cameras={"gate": CAMERA | {"url": "env:CAMERA"}},
        deliveries={"targets": {"hook": hook}},
        users={"anna": {"role": "viewer", "password": "env:PASS"}},
    )
    made = plan(site, {})
    assert [change.body.get("url") or change.body.get("password") for change in made[::2]] == [
        "rtsp://root:pass@10.0.0.7/main", "long enough 1",
    ]  # fmt: skip
    assert made[1].body["settings"]["secret"] == {"value": SECRETS["env:HOOK"]}
    shown = "\n".join(lines.plan(made, "en")) + lines.as_json(made)
    assert "rtsp://***@10.0.0.7/main" in shown
    assert not [secret for secret in (*SECRETS.values(), "pass@") if secret in shown]
    assert plan(site, stored(site)) == []
    again = plan(site, stored(site), renew=True)
    assert [(change.place, change.differences[0].key) for change in again] == [
        ("cameras.gate", "url"), ("deliveries.targets.hook", "settings"),
    ]  # fmt: skip
    assert again[0].body == {"url": "rtsp://root:pass@10.0.0.7/main"}


def test_what_stands_for_the_stored_needs_something_stored() -> None:
    """A mask for a new camera, or for another host, would lose the password: it is told before anything is done."""
    masked = {"url": "rtsp://***@10.0.0.7/main"}
    hook = {"kind": "webhook", "settings": {"url": "https://x.example", "secret": {"stored": True}}}
    site = wanted(cameras={"gate": CAMERA | masked}, deliveries={"targets": {"hook": hook}})
    assert plan(site, stored(site)) == []
    with pytest.raises(Faulty) as caught:
        plan(site, {})
    assert [fault.field for fault in caught.value.faults] == [
        "cameras.gate.url", "deliveries.targets.hook.settings.secret",
    ]  # fmt: skip
    moved = wanted(cameras={"gate": CAMERA | {"url": "rtsp://***@10.0.0.8/main"}})
    with pytest.raises(Faulty):
        plan(moved, stored(site))


def test_a_new_user_needs_its_password_an_old_one_does_not() -> None:
    """A reference to nothing is a fault only where it would be used."""
    site = wanted(users={"anna": {"role": "viewer", "password": "env:NONE"}})
    assert plan(site, stored(site)) == []
    with pytest.raises(Faulty) as caught:
        plan(site, {})
    assert caught.value.faults[0].field == "users.anna.password"


def test_the_order_is_one_that_can_be_made() -> None:
    """Regions from the top, cameras, functions, doors, targets before rules; removed the other way round."""
    site = wanted(
        deliveries={
            "rules": {"r": {"target": "t"}},
            "targets": {"t": {"kind": "relay", "settings": {"url": "http://10.0.0.9/"}}},
        },
        doors={"main": {}},
        cameras={"gate": CAMERA | {"region": "shop", "functions": {"vehicles": {}}}},
        regions={"shop": {"name": "Shop", "parent": "plant"}, "plant": {"name": "Plant"}},
    )
    order = [change.place for change in plan(site, {})]
    assert order == [
        "regions.plant", "regions.shop", "cameras.gate", "cameras.gate.functions.vehicles", "doors.main",
        "deliveries.targets.t", "deliveries.rules.r",
    ]  # fmt: skip
    nothing = wanted(regions={}, cameras={}, doors={}, deliveries={"rules": {}, "targets": {}})
    assert plan(nothing, stored(site)) == []
    gone = [change.place for change in plan(nothing, stored(site), prune=True)]
    assert gone == [place for place in reversed(order) if "functions" not in place]


def test_only_what_a_file_speaks_of_is_removed() -> None:
    """A missing section or missing `functions` say nothing."""
    there = stored(wanted(cameras={"gate": CAMERA | {"functions": {"vehicles": {}, "faces": {}}}}, people={}))
    assert plan(wanted(cameras={"gate": CAMERA}), there, prune=True) == []
    assert plan(wanted(people={}), there, prune=True) == []
    one = wanted(cameras={"gate": CAMERA | {"functions": {"vehicles": {}}}})
    assert [change.place for change in plan(one, there, prune=True)] == ["cameras.gate.functions.faces"]


def test_regions_in_a_ring_are_left_to_the_api() -> None:
    """Each stands once in the plan."""
    ring = wanted(regions={"a": {"name": "A", "parent": "b"}, "b": {"name": "B", "parent": "a"}})
    assert sorted(change.id for change in plan(ring, {})) == ["a", "b"]


def test_differences_go_as_deep_as_the_forms_agree() -> None:
    """Old and new by key; points as a whole."""
    old = {"a": {"x": 1, "y": [[0, 0], [1, 1]]}, "lines": [{"name": "in", "k": 1}], "same": 7, "gone": 1}
    new = {"a": {"x": 2, "y": [[0, 0], [1, 0]]}, "lines": [{"name": "in", "k": 2}, {"name": "out"}], "same": 7.0}
    unset = msgspec.UNSET
    assert list(differences(old, new)) == [
        Difference(key="a.x", old=1, new=2),
        Difference(key="a.y", old=[[0, 0], [1, 1]], new=[[0, 0], [1, 0]]),
        Difference(key="lines[0].k", old=1, new=2),
        Difference(key="lines[1]", old=unset, new={"name": "out"}),
        Difference(key="gone", old=1, new=unset),
    ]
    assert list(differences({"a": True}, {"a": 1})) == [Difference(key="a", old=True, new=1)]


def test_a_change_sends_what_differs_or_the_whole() -> None:
    """PATCH gets the keys that differ, PUT the object; both with the version that was read."""
    before = stored(wanted(cameras={"gate": CAMERA}, vehicles={"boss": {"plate": "А123ВС77", "list": "allow"}}))
    after = wanted(
        cameras={"gate": CAMERA | {"picture": {"blur_ratio": 0.5}}},
        vehicles={"boss": {"plate": "А123ВС77", "list": "deny", "valid_until": "2026-03-01T08:00:00Z"}},
    )
    camera, vehicle = plan(after, before)
    assert (camera.body, camera.etag) == ({"picture": {"blur_ratio": 0.5}}, '"1"')
    assert [one.key for one in vehicle.differences] == ["list", "valid_until"]
    assert vehicle.body["plate"] == "А123ВС77"
    same = {"plate": " А123ВС77 ", "list": "deny", "valid_until": "2026-03-01T11:00:00+03:00"}
    assert plan(wanted(vehicles={"boss": same}), stored(after)) == []


def test_what_the_api_fills_in_is_no_change() -> None:
    """The beginning of a basis that was left out; another one in the file is."""
    person = {"name": "Anna", "basis": "consent"}
    said = wanted(people={"anna": person | {"basis_at": "2026-03-01T08:00:00Z"}})
    assert plan(wanted(people={"anna": person}), stored(said)) == []
    assert plan(wanted(people={"anna": person | {"basis_at": "2026-03-01T09:00:00+01:00"}}), stored(said)) == []
    (other,) = plan(wanted(people={"anna": person | {"basis": "law"}}), stored(said))
    assert other.body == {"basis": "law"}
    (later,) = plan(wanted(people={"anna": person | {"basis_at": "2026-03-02T08:00:00Z"}}), stored(said))
    assert [one.key for one in later.differences] == ["basis_at"]


def test_what_is_exported_is_what_is_wanted() -> None:
    """Without defaults, and read back without a change."""
    site = wanted(
        regions={"plant": {"name": "Plant", "functions": {"intrusion": {"leave_s": 7}}}},
        cameras={"gate": CAMERA | {"region": "plant", "functions": {"vehicles": {"enabled": False}}}},
        vehicles={}, people={"ivan": {"name": "Иван"}}, doors={"main": {"kind": "door"}},
        deliveries={"targets": {"hook": {"kind": "webhook", "settings": {"url": "https://x", "secret": "env:HOOK"}}},
                    "rules": {"all": {"target": "hook"}}},
        users={"anna": {"role": "operator", "disabled": True}},
    )  # fmt: skip
    document = exported(stored(site))
    assert document["cameras"]["gate"] == CAMERA | {"region": "plant", "functions": {"vehicles": {"enabled": False}}}
    assert document["deliveries"]["targets"]["hook"] == {
        "kind": "webhook", "settings": {"url": "https://x", "secret": {"stored": True}},
    }  # fmt: skip
    again = read_site(load(dump(document)), resolve)
    assert plan(again, stored(site), prune=True) == []


def test_every_kind_has_its_place() -> None:
    """Each in the file once, each with its address."""
    assert len({(kind.name, kind.path) for kind in KINDS}) == len(KINDS)
    assert address_of(BY_NAME["functions"], "gate/vehicles") == "/cameras/gate/functions/vehicles"
    assert place_of(BY_NAME["rules"], "night") == "deliveries.rules.night"
    assert "etag" not in compared(BY_NAME["people"], {"id": "p", "name": " A ", "etag": "1"})


def test_references(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment and of files; what is not there is said without its value."""
    monkeypatch.setenv("ZOOL_TEST_REFERENCE", "value")
    (tmp_path / "s").write_text("secret\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "big").write_bytes(b"x" * 9000)
    assert (resolved("env:ZOOL_TEST_REFERENCE"), resolved(f"file:{tmp_path}/s")) == ("value", "secret")
    for reference in ("env:ZOOL_TEST_NONE", f"file:{tmp_path}/none", f"file:{tmp_path}/empty", f"file:{tmp_path}/big"):
        with pytest.raises(LookupError, match=reference.partition(":")[2]):
            resolved(reference)


def test_lines_for_people() -> None:
    """Signs, old -> new, sums, what was not done; in both languages."""
    change = Change(
        act="change", kind="cameras", id="gate", differences=(Difference(key="name", old="A", new="x" * 400),)
    )
    gone = Change(act="remove", kind="people", id="ivan")
    said = lines.plan([change, gone], "en")
    assert said[0] == "~ cameras.gate"
    assert said[1].startswith('    name: "A" -> "xxx')
    assert said[1].endswith("…")
    assert said[2:] == ["- people.ivan  (with faces and shifts)", "0 to create, 1 to change, 1 to remove"]
    assert lines.done(gone, "ru") == "готово: удалить people.ivan"
    assert (lines.value(msgspec.UNSET), lines.value({"stored": True}), lines.value("я")) == ("—", "(secret)", '"я"')
    assert lines.plan([], "ru") == ["изменений нет"]
    assert lines.stopped([change, gone], 1, "Stale.", "en") == [
        "refused: remove people.ivan: Stale.", "1 done, 1 not done:", "  - people.ivan",
    ]  # fmt: skip
