"""The chart beside the programs: variables, ports, commands and accounts in manifests are those that the code reads."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.config import ApiSettings
from deploy import chartgen
from deploy.up.command import SECTIONS
from deploy.up.plan import ACCOUNTS, Ports, nats_conf
from ingest.settings import check_sections, load, parse
from model_repository.__main__ import _parser as models_parser
from postprocess.__main__ import PROGRAMS
from postprocess.functions import registry
from postprocess.recognise import durable
from postprocess.store import PAST, TARGETS
from tests.support import helm
from tests.support.chart import SETS, STAGES, Pod, pods, rendered, values_of
from tests.support.nats import nats_server

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "ingest" / "process.py"
EACH_SET = pytest.mark.parametrize("name", SETS)


def _main_of(stage: str) -> tuple[str, str]:
    """The module that a stage runs, and the function in it that is its program (empty = the whole module)."""
    return ("postprocess.__main__", stage) if stage in PROGRAMS else (f"{stage}.__main__", "")


def _sections(path: Path, module: str, function: str = "") -> dict[str, type[msgspec.Struct]]:
    """Every `….settings(Kind, "section")` in a file, or in one function of it."""
    tree: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    if function:
        (tree,) = (n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == function)
    found: dict[str, type[msgspec.Struct]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "settings":
            kind, section = node.args
            assert isinstance(kind, ast.Name)
            assert isinstance(section, ast.Constant)
            found[str(section.value)] = getattr(importlib.import_module(module), kind.id)
    return found


def _read_by(stage: str) -> dict[str, type[msgspec.Struct]]:
    """The sections that the program of a stage reads, those of the shell of every process among them."""
    module, function = _main_of(stage)
    own = _sections(ROOT / f"{module.replace('.', '/')}.py", module, function)
    return own | _sections(SHELL, "ingest.process")


def _read_by_shell() -> set[str]:
    """Variables that the shell reads by their whole name."""
    return set(re.findall(r'environ\.get\("(ZOOL_\w+)"', SHELL.read_text(encoding="utf-8")))


def _variables(stage: str) -> dict[str, tuple[str, str]]:
    return {
        f"ZOOL_{section}_{field.encode_name}".upper(): (section, field.encode_name)
        for section, kind in _read_by(stage).items()
        for field in msgspec.structs.fields(kind)
    }


def test_the_programs_sections_are_found() -> None:
    """The reading of the sources finds what each stage is known to need, so that the tests below can fail."""
    assert set(_read_by("ingest")) == {"ingest", "picture", "nats", "triton", "face", "secrets"}
    assert set(_read_by("decide")) == {"decide", "nats", "face", "secrets"}
    assert set(_read_by("store")) == {"store", "nats", "clickhouse", "face", "secrets"}
    assert set(_read_by("deliver")) == {"deliver", "decide", "nats", "face", "secrets"}
    assert set(_read_by("api")) == {"api", "decide", "nats", "clickhouse", "face", "secrets"}
    assert _read_by_shell() == {"ZOOL_CONFIG", "ZOOL_LOG_LEVEL"}


LIBRARIES = {"OPENBLAS_NUM_THREADS"}
"""Variables that libraries read, not our programs."""


@EACH_SET
@pytest.mark.parametrize("stage", STAGES)
def test_every_variable_is_one_that_the_program_reads(name: str, stage: str) -> None:
    """No other ZOOL_ name is given, and each value is taken as it stands."""
    environ = {key: value for key, value in pods(rendered(name))[stage].environ().items() if key not in LIBRARIES}
    known = _variables(stage)
    assert {key for key in environ if key.startswith("ZOOL_")} <= set(known) | _read_by_shell()
    for section, kind in _read_by(stage).items():
        settings = load(kind, section, environ=environ)
        for variable, (of, key) in known.items():
            if of == section and variable in environ:
                field = next(f.name for f in msgspec.structs.fields(kind) if f.encode_name == key)
                assert str(getattr(settings, field)).casefold() == environ[variable].casefold()


@EACH_SET
@pytest.mark.parametrize("stage", STAGES)
def test_no_address_is_left_at_its_default(name: str, stage: str) -> None:
    """Defaults are loopback, which is nobody in a pod: each address, user and password of a section read is given."""
    environ = pods(rendered(name))[stage].environ()
    for section in set(_read_by(stage)) - set(SECTIONS):
        for variable, (of, key) in _variables(stage).items():
            if of == section and key in {"url", "host", "port", "user", "password"}:
                assert environ.get(variable), variable
                assert "127.0.0.1" not in environ[variable]


@EACH_SET
def test_commands_are_programs_of_ours_or_servers(name: str) -> None:
    """`python -m MODULE …` names a module that can be run, with words that it takes."""
    found = pods(rendered(name))
    for stage in STAGES:
        python, flag, module, *rest = found[stage].argv
        assert (python, flag) == ("python", "-m")
        assert importlib.util.find_spec(f"{module}.__main__") is not None
        assert (f"{module}.__main__", *rest) == (_main_of(stage) if stage in PROGRAMS else (_main_of(stage)[0],))
    commands = {each: pod.argv[0] for each, pod in found.items() if each not in STAGES}
    triton = "tritonserver" if values_of(name).get("triton", {}).get("target") == "gpu" else "python"
    servers = {"nats": "nats-server", "clickhouse": "clickhouse-server"}
    assert commands == {"external": {}, "1000": {"triton": triton}}.get(name, servers | {"triton": triton})


@EACH_SET
@pytest.mark.parametrize("stage", STAGES)
def test_ports_of_a_stage_are_those_that_it_is_told(name: str, stage: str) -> None:
    """The face, and the api's own port; the probes are paths that the face answers with something else than 404."""
    pod = pods(rendered(name))[stage]
    told = {key.rsplit("_", 2)[1].lower(): int(value) for key, value in pod.environ().items() if key.endswith("_PORT")}
    told.pop("clickhouse", None)
    assert pod.ports == {{"api": "http"}.get(key, key): value for key, value in told.items()}
    pages = set(re.findall(r'path == b"(/[\w/]+)"', SHELL.read_text(encoding="utf-8")))
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        port, path = pod.probe(probe)
        assert port == pod.ports["face"]
        assert path in pages
    assert pod.probe("livenessProbe")[1] == "/health/live"
    assert pod.probe("readinessProbe")[1] == "/health/ready"
    annotations = pod.template["metadata"]["annotations"]
    if name == "full":  # a PodMonitor instead
        return
    assert annotations["prometheus.io/port"] == str(pod.ports["face"])
    assert annotations["prometheus.io/path"] in pages


