"""Certificates that the api's servers are given: what is wrong with them is said at the start.

Edge (files).
"""

from __future__ import annotations

import ssl

from ingest.settings import SettingsError


def check_pair(cert: str, key: str, *, prefix: str) -> bool:
    """Whether there is TLS; raises `SettingsError` where half of it is set, or its files can't be used.

    The libraries take anything and fail at the first handshake; OpenSSL says at once what is wrong.
    """
    names = f"{prefix}tls_cert_file", f"{prefix}tls_key_file"
    if bool(cert) != bool(key):
        missing, given = (names[1], cert) if cert else (names[0], key)
        allowed = f"must be set where the other of the pair is ({given})"
        raise SettingsError(section="api", key=missing, value="", allowed=allowed)
    if not cert:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except OSError as error:
        allowed = f"it and {names[1]} ({key}) can't be used: {error.strerror or error}"
        raise SettingsError(section="api", key=names[0], value=cert, allowed=allowed) from None
    return True
