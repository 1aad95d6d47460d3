"""The chart, rendered by Helm's own engine, for each set of values."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import kubernetes_validate
import pytest
import yaml
from prometheus_client import REGISTRY

import ingest.metrics  # noqa: F401 - its metrics are known from here on
from tests.support import helm
from tests.support.chart import SECRETS, SETS, SIZES, STAGES, merged, migration, pods, rendered, selects, values_of

EACH_SET = pytest.mark.parametrize("name", SETS)
ROOT = helm.ROOT
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()


@EACH_SET
def test_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    """No warning and no error, with the set as the chart's own values."""
    chart = tmp_path / "zool"
    shutil.copytree(helm.CHART, chart)
    defaults = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    (chart / "values.yaml").write_text(yaml.safe_dump(merged(defaults, values_of(name))), encoding="utf-8")
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
    different = {
        json.dumps(each, sort_keys=True)
        for name in SETS
        for each in (*rendered(name).objects, *rendered(name).hooks)
        if each["apiVersion"].split("/")[0] not in FOREIGN
    }
    assert len(different) >= 40
    for each in sorted(different):
        kubernetes_validate.validate(json.loads(each), version, strict=True)


FOREIGN = {"monitoring.coreos.com", "keda.sh", "gateway.networking.k8s.io"}
"""Groups that are not Kubernetes' own."""


@pytest.mark.parametrize(
    ("module", "kinds"),
    [
        ("cloudcoil.models.prometheus_operator.v1", ("PodMonitor", "PrometheusRule")),
        ("cloudcoil.models.keda.v1alpha1", ("ScaledObject",)),
    ],
)
def test_objects_of_operators_are_what_their_definitions_know(
    module: str, kinds: tuple[str, ...], chart_with_rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by models that are made of the operators' definitions, and written again, it is what it was."""
    monkeypatch.syspath_prepend(helm.APART)
    models = importlib.import_module(module)
    found = helm.render(values_of("full"), chart_with_rules)
    assert {each["kind"] for each in found.objects} >= set(kinds)
    for kind in kinds:
        for each in found.of(kind):
            read = getattr(models, kind).model_validate(each)
            assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == each


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
        ("full", {"nats", "clickhouse", "triton"}),
        ("small", {"nats", "clickhouse", "triton"}),
        ("30", {"nats", "clickhouse", "triton"}),
        ("100", {"nats", "clickhouse", "triton"}),
        ("1000", {"triton"}),
    ],
)
def test_pods_are_the_programs_that_exist(name: str, servers: set[str]) -> None:
    """Six stages, and the servers that are not external; nothing for a program that is not there."""
    assert set(pods(rendered(name))) == {*STAGES, *servers}


@EACH_SET
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    """Not root, nothing to gain, nothing to write but volumes, no token of the API server, no variables of Services."""
    for pod in (*pods(rendered(name)).values(), migration(rendered(name))):
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert min(security["runAsUser"], security["runAsGroup"], security["fsGroup"]) > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in (pod.container, *pod.spec.get("initContainers", [])):
            assert container["securityContext"] == {
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
    all_pods = (*pods(found).values(), migration(found))
    labels = {pod.name: pod.template["metadata"]["labels"] for pod in all_pods}
    for each in found.objects:
        if each["kind"] == "Service":
            selector = each["spec"]["selector"]
        elif each["kind"] == "NetworkPolicy":
            selector = each["spec"]["podSelector"]["matchLabels"]
        elif "selector" in each.get("spec", {}) and each["kind"] != "PodMonitor":
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
        assert addresses <= {"external": given, "1000": served | given}.get(name, served)


@EACH_SET
def test_the_network_lets_pass_what_is_needed(name: str) -> None:
    """Each pod has a policy; a server's policy lets in exactly the stages that are told its address, on that port."""
    found = rendered(name)
    told = {stage: pods(found)[stage].environ() for stage in STAGES} | {"migrate": migration(found).environ()}
    policies = {p["metadata"]["labels"]["app.kubernetes.io/component"]: p["spec"] for p in found.of("NetworkPolicy")}
    assert set(policies) == {*pods(found), "migrate"}
    clients = {
        ("nats", 4222): set(STAGES),
        ("triton", 8001): {stage for stage in STAGES if "ZOOL_TRITON_URL" in told[stage]},
        ("clickhouse", 8123): {stage for stage in told if "ZOOL_CLICKHOUSE_HOST" in told[stage]},
    }
    for (server, port), wanted in clients.items():
        if server not in policies:
            continue
        (rule,) = (each for each in policies[server]["ingress"] if _ports(each) == {port})
        assert {_component(peer) for peer in rule["from"]} == wanted
        for stage in told:
            out = [rule for rule in policies[stage]["egress"] if _ports(rule) == {port}]
            assert [{_component(peer) for peer in rule["to"]} for rule in out] == (
                [{server}] if stage in wanted else []
            )
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in policies.values())
    if name == "external":
        ports = {stage: set().union(*(_ports(rule) for rule in policies[stage]["egress"])) for stage in told}
        assert {stage for stage in told if 4222 in ports[stage]} == set(STAGES)
        assert {stage for stage in told if 8123 in ports[stage]} == {"store", "api", "migrate"}


