"""What `zool doctor` judges of facts, and how it says so."""

from __future__ import annotations

import pytest

from deploy.doctor import checks, host, site
from deploy.doctor.checks import Check, Said
from ingest.contract import BUCKETS, STREAMS, StreamSpec

GIB = 1024**3
GOOD = host.Machine(
    flags=frozenset({*host.NEEDED_FLAGS, "avx2"}), cores=2, memory_bytes=8 * GIB, available_bytes=6 * GIB
)


def states(found: list[Check]) -> list[str]:
    """Name and state of each."""
    return [f"{one.name} {one.state}" for one in found]


def as_told(spec: StreamSpec, **other: object) -> site.Stream:
    """A stream as it should be, but for `other`."""
    told = {
        "name": spec.name,
        "subjects": spec.subjects,
        "age_s_max": spec.age_s_max,
        "bytes_max": spec.bytes_max,
        "append_only": spec.append_only,
    }
    return site.Stream(**(told | other))  # type: ignore[arg-type]


def all_streams(**changed: site.Stream) -> list[site.Stream]:
    """Every stream and bucket, some of them changed."""
    buckets = [site.Stream(name=f"KV_zool-{name}") for name in BUCKETS]
    return [changed.get(name, as_told(spec)) for name, spec in STREAMS.items()] + buckets


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (host.python((3, 11), []), ["python ok", "packages ok"]),
        (host.python((3, 10), ["av"]), ["python fail", "packages fail"]),
        (host.programs("", "no libpython"), ["nats-server ok", "triton fail"]),
        (host.processor(GOOD), ["cpu ok", "memory ok"]),
        (
            host.processor(
                host.Machine(flags=frozenset(host.NEEDED_FLAGS), cores=1.5, memory_bytes=GIB, available_bytes=GIB)
            ),
            ["cpu warn", "memory warn"],
        ),
        (
            host.processor(host.Machine(flags=frozenset(), cores=1, memory_bytes=8 * GIB, available_bytes=GIB)),
            ["cpu fail", "memory ok"],
        ),
        ([host.cards(host.Cards())], ["gpu ok"]),
        ([host.cards(host.Cards(named=("NVIDIA L4, 23034 MiB, 570.1",), driver=True))], ["gpu ok"]),
        ([host.cards(host.Cards(driver=True, fault="version mismatch"))], ["gpu warn"]),
        (host.decoders(["h264", "hevc"], ["cuda"], "cuda"), ["decoders ok"]),
        (host.decoders(["h264"], [], "vaapi"), ["decoders fail", "hwaccel warn"]),
        ([host.port("port-api", "127.0.0.1:8080", None)], ["port-api ok"]),
        ([host.port("port-api", "x", host.Listener(pid=7, command="python", ours=True))], ["port-api ok"]),
        ([host.port("port-api", "x", host.Listener(pid=0, command="", ours=False))], ["port-api fail"]),
        (host.clock(None, {}), ["clock skipped"]),
        (host.clock(host.Clock(synchronised=True, error_us_max=900), {"nats": 12}), ["clock ok", "clock-nats ok"]),
        (
            host.clock(host.Clock(synchronised=False, error_us_max=16_000_000), {"nats": -3_000_000}),
            ["clock warn", "clock-nats fail"],
        ),
    ],
)
def test_facts_of_a_machine(found: list[Check], wanted: list[str]) -> None:
    """What is fine, what is to be known, and what is broken."""
    assert states(found) == wanted


