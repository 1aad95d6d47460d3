"""deploy/compose.yaml: its own schema, what the chart says of the same programs, and what a container must not have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from deploy import chartgen
from ingest.settings import load
from tests.contract.test_deploy_chart_programs import _read_by, _read_by_shell, _variables
from tests.support.chart import STAGES, Pod, pods, rendered
from tests.support.compose import COMPOSE, parsed, services, target
from tests.support.helm import APART, ROOT

SCHEMA = APART / "compose" / "config" / "compose_spec.json"
FROM_FILES = {"ZOOL_NATS_PASSWORD": "nats_", "ZOOL_CLICKHOUSE_PASSWORD": "clickhouse"}
TRITONS = {"triton-cpu": "cpu", "triton-gpu": "gpu"}


def _refused(read: dict[str, Any]) -> list[str]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(read)]


def test_the_file_is_what_the_compose_specification_describes() -> None:
    """By its official JSON Schema, which would find a misspelt key."""
    assert _refused(parsed()) == []
    broken = json.loads(json.dumps(parsed()))
    broken["services"]["api"]["read_olny"] = True
    assert "read_olny" in _refused(broken)[0]


def test_profiles_hold_one_triton_each() -> None:
    """Everything else runs with both; on cards the repository and its plans come first, with all of the server's."""
    found = {name: tuple(service.get("profiles", ())) for name, service in services().items()}
    assert {name for name, profiles in found.items() if not profiles} == {*STAGES, "nats", "clickhouse", "prepare"}
    assert {name for name, profiles in found.items() if profiles == ("cpu",)} == {"triton-cpu"}
    assert {name for name, profiles in found.items() if profiles == ("gpu",)} == {"repository", "plans", "triton-gpu"}
    done = {"condition": "service_completed_successfully"}
    assert services()["triton-gpu"]["depends_on"] == {"plans": done}
    assert services()["plans"]["depends_on"] == {"repository": done}
    for name in ("repository", "plans", "triton-gpu"):
        (device,) = services()[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert all(services()[name]["networks"] == {"inner": {"aliases": ["triton"]}} for name in TRITONS)


@pytest.mark.parametrize("name", services())
def test_a_container_has_no_more_than_it_needs(name: str) -> None:
    """Not root, nothing to write but volumes, no capability, nothing to gain; bounded, and asked how it is."""
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "devices", "build"} & set(service)
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert any(each.partition(":size=")[0] == "/tmp" for each in service.get("tmpfs", [])) or name == "prepare"  # noqa: S108
    if name == "prepare":  # it gives a volume away, with nothing but the right to do so, and without a network
        assert (service["user"], service["cap_add"], service["network_mode"]) == ("0:0", ["CHOWN"], "none")
        return
    assert min(int(part) for part in service["user"].split(":")) > 0
    assert "cap_add" not in service
    assert service["healthcheck"].get("test") or service["restart"] == "no"


def test_nothing_is_published_but_the_api() -> None:
    """On loopback, unless somebody says otherwise; servers and what needs no camera and no target have no way out."""
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8080:8080"]}
    assert parsed()["networks"]["inner"] == {"internal": True}
    outside = {name for name, service in services().items() if "outer" in service.get("networks", [])}
    assert outside == {"ingest", "deliver", "api"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_told_what_the_program_reads(stage: str) -> None:
    """Each ZOOL_ variable is a setting with a value that it takes; none of the chart's is missing."""
    service = services()[stage]
    environ = {key: str(value) for key, value in service["environment"].items()}
    known, passwords = set(_variables(stage)) | _read_by_shell(), {key for key in FROM_FILES if key in str(service)}
    assert {key for key in environ if key.startswith("ZOOL_")} | passwords <= known
    for section, kind in _read_by(stage).items():
        assert isinstance(load(kind, section, environ=environ), msgspec.Struct)
    chart = pods(rendered("default"))[stage].environ()
    own = {"ZOOL_SECRETS_KEY_FILE", "ZOOL_INGEST_NAME", "ZOOL_DECIDE_NAME"}
    assert set(environ) | passwords == set(chart) | (own & set(environ))
    for key in passwords:
        name = FROM_FILES[key] + (stage if key == "ZOOL_NATS_PASSWORD" else "")
        assert f'export "ZOOL_NATS_PASSWORD=$(cat /run/secrets/nats_{stage})"' in service["command"][2]
        assert name in service["secrets"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_runs_the_program_of_the_chart(stage: str) -> None:
    """The same command, image, user and time to stop; files that it is told are mounted."""
    service, pod = services()[stage], pods(rendered("default"))[stage]
    assert service["command"][2].endswith(f"; exec {' '.join(pod.argv)}")
    assert service["image"] == pod.container["image"]
    security = pod.spec["securityContext"]
    assert service["user"] == f"{security['runAsUser']}:{security['runAsGroup']}"
    assert service["stop_grace_period"] == f"{pod.spec['terminationGracePeriodSeconds']}s"
    mounted = {f"/run/secrets/{name}" for name in service["secrets"]} | {target(each) for each in service["volumes"]}
    told = [value for key, value in service["environment"].items() if key.endswith(("_FILE", "_DIR", "_CONFIG"))]
    assert {path for path in told if path} <= mounted


def test_servers_are_those_of_the_chart() -> None:
    """Images, users, commands; the broker's accounts; ClickHouse's one user."""
    for name, of in _servers().items():
        service = services()[name]
        security = of.spec["securityContext"]
        assert service["image"] == of.container["image"]
        assert service["user"] == f"{security['runAsUser']}:{security['runAsGroup']}"
        if name in TRITONS:
            assert service["command"] == of.argv
        else:
            assert service["command"][0].endswith(f"exec {' '.join(of.argv)}")
    build, plan = (each["command"] for each in _servers()["triton-gpu"].spec["initContainers"])
    assert services()["repository"]["command"] == [word.replace("--gpus=1", "--gpus=auto") for word in build]
    assert services()["plans"]["command"] == plan
    folder, data = COMPOSE.with_name("compose"), rendered("default").one("ConfigMap", "zool-clickhouse")["data"]
    assert (folder / "nats.conf").read_text(encoding="utf-8") == chartgen.compose_broker()
    assert (folder / "clickhouse.xml").read_text(encoding="utf-8").strip() == data["config.xml"].strip()
    assert (folder / "clickhouse-users.xml").read_text(encoding="utf-8").strip() == data["users.xml"].strip()


def _servers() -> dict[str, Pod]:
    found = pods(rendered("default"))
    tritons = {name: pods(rendered(of))["triton"] for name, of in TRITONS.items()}
    return {"nats": found["nats"], "clickhouse": found["clickhouse"]} | tritons


def test_secrets_are_files_that_are_not_here() -> None:
    """Each is used, lies in a folder that git and images leave out, and none has a default."""
    used = {name for service in services().values() for name in service.get("secrets", [])}
    assert parsed()["secrets"] == {name: {"file": f"./compose/secrets/{name}"} for name in used}
    assert "/deploy/compose/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "deploy/compose" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    readme = Path(ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    assert all(name.removeprefix("nats_") in readme for name in used)
