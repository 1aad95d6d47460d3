"""The OpenAPI document, finished: bodies that `api.body` reads, and problem details for every refusal.

Pure: takes the document that the routes gave and returns another.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from api.accounts import OwnPasswordIn, PasswordIn, SessionIn, TokenIn, UserIn, UserPatch
from api.contract import (
    CameraIn,
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
from api.contract_deliver import DeliveryRuleIn, TargetIn, TrialIn
from api.contract_setup import CopyIn, RegionIn, RegionPatch, TemplateIn
from api.contract_work import HandlingIn
from api.doors import DoorIn, GuestIn, OpenIn
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
_TEMPLATE = "#/components/schemas/{name}"


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its own schemas, `default` problem answers, and no library defaults for errors."""
    whole = copy.deepcopy(document)
    _, own = msgspec.json.schema_components(_OWN, ref_template=_TEMPLATE)
    own["FunctionIn"]["properties"]["settings"] = {
        "description": "Which there are depends on the function; others may be installed beside these.",
        "anyOf": [{"$ref": _TEMPLATE.format(name=each.__name__)} for each in _SETTINGS],
    }
    whole.setdefault("components", {}).setdefault("schemas", {}).update(own)
    refusal = {
        "description": "Refused: problem details (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in whole["paths"].values():
        for operation in path.values():
            answers = operation["responses"]
            answers.pop("400", None)
            answers["default"] = refusal
    return whole
