"""The OpenAPI document is a contract: a change shows up here, and is written down by running this file."""

from __future__ import annotations

import json
import sys
from datetime import UTC
from pathlib import Path
from typing import Any, cast

from api.config import ApiSettings, LookDefaults
from api.http.app import litestar_app
from api.http.services import Services
from api.openapi import finished
from ingest.config import IngestSettings
from postprocess.config import DecideSettings
from postprocess.functions.registry import registry

SNAPSHOT = Path(__file__).parent / "openapi.json"


def document() -> dict[str, Any]:
    """The document as the routes give it; nothing behind them is running."""
    absent = cast("Any", None)
    services = Services(
        functions=registry(),
        settings=ApiSettings(),
        version="0",
        link=absent,
        catalog=absent,
        states=absent,
        archive=absent,
        feed=absent,
        doors=absent,
        boxes=absent,
        graves=absent,
        eraser=absent,
        dispatch=absent,
        admission=absent,
        ledger=absent,
        look=LookDefaults(),
        decide=DecideSettings(),
        configured=frozenset(),
        zone=UTC,
        now_us=lambda: 0,
        new_id=lambda prefix: f"{prefix}-0",
    )
    return finished(litestar_app(services).openapi_schema.to_schema())


def written(found: dict[str, Any]) -> str:
    """The document as text that a diff can be read of."""
    return json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_document_is_the_agreed_one() -> None:
    """Routes, bodies and answers are as agreed; `python -m tests.contract.test_api_openapi` writes them anew."""
    assert written(document()) == SNAPSHOT.read_text(encoding="utf-8")


def test_every_reference_leads_somewhere() -> None:
    """No schema is named that is not there."""
    found = document()
    text = json.dumps(found)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= found["components"]["schemas"].keys()


def test_every_operation_has_words_and_a_refusal() -> None:
    """Each operation has a summary, a description and the problem answers."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert {"4XX", "503"} <= operation["responses"].keys(), (method, path)


def test_effective_values_show_the_defaults_of_ingest() -> None:
    """What the api shows as default is what ingest uses."""
    ours, theirs = LookDefaults(), IngestSettings()
    for name in LookDefaults.__struct_fields__:
        assert getattr(ours, name) == getattr(theirs, name)


if __name__ == "__main__":
    SNAPSHOT.write_text(written(document()), encoding="utf-8")
    sys.stdout.write(f"{SNAPSHOT}\n")