def test_triton_on_the_processor_takes_its_command() -> None:
    """The command line parses, its ports are the container's, and what it writes lies in a volume."""
    pod = pods(rendered("cpu"))["triton"]
    assert pod.argv[:3] == ["python", "-m", "model_repository"]
    options = models_parser().parse_args(pod.argv[3:])
    assert pod.ports == {"grpc": options.grpc_port, "http": options.http_port, "metrics": options.metrics_port}
    assert options.host == "0.0.0.0"
    writable = [m["mountPath"] for m in pod.container["volumeMounts"] if not m.get("readOnly")]
    assert any(options.repository.is_relative_to(path) for path in writable)


def test_triton_on_a_card_serves_what_its_init_containers_build() -> None:
    """On the ports of its container, from the folder that `build` and `plan` are told; they take these lines."""
    pod = pods(rendered("gpu"))["triton"]
    options = dict(word.removeprefix("--").partition("=")[::2] for word in pod.argv[1:])
    assert {face: int(options[f"{face}-port"]) for face in pod.ports} == pod.ports
    build, plan = (each["command"] for each in pod.spec["initContainers"])
    assert build[:4] == [*plan[:3], "build"] == ["python", "-m", "model_repository", "build"]
    built, planned = models_parser().parse_args(build[3:]), models_parser().parse_args(plan[3:])
    assert str(built.out) == str(planned.repository) == options["model-repository"]
    assert (built.target, built.gpus, planned.check) == ("gpu", 1, False)


def _broker(pod: Pod, found: helm.Rendered) -> dict[str, Any]:
    text: str = found.one("ConfigMap", "zool-nats")["data"]["nats.conf"]
    environ = pod.environ()
    read: dict[str, Any] = json.loads(re.sub(r"\$(NATS_PASSWORD_\w+)", lambda m: environ[m[1]], text))
    return read


def test_the_broker_is_that_of_one_machine() -> None:
    """Accounts, permissions and limits are those of `zool up`, with the passwords of the secret."""
    pod = pods(rendered("default"))["nats"]
    ours = _broker(pod, rendered("default"))
    passwords = {name: f"4711{name}" for name in ACCOUNTS}
    ports = Ports(nats=1, triton_grpc=2, triton_http=3, triton_metrics=4, clickhouse=5, api=6, faces={})
    theirs = json.loads(nats_conf(ports, Path("/data"), passwords))
    assert ours["listen"] == f"0.0.0.0:{pod.ports['client']}"
    assert ours["http"] == f"0.0.0.0:{pod.ports['monitor']}"
    for one in (ours, theirs):
        one.pop("listen")
        one.pop("http", None)
    assert ours == theirs


def test_servers_are_of_the_versions_that_are_tested() -> None:
    """The images of NATS and ClickHouse are of the same minor versions as the server and the engine in the tests."""
    found = pods(rendered("default"))
    said = subprocess.run([nats_server(), "--version"], capture_output=True, text=True, check=True).stdout
    nats, engine = re.search(r"v(\d+\.\d+)\.", said), re.match(r"\d+\.\d+", importlib.metadata.version("chdb-core"))
    assert nats is not None
    assert engine is not None
    assert found["nats"].container["image"] == f"nats:{nats[1]}-alpine"
    assert found["clickhouse"].container["image"] == f"clickhouse/clickhouse-server:{engine[0]}"