def _budget() -> dict[str, float]:
    """Cores for each component and camera that is busy all the time: the table of BENCHMARKS.md."""
    lines = (ROOT / "BENCHMARKS.md").read_text(encoding="utf-8").splitlines()
    (head,) = (line for line in lines if line.startswith("| profile, cameras | ingest |"))
    (busy,) = (line for line in lines if line.startswith("| busy, 10 "))
    names = [cell.strip().casefold() for cell in head.split("|")[2:-1]]
    figures = [float(cell) / 1000 for cell in busy.split("|")[2:-1]]
    return dict(zip(names, figures, strict=True))


def _cores(text: str) -> float:
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


@pytest.mark.parametrize(("name", "cameras"), SIZES.items())
def test_a_size_asks_for_what_its_cameras_take(name: str, cameras: int) -> None:
    """Each component asks for the cores that BENCHMARKS.md says, and not for three times as many."""
    for pod in pods(rendered(name)).values():
        if pod.name == "deliver" or (pod.name == "triton" and "initContainers" in pod.spec):
            continue  # not in the table
        asked = pod.workload["spec"]["replicas"] * _cores(pod.container["resources"]["requests"]["cpu"])
        needed = cameras * _budget()[pod.name]
        assert needed <= asked < max(3 * needed, 1.25), pod.name
    ingest = pods(rendered(name))["ingest"].workload["spec"]["replicas"]
    assert cameras / ingest <= values_of_chart()["ingest"]["autoscaling"]["camerasPerPod"]


def values_of_chart() -> dict[str, Any]:
    """values.yaml."""
    read: dict[str, Any] = helm.values_file("values.yaml")
    return read


def _ports(rule: Mapping[str, Any]) -> set[int]:
    return {port["port"] for port in rule.get("ports", [])}


