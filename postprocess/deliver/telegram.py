"""Messages of a Telegram bot. Edge (HTTP).

The Bot API is that of https://core.telegram.org/bots/api; a server of one's own that speaks it may take its place.

Rules
- The token stands in the address: no address leaves in words, and httpx's own log is off.
- A message to several chats is one parcel: which of them have it is remembered while it is tried again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import httpx
import msgspec

from ingest.contract import SYSTEM
from postprocess.deliver.driver import Tools
from postprocess.deliver.http import Http
from postprocess.deliver.lane import Answer, Parcel
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.settings import Telegram
from postprocess.deliver.words import ACKNOWLEDGE, FALSE_ALARM, message, say

ACK, FALSE = "ack", "false"
"""What the buttons say, before the event's id (64 bytes at most in all)."""
REFUSED = frozenset({400, 413})
HALF_SENT_MAX = 1000


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What every method answers."""

    ok: bool
    result: Any = None
    error_code: int = 0
    description: str = ""
    parameters: dict[str, Any] = {}


class BotApi:
    """Calls of one bot."""

    def __init__(self, tools: Tools, settings: Telegram) -> None:
        self._tools, self._settings = tools, settings
        self._http = Http(tools, settings.timeout_s)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def call(self, method: str, fields: dict[str, Any], *, photo: bytes = b"", wait_s: float = 0.0) -> Reply:
        """One method; raises `Unreachable`, `SecretError`. `wait_s`: how much longer the server may take its time."""
        token = self._tools.secrets.value(self._settings.token)
        url = f"{self._settings.api_url.rstrip('/')}/bot{token}/{method}"
        flat = {
            key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for key, value in fields.items()
        }
        files = {"photo": ("event.jpg", photo, "image/jpeg")} if photo else None
        made = httpx.Request("POST", "http://bot/", data=flat, files=files)
        content, kind = made.read(), {"Content-Type": made.headers["content-type"]}
        status, body, _ = await self._http.post(url, content, kind, timeout_s=self._settings.timeout_s + wait_s)
        try:
            return msgspec.json.decode(body, type=Reply)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unreachable(f"Telegram: HTTP {status}, no answer of the Bot API") from None


class TelegramDriver:
    """sendPhoto where there is one, else sendMessage."""

    def __init__(self, settings: Telegram, tools: Tools) -> None:
        self._settings, self._tools = settings, tools
        self._api = BotApi(tools, settings)
        self._half: OrderedDict[str, set[int]] = OrderedDict()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def send(self, parcel: Parcel) -> Answer:
        """To every chat that does not have it."""
        done = self._half.setdefault(parcel.id, set())
        while len(self._half) > HALF_SENT_MAX:
            self._half.popitem(last=False)
        worst = Answer(outcome="sent", words="taken by Telegram")
        for chat in self._settings.chats:
            if chat in done:
                continue
            answer = _meaning(await self._send_to(chat, parcel))
            if answer.outcome == "sent":
                done.add(chat)
            elif worst.outcome != "away":
                worst = answer
        if worst.outcome == "sent":
            self._half.pop(parcel.id, None)
        return worst

    async def _send_to(self, chat: int, parcel: Parcel) -> Reply:
        said = message(parcel, self._tools.site(), self._tools.target.language)
        text = f"{said.subject}\n{said.text}"
        fields: dict[str, Any] = {"chat_id": chat}
        if self._settings.users and len(parcel.events) == 1 and parcel.events[0].camera != SYSTEM:
            fields["reply_markup"] = self._buttons(parcel.events[0].event_id)
        if self._settings.photo and said.photo:
            return await self._api.call("sendPhoto", fields | {"caption": text}, photo=said.photo)
        return await self._api.call("sendMessage", fields | {"text": text})

    def _buttons(self, event: str) -> dict[str, Any]:
        language = self._tools.target.language
        pairs = ((ACK, ACKNOWLEDGE), (FALSE, FALSE_ALARM))
        row = [{"text": say(title, language), "callback_data": f"{word}:{event}"} for word, title in pairs]
        return {"inline_keyboard": [row]}


def _meaning(reply: Reply) -> Answer:
    if reply.ok:
        return Answer(outcome="sent")
    words = f"Telegram {reply.error_code}: {reply.description[:200]}"
    wait = reply.parameters.get("retry_after", 0)
    pause_s = min(3600.0, float(wait)) if isinstance(wait, int | float) else 0.0
    return Answer(
        outcome="refused" if reply.error_code in REFUSED else "away", words=words, retry_after_s=max(0.0, pause_s)
    )
