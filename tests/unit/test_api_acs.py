"""The gRPC face without a server: its settings, and refusals as statuses."""

from __future__ import annotations

from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest

from api.acs.calls import CODES, address_of, code_name, trailing, words_of
from api.acs.server import credentials
from api.config import ApiSettings, acs_port, check_acs
from api.errors import BadParameter, NotAuthorised, TooManyFailures, Unavailable
from api.language import Words
from ingest.settings import SettingsError


@pytest.mark.parametrize(
    ("settings", "port", "expected"),
    [
        (ApiSettings(), 8080, 8081),  # the one after
        (ApiSettings(), 0, 0),  # any
        (ApiSettings(), 65535, 0),  # there is none after
        (ApiSettings(acs_port=9000), 8080, 9000),
        (ApiSettings(acs_port=0), 8080, 0),
    ],
)
def test_the_port(settings: ApiSettings, port: int, expected: int) -> None:
    """Beside the port of the api unless it is said."""
    assert acs_port(settings, port) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_loopback_needs_no_tls(host: str) -> None:
    """Nor does what was asked for in words."""
    check_acs(ApiSettings(acs_host=host))
    check_acs(ApiSettings(acs_host="0.0.0.0", acs_plaintext=True))
    check_acs(ApiSettings(acs_host="0.0.0.0", acs_tls_cert_file="c", acs_tls_key_file="k"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ApiSettings(acs_host="0.0.0.0"), "[api] acs_host = '0.0.0.0': without TLS only loopback"),
        (ApiSettings(acs_host="gate.local"), "[api] acs_host = 'gate.local': without TLS"),
        (ApiSettings(acs_tls_cert_file="c.pem"), "[api] acs_tls_key_file = '': must be set"),
        (ApiSettings(acs_tls_key_file="k.pem"), "[api] acs_tls_cert_file = '': must be set"),
    ],
)
def test_settings_that_would_be_unsafe(settings: ApiSettings, words: str) -> None:
    """Refused by key, with what to do."""
    with pytest.raises(SettingsError) as refused:
        check_acs(settings)
    assert words in str(refused.value)


def test_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    """Missing or no certificate: said at the start, with the file."""
    (tmp_path / "no.pem").write_text("no certificate")
    for name in ("none.pem", "no.pem"):
        path = str(tmp_path / name)
        with pytest.raises(SettingsError, match=f"acs_tls_cert_file = '{path}'"):
            credentials(ApiSettings(acs_tls_cert_file=path, acs_tls_key_file=path))


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.7:55512", "10.0.0.7"),
        ("ipv6:%5B2001:db8::1%5D:55512", "2001:db8::1"),
        ("ipv6:[::1]:55512", "::1"),
        ("unix:/run/acs", "/run/acs"),
    ],
)
def test_addresses_for_the_throttle(peer: str, address: str) -> None:
    """Without the port, or every try would be a stranger's first."""
    assert address_of(peer) == address


def test_refusals_have_words_and_codes() -> None:
    """A parameter by name, a missing token by its metadata, both languages, and when to come back."""
    wrong = BadParameter(name="kinds", value="*", allowed=Words("allowed are letters", "допустимы буквы"))
    assert words_of(wrong, "en") == "kinds = '*': allowed are letters."
    assert words_of(wrong, "ru") == "kinds = '*': допустимы буквы."
    assert "metadata" in words_of(NotAuthorised(token_given=False), "en")
    assert words_of(NotAuthorised(token_given=True), "en") == "Nobody here has this access token."
    assert trailing(TooManyFailures(retry_after_s=7)) == (("retry-after", "7"),)
    assert trailing(wrong) == ()
    assert CODES[Unavailable] == grpc.StatusCode.UNAVAILABLE
    assert code_name(grpc.StatusCode.NOT_FOUND) == code_name(5) == "NOT_FOUND"
    assert code_name(None) == code_name(0) == "OK"
