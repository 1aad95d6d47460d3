"""Targets as people write them: what is refused, and what becomes of secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from postprocess.deliver.secrets import Secrets
from postprocess.deliver.settings import (
    KINDS,
    Email,
    Kind,
    Secret,
    Target,
    Telegram,
    Webhook,
    faults,
    kept,
    read,
    secrets,
    shown,
)
from postprocess.errors import SecretError

STORED = Secret(value="the value")


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("webhook", {"url": "https://erp/hook", "secret": {"env": "ZOOL_SECRET_A"}}, ""),
        ("webhook", {"url": "https://erp/hook", "secret": {}}, "secret"),
        ("webhook", {"url": "file:///etc/passwd", "secret": {"value": "x"}}, "url"),
        ("webhook", {"url": "http://[::1/x", "secret": {"value": "x"}}, "url"),
        ("webhook", {"url": "https://user:pw@erp/", "secret": {"value": "x"}}, "url"),
        ("webhook", {"url": "https://erp/#x", "secret": {"value": "x"}}, "url"),
        ("webhook", {"url": "https://erp/a b", "secret": {"value": "x"}}, "url"),
        ("webhook", {"url": "https://erp/", "secret": {"value": "x", "file": "y"}}, "secret"),
        ("relay", {"url": "http://board/open"}, ""),
        ("relay", {"url": "ftp://board/open"}, "url"),
        ("mqtt", {"host": "broker"}, ""),
        ("telegram", {"token": {"file": "bot"}, "chats": [1]}, ""),
        ("telegram", {"token": {}, "chats": [1]}, "token"),
        ("telegram", {"token": {"file": "bot"}, "chats": [1], "api_url": "tg://x.example"}, "api_url"),
        ("email", {"host": "mail", "sender": "a@b.c", "recipients": ["d@e.f"], "user": "u"}, ""),
        ("email", {"host": "mail", "sender": "a@b.c", "recipients": ["d@e.f"], "user": "u", "tls": "none"}, "tls"),
    ],
)
def test_what_a_target_may_be(kind: Kind, settings: dict[str, Any], field: str) -> None:
    """One fault by the name of its field, or none."""
    found = [name for name, _ in faults(msgspec.convert(settings, KINDS[kind]))]
    assert found == ([field] if field else [])


@pytest.mark.parametrize(
    "secret", [{"file": "../etc/passwd"}, {"file": "a/b"}, {"env": "PATH"}, {"env": "ZOOL_NATS_PASSWORD"}, {"x": "y"}]
)
def test_no_other_files_and_variables_can_be_named(secret: dict[str, str]) -> None:
    """Whoever writes a target can't make the process read what is not meant for it."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(secret, Secret)


def test_values_are_written_and_never_shown() -> None:
    """What is shown says that there is one; what is shown and written back keeps it."""
    settings = Webhook(url="https://erp/", secret=STORED)
    seen = shown(settings)
    assert seen.secret == Secret(stored=True)
    assert b"the value" not in msgspec.json.encode(seen)
    assert kept(seen, settings).secret == STORED
    assert kept(seen, None).secret == Secret()
    other = Webhook(url="https://erp/", secret=Secret(value="new", stored=True))
    assert kept(other, settings).secret == Secret(value="new")
    assert kept(Webhook(url="https://erp/", secret=Secret()), settings).secret == Secret()
    assert secrets(Telegram(token=STORED, chats=(1,))) == {"token": STORED}


def test_a_target_of_a_newer_version_is_read() -> None:
    """Unknown settings are left out; wrong ones are refused."""
    target = Target(id="t", kind="email", settings={"host": "h", "sender": "a@b", "recipients": ["c@d"], "new": 1})
    found = read(target)
    assert isinstance(found, Email)
    assert found.host == "h"
    with pytest.raises(msgspec.ValidationError):
        read(Target(id="t", kind="email", settings={"host": "h"}))


def test_secrets_are_read_when_they_are_needed(tmp_path: Path) -> None:
    """From the folder, also through the links that Kubernetes makes; from the environment; or as written."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "bot").write_text("from a link\n")
    (tmp_path / "bot").symlink_to("..data/bot")
    (tmp_path / "plain").write_text(" from a file \n")
    found = Secrets(str(tmp_path), {"ZOOL_SECRET_A": "from outside"})
    assert found.value(Secret(file="bot")) == "from a link"
    assert found.value(Secret(file="plain")) == "from a file"
    assert found.value(Secret(env="ZOOL_SECRET_A")) == "from outside"
    assert found.value(STORED) == "the value"
    assert found.value(Secret()) == ""


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (Secret(env="ZOOL_SECRET_B"), "no such variable"),
        (Secret(file="gone"), "can't be read"),
        (Secret(file="empty"), "is empty"),
        (Secret(file="out"), "does not lie in"),
    ],
)
def test_a_secret_that_is_not_there_is_named(secret: Secret, words: str, tmp_path: Path) -> None:
    """And what is wrong; a link that leads out of the folder is not followed."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("x")
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "empty").write_text("")
    with pytest.raises(SecretError, match=words):
        Secrets(str(folder), {}).value(secret)


def test_without_a_folder_no_secret_is_a_file() -> None:
    """The setting is named."""
    with pytest.raises(SecretError, match="secrets_dir"):
        Secrets("", {}).value(Secret(file="bot"))
