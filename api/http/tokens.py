"""Tokens of a user, for the routes of their owner and of administrators."""

from __future__ import annotations

import secrets

from api import accounts
from api.accounts import TokenIn, TokenList, TokenMade
from api.errors import NotThere
from api.http.services import Services

SECRET_BYTES = 32


async def list_tokens(services: Services, name: str) -> TokenList:
    """Tokens without their secrets; raises `NotThere`, `Unavailable`."""
    user, _ = await services.catalog.account(name)
    now_us = services.now_us()
    shown = (accounts.token_view(token, services.catalog.used(token.id), now_us) for token in user.tokens)
    return TokenList(items=tuple(shown))


async def add_token(services: Services, name: str, wanted: TokenIn) -> TokenMade:
    """One more token, with its secret; raises `NotThere`, `TooManyTokens`, `Stale`, `Unavailable`."""
    user, revision = await services.catalog.account(name)
    secret, now_us = f"zool_{secrets.token_urlsafe(SECRET_BYTES)}", services.now_us()
    changed, token = accounts.with_token(user, wanted, id_=services.new_id("t"), secret=secret, now_us=now_us)
    await services.catalog.write_account(changed, expect=revision)
    return TokenMade(secret=secret, token=accounts.token_view(token, None, now_us))


async def revoke_token(services: Services, name: str, token_id: str) -> None:
    """A token lets nobody in any more; raises `NotThere`, `Stale`, `Unavailable`."""
    user, revision = await services.catalog.account(name)
    changed = accounts.without_token(user, token_id)
    if changed is None:
        raise NotThere(kind="token", name=token_id)
    await services.catalog.write_account(changed, expect=revision)
    await services.catalog.forget_used(token_id)
