"""Sign-in by an identity provider: the running api, a browser's steps by httpx, and a provider on the same machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from api.config import ApiSettings, check_oidc
from ingest.settings import SettingsError
from tests.support.api import Site, running_site
from tests.support.oidc import CLIENT, SECRET, Provider, ProviderServer, running_provider, somebody_elses

PASSWORD = "a long first password"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Provider, ProviderServer]]:
    """One site and its provider for the whole file."""
    folder = tmp_path_factory.mktemp("api-oidc")
    (folder / "client.secret").write_text(SECRET + "\n")
    with running_provider() as (provider, server):
        environ = {
            "ZOOL_API_OIDC_ISSUER": provider.issuer,
            "ZOOL_API_OIDC_CLIENT_ID": CLIENT,
            "ZOOL_API_OIDC_CLIENT_SECRET_FILE": str(folder / "client.secret"),
            "ZOOL_API_OIDC_ROLES": "chiefs=administrator, guards=operator, guests=viewer",
            "ZOOL_API_OIDC_TITLE": "Company account",
            "ZOOL_API_FAILED_LOGINS_PER_MINUTE": "1000",
        }
        with running_site(folder, environ) as site:
            yield site, provider, server


@pytest.fixture
def site(running: tuple[Site, Provider, ProviderServer]) -> Site:
    """The site."""
    return running[0]


@pytest.fixture
def provider(running: tuple[Site, Provider, ProviderServer]) -> Provider:
    """The provider, honest, with nobody known to it yet."""
    found = running[1]
    found.lies, found.sign_with = {}, None
    return found


def begin(browser: httpx.Client) -> str:
    """Press the button; where the browser is sent."""
    answer = browser.get("/api/v1/session/oidc")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(browser: httpx.Client, there: str, **other: str) -> httpx.Response:
    """Be signed in at the provider, and come back; some parameters may be others."""
    at_provider = httpx.get(there)
    assert at_provider.status_code == 302, at_provider.text
    back = urlsplit(at_provider.headers["location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()} | other
    return browser.get(f"{back.path}?{urlencode(query)}")


@contextlib.contextmanager
def came_in(site: Site, provider: Provider, **who: Any) -> Iterator[httpx.Client]:
    """A browser of somebody who signed in by the provider."""
    provider.who = who
    with site.client(token="") as browser:
        answer = come_back(browser, begin(browser))
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        yield browser


def refused(site: Site, provider: Provider, **who: Any) -> dict[str, Any]:
    """What somebody is told who does not come in."""
    provider.who = who or {"sub": "u-1", "preferred_username": "anna", "groups": ["guards"]}
    with site.client(token="") as browser:
        answer = come_back(browser, begin(browser))
        assert "zool_session" not in browser.cookies
        told: dict[str, Any] = answer.json()
        return told


def test_a_good_sign_in_makes_a_user_and_a_session(site: Site, provider: Provider) -> None:
    """The highest role of the claims holds; the session changes things as one by password does, and is in the audit."""
    who = {"sub": "u-1", "preferred_username": "Anna.Petrova", "name": "Анна", "groups": ["guests", "guards", "x"]}
    with came_in(site, provider, **who) as browser:
        found = browser.get("/api/v1/session").json()
        assert (found["user"], found["title"], found["role"]) == ("anna-petrova", "Анна", "operator")
        assert found["came_by"] == "session"
        csrf = {"X-Zool-CSRF": found["csrf"]}
        vehicle = {"plate": "А001АА77", "list": "allow"}
        assert browser.post("/api/v1/vehicles", json=vehicle).status_code == 403
        assert browser.post("/api/v1/vehicles", json=vehicle, headers=csrf).status_code == 201
        assert "zool_oidc" not in browser.cookies
    with site.client() as owner:
        records = owner.get("/api/v1/audit", params={"user": "anna-petrova"}).json()["items"]
        (signed_in,) = [one for one in records if one["act"] == "GET /api/v1/session/oidc/callback"]
        assert (signed_in["status"], signed_in["target"]) == (303, {"account": "anna-petrova"})
        assert signed_in["changes"][0]["bucket"] == "users"
        assert not owner.get("/api/v1/users/anna-petrova").json()["has_password"]


def test_the_next_sign_in_brings_the_role_of_the_day(site: Site, provider: Provider) -> None:
    """The same subject is the same user, whatever it is called meanwhile."""
    with came_in(site, provider, sub="u-2", preferred_username="boris", groups="chiefs") as browser:
        assert browser.get("/api/v1/session").json()["role"] == "administrator"
    with came_in(site, provider, sub="u-2", preferred_username="boris-the-second", groups=["guests"]) as browser:
        found = browser.get("/api/v1/session").json()
        assert (found["user"], found["role"]) == ("boris", "viewer")


def test_nobody_takes_over_an_account_by_its_name(site: Site, provider: Provider) -> None:
    """One with a password is somebody else's; one that waits for its owner is taken, with its regions."""
    with site.client() as owner:
        for body in (
            {"name": "head", "role": "administrator", "password": PASSWORD},
            {"name": "awaited", "role": "viewer", "regions": ["north"]},
        ):
            assert owner.post("/api/v1/users", json=body).status_code == 201
    with came_in(site, provider, sub="u-3", preferred_username="head", groups=["guests"]) as browser:
        assert browser.get("/api/v1/session").json()["user"] == "head-2"
    with came_in(site, provider, sub="u-4", preferred_username="awaited", groups=["guards"]) as browser:
        found = browser.get("/api/v1/session").json()
        assert (found["user"], found["regions"]) == ("awaited", ["north"])
    with came_in(site, provider, sub="u-5", preferred_username="admin", groups=["guests"]) as browser:
        assert browser.get("/api/v1/session").json()["user"] == "admin-2"


