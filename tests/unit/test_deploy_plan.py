"""The plan of one machine: commands, environments, ports and the broker's permissions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.config import ApiSettings
from deploy.up.plan import ACCOUNTS, LOOPBACK, Component, Layout, Ports, components, nats_conf, respawn_delay_s
from ingest.config import IngestSettings
from ingest.contract import BUCKETS, STREAMS
from ingest.settings import FaceSettings, NatsSettings, SecretsSettings, TritonSettings
from postprocess.config import DeliverSettings
from postprocess.contract import ClickHouseSettings

PORTS = Ports(
    nats=1, triton_grpc=2, triton_http=3, triton_metrics=4, clickhouse=5, api=6, acs=7,
    faces={name: 10 + i for i, name in enumerate(ACCOUNTS)},
)  # fmt: skip
PASSWORDS = {name: f"secret-{name}" for name in (*ACCOUNTS, "clickhouse")}
LAYOUT = Layout(data_dir=Path("/data"), python="/py", nats_server="/nats", config=Path("/c.ini"), api_host="0.0.0.0")
TOLD: dict[str, type[msgspec.Struct]] = {
    "nats": NatsSettings,
    "face": FaceSettings,
    "triton": TritonSettings,
    "clickhouse": ClickHouseSettings,
    "api": ApiSettings,
    "ingest": IngestSettings,
    "secrets": SecretsSettings,
    "deliver": DeliverSettings,
}


def _plan() -> dict[str, Component]:
    return {component.name: component for component in components(LAYOUT, PORTS, PASSWORDS)}


def _conf() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(nats_conf(PORTS, Path("/data"), PASSWORDS))
    return read


def _users() -> dict[str, Any]:
    return {user["user"]: user["permissions"] for user in _conf()["authorization"]["users"]}


def covers(pattern: str, subject: str) -> bool:
    """Whether a subject with wildcards covers another one."""
    wanted, given = pattern.split("."), subject.split(".")
    for i, token in enumerate(wanted):
        if token == ">":
            return i < len(given)
        if i >= len(given) or token not in {"*", given[i]}:
            return False
    return len(wanted) == len(given)


def may(name: str, subject: str) -> bool:
    """Whether an account may publish to a subject."""
    rules = _users()[name]["publish"]
    return any(covers(p, subject) for p in rules["allow"]) and not any(covers(p, subject) for p in rules["deny"])


def test_the_table_is_complete() -> None:
    """Three servers and six stages, each with its own command and a way to ask it."""
    plan = _plan()
    assert list(plan) == ["nats", "triton", "clickhouse", *ACCOUNTS]
    for component in plan.values():
        assert component.ready_url or component.ready_port
    assert plan["nats"].argv == ("/nats", "-c", "/data/nats.conf")
    assert plan["ingest"].argv == ("/py", "-m", "ingest")
    assert plan["api"].argv == ("/py", "-m", "api")
    for name in ("recognise", "decide", "store", "deliver"):
        assert plan[name].argv == ("/py", "-m", "postprocess", name)


def test_stages_stop_before_the_servers_they_stand_on() -> None:
    """Stages are wave 0, servers wave 1."""
    for name, component in _plan().items():
        assert component.wave == (0 if name in ACCOUNTS else 1)


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_every_variable_given_to_a_stage_is_one_that_its_settings_read(stage: str) -> None:
    """ZOOL_<SECTION>_<KEY> names a key of the section's Struct, and the value is one that the key allows."""
    for variable, value in _plan()[stage].environ.items():
        if not variable.startswith("ZOOL_"):
            continue
        if variable == "ZOOL_CONFIG":
            assert value == "/c.ini"
            continue
        if variable == "OPENBLAS_NUM_THREADS":  # a library reads it
            continue
        section = variable.split("_")[1].lower()
        key = variable.removeprefix(f"ZOOL_{section.upper()}_")
        fields = {f.encode_name.upper(): f for f in msgspec.structs.fields(TOLD[section])}
        assert key in fields, variable
        msgspec.convert(value, fields[key].type, strict=False)


def test_ports_and_passwords_reach_those_who_need_them() -> None:
    """Each stage has its own account and face; only some are told of Triton and ClickHouse."""
    plan = _plan()
    for i, name in enumerate(ACCOUNTS):
        environ = plan[name].environ
        assert (environ["ZOOL_NATS_USER"], environ["ZOOL_NATS_PASSWORD"]) == (name, f"secret-{name}")
        assert environ["ZOOL_FACE_PORT"] == str(10 + i)
        assert plan[name].ready_url == f"http://{LOOPBACK}:{10 + i}/health/ready"
        assert sum(secret in environ.values() for secret in PASSWORDS.values()) == 1 + (name in {"store", "api"})
    assert {n for n, c in plan.items() if "ZOOL_TRITON_URL" in c.environ} == {"ingest", "recognise", "api"}
    assert plan["triton"].ready_url == f"http://{LOOPBACK}:3/v2/health/ready"
    assert plan["clickhouse"].environ["ZOOL_CLICKHOUSE_PASSWORD"] == "secret-clickhouse"
    assert plan["api"].environ["ZOOL_API_PORT"] == "6"
    assert plan["api"].environ["ZOOL_API_ACS_PORT"] == "7"
    assert plan["api"].environ["ZOOL_API_HOST"] == "0.0.0.0"


