"""The table of rights against the documents of both faces: nothing is missing, nothing is left over."""

from __future__ import annotations

import re

from api.access_table import ACS, CLOSED, OPEN, TABLE, acs_access, grants, rest_access
from api.acs.v1 import acs_pb2, doors_pb2
from api.sight import FILTERED_TABLES
from postprocess.ddl import Keep, statements
from tests.contract.test_api_openapi import document


def test_every_call_of_the_document_is_in_the_table() -> None:
    """Each method of each path says what it needs, or is open by name; the table names no call that is not there."""
    documented = {(method.upper(), path) for path, item in document()["paths"].items() for method in item}
    listed = {(method, path) for path, methods in TABLE.items() for method in methods}
    assert documented - OPEN - listed == set(), "add these to api/access_table.py"
    assert listed - documented == set(), "these are no calls any more"
    assert documented >= OPEN
    assert not OPEN & listed


def test_every_method_of_grpc_is_in_the_table() -> None:
    """Each method of zool.acs.v1 says what it needs."""
    files = (acs_pb2.DESCRIPTOR, doors_pb2.DESCRIPTOR)
    services = [service for file in files for service in file.services_by_name.values()]
    assert {f"/{service.full_name}/{method.name}" for service in services for method in service.methods} == ACS.keys()


def test_what_is_in_no_table_needs_an_administrator_of_the_whole_site() -> None:
    """A call that somebody forgot is closed, not open."""
    assert rest_access("GET", "/api/v1/forgotten") is rest_access("TRACE", "/api/v1/cameras") is CLOSED
    assert acs_access("/zool.acs.v1.AccessControl/Forgotten") is CLOSED
    assert CLOSED.place == "site"
    assert [role for role in ("administrator", "operator", "viewer", "integration") if grants(CLOSED, [role])] == [
        "administrator"
    ]


def test_whatever_a_machine_may_is_no_more_than_what_people_may() -> None:
    """Nothing is open to integrations alone, and what may be seen of one region is never more than the whole."""
    for methods in TABLE.values():
        for method, access in methods.items():
            assert grants(access, ["administrator"])
            assert access.least != "integration", (method, access)


def test_both_roles_have_to_allow() -> None:
    """A token bounds its user, and a user the token; no role at all allows nothing."""
    access = rest_access("PUT", "/api/v1/vehicles/{entry_id}")
    assert grants(access, ["operator", "integration"])
    assert not grants(access, ["operator", "viewer"])
    assert not grants(access, ["viewer", "administrator"])
    assert not grants(access, [])


def test_the_filter_of_regions_covers_every_table_of_the_store() -> None:
    """A table that a migration adds is filtered by camera, or named here with the reason why it need not be."""
    keep = Keep(events_days=1, events_unmatched_days=1, photos_days=1, looks_days=1)
    text = "\n".join(statements("zool", keep))
    tables = set(re.findall(r"CREATE TABLE IF NOT EXISTS zool\.(\w+)", text))
    says_nothing_of_cameras = {"migrations"}
    assert tables - says_nothing_of_cameras == set(FILTERED_TABLES)
