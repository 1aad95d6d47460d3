"""Users, tokens and sessions over the running api."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.__main__ import main
from tests.support.api import TOKEN, Site, running_site, vehicle_event

FIRST, SECOND = "a long first password", "a long second password"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file; three wrong passwords lock an account."""
    environ = {"ZOOL_API_LOGIN_FAILURES_MAX": "3", "ZOOL_API_FAILED_LOGINS_PER_MINUTE": "100"}
    with running_site(tmp_path_factory.mktemp("api-users"), environ) as running:
        yield running


@pytest.fixture
def owner(site: Site) -> Iterator[httpx.Client]:
    """Whoever has the token file."""
    with site.client() as found:
        yield found


def add(owner: httpx.Client, name: str, role: str = "operator", **fields: object) -> None:
    """Add a user with a password."""
    answer = owner.post("/api/v1/users", json={"name": name, "role": role, "password": FIRST} | fields)
    assert answer.status_code == 201, answer.text


@contextlib.contextmanager
def sign_in(site: Site, name: str, password: str = FIRST) -> Iterator[httpx.Client]:
    """A browser that signed in: it has the cookie, and the header of changes."""
    with site.client(token="") as client:
        answer = client.post("/api/v1/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-Zool-CSRF"] = answer.json()["csrf"]
        yield client


def test_the_first_run_and_the_last_administrator(owner: httpx.Client) -> None:
    """The token file asks for an administrator until one can sign in; the only one is not removed nor demoted."""
    assert owner.get("/api/v1/session").json()["first_run"]
    add(owner, "head", "administrator")
    assert not owner.get("/api/v1/session").json()["first_run"]
    any_ = {"If-Match": "*"}
    refused = owner.delete("/api/v1/users/head", headers=any_)
    assert (refused.status_code, "another one first" in refused.json()["detail"]) == (409, True)
    assert owner.patch("/api/v1/users/head", json={"role": "viewer"}, headers=any_).status_code == 409
    add(owner, "heir", "administrator")
    assert owner.delete("/api/v1/users/head", headers=any_).status_code == 204