def test_the_chart_holds_what_the_code_says() -> None:
    """Accounts of the broker, settings, boards and alerts; `make chart` writes them again."""
    assert (helm.CHART / "files" / "nats.json").read_text(encoding="utf-8") == chartgen.broker()
    written = (helm.CHART / "values.schema.json").read_text(encoding="utf-8")
    assert chartgen.schema(written) == written
    copied = {
        f"{folder}/{path.name}": path.read_text(encoding="utf-8")
        for folder in chartgen.COPIED
        for path in (helm.CHART / "files" / folder).glob("*")
    }
    assert copied == chartgen.copies()
    assert "boards/gate.en.json" in copied


def test_workers_are_scaled_by_the_consumers_that_they_have() -> None:
    """files/consumers.json names, by program, the streams that it works off and its durable consumers there."""
    recognisers = sorted(registry.recognisers(registry.load()).values(), key=lambda each: each.name)
    assert json.loads((helm.CHART / "files" / "consumers.json").read_text(encoding="utf-8")) == {
        "recognise": [{"stream": "SHOTS", "consumer": durable(each)} for each in recognisers],
        "store": [{"stream": each.stream, "consumer": each.durable} for each in (*TARGETS, *PAST)],
    }


def test_every_setting_passes_through_the_chart() -> None:
    """All keys of config.ini as values give a config.ini that means the same to each program."""
    ini = (ROOT / "config.ini").read_text(encoding="utf-8")
    wanted = {section: load(kind, section, ini=ini) for section, kind in SECTIONS.items()}
    values = {
        section: {
            key: value
            for key, value in json.loads(msgspec.json.encode(settings)).items()
            if key not in chartgen.SET_BY_CHART.get(section, ())
        }
        for section, settings in wanted.items()
    }
    made = helm.render({"config": values}).one("ConfigMap", "zool-config")["data"]["config.ini"]
    check_sections(made, SECTIONS)
    assert {section: set(keys) for section, keys in parse(made).items()} == {s: set(v) for s, v in values.items()}
    assert {section: load(kind, section, ini=made) for section, kind in SECTIONS.items()} == wanted


def test_what_the_chart_sets_itself_is_set() -> None:
    """A key that can't be had as a value is given by the environment, or belongs to the stream below."""
    found = pods(rendered("default"))
    assert "ZOOL_API_OIDC_CLIENT_SECRET_FILE" in pods(rendered("full"))["api"].environ()
    for component, keys in chartgen.SET_BY_CHART.items():
        wanted = {f"ZOOL_{component}_{key}".upper() for key in keys if not key.startswith(("acs_", "oidc_"))}
        assert wanted <= set(found[component].environ())


def test_the_spool_has_room_for_what_is_set() -> None:
    """A volume beneath the folder that ingest is told, larger than what it may write there."""
    pod = pods(helm.render({"config": {"ingest": {"spool_mib_max": 1000}}}))["ingest"]
    (mount,) = [each for each in pod.container["volumeMounts"] if each["name"] == "spool"]
    (volume,) = [each for each in pod.spec["volumes"] if each["name"] == "spool"]
    assert pod.environ()["ZOOL_INGEST_SPOOL_DIR"] == mount["mountPath"]
    assert volume["emptyDir"] == {"sizeLimit": "1064Mi"}


def test_the_key_of_credentials_reaches_those_who_seal_and_open_them() -> None:
    """The api and ingest, and only where a secret is named."""
    found = pods(helm.render({"secrets": {"cameras": "zool-cameras"}}))
    for name in STAGES:
        mounts = {each["name"]: each["mountPath"] for each in found[name].container["volumeMounts"]}
        key_file = found[name].environ().get("ZOOL_SECRETS_KEY_FILE")
        assert key_file == (f"{mounts['cameras']}/keys" if name in {"ingest", "api"} else None)
    assert "ZOOL_SECRETS_KEY_FILE" not in pods(rendered("default"))["api"].environ()


@pytest.mark.xfail("acs_port" not in ApiSettings.__struct_fields__, reason="the api has no such stream", strict=True)
@pytest.mark.parametrize(
    "how", [{"tlsSecret": "acs-tls"}, {"plaintext": True}, {"tlsSecret": "acs-tls", "clientCertificates": True}]
)
def test_variables_of_the_access_control_stream_are_read(how: dict[str, Any]) -> None:
    """The api knows each of them, and takes the values together."""
    pod = pods(helm.render({"api": {"acs": {"enabled": True, **how}}}))["api"]
    environ = pod.environ()
    assert {name for name in environ if name.startswith("ZOOL_API_ACS_")} <= set(_variables("api"))
    settings: Any = load(ApiSettings, "api", environ=environ)
    assert (settings.acs_host, settings.acs_port) == ("0.0.0.0", pod.ports["acs"])
    assert bool(settings.acs_tls_cert_file) == ("tlsSecret" in how)
    assert settings.acs_plaintext == ("plaintext" in how)
    assert bool(settings.acs_tls_client_ca_file) == ("clientCertificates" in how)
