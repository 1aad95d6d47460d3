"""The chart, rendered by Helm's own engine, for each set of values."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import kubernetes_validate
import pytest
import yaml

from tests.support import helm
from tests.support.chart import SECRETS, SETS, STAGES, pods, rendered, selects

EACH_SET = pytest.mark.parametrize("name", SETS)
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        both[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both


@EACH_SET
def test_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    """No warning and no error, with the set as the chart's own values."""
    chart = tmp_path / "zool"
    shutil.copytree(helm.CHART, chart)
    defaults = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    over = helm.values_file(SETS[name]) if SETS[name] else {}
    (chart / "values.yaml").write_text(yaml.safe_dump(_merged(defaults, over)), encoding="utf-8")
    assert [message for message in helm.lint(chart) if message["Severity"] > 1] == []


def test_lint_can_find_something(tmp_path: Path) -> None:
    """A template that is broken is an error of severity 3."""
    chart = tmp_path / "zool"
    shutil.copytree(helm.CHART, chart)
    (chart / "templates" / "broken.yaml").write_text("{{ .Values.nothing.at.all }}", encoding="utf-8")
    assert [message["Severity"] for message in helm.lint(chart)][-1] == 3


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_is_valid_kubernetes(version: str) -> None:
    """Strictly: a field that Kubernetes does not know is an error too. What two sets share is looked at once."""
    different = {json.dumps(each, sort_keys=True) for name in SETS for each in rendered(name).objects}
    assert len(different) >= 25
    for each in sorted(different):
        kubernetes_validate.validate(json.loads(each), version, strict=True)


def test_kubernetes_schemas_would_find_an_error() -> None:
    """A misspelt field of a pod is refused."""
    broken = json.loads(json.dumps(rendered("cpu").one("Deployment", "zool-api")))
    broken["spec"]["template"]["spec"]["containers"][0]["comand"] = ["x"]
    with pytest.raises(kubernetes_validate.ValidationError, match="comand"):
        kubernetes_validate.validate(broken, OLDEST, strict=True)


@EACH_SET
def test_what_is_sent_is_what_was_rendered(name: str) -> None:
    """Each object arrives at the server once, in the namespace of the release."""
    found = rendered(name)
    sent = {(each["kind"], each["metadata"]["name"]) for each in found.posted}
    assert sent == {(each["kind"], each["metadata"]["name"]) for each in found.objects}
    assert len(found.posted) == len(found.objects)
    assert {each["metadata"]["namespace"] for each in found.objects} == {helm.NAMESPACE}


@pytest.mark.parametrize(
    ("name", "servers"),
    [
        ("default", {"nats", "clickhouse", "triton"}),
        ("cpu", {"nats", "clickhouse", "triton"}),
        ("gpu", {"nats", "clickhouse", "triton"}),
        ("external", set()),
    ],
)
def test_pods_are_the_programs_that_exist(name: str, servers: set[str]) -> None:
    """Five stages, and the servers that are not external; nothing for a program that is not there."""
    assert set(pods(rendered(name))) == {*STAGES, *servers}


@EACH_SET
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    """Not root, nothing to gain, nothing to write but volumes, no token of the API server, no variables of Services."""
    for pod in pods(rendered(name)).values():
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)
        assert all("hostPath" not in volume for volume in pod.spec["volumes"])
    (account,) = rendered(name).of("ServiceAccount")
    assert account["automountServiceAccountToken"] is False