def test_somebody_signs_in_works_and_signs_out(site: Site, owner: httpx.Client) -> None:
    """The cookie lets in, changes need their header, and after signing out it is worth nothing."""
    add(owner, "anna", title="Анна")
    with sign_in(site, "anna") as anna:
        cookie = str(anna.cookies["zool_session"])
        who = anna.get("/api/v1/session").json()
        assert (who["user"], who["title"], who["role"], who["came_by"]) == ("anna", "Анна", "operator", "session")
        assert anna.get("/api/v1/cameras").status_code == 200
        assert anna.get("/api/v1/users").status_code == 403
        vehicle = {"plate": "А001АА77", "list": "allow"}
        csrf = anna.headers.pop("X-Zool-CSRF")
        for wrong in ({}, {"X-Zool-CSRF": "x" * 40}):
            refused = anna.post("/api/v1/vehicles", json=vehicle, headers=wrong)
            assert (refused.status_code, refused.json()["type"]) == (403, "urn:zool:problem:csrf")
        assert anna.post("/api/v1/vehicles", json=vehicle, headers={"X-Zool-CSRF": csrf}).status_code == 201
        assert anna.delete("/api/v1/session", headers={"X-Zool-CSRF": csrf}).status_code == 204
    with site.client(token="") as thief:
        answer = thief.get("/api/v1/cameras", headers={"Cookie": f"zool_session={cookie}"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "The session has ended: sign in again.")


def test_the_cookie_says_what_it_is_for(site: Site, owner: httpx.Client) -> None:
    """HttpOnly and SameSite=Strict; Secure where something in front speaks TLS."""
    add(owner, "boris")
    who = {"name": "boris", "password": FIRST}
    with site.client(token="") as client:
        plain = client.post("/api/v1/session", json=who).headers["set-cookie"]
        safe = client.post("/api/v1/session", json=who, headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "HttpOnly; SameSite=Strict" in plain
    assert "Secure" not in plain
    assert safe.startswith("__Host-zool_session=")
    assert "HttpOnly; SameSite=Strict; Secure" in safe


def test_wrong_passwords_lock_the_account(site: Site, owner: httpx.Client) -> None:
    """Nobody learns whether the name exists; after three, also the right password waits, other accounts don't."""
    add(owner, "clara")
    add(owner, "denis")
    with site.client(token="", language="ru") as client:
        answers = {}
        for name in ("clara", "nobody"):
            body = {"name": name, "password": "not the password"}
            answers[name] = [client.post("/api/v1/session", json=body) for _ in range(4)]
            assert [answer.status_code for answer in answers[name]] == [401, 401, 401, 429]
            assert int(answers[name][-1].headers["retry-after"]) > 0
        told = {name: [answer.json() for answer in found] for name, found in answers.items()}
        assert told["clara"][0] == told["nobody"][0]
        assert "подождите" in told["clara"][-1]["detail"]
        assert client.post("/api/v1/session", json={"name": "clara", "password": FIRST}).status_code == 429
        assert client.post("/api/v1/session", json={"name": "denis", "password": FIRST}).status_code == 200


def test_another_password_ends_sessions(site: Site, owner: httpx.Client) -> None:
    """One's own needs the old one; sessions of before end, whoever changed it."""
    add(owner, "egor")
    with sign_in(site, "egor") as here, sign_in(site, "egor") as there:
        wrong = here.put("/api/v1/session/password", json={"old": "not the password", "new": SECOND})
        assert wrong.status_code == 401
        short = here.put("/api/v1/session/password", json={"old": FIRST, "new": "short"})
        assert (short.status_code, short.json()["errors"][0]["field"]) == (422, "new")
        assert here.put("/api/v1/session/password", json={"old": FIRST, "new": SECOND}).status_code == 204
        assert here.get("/api/v1/session").status_code == there.get("/api/v1/session").status_code == 401
    with sign_in(site, "egor", SECOND) as again:
        assert owner.put("/api/v1/users/egor/password", json={"password": FIRST}).status_code == 204
        assert again.get("/api/v1/session").status_code == 401


def test_a_token_is_shown_once_and_revoked(site: Site, owner: httpx.Client) -> None:
    """It may do no more than its role, tells when it was used, and lets nobody in once revoked."""
    add(owner, "fedor")
    with sign_in(site, "fedor") as fedor:
        made = fedor.post("/api/v1/session/tokens", json={"name": "gate", "role": "integration", "days": 30})
        assert made.status_code == 201, made.text
        secret, shown = made.json()["secret"], made.json()["token"]
        assert fedor.post("/api/v1/session/tokens", json={"name": "more", "role": "administrator"}).status_code == 422
        with site.client(token=secret) as gate:
            assert gate.get("/api/v1/vehicles").status_code == 200
            assert gate.get("/api/v1/review/plates").status_code == 403
            assert gate.post("/api/v1/session/tokens", json={"name": "another"}).status_code == 403
            site.until(
                lambda client: client.get("/api/v1/users/fedor/tokens").json()["items"][0]["used_from"] == "127.0.0.1"
            )
            (listed,) = fedor.get("/api/v1/session/tokens").json()["items"]
            assert secret not in json.dumps(listed)
            assert listed["name"] == "gate"
            assert fedor.delete(f"/api/v1/session/tokens/{shown['id']}").status_code == 204
            assert gate.get("/api/v1/vehicles").status_code == 401
    assert secret not in site.api.log


def test_users_are_changed_over_what_was_read(owner: httpx.Client, site: Site) -> None:
    """If-Match as everywhere; a role holds from the next call on, and who is switched off is out at once."""
    add(owner, "gleb", "viewer")
    read = owner.get("/api/v1/users/gleb")
    with sign_in(site, "gleb") as gleb:
        assert gleb.get("/api/v1/vehicles").status_code == 403
        assert owner.patch("/api/v1/users/gleb", json={"role": "operator"}).status_code == 428
        etag = {"If-Match": read.headers["etag"]}
        assert owner.patch("/api/v1/users/gleb", json={"role": "operator"}, headers=etag).status_code == 200
        assert gleb.get("/api/v1/vehicles").status_code == 200
        assert owner.patch("/api/v1/users/gleb", json={"role": "viewer"}, headers=etag).status_code == 412
        any_ = {"If-Match": "*"}
        assert owner.patch("/api/v1/users/gleb", json={"disabled": True}, headers=any_).status_code == 200
        assert gleb.get("/api/v1/session").status_code == 401
        assert owner.delete("/api/v1/users/gleb", headers=any_).status_code == 204
    assert owner.get("/api/v1/users/gleb").status_code == 404
    assert FIRST not in site.api.log
    assert "argon2" not in owner.get("/api/v1/users").text


def test_a_stream_ends_with_its_right(site: Site, owner: httpx.Client) -> None:
    """Whoever is switched off hears nothing more, although the stream was open."""
    add(owner, "ivan", "viewer")
    with sign_in(site, "ivan") as ivan, ivan.stream("GET", "/api/v1/events/stream", timeout=60) as stream:
        lines = stream.iter_lines()
        while not next(lines).startswith("event: hello"):
            pass
        owner.patch("/api/v1/users/ivan", json={"disabled": True}, headers={"If-Match": "*"})
        site.keep(vehicle_event(1, camera="revoked-1"))
        said = {"verdict": "confirmed"}
        assert owner.post("/api/v1/events/event-revoked-1-0001/feedback", json=said).status_code == 201
        assert not [line for line in lines if "revoked-1" in line]


def test_the_command_line_adds_users_and_sets_passwords(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`zool user`: the password comes by standard input and is said nowhere."""
    token = tmp_path / "token"
    token.write_text(TOKEN)

    def zool(*words: str, stdin: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        return main(["user", *words, "--url", site.api.url, "--token-file", str(token)])

    assert zool("add", "karl", "--role", "operator", "--region", "north", stdin=FIRST + "\n") == 0
    assert zool("password", "karl", stdin=SECOND + "\n") == 0
    assert zool("add", "karl", "--role", "operator", stdin=FIRST + "\n") == 1
    assert zool("add", "lena", "--no-password", "--role", "viewer") == 0
    capsys.readouterr()
    assert zool("list") == 0
    said = capsys.readouterr().out
    assert re.search(r"karl +operator +north", said)
    assert re.search(r"lena +viewer .*no password", said)
    with sign_in(site, "karl", SECOND) as karl:
        assert karl.get("/api/v1/session").json()["regions"] == ["north"]
