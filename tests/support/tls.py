"""Certificates from an authority that lives as long as a test."""

from __future__ import annotations

from pathlib import Path

import trustme


def certificates(folder: Path, *names: str) -> Path:
    """`ca.pem`, and `NAME.pem` with `NAME.key` for each name; `stranger.pem` is an authority that issued none."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    trustme.CA().cert_pem.write_to_path(folder / "stranger.pem")
    for name in names:
        issued = authority.issue_cert(name)
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        for blob in issued.cert_chain_pems:
            blob.write_to_path(folder / f"{name}.pem", append=True)
    return folder