@EACH_SET
def test_every_pod_is_bounded_and_asked(name: str) -> None:
    """Memory has a limit, processor and memory a request; three probes ask a port that the container has."""
    for pod in pods(rendered(name)).values():
        resources = pod.container["resources"]
        assert set(resources["requests"]) >= {"cpu", "memory"}
        assert "memory" in resources["limits"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            port, path = pod.probe(probe)
            assert port in pod.ports.values()
            assert path.startswith("/")
        volumes = {volume["name"] for volume in pod.spec["volumes"]}
        volumes |= {claim["metadata"]["name"] for claim in pod.workload["spec"].get("volumeClaimTemplates", [])}
        assert {mount["name"] for mount in pod.container["volumeMounts"]} == volumes
        assert all("sizeLimit" in v["emptyDir"] for v in pod.spec["volumes"] if "emptyDir" in v)


@EACH_SET
def test_secrets_are_named_and_never_held(name: str) -> None:
    """No Secret is made; each reference is to one that the notes name; passwords are never plain values."""
    found = rendered(name)
    assert found.of("Secret") == ()
    for pod in pods(found).values():
        for entry in pod.container.get("env", []):
            if "valueFrom" in entry:
                asked = entry["valueFrom"]["secretKeyRef"]
                assert asked["key"] in SECRETS[asked["name"]]
                assert asked["name"] in found.notes
            elif any(word in entry["name"] for word in ("PASSWORD", "SECRET", "TOKEN")):
                assert entry["name"].endswith(("_FILE", "_DIR")) or entry["value"].startswith('"$(')
    for stage in STAGES:
        (password,) = (e for e in pods(found)[stage].container["env"] if e["name"] == "ZOOL_NATS_PASSWORD")
        assert password["valueFrom"]["secretKeyRef"] == {"name": "zool-nats", "key": stage}


@EACH_SET
def test_selectors_find_their_pods_and_nobody_elses(name: str) -> None:
    """Workloads, Services, the disruption budget and network policies each find one workload's pods."""
    found = rendered(name)
    labels = {pod.name: pod.template["metadata"]["labels"] for pod in pods(found).values()}
    for each in found.objects:
        if each["kind"] == "Service":
            selector = each["spec"]["selector"]
        elif each["kind"] == "NetworkPolicy":
            selector = each["spec"]["podSelector"]["matchLabels"]
        elif "selector" in each.get("spec", {}):
            selector = each["spec"]["selector"]["matchLabels"]
        else:
            continue
        wanted = each["metadata"]["labels"]["app.kubernetes.io/component"]
        assert [one for one, found_labels in labels.items() if selects(selector, found_labels)] == [wanted]


@EACH_SET
def test_services_hit_ports_that_pods_have(name: str) -> None:
    """By name; and a StatefulSet's own Service is there."""
    found = rendered(name)
    for service in found.of("Service"):
        pod = pods(found)[service["metadata"]["labels"]["app.kubernetes.io/component"]]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in pod.ports
            if service["spec"].get("clusterIP") == "None":  # no address of its own: the port is the pod's
                assert port["port"] == pod.ports[port["targetPort"]]
    names = {service["metadata"]["name"] for service in found.of("Service")}
    assert {each["spec"]["serviceName"] for each in found.of("StatefulSet")} <= names


@EACH_SET
def test_addresses_are_services_of_the_chart_or_the_given_ones(name: str) -> None:
    """What stages are told leads to a port of a Service, or is the external address of the values."""
    found = rendered(name)
    served = {
        f"{service['metadata']['name']}:{port['port']}"
        for service in found.of("Service")
        for port in service["spec"]["ports"]
    }
    for stage in STAGES:
        told = pods(found)[stage].environ()
        addresses = {told["ZOOL_NATS_URL"].removeprefix("nats://")}
        addresses |= {told[key] for key in ("ZOOL_TRITON_URL",) if key in told}
        if "ZOOL_CLICKHOUSE_HOST" in told:
            addresses.add(f"{told['ZOOL_CLICKHOUSE_HOST']}:{told['ZOOL_CLICKHOUSE_PORT']}")
        given = {"nats.messaging.svc:4222", "triton.inference.svc:8001", "clickhouse.analytics.svc:8123"}
        assert addresses <= (given if name == "external" else served)


@EACH_SET
def test_the_network_lets_pass_what_is_needed(name: str) -> None:
    """Each pod has a policy; a server's policy lets in exactly the stages that are told its address, on that port."""
    found = rendered(name)
    told = {stage: pods(found)[stage].environ() for stage in STAGES}
    policies = {p["metadata"]["labels"]["app.kubernetes.io/component"]: p["spec"] for p in found.of("NetworkPolicy")}
    assert set(policies) == set(pods(found))
    clients = {
        ("nats", 4222): set(STAGES),
        ("triton", 8001): {stage for stage in STAGES if "ZOOL_TRITON_URL" in told[stage]},
        ("clickhouse", 8123): {stage for stage in STAGES if "ZOOL_CLICKHOUSE_HOST" in told[stage]},
    }
    for (server, port), wanted in clients.items():
        if server not in policies:
            continue
        (rule,) = policies[server]["ingress"]
        assert [one["port"] for one in rule["ports"]] == [port]
        assert {_component(peer) for peer in rule["from"]} == wanted
        for stage in STAGES:
            out = [rule for rule in policies[stage]["egress"] if _ports(rule) == {port}]
            assert [{_component(peer) for peer in rule["to"]} for rule in out] == (
                [{server}] if stage in wanted else []
            )
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in policies.values())
    if name == "external":
        ports = {stage: set().union(*(_ports(rule) for rule in policies[stage]["egress"])) for stage in STAGES}
        assert {stage for stage in STAGES if 4222 in ports[stage]} == set(STAGES)
        assert {stage for stage in STAGES if 8123 in ports[stage]} == {"store", "api"}