def test_without_a_role_nobody_comes_in(site: Site, provider: Provider) -> None:
    """Said in words, in both languages, as a page to a browser; no user is made."""
    told = refused(site, provider, sub="u-6", preferred_username="clara", groups=["strangers"])
    assert (told["status"], told["type"]) == (403, "urn:zool:problem:sign-in-refused")
    assert "gives you no role here" in told["detail"]
    with site.client(token="", language="ru") as browser:
        browser.headers.update(HTML)
        page = come_back(browser, begin(browser))
        assert page.headers["content-type"].startswith("text/html")
        assert "роли здесь не даёт" in page.text
    with site.client() as owner:
        assert owner.get("/api/v1/users/clara").status_code == 404


def test_who_is_switched_off_stays_out(site: Site, provider: Provider) -> None:
    """Whatever the provider says."""
    with came_in(site, provider, sub="u-7", preferred_username="denis", groups=["guards"]):
        pass
    with site.client() as owner:
        off = owner.patch("/api/v1/users/denis", json={"disabled": True}, headers={"If-Match": "*"})
        assert off.status_code == 200
    told = refused(site, provider, sub="u-7", preferred_username="denis", groups=["chiefs"])
    assert (told["status"], "switched off" in told["detail"]) == (403, True)
    with site.client() as owner:
        assert owner.get("/api/v1/users/denis").json()["role"] == "operator"


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-client"}, "InvalidAudienceError"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "azp"),
        ({"aud": [CLIENT, "another"]}, "azp"),
        ({"iss": "http://localhost:1"}, "InvalidIssuerError"),
        ({"exp": 1_700_000_000, "iat": 1_699_999_000}, "ExpiredSignatureError"),
        ({"exp": None}, "MissingRequiredClaimError"),
    ],
)
def test_a_token_that_does_not_hold_is_refused(site: Site, provider: Provider, lie: dict[str, Any], what: str) -> None:
    """Nonce, audience, issuer and times, each alone."""
    provider.lies = lie
    told = refused(site, provider)
    assert (told["status"], f"({what})" in told["detail"]) == (403, True), told


def test_a_signature_of_somebody_else_is_refused(site: Site, provider: Provider) -> None:
    """An unknown key, a stranger's key under a known name, and a secret instead of a key."""
    stranger = generate_private_key(65537, 2048)
    for signed, what in (
        ((stranger, "key-9", "RS256"), "key"),
        ((stranger, provider.kid, "RS256"), "InvalidSignatureError"),
        (("a secret of thirty-two characters", provider.kid, "HS256"), "alg"),
    ):
        provider.sign_with = signed
        assert f"({what})" in refused(site, provider)["detail"]


def test_a_wrong_state_is_refused(site: Site, provider: Provider) -> None:
    """A callback that this browser did not begin, or began otherwise, never reaches the provider."""
    with site.client(token="") as browser, site.client(token="") as victim:
        there = begin(browser)
        before = len(provider.asked)
        assert "not begun in this browser" in come_back(victim, there).json()["detail"]
        begin(victim)
        assert come_back(victim, there).status_code == 403
        assert come_back(browser, begin(browser), state="x" * 43).status_code == 403
        assert "/token" not in provider.asked[before:]
        assert "refused (access_denied)" in come_back(browser, begin(browser), error="access_denied").json()["detail"]


def test_a_code_is_good_once(site: Site, provider: Provider) -> None:
    """Whoever replays the whole callback, cookie and all, gets no second session."""
    with site.client(token="") as browser, site.client(token="") as thief:
        there = begin(browser)
        thief.cookies.update(browser.cookies)
        back = urlsplit(httpx.get(there).headers["location"])
        assert browser.get(f"{back.path}?{back.query}").status_code == 303
        assert browser.get(f"{back.path}?{back.query}").status_code == 403  # its attempt is over
        told = thief.get(f"{back.path}?{back.query}").json()
        assert (told["status"], "good once" in told["detail"]) == (403, True)