def test_no_password_stands_on_a_command_line() -> None:
    """Everybody on a machine can read command lines."""
    for component in _plan().values():
        assert not any(secret in word for word in component.argv for secret in PASSWORDS.values())


def test_the_broker_listens_on_loopback_and_knows_the_accounts() -> None:
    """Its configuration is JSON, with one user per stage and no other."""
    conf = _conf()
    assert conf["listen"] == f"{LOOPBACK}:1"
    assert conf["jetstream"]["store_dir"] == "/data/nats"
    assert list(_users()) == list(ACCOUNTS)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_nobody_may_delete_purge_or_change_a_stream(name: str) -> None:
    """What was written stays; the api alone takes single messages out: dead letters, and what names a person."""
    for stream in (*STREAMS, *(f"KV_zool-{bucket}" for bucket in BUCKETS)):
        for verb in ("DELETE", "PURGE", "UPDATE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            mended = (name, verb) == ("api", "MSG.DELETE") and stream in {
                "DEAD",
                "READS",
                "EVENTS",
                "SHOTS",
                "REDELIVER",
            }
            assert may(name, f"$JS.API.STREAM.{verb}.{stream}") == mended, (verb, stream)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_nobody_makes_a_stream_of_another_name(name: str) -> None:
    """A stream of one's own that mirrors the bucket of users would be a way around."""
    assert may(name, "$JS.API.STREAM.CREATE.EVENTS")
    assert may(name, "$JS.API.STREAM.CREATE.KV_zool-cameras")
    assert not may(name, "$JS.API.STREAM.CREATE.mine")


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("stream", ["KV_zool-users", "DEAD"])
def test_only_the_api_reads_users_and_dead_letters(name: str, stream: str) -> None:
    """Hashes of tokens, and what could not be processed, are nobody else's business: no way to read is open."""
    ways = (
        f"$JS.API.CONSUMER.CREATE.{stream}", f"$JS.API.CONSUMER.CREATE.{stream}.x",
        f"$JS.API.CONSUMER.CREATE.{stream}.x.zool.dead.a", f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.x",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.x", f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.zool.dead.a", f"$JS.API.STREAM.MSG.GET.{stream}",
    )  # fmt: skip
    for way in ways:
        assert may(name, way) == (name == "api"), way


@pytest.mark.parametrize("name", ACCOUNTS)
def test_only_api_and_deliver_read_targets(name: str) -> None:
    """Targets may hold secrets."""
    for way in ("$JS.API.CONSUMER.CREATE.KV_zool-targets.x", "$JS.API.DIRECT.GET.KV_zool-targets.$KV.zool-targets.t"):
        assert may(name, way) == (name in {"api", "deliver"}), way


def test_each_says_only_what_its_role_says() -> None:
    """Subjects of the data path have one speaker each beside the api, which replays; ingest says its own kinds."""
    speakers = {
        "zool.detections.c": {"ingest", "api"},
        "zool.shots.plate_reader.c": {"ingest", "api"},
        "zool.reads.c": {"recognise", "api"},
        "zool.state.c": {"ingest"},
        "zool.events.system.system_gap": {"recognise", "decide", "store", "deliver", "api"},
        "zool.rpc.probe": {"api"},
        "zool.events.c.camera_lost": {"ingest", "decide", "store", "api"},
        "zool.events.c.vehicle_entry": {"decide", "store", "api"},
        "zool.events.c.feedback": {"decide", "store", "deliver", "api"},
        "zool.deliveries.t": {"deliver"},
        "zool.deliver.t.c.vehicle_entry": {"api"},
        "$KV.zool-targets.t": {"api"},
        "$KV.zool-delivery-rules.r": {"api"},
        "$KV.zool-cameras.c": {"api"},
        "$KV.zool-users.u": {"api"},
        "$KV.zool-plans.c": {"decide"},
        "$KV.zool-shares.member.x": {"decide"},
        "$KV.zool-snapshots.c": {"decide"},
        "$KV.zool-leases.c": {"ingest"},
    }
    for subject, wanted in speakers.items():
        assert {name for name in ACCOUNTS if may(name, subject)} == wanted, subject


@pytest.mark.parametrize(
    ("deaths_s", "delay_s"),
    [
        ([], 0.0),
        ([100.0], 0.0),
        ([60.0, 100.0], 0.0),
        ([99.0, 100.0], 0.5),
        ([98.0, 99.0, 100.0], 1.0),
        ([float(i) for i in range(80, 101)], 10.0),
    ],
)
def test_the_pause_doubles_while_it_keeps_dying(deaths_s: list[float], delay_s: float) -> None:
    """None after one death in 30 s, then 0.5 s, 1 s, 2 s … up to 10 s."""
    assert respawn_delay_s(deaths_s, 100.0) == delay_s
