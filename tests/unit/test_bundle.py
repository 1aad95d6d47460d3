"""Secrets do not leave the site in a text."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.bundle.masking import MARK, masked
from deploy.up import machine

SECRET = "a-word/that+nobody=uses"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("rtsp://viewer:hunter2@10.0.0.7/1", "rtsp://***@10.0.0.7/1"),
        (f"see {SECRET} there", "see *** there"),
        ("see a-word%2Fthat%2Bnobody%3Duses there", "see *** there"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("smtp_password = hunter2", "smtp_password = ***"),
        ('{"token": "abc", "name": "x"}', '{"token": ***, "name": "x"}'),
        ("oidc_client_secret_file = /run/secrets/oidc", "oidc_client_secret_file = /run/secrets/oidc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "***"),
        ("frames_decoded 17", "frames_decoded 17"),
    ],
)
def test_what_is_or_looks_like_a_secret_is_masked(text: str, clean: str) -> None:
    """By value, by place in an address, by the name before it; what is none stays."""
    assert masked(text, [SECRET, "x"]) == clean


def test_a_bundle_of_a_folder_on_which_nothing_runs(tmp_path: Path) -> None:
    """It is made all the same, says what is not to be had, and holds none of the secrets that lie about."""
    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True, mode=0o700)
    (data / "logs").mkdir()
    planted = [machine.admin_token(data / "admin.token"), *machine.passwords(data).values()]
    machine.secrets_key(data / "secrets.key")
    planted.append((data / "secrets.key").read_text().strip())
    machine.write_private(data / "secrets" / "hook", SECRET + "\n")
    planted += [SECRET, "camera-word"]
    lines = [*planted, "rtsp://viewer:camera-word@10.0.0.7/1", "last line"]
    (data / "logs" / "ingest.log").write_text("\n".join(lines))
    config = tmp_path / "config.ini"
    config.write_text("[api]\noidc_client_secret_file = /run/secrets/oidc\n")
    file = tmp_path / "bundle.zip"
    planted.remove("camera-word")
    assert main(["support-bundle", str(file), "--data-dir", str(data), "--config", str(config)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert {"versions.json", "doctor.json", "config.ini", "streams.json", "schema.sql", "logs/ingest.log"} <= set(texts)
    for name, text in texts.items():
        assert [one for one in planted if one in text] == [], name
    assert texts["logs/ingest.log"].endswith(f"rtsp://{MARK}@10.0.0.7/1\nlast line\n")
    assert texts["streams.json"].startswith("not to be had: ")
    assert json.loads(texts["versions.json"])["zool"]
    assert main(["support-bundle", str(file), "--data-dir", str(data)]) == 2