def test_no_redirect_leads_elsewhere(site: Site, provider: Provider) -> None:
    """Whatever a request says: to the provider, or to the console."""
    with site.client(token="") as browser:
        for name in ("next", "redirect_uri", "return_to", "url"):
            answer = browser.get("/api/v1/session/oidc", params={name: "https://evil.example/"})
            assert answer.headers["location"].startswith(f"{provider.issuer}/authorize?")
            assert "evil" not in answer.headers["location"]
            back = come_back(browser, answer.headers["location"], **{name: "https://evil.example/"})
            assert back.headers["location"] == "/"


def test_refusals_are_in_the_audit_without_codes(site: Site, provider: Provider) -> None:
    """The address and the answer; nothing that opens a door."""
    refused(site, provider, sub="u-6", preferred_username="clara", groups=[])
    with site.client() as owner:
        records = owner.get("/api/v1/audit", params={"act": "session/oidc"}).json()["items"]
    assert {one["status"] for one in records} >= {303, 403}
    assert all("code" not in one["target"] and "state" not in one["target"] for one in records)


def test_while_the_provider_is_away_passwords_go_on(running: tuple[Site, Provider, ProviderServer]) -> None:
    """In words, and after it is back without a restart."""
    site, provider, server = running
    provider.who = {"sub": "u-8", "preferred_username": "fedor", "groups": ["guests"]}
    with site.client() as owner:
        body = {"name": "egor", "role": "viewer", "password": PASSWORD}
        assert owner.post("/api/v1/users", json=body).status_code == 201
    with site.client(token="") as browser:
        assert browser.get("/api/v1/session/ways").json() == {"oidc": "Company account", "first_run": False}
        there = begin(browser)
        back = urlsplit(httpx.get(there).headers["location"])
        server.down()
        try:
            told = browser.get(f"{back.path}?{back.query}").json()
            assert (told["status"], told["type"]) == (503, "urn:zool:problem:provider-away")
            assert "Company account does not answer right now: sign in by name and password" in told["detail"]
            by_password = browser.post("/api/v1/session", json={"name": "egor", "password": PASSWORD})
            assert by_password.status_code == 200
        finally:
            server.up()
        assert come_back(browser, begin(browser)).status_code == 303


def test_a_provider_that_somebody_else_wrote(tmp_path: Path) -> None:
    """Authlib's idea of the flow is ours: in by its form, once per code."""
    (tmp_path / "secret").write_text(SECRET)
    anna = {"sub": "u-1", "preferred_username": "anna", "name": "Anna", "groups": ["guards"]}
    with somebody_elses(anna) as issuer:
        environ = {
            "ZOOL_API_OIDC_ISSUER": issuer,
            "ZOOL_API_OIDC_CLIENT_ID": CLIENT,
            "ZOOL_API_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
            "ZOOL_API_OIDC_ROLES": "guards=operator",
        }
        with running_site(tmp_path / "site", environ) as site, site.client(token="") as browser:
            signed_in = httpx.post(begin(browser), data={"sub": "u-1"})
            back = urlsplit(signed_in.headers["location"])
            answer = browser.get(f"{back.path}?{back.query}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
            found = browser.get("/api/v1/session").json()
            assert (found["user"], found["title"], found["role"]) == ("anna", "Anna", "operator")


def test_half_a_provider_is_refused_at_the_start() -> None:
    """No TLS, no client, no roles, a role that is none or a machine's: each named with its key."""
    whole = {"oidc_issuer": "https://sso.example", "oidc_client_id": "zool", "oidc_roles": ("cn=a=viewer",)}
    assert check_oidc(ApiSettings(**whole)) == {"cn=a": "viewer"}  # type: ignore[arg-type]
    for key, value in (
        ("oidc_issuer", "http://sso.example"),
        ("oidc_issuer", "https://user:pass@sso.example"),
        ("oidc_client_id", ""),
        ("oidc_roles", ()),
        ("oidc_roles", ("admins",)),
        ("oidc_roles", ("robots=integration",)),
    ):
        with pytest.raises(SettingsError) as refusal:
            check_oidc(ApiSettings(**(whole | {key: value})))  # type: ignore[arg-type]
        assert refusal.value.key == key


def test_without_a_provider_there_is_no_such_call(tmp_path: Path) -> None:
    """404, and the sign-in page learns that there is no button."""
    with running_site(tmp_path) as site, site.client(token="") as browser:
        assert browser.get("/api/v1/session/ways").json() == {"oidc": None, "first_run": True}
        assert browser.get("/api/v1/session/oidc").status_code == 404
        assert browser.get("/api/v1/session/oidc/callback").status_code == 404
