"""Calls made of the OpenAPI document, against the api as it runs: what is answered is what is documented.

Bounded: a few calls of each kind, always the same ones. A broad run: `make fuzz`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.contract.test_api_openapi import document
from tests.support.api import TOKEN, Site, running_site, shot_of, vehicle_event

EXAMPLES = int(os.environ.get("ZOOL_FUZZ_EXAMPLES", "3"))
"""Of each way to make a call."""
ENDLESS = {
    "/api/v1/events/stream": "server-sent events: never ends (test_api_stream.py)",
    "/api/v1/live/boxes": "server-sent events: never ends (test_api_stream.py)",
}
AWAY = {
    ("POST", "/api/v1/cameras/test"): "asks ingest",
    ("GET", "/api/v1/cameras/{camera_id}/snapshot.jpg"): "asks ingest",
    ("POST", "/api/v1/cameras/{camera_id}/stills"): "asks ingest",
    ("POST", "/api/v1/people/{person_id}/photos"): "asks recognise",
    ("POST", "/api/v1/people/{person_id}/erase"): "asks store, and goes through streams that others make",
    ("POST", "/api/v1/deliveries/targets/{target_id}/test"): "asks deliver",
    ("POST", "/api/v1/dead/resume/{stage}"): "asks the stage",
}
"""Calls that ask a process which does not run here: 503 is the documented answer."""
CALLS = sorted(
    (method.upper(), path) for path, item in document()["paths"].items() if path not in ENDLESS for method in item
)
THERE = {
    "camera_id": "gate-1", "event_id": "event-gate-1-0000", "photo": "0.jpg", "shot": "shot-gate-1-0.jpg",
    "person_id": "ivanov", "lot_id": "yard", "door_id": "north", "region_id": "yard", "target_id": "hook",
    "rule_id": "all", "entry_id": "van",
}  # fmt: skip
"""Ids that lead to something."""
CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
    unsupported_method,
]
"""Who may come in is the matter of test_api_access.py, call by call."""
FEW = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with something behind the ids of `THERE`; limits of calls are out of the way."""
    limits = {"ZOOL_API_REQUESTS_PER_MINUTE": "1000000", "ZOOL_API_FAILED_LOGINS_PER_MINUTE": "10000"}
    with running_site(tmp_path_factory.mktemp("api-schemathesis"), limits) as found:
        event = vehicle_event(0)
        found.keep(event, shots=(shot_of(event),))
        with found.client() as client:
            for method, path, body in (
                ("POST", "regions", {"id": "yard", "name": "Yard"}),
                ("POST", "cameras", {"id": "gate-1", "name": "Gate", "url": "rtsp://10.0.0.8/", "region": "yard"}),
                ("PUT", "cameras/gate-1/functions/vehicles", {"settings": {}}),
                ("PUT", "doors/north", {"name": "North"}),
                ("POST", "people", {"id": "ivanov", "name": "Ivanov"}),
                ("POST", "vehicles", {"id": "van", "plate": "А123ВС77", "list": "allow"}),
            ):
                answer = client.request(method, f"/api/v1/{path}", json=body)
                assert answer.is_success, (path, answer.text)
        yield found
        assert found.api.alive
        assert "Traceback" not in found.api.log


@pytest.fixture(scope="module")
def schema(site: Site) -> Any:
    """The document as the api serves it."""
    with site.client() as client:
        return schemathesis.openapi.from_dict(client.get("/schema/openapi.json").json())


@pytest.mark.parametrize(("method", "path"), CALLS, ids=[" ".join(call) for call in CALLS])
def test_answers_are_as_documented(site: Site, schema: Any, method: str, path: str) -> None:
    """Fitting and unfitting parameters, and ids of what is there: status, type, headers and body are documented."""
    operation = schema[path][method]
    known = {name: value for name, value in THERE.items() if f"{{{name}}}" in path}
    known |= {"name": "vehicles"} if "/functions/{name}" in path else {}
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def check(case: Case) -> None:
        answer = case.call(base_url=site.api.url, headers=headers)
        case.validate_response(answer, checks=CHECKS, headers=headers)
        if answer.status_code != 503 or (method, path) not in AWAY:
            case.validate_response(answer, checks=[not_a_server_error], headers=headers)

    ways = [operation.as_strategy(GenerationMode.POSITIVE)]
    if operation.body or any(True for _ in operation.iter_parameters()):
        ways.append(operation.as_strategy(GenerationMode.NEGATIVE))
    ways += [operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known)] if known else []
    for way in ways:
        FEW(given(case=way)(check))()