def _ports(rule: Mapping[str, Any]) -> set[int]:
    return {port["port"] for port in rule.get("ports", [])}


def _component(peer: Mapping[str, Any]) -> str:
    return str(peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"])


def test_decide_never_runs_twice() -> None:
    """One replica, and the old pod goes before the new one comes; ingest shares its cameras."""
    spec = pods(rendered("default"))["decide"].workload["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    with pytest.raises(helm.HelmRefused, match="'replicas' not allowed"):
        helm.render({"decide": {"replicas": 2}})
    assert pods(helm.render({"ingest": {"replicas": 3}}))["ingest"].workload["spec"]["replicas"] == 3


def test_a_card_is_asked_for_on_the_gpu_alone() -> None:
    """nvidia.com/gpu is a limit of Triton's container, with the official image and a claim that holds the models."""
    gpu, cpu = pods(rendered("gpu"))["triton"], pods(rendered("cpu"))["triton"]
    assert gpu.container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert gpu.container["image"].startswith("nvcr.io/nvidia/tritonserver:")
    assert {"name": "models", "persistentVolumeClaim": {"claimName": "zool-models", "readOnly": True}} in gpu.spec[
        "volumes"
    ]
    assert "nvidia.com/gpu" not in cpu.container["resources"]["limits"]
    assert cpu.container["image"] == "zool-triton-cpu:0.1.0"


def test_a_change_of_settings_starts_pods_again() -> None:
    """The checksum in the pods follows config.ini, and nothing else."""
    other = helm.render({"config": {"store": {"photos_days": 90}}})
    assert "[store]\nphotos_days = 90" in other.one("ConfigMap", "zool-config")["data"]["config.ini"]
    for name in STAGES:
        before = pods(rendered("default"))[name].template["metadata"]["annotations"]["checksum/config"]
        assert pods(other)[name].template["metadata"]["annotations"]["checksum/config"] != before
        assert pods(rendered("gpu"))[name].template["metadata"]["annotations"]["checksum/config"] == before


def test_an_image_is_taken_by_digest_where_one_is_given() -> None:
    """A digest wins over the tag; the registry stands in front of our own images only."""
    digest = "sha256:" + "ab" * 32
    found = pods(
        helm.render({
            "image": {"registry": "registry.example.org/zool/", "tag": "1.2.3", "pullSecrets": ["pull"]},
            "api": {"image": {"digest": digest}},
            "nats": {"image": {"digest": digest}},
        })
    )  # fmt: skip
    assert found["api"].container["image"] == f"registry.example.org/zool/zool-api@{digest}"
    assert found["decide"].container["image"] == "registry.example.org/zool/zool-postprocess:1.2.3"
    assert found["nats"].container["image"] == f"nats@{digest}"
    assert found["store"].spec["imagePullSecrets"] == [{"name": "pull"}]


def test_disruption_budget_and_service_of_the_api() -> None:
    """One of several replicas may go at a time; a single one is not held against a drain."""
    (budget,) = rendered("default").of("PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert rendered("cpu").of("PodDisruptionBudget") == ()
    assert rendered("default").one("Service", "zool-api")["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http"}
    ]


def test_the_access_control_stream_is_off_until_it_has_a_certificate() -> None:
    """Off: nothing of it. On: a port of the pod, the Service and the policy, and the certificate by reference."""
    assert "acs" not in pods(rendered("default"))["api"].ports
    with pytest.raises(helm.HelmRefused, match="at '/api/acs/tlsSecret'"):
        helm.render({"api": {"acs": {"enabled": True}}})
    found = helm.render({"api": {"acs": {"enabled": True, "port": 443, "tlsSecret": "acs-tls"}}})
    for each in found.objects:
        kubernetes_validate.validate(each, NEWEST, strict=True)
    pod = pods(found)["api"]
    assert {"name": "acs", "port": 443, "targetPort": "acs"} in found.one("Service", "zool-api")["spec"]["ports"]
    assert pod.ports["acs"] == int(pod.environ()["ZOOL_API_ACS_PORT"])
    assert pod.ports["acs"] in _ports(found.one("NetworkPolicy", "zool-api")["spec"]["ingress"][0])
    (mount,) = (one for one in pod.container["volumeMounts"] if one["name"] == "acs")
    (volume,) = (one for one in pod.spec["volumes"] if one["name"] == "acs")
    assert volume["secret"]["secretName"] == "acs-tls"
    for key, file in (("CERT", "tls.crt"), ("KEY", "tls.key")):
        assert pod.environ()[f"ZOOL_API_ACS_TLS_{key}_FILE"] == f"{mount['mountPath']}/{file}"
    assert "ZOOL_API_ACS_TLS_CLIENT_CA_FILE" not in pod.environ()
    with pytest.raises(helm.HelmRefused, match="at '/api/acs/tlsSecret'"):
        helm.render({"api": {"acs": {"enabled": True, "plaintext": True, "clientCertificates": True}}})


def test_metrics_are_read_only_by_those_who_are_named() -> None:
    """Nobody by default; a peer that is named reaches the faces and Triton's metrics."""
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    opened = helm.render({"networkPolicy": {"metricsFrom": peers, "apiFrom": peers}})
    for found, wanted in ((opened, peers), (rendered("default"), None)):
        for name, port in (*((stage, 9090) for stage in STAGES), ("triton", 8002)):
            rules = found.one("NetworkPolicy", f"zool-{name}")["spec"]["ingress"]
            assert [rule["from"] for rule in rules if rule["ports"][0]["port"] == port] == ([wanted] if wanted else [])
    (web,) = (r for r in opened.one("NetworkPolicy", "zool-api")["spec"]["ingress"] if r["ports"][0]["port"] == 8080)
    assert web["from"] == peers


def test_clickhouse_knows_one_user_with_a_password_from_its_environment() -> None:
    """The user `default` is gone, and other protocols than ClickHouse's own two don't listen."""
    data = rendered("default").one("ConfigMap", "zool-clickhouse")["data"]
    users = ET.fromstring(data["users.xml"]).find("users")  # noqa: S314 - our own text
    assert users is not None
    assert {user.tag: user.get("remove") for user in users} == {"default": "1", "zool": None}
    password = users.find("zool/password")
    assert password is not None
    assert password.get("from_env") in {e["name"] for e in pods(rendered("default"))["clickhouse"].container["env"]}
    config = ET.fromstring(data["config.xml"])  # noqa: S314
    assert {one.tag for one in config if one.get("remove") and one.tag.endswith("port")} == {
        "mysql_port",
        "postgresql_port",
        "interserver_http_port",
    }


def test_notes_say_what_is_not_obvious() -> None:
    """Starters are called starters; open doors are named."""
    assert "starters" in rendered("default").notes
    assert "starters" not in rendered("external").notes
    assert "networkPolicy.enabled is false" in helm.render({"networkPolicy": {"enabled": False}}).notes


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ingset": {}}, "additional properties 'ingset' not allowed"),
        ({"api": {"replica": 2}}, "at '/api': additional properties 'replica' not allowed"),
        ({"api": {"replicas": 0}}, "at '/api/replicas': minimum: got 0, want 1"),
        ({"config": {"ingest": {"analysis_fsp": 5}}}, "at '/config/ingest': additional properties 'analysis_fsp'"),
        ({"config": {"ingest": {"analysis_fps": 99}}}, "at '/config/ingest/analysis_fps': maximum: got 99, want 30"),
        ({"config": {"api": {"port": 80}}}, "at '/config/api': additional properties 'port' not allowed"),
        ({"nats": {"enabled": False}}, "at '/nats/external/url'"),
        ({"nats": {"external": {"url": "nats://user:password@host:4222"}}}, "at '/nats/external/url'"),
        ({"clickhouse": {"enabled": False}}, "at '/clickhouse/external/host'"),
        ({"triton": {"enabled": False}}, "at '/triton/external/url'"),
        ({"triton": {"target": "gpu"}}, "at '/triton/repositoryClaim'"),
        ({"triton": {"target": "tpu"}}, "at '/triton/target': value must be one of 'cpu', 'gpu'"),
        ({"decide": {"resources": {"limits": {"memroy": "1Gi"}}}}, "memroy"),
        ({"decide": {"resources": {"limits": {"memory": "1 GB"}}}}, "at '/decide/resources/limits/memory'"),
        ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy'"),
        ({"secrets": {"nats": "my secret"}}, "at '/secrets/nats'"),
        ({"networkPolicy": {"cameras": ["10.0.0.1"]}}, "at '/networkPolicy/cameras/0'"),
        ({"networkPolicy": {"metricsFrom": [{}]}}, "at '/networkPolicy/metricsFrom/0'"),
        ({"store": {"image": {"digest": "latest"}}}, "at '/store/image/digest'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: Mapping[str, Any], said: str) -> None:
    """Helm says which key it is, before anything is installed."""
    with pytest.raises(helm.HelmRefused) as refused:
        helm.render(values)
    assert said in str(refused.value)
