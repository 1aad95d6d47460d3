"""`/secrets`: keys that credentials of cameras are sealed with."""

from __future__ import annotations

import msgspec
from litestar import Controller, post

from api.errors import Unavailable
from api.http.services import Given
from ingest.settings import SettingsError


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    sealed: int
    left: int
    """Still sealed with an older key, or not at all: their key is not in the file, or they changed meanwhile."""


class Seals(Controller):
    """Seals."""

    path = "/secrets"
    tags = ["Secrets"]

    @post("/reseal", summary="Seal credentials of cameras with the newest key", status_code=200)
    async def reseal(self, services: Given) -> Resealed:
        """Reads the key file again. What is sealed with its first key already stays as it is."""
        try:
            sealed, left = await services.catalog.reseal()
        except SettingsError as error:
            raise Unavailable(component="keys", reason=str(error)) from None
        return Resealed(sealed=sealed, left=left)
