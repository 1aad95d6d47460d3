"""Signing in, users, tokens and the audit in a real browser, as whoever sets a site up meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.api import TOKEN, Site, running_site
from tests.support.axe import serious
from tests.support.console import browser_page, sign_in
from tests.support.oidc import CLIENT, SECRET, running_provider

pytestmark = pytest.mark.system

PASSWORD = "a long first password"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running site for the whole file."""
    with running_site(tmp_path_factory.mktemp("console-access")) as running:
        yield running


def enter(page: Page, name: str, password: str) -> None:
    """By name and password."""
    form = page.locator("#login")
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_first_administrator_is_made_and_signs_in(site: Site, tmp_path: Path) -> None:
    """With the token file, by the notice; afterwards by password, in a session that scripts can't read."""
    with browser_page() as page:
        sign_in(page, site.api.url, TOKEN)
        page.get_by_role("link", name="Make an administrator").click()
        form = page.locator("#add-user")
        form.get_by_label("Name to sign in with").fill("boss")
        form.get_by_label("Called").fill("The boss")
        form.get_by_label("Password").fill("short")
        form.get_by_role("button", name="Add user").click()
        expect(page.get_by_text("must have 10 to 128 characters")).to_be_visible()
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_role("button", name="Add user").click()
        expect(page.get_by_role("link", name="boss", exact=True)).to_be_visible()
        expect(page.get_by_text("Nobody can sign in with a password yet.")).to_have_count(0)
        page.screenshot(path=str(tmp_path / "users.png"))
        page.get_by_role("button", name="Sign out").click()

        enter(page, "boss", "not the password")
        expect(page.get_by_role("alert").filter(has_text="Nobody has this name")).to_be_visible()
        page.screenshot(path=str(tmp_path / "login.png"))
        enter(page, "boss", PASSWORD)
        page.wait_for_selector('#live[data-state="on"]', state="attached", timeout=60_000)
        expect(page.locator("#account")).to_have_text("The boss")
        assert page.evaluate("document.cookie") == ""
        assert page.evaluate("sessionStorage.length + localStorage.length") <= 1  # the language
        page.reload()
        page.wait_for_selector('#live[data-state="on"]', state="attached", timeout=60_000)

        page.locator("#account").click()
        page.get_by_label("What for").fill("gate")
        page.get_by_role("button", name="Make token").click()
        secret = page.locator(".secret code").inner_text()
        assert secret.startswith("zool_")
        page.screenshot(path=str(tmp_path / "account.png"))
        page.reload()
        page.wait_for_selector("text=Revoke")
        expect(page.get_by_text(secret)).to_have_count(0)
        with site.client(token=secret) as gate:
            assert gate.get("/api/v1/cameras").status_code == 200
            page.get_by_role("button", name="Revoke").click()
            expect(page.get_by_text("No tokens.")).to_be_visible()
            assert gate.get("/api/v1/cameras").status_code == 401

        page.get_by_role("link", name="Audit").click()
        expect(page.get_by_text("DELETE /api/v1/session/tokens/{token_id}").first).to_be_visible()
        page.screenshot(path=str(tmp_path / "audit.png"))
        page.get_by_role("button", name="Sign out").click()
        page.reload()
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_somebody_signs_in_by_the_identity_provider(tmp_path: Path) -> None:
    """By the button, over another site and back; refusals are a page with words, and passwords stay on offer."""
    with running_provider() as (provider, _):
        (tmp_path / "secret").write_text(SECRET)
        environ = {
            "ZOOL_API_OIDC_ISSUER": provider.issuer,
            "ZOOL_API_OIDC_CLIENT_ID": CLIENT,
            "ZOOL_API_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
            "ZOOL_API_OIDC_ROLES": "guards=operator",
            "ZOOL_API_OIDC_TITLE": "Company account",
        }
        with running_site(tmp_path / "site", environ) as one, browser_page() as page:
            provider.who = {"sub": "9", "preferred_username": "olga", "name": "Olga", "groups": ["strangers"]}
            page.goto(one.api.url)
            page.get_by_role("link", name="Sign in with Company account").click()
            expect(page.get_by_role("alert")).to_contain_text("gives you no role here")
            page.get_by_role("link", name="Back to signing in").click()
            expect(page.get_by_label("Password", exact=True)).to_be_visible()
            expect(page.get_by_role("link", name="Sign in with Company account")).to_be_visible()
            page.screenshot(path=str(tmp_path / "login.png"))
            assert serious(page) == ""
            provider.who |= {"groups": ["guards"]}
            page.get_by_role("link", name="Sign in with Company account").click()
            page.wait_for_selector('#live[data-state="on"]', state="attached", timeout=60_000)
            expect(page.locator("#account")).to_have_text("Olga")
            assert page.evaluate("document.cookie") == ""


def test_a_viewer_sees_no_pages_of_administrators(site: Site) -> None:
    """The menu shows what the role allows; in Russian as well."""
    with site.client() as owner:
        owner.post("/api/v1/users", json={"name": "vera", "role": "viewer", "password": PASSWORD})
    with browser_page(lang="ru") as page:
        page.goto(site.api.url)
        form = page.locator("#login")
        form.get_by_label("Имя", exact=True).fill("vera")
        form.get_by_label("Пароль", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Войти", exact=True).click()
        page.wait_for_selector('#live[data-state="on"]', state="attached", timeout=60_000)
        expect(page.get_by_role("link", name="Стена")).to_be_visible()
        expect(page.get_by_role("link", name="Журнал")).to_have_count(0)
        expect(page.get_by_role("link", name="Пользователи")).to_have_count(0)
