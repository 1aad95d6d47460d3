"""The OpenAPI document, finished: bodies that `api.body` reads, and problem details for every refusal.

A call may answer with what stands in the document and with nothing else: a test makes calls of it and looks.

Pure: takes the document that the routes gave and returns another.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from api.access_table import OPEN
from api.accounts import OwnPasswordIn, PasswordIn, SessionIn, TokenIn, UserIn, UserPatch
from api.contract import (
    CameraIn,
    CameraOut,
    CameraPatch,
    FeedbackIn,
    FunctionIn,
    LettersIn,
    LotIn,
    MistakeIn,
    PersonIn,
    PersonPatch,
    PlateIn,
    ProbeIn,
    ReplayIn,
    VehicleIn,
)
from api.contract_deliver import DeliveryRuleIn, DeliveryRuleOut, TargetIn, TrialIn
from api.contract_setup import CopyIn, RegionIn, RegionPatch, TemplateIn
from api.contract_work import HandlingIn, MissedIn
from api.doors import DoorIn, DoorOut, GuestIn, OpenIn
from api.problem import MEDIA_TYPE, Problem
from postprocess.functions.registry import BUILT_IN

_SETTINGS = tuple(function.settings for function in BUILT_IN)
_OWN = (
    CameraIn,
    CameraPatch,
    CopyIn,
    FunctionIn,
    FeedbackIn,
    HandlingIn,
    MissedIn,
    LettersIn,
    LotIn,
    MistakeIn,
    PersonIn,
    PersonPatch,
    PlateIn,
    ProbeIn,
    RegionIn,
    RegionPatch,
    ReplayIn,
    TemplateIn,
    VehicleIn,
    OwnPasswordIn,
    PasswordIn,
    SessionIn,
    TokenIn,
    UserIn,
    UserPatch,
    DoorIn,
    GuestIn,
    OpenIn,
    DeliveryRuleIn,
    TargetIn,
    TrialIn,
    Problem,
    *_SETTINGS,
)
_ANSWERS = (CameraOut, DeliveryRuleOut, DoorOut)
"""Answers with bounded lists, which the library's own document describes wrongly."""
_TEMPLATE = "#/components/schemas/{name}"


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its own schemas, problem details for refusals, and no library defaults for errors."""
    whole = copy.deepcopy(document)
    _, own = msgspec.json.schema_components((*_OWN, *_ANSWERS), ref_template=_TEMPLATE)
    own["FunctionIn"]["properties"]["settings"] = {
        "description": "Which there are depends on the function; others may be installed beside these.",
        "anyOf": [{"$ref": _TEMPLATE.format(name=each.__name__)} for each in _SETTINGS],
    }
    whole.setdefault("components", {}).setdefault("schemas", {}).update(own)
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            _answers(method, operation["responses"])
            if (method.upper(), path) in OPEN:
                operation["security"] = []
    return whole


def _refused(description: str) -> dict[str, Any]:
    schema = {"$ref": _TEMPLATE.format(name="Problem")}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _answers(method: str, answers: dict[str, Any]) -> None:
    """What one call answers: a PUT makes what is not there (201), and 204 has no body."""
    answers.pop("400", None)
    answers["4XX"] = _refused("Refused: problem details (RFC 9457)")
    answers.setdefault("503", _refused("A component that it needs is away: problem details (RFC 9457)"))
    answers.get("204", {}).pop("content", None)
    if method == "put" and "200" in answers:
        answers["201"] = answers["200"] | {"description": "It was not there before"}