def _component(peer: Mapping[str, Any]) -> str:
    return str(peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"])


def test_deliver_never_runs_twice() -> None:
    """One replica, and the old pod goes before the new one comes; what shares its work may have any number."""
    spec = pods(rendered("default"))["deliver"].workload["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    with pytest.raises(helm.HelmRefused, match="'replicas' not allowed"):
        helm.render({"deliver": {"replicas": 2}})
    found = pods(helm.render({name: {"replicas": 3} for name in STAGES if name != "deliver"}))
    for name in set(STAGES) - {"deliver"}:
        spec = found[name].workload["spec"]
        assert (spec["replicas"], spec["strategy"]["type"]) == (3, "RollingUpdate")


def test_a_card_is_asked_for_on_the_gpu_alone() -> None:
    """nvidia.com/gpu is a limit of the server and of what builds its plans; which models are loaded is said."""
    gpu, cpu = pods(rendered("gpu"))["triton"], pods(rendered("cpu"))["triton"]
    before = gpu.spec["initContainers"]
    assert [each["name"] for each in before] == ["repository", "plans"]
    for each in (gpu.container, *before):
        assert each["resources"]["limits"]["nvidia.com/gpu"] == 1
        assert each["image"] == "zool-triton-gpu:0.1.0"
        assert each["volumeMounts"] == gpu.container["volumeMounts"]
    assert "--model-control-mode=explicit" in gpu.argv
    assert "initContainers" not in cpu.spec
    assert "nvidia.com/gpu" not in cpu.container["resources"]["limits"]
    assert cpu.container["image"] == "zool-triton-cpu:0.1.0"


def test_plans_may_stay_in_a_claim() -> None:
    """Otherwise they are built at each start; imported weights are mounted into everything that builds."""
    claims = {"target": "gpu", "repositoryClaim": "plans", "modelsClaim": "weights", "gpus": 2}
    kept = pods(helm.render({"triton": claims}))["triton"]
    volumes = {each["name"]: each for each in kept.spec["volumes"]}
    assert volumes["work"]["persistentVolumeClaim"] == {"claimName": "plans"}
    assert volumes["models"]["persistentVolumeClaim"] == {"claimName": "weights", "readOnly": True}
    temporary = {each["name"]: each for each in pods(rendered("gpu"))["triton"].spec["volumes"]}
    assert temporary["work"]["emptyDir"] == {"sizeLimit": "16Gi"}
    assert "--gpus=2" in kept.spec["initContainers"][0]["command"]


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


@EACH_SET
def test_one_of_several_may_be_evicted(name: str) -> None:
    """What may have two pods has a budget and is spread over nodes; a single pod is not held against a drain."""
    found = rendered(name)
    budgets = {each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"] for each in found.of(BUDGET)}
    scaled = {each["spec"]["scaleTargetRef"]["name"] for kind in SCALERS for each in found.of(kind)}
    for pod in pods(found).values():
        several = pod.workload["spec"].get("replicas", 1) > 1 or pod.workload["metadata"]["name"] in scaled
        assert (pod.name in budgets) == several
        assert bool(pod.spec.get("topologySpreadConstraints")) == several
        for each in pod.spec.get("topologySpreadConstraints", []):
            assert selects(each["labelSelector"]["matchLabels"], pod.template["metadata"]["labels"])
    assert all(spec["maxUnavailable"] == 1 for spec in budgets.values())


BUDGET, SCALERS = "PodDisruptionBudget", ("HorizontalPodAutoscaler", "ScaledObject")


def test_the_service_of_the_api() -> None:
    """HTTP alone, unless the access-control stream is switched on."""
    assert rendered("default").one("Service", "zool-api")["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http"}
    ]


def test_ingest_follows_the_number_of_cameras() -> None:
    """By the mean of a metric that ingest really has, over its Deployment, which then names no number itself."""
    (scaler,) = rendered("full").of("HorizontalPodAutoscaler")
    workload = pods(rendered("full"))["ingest"].workload
    assert scaler["spec"]["scaleTargetRef"]["name"] == workload["metadata"]["name"]
    assert "replicas" not in workload["spec"]
    (metric,) = (each["pods"] for each in scaler["spec"]["metrics"])
    assert metric["target"] == {"type": "AverageValue", "averageValue": "12"}
    known = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    assert metric["metric"]["name"] in known
    assert rendered("default").of("HorizontalPodAutoscaler") == ()


def test_workers_follow_the_lag_of_their_streams() -> None:
    """One trigger for each consumer, asked at the broker's monitoring port, which lets those in who are named."""
    found = rendered("full")
    consumers = json.loads((helm.CHART / "files" / "consumers.json").read_text(encoding="utf-8"))
    for each in found.of("ScaledObject"):
        component = each["metadata"]["labels"]["app.kubernetes.io/component"]
        assert each["spec"]["scaleTargetRef"]["name"] == f"zool-{component}"
        assert "replicas" not in pods(found)[component].workload["spec"]
        asked = [trigger["metadata"] for trigger in each["spec"]["triggers"]]
        assert [{"stream": one["stream"], "consumer": one["consumer"]} for one in asked] == consumers[component]
        assert {one["natsServerMonitoringEndpoint"] for one in asked} == {"zool-nats.video.svc:8222"}
        assert {one["lagThreshold"] for one in asked} == {{"recognise": "123", "store": "20000"}[component]}
    assert {"name": "monitor", "port": 8222, "targetPort": "monitor"} in found.one("Service", "zool-nats")["spec"][
        "ports"
    ]
    rules = found.one("NetworkPolicy", "zool-nats")["spec"]["ingress"]
    assert [rule["from"] for rule in rules if _ports(rule) == {8222}] == [
        values_of("full")["networkPolicy"]["monitorFrom"]
    ]
    assert not [
        rule for rule in rendered("cpu").one("NetworkPolicy", "zool-nats")["spec"]["ingress"] if 8222 in _ports(rule)
    ]
    theirs = merged(values_of("external"), {"store": {"autoscaling": {"enabled": True}}})
    with pytest.raises(helm.HelmRefused, match="at '/nats/external/monitor'"):
        helm.render(theirs)
    (scaler,) = helm.render(merged(theirs, {"nats": {"external": {"monitor": "nats:8222"}}})).of("ScaledObject")
    assert scaler["spec"]["triggers"][0]["metadata"]["natsServerMonitoringEndpoint"] == "nats:8222"


def test_prometheus_finds_what_has_metrics() -> None:
    """By names of ports, as job zool with the label `component`, as boards expect; not by annotations as well."""
    (monitor,) = rendered("full").of("PodMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    asked = {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]}
    for pod in pods(rendered("full")).values():
        labels = pod.template["metadata"]["labels"]
        assert selects(monitor["spec"]["selector"]["matchLabels"], labels)
        assert len(asked & set(pod.ports)) == (pod.name in {*STAGES, "triton"})
        assert labels[monitor["spec"]["jobLabel"]] == "zool"
        assert "prometheus.io/scrape" not in (pod.template["metadata"].get("annotations") or {})
    for each in monitor["spec"]["podMetricsEndpoints"]:
        assert each["relabelings"][0]["targetLabel"] == "component"
    with pytest.raises(helm.HelmRefused, match="at '/metrics/annotations'"):
        helm.render({"metrics": {"podMonitor": {"enabled": True}}})


def test_boards_are_config_maps_that_grafana_finds() -> None:
    """Each board in each language that is wanted, with the label of the sidecar, unchanged."""
    found = [each for each in rendered("full").of("ConfigMap") if "grafana_dashboard" in each["metadata"]["labels"]]
    held = {name: text for each in found for name, text in each["data"].items()}
    assert held == {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "dashboards/boards").glob("*.json")}
    assert all(each["metadata"]["labels"]["grafana_dashboard"] == "1" for each in found)
    russian = helm.render({"metrics": {"boards": {"enabled": True, "languages": ["ru"]}}}).of("ConfigMap")
    assert {name.split(".")[1] for each in russian for name in each["data"] if name.endswith(".json")} == {"ru"}


@pytest.fixture(scope="module")
def chart_with_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart with one more file of alerts, whose texts hold what templates would take for their own."""
    chart = tmp_path_factory.mktemp("rules") / "zool"
    shutil.copytree(helm.CHART, chart)
    (chart / "files" / "rules").mkdir(exist_ok=True)
    (chart / "files" / "rules" / "more.yaml").write_text(yaml.safe_dump({"groups": [ALERTS]}), encoding="utf-8")
    return chart


ALERTS = {
    "name": "more",
    "rules": [{"alert": "Away", "expr": "up == 0", "for": "5m", "annotations": {"summary": "{{ $labels.component }}"}}],
}


def test_alerts_are_rules_of_prometheus(chart_with_rules: Path) -> None:
    """Each file of alerts is a PrometheusRule with its groups, none of them changed."""
    found = helm.render({"metrics": {"rules": {"enabled": True, "labels": {"a": "b"}}}}, chart_with_rules)
    rule = found.one("PrometheusRule", "zool-more")
    assert rule["spec"] == {"groups": [ALERTS]}
    assert rule["metadata"]["labels"]["a"] == "b"
    assert len(found.of("PrometheusRule")) == 1 + len(list((ROOT / "dashboards" / "alerts").glob("*.yaml")))


def test_ways_in_from_outside_lead_to_the_api() -> None:
    """Ingress and routes name ports of its Service; where TLS ends there, cookies are for TLS alone."""
    found = rendered("full")
    ports = {each["name"]: each["port"] for each in found.one("Service", "zool-api")["spec"]["ports"]}
    (rule,) = found.one("Ingress", "zool-api")["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "zool-api", "port": {"name": "http"}}
    for kind, port in (("HTTPRoute", "http"), ("GRPCRoute", "acs")):
        (to,) = found.one(kind, "zool-api")["spec"]["rules"]
        assert to["backendRefs"] == [{"name": "zool-api", "port": ports[port]}]
    (acs,) = (each for each in found.one("Service", "zool-api")["spec"]["ports"] if each["name"] == "acs")
    assert acs["appProtocol"] == "kubernetes.io/h2c"
    assert pods(found)["api"].environ()["ZOOL_API_BEHIND_TLS"] == "true"
    plain = helm.render({"ingress": {"enabled": True, "host": "zool.example.org"}})
    assert "ZOOL_API_BEHIND_TLS" not in pods(plain)["api"].environ()
    assert "tls" not in plain.one("Ingress", "zool-api")["spec"]
    for kind in ("Ingress", "HTTPRoute", "GRPCRoute"):
        assert rendered("default").of(kind) == ()


def test_files_of_secrets_lie_where_they_are_said_to() -> None:
    """The secret for the identity provider, the files of targets, and further secrets, each in its pod alone."""
    found = pods(rendered("full"))
    mounted = {}
    for pod in found.values():
        secrets = {each["name"]: each["secret"]["secretName"] for each in pod.spec["volumes"] if "secret" in each}
        mounts = {each["name"]: each["mountPath"] for each in pod.container["volumeMounts"]}
        mounted[pod.name] = {mounts[name]: secret for name, secret in secrets.items()}
    cameras, admin = {"/run/secrets/cameras": "zool-cameras"}, {"/run/secrets/zool": "zool-admin"}
    assert {name: paths for name, paths in mounted.items() if paths} == {
        "ingest": cameras | {"/run/secrets/ca": "zool-ca"},
        "deliver": {"/run/secrets/deliver": "zool-deliver"},
        "api": cameras | admin | {"/run/secrets/oidc": "zool-oidc"},
    }
    environ = found["api"].environ()
    assert environ["ZOOL_API_OIDC_CLIENT_SECRET_FILE"] == "/run/secrets/oidc/secret"
    out = rendered("full").one("NetworkPolicy", "zool-api")["spec"]["egress"]
    assert [rule["to"] for rule in out if _ports(rule) == {443}] == [[{"ipBlock": {"cidr": "10.2.0.0/16"}}]]


@EACH_SET
def test_tables_are_changed_before_pods_are_exchanged(name: str) -> None:
    """A Job before an upgrade, by `zool store`; it reads no ConfigMap, which is still that of the version before."""
    pod = migration(rendered(name))
    assert pod.workload["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert pod.argv[1:] == ["-m", "deploy", "store", "migrate"]
    assert pod.container["image"] == pods(rendered(name))["store"].container["image"]
    assert all("configMap" not in volume for volume in pod.spec["volumes"])
    store = pods(rendered(name))["store"].environ()
    assert pod.environ() == {key: value for key, value in store.items() if key.startswith("ZOOL_CLICKHOUSE_")}


def test_the_migration_is_told_how_long_rows_are_kept() -> None:
    """Settings of `[store]` are its environment; it may be switched off."""
    pod = migration(helm.render({"config": {"store": {"photos_days": 90, "events_days": 1000}}}))
    assert {key: value for key, value in pod.environ().items() if key.startswith("ZOOL_STORE_")} == {
        "ZOOL_STORE_PHOTOS_DAYS": "90",
        "ZOOL_STORE_EVENTS_DAYS": "1000",
    }
    off = helm.render({"migrate": {"enabled": False}})
    assert off.hooks == ()
    assert "zool-migrate" not in {each["metadata"]["name"] for each in off.objects}


@EACH_SET
def test_a_stop_has_time_and_what_is_asked_leaves_first(name: str) -> None:
    """SIGTERM is the drain; only what has an address waits before it, until the address leads to others."""
    for pod in pods(rendered(name)).values():
        assert pod.spec["terminationGracePeriodSeconds"] >= 30
        waits = pod.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert bool(waits) == (pod.name in {"api", "triton"})
        assert waits < pod.spec["terminationGracePeriodSeconds"] / 2


def test_priority_is_that_of_all_or_its_own() -> None:
    """A component's own class wins; without either none is named."""
    found = pods(rendered("full"))
    assert {name: pod.spec["priorityClassName"] for name, pod in found.items()} == {
        name: "low" if name == "deliver" else "video" for name in found
    }
    assert not [pod for pod in pods(rendered("default")).values() if "priorityClassName" in pod.spec]


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
    assert "https://zool.example.org/" in rendered("full").notes
    assert "-c plans" in rendered("gpu").notes
    assert "the api can't reach the provider" in helm.render({"config": {"api": {"oidc_issuer": "https://a"}}}).notes
    for name, said in (("default", "deliveries reach nobody"), ("default", "cameras lie at the broker as they are")):
        assert said in rendered(name).notes
        assert said not in rendered("full").notes
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
        ({"ingest": {"autoscaling": {"camerasPerPod": 0}}}, "at '/ingest/autoscaling/camerasPerPod': minimum"),
        ({"store": {"autoscaling": {"lagg": 1}}}, "at '/store/autoscaling': additional properties 'lagg' not allowed"),
        ({"ingress": {"enabled": True}}, "at '/ingress/host'"),
        ({"gateway": {"enabled": True}}, "at '/gateway/parentRefs'"),
        ({"api": {"secretFiles": [{"secret": "a", "mountPath": "/etc"}]}}, "at '/api/secretFiles/0/mountPath'"),
        ({"ingest": {"affinity": {"nodeAffinity": {"required": []}}}}, "at '/ingest/affinity/nodeAffinity'"),
        (
            {"networkPolicy": {"apiFrom": [{"podSelector": {"matchLabel": {}}}]}},
            "at '/networkPolicy/apiFrom/0/podSelector'",
        ),
        ({"metrics": {"boards": {"languages": ["de"]}}}, "at '/metrics/boards/languages/0'"),
        ({"pods": {"topologySpread": {"maxSkew": 0}}}, "at '/pods/topologySpread/maxSkew'"),
        ({"migrate": {"secondsMax": 1}}, "at '/migrate/secondsMax'"),
        ({"global": {"anything": 1}}, "at '/global': additional properties 'anything' not allowed"),
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


def _objects(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every schema of an object below a schema, with where it stands; conditions are not schemas of values."""
    if isinstance(schema, list):
        return [found for index, each in enumerate(schema) for found in _objects(each, f"{path}/{index}")]
    if not isinstance(schema, dict):
        return []
    mine = [(path, schema)] if schema.get("type") == "object" or "properties" in schema else []
    below = [(k, v) for k, v in schema.items() if k not in {"allOf", "if", "then", "not", "const", "enum"}]
    return mine + [found for key, each in below for found in _objects(each, f"{path}/{key}")]


def test_the_schema_is_closed_at_every_level() -> None:
    """No object takes keys that are not known, or it says what their values are; all of values.yaml is described."""
    schema = json.loads((helm.CHART / "values.schema.json").read_text(encoding="utf-8"))
    found = _objects(schema)
    assert len(found) > 40
    assert [path for path, each in found if each.get("additionalProperties", True) is True] == []
    defaults = yaml.safe_load((helm.CHART / "values.yaml").read_text(encoding="utf-8"))
    assert set(defaults) | {"global"} == set(schema["properties"])