@pytest.mark.parametrize(
    ("free", "inodes_free", "growth", "writable", "wanted"),
    [
        (50 * GIB, 900, 10 * GIB, True, ["disk ok"]),
        (20 * GIB, 900, 30 * GIB, True, ["disk warn"]),
        (GIB // 2, 900, 0, True, ["disk fail"]),
        (50 * GIB, 3, 0, True, ["disk ok", "inodes fail"]),
        (50 * GIB, 900, 0, False, ["disk fail"]),
    ],
)
def test_a_disk(free: int, inodes_free: int, growth: int, writable: bool, wanted: list[str]) -> None:
    """Room now, room for what streams may grow by, inodes, and the right to write."""
    there = host.Disk(
        path="/data", writable=writable, free_bytes=free, total_bytes=100 * GIB, inodes_free=inodes_free, inodes=1000,
        held_bytes={"nats": GIB},
    )  # fmt: skip
    assert states(host.disk(there, growth)) == wanted


def test_streams_as_they_should_be() -> None:
    """One sentence; the bucket that nobody makes is not missed."""
    found = [one for one in all_streams() if one.name != "KV_zool-packages"]
    assert states(site.streams(found)) == ["streams ok"]
    assert site.growth_bytes(found) == sum(spec.bytes_max for spec in STREAMS.values())


def test_streams_that_are_not() -> None:
    """A stream with another limit, one that is gone, a reader that is behind, dead letters, a bucket that is gone."""
    shots, dead = STREAMS["SHOTS"], STREAMS["DEAD"]
    found = all_streams(
        SHOTS=as_told(shots, bytes_max=7, readers=(site.Reader(name="recognise", waiting=501),)),
        DEAD=as_told(dead, messages=2),
    )
    found = [one for one in found if one.name not in {"READS", "KV_zool-people"}]
    told = site.streams(found)
    assert sorted(states(told)) == ["buckets warn", "dead-letters warn", "lag warn", "streams fail", "streams fail"]
    words = {one.where: one.said.en for one in told if one.name == "streams"}
    assert words["SHOTS"] == f"has other limits: max_bytes 7, not {shots.bytes_max}"
    assert words["READS"] == "is not there"


def test_components_and_cameras() -> None:
    """A stage that lacks what it needs, one that is not there, and one that lacks what it can do without."""
    found = site.parts(
        [
            site.Part(name="api", ready=True),
            site.Part(name="store", ready=False, faults={"clickhouse": "no answer"}, log="l"),
            site.Part(name="ingest", ready=True, faults={"triton": ""}),
            site.Part(name="nats", ready=False),
        ]
    )
    assert [(one.where, one.state) for one in found] == [("store", "fail"), ("ingest", "warn"), ("nats", "fail")]
    assert found[0].said.ru == "не готов: clickhouse: no answer"
    assert site.parts([site.Part(name="api", ready=True)])[0].state == "ok"
    assert [site.camera_clocks(*one).state for one in (([], 0), ([], 3), (["gate"], 3))] == ["skipped", "ok", "warn"]
    assert [site.running(None).state, site.running(5).state] == ["skipped", "ok"]


def test_lines_and_report() -> None:
    """Broken things end with what to do; the sum stands last; JSON says the same."""
    found = [
        checks.ok("a", Said("fine", "хорошо")),
        checks.fail("b", Said("gone", "нет"), "/x", Said("put it back", "верните")),
        checks.skipped("c", Said("not here", "не здесь")),
    ]
    assert checks.lines(found, "en") == [
        "ok       a              fine",
        "FAIL     b              gone (/x)",
        "                        -> put it back",
        "skipped  c              not here",
        "ok: 1, fail: 1, skipped: 1".replace("fail", "FAIL"),
    ]
    assert checks.lines(found, "ru")[1].split() == ["ОШИБКА", "b", "нет", "(/x)"]
    told = checks.report(found, "ru")
    assert told["ok"] is False
    assert told["checks"][1] == {"name": "b", "state": "fail", "said": "нет", "where": "/x", "todo": "верните"}


def test_secrets_that_others_may_read() -> None:
    """The mode to set is the owner's part of the one that is there."""
    found = site.privacy(
        [
            site.Private(path="t", mode=0o644, mine=True),
            site.Private(path="d", mode=0o700, mine=True),
            site.Private(path="o", mode=0o600, mine=False),
        ]
    )
    assert [(one.where, one.state) for one in found] == [("t", "fail"), ("o", "fail")]
    assert found[0].todo.en.startswith("chmod 600 t;")
    assert site.privacy([]) == []
    assert site.privacy([site.Private(path="d", mode=0o700, mine=True)])[0].state == "ok"
