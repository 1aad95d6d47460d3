"""Three hosts: what runs where, and what is read of a fault."""

import json
from pathlib import Path

import pytest

from deploy.bench.cluster import HOSTS, Glance, Ground, blind_s, even, led_after_s, placed, row, took_over_s
from deploy.demo.truth import Span
from deploy.up.plan import ACCOUNTS, Layout, Ports, components, nats_conf

PORTS = Ports(
    nats=1, triton_grpc=2, triton_http=3, triton_metrics=4, clickhouse=5, faces=dict.fromkeys(ACCOUNTS, 6), api=7
)
GROUND = Ground(
    addresses={"a": "198.18.0.11", "b": "198.18.0.12", "c": "198.18.0.13"}, ports=PORTS, peer_port=8, http_port=9,
    folder=Path("/data"), python="python", nats_server="nats-server",
)  # fmt: skip
WORDS = dict.fromkeys((*ACCOUNTS, "clickhouse", "cluster"), "secret")


def glance(at_s: float, cameras: str, parts: str, *, led: bool = True) -> Glance:
    """Owners by letter, `-` is nobody."""
    owners = [{str(n): "" if one == "-" else one for n, one in enumerate(word)} for word in (cameras, parts)]
    return Glance(at_us=round(at_s * 1e6), cameras=owners[0], parts=owners[1], led=led)


def test_a_program_asks_its_own_host_first() -> None:
    """Names, addresses, replicas; servers listen where the others find them."""
    layout = Layout(data_dir=Path("/data/b"), python="python", nats_server="nats-server")
    table = {one.name: placed(one, "b", GROUND, ("on-b",)) for one in components(layout, PORTS, WORDS)}
    ingest = table["ingest"]
    assert ingest.argv[0] == "on-b"
    assert ingest.environ["ZOOL_NATS_URL"] == "nats://198.18.0.12:1,nats://198.18.0.11:1,nats://198.18.0.13:1"
    assert (ingest.environ["ZOOL_NATS_REPLICAS"], ingest.environ["ZOOL_INGEST_NAME"]) == ("3", "b")
    assert ingest.ready_url == "http://198.18.0.12:6/health/ready"
    assert table["nats"].ready_url == "http://198.18.0.12:9/healthz"
    assert table["triton"].argv[-2:] == ("--host", "198.18.0.12")
    assert table["api"].environ["ZOOL_API_TOKEN_FILE"] == "/data/admin.token"
    assert "ZOOL_CLICKHOUSE_HOST" not in table["decide"].environ


def test_a_server_of_the_cluster_knows_the_others() -> None:
    """By routes with a password; alone it listens on loopback and has no cluster."""
    peers = [GROUND.peer(host) for host in HOSTS]
    conf = json.loads(nats_conf(PORTS, Path("/data/b"), WORDS, me=GROUND.peer("b"), peers=peers))
    assert (conf["server_name"], conf["listen"]) == ("b", "198.18.0.12:1")
    assert conf["cluster"]["routes"] == [f"nats-route://cluster:secret@198.18.0.{n}:8" for n in (11, 13)]
    alone = json.loads(nats_conf(PORTS, Path("/data"), WORDS))
    assert (alone["listen"], "cluster" in alone, "http" in alone) == ("127.0.0.1:1", False, False)


def test_a_takeover_ends_when_nothing_is_the_hosts() -> None:
    """Nor nobody's; the broker answers again when every stream is led."""
    seen = [
        glance(1, "aabb", "ab"),
        glance(2, "aabb", "ab", led=False),
        glance(5, "-bbb", "ab"),
        glance(6, "bbbb", "bb"),
    ]
    assert took_over_s(seen, "cameras", "a", 1_500_000) == pytest.approx(4.5)
    assert took_over_s(seen, "parts", "a", 1_500_000) == pytest.approx(4.5)
    assert took_over_s(seen[:3], "cameras", "a", 0) is None
    assert led_after_s(seen, 1_500_000) == pytest.approx(3.5)
    assert led_after_s(seen, 9_000_000) is None
    assert [even(one) for one in seen] == [True, False, False, False]
    assert not even(glance(1, "", ""))


def test_what_a_fault_did() -> None:
    """The longest span of each camera that it touches, and the rest beside it."""
    told_s = [("x", 0.0, 0.9), ("x", 1.0, 7.0), ("y", 2.0, 3.0), ("z", 9.0, 9.5)]
    spans = [Span(camera=name, from_us=round(a * 1e6), to_us=round(b * 1e6)) for name, a, b in told_s]
    blind = blind_s(spans, 1_000_000, 8_000_000)
    assert blind == {"x": 6.0, "y": 1.0}
    found = row(
        glances=[glance(2, "bb", "bb")], host="a", since_us=1_000_000, until_us=8_000_000, blind=blind, api_s=0.5,
        delays_ms=[200.0, 700.0],
    )  # fmt: skip
    assert (found["ingest_s"], found["blind_s_max"], found["blind_cameras"], found["event_ms_max"]) == (
        1.0,
        6.0,
        2,
        700.0,
    )
