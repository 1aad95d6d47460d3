"""A local server that speaks Telegram's Bot API (https://core.telegram.org/bots/api) as far as `deliver` uses it.

It stands for Telegram, which a test can't reach: sendMessage, sendPhoto, getUpdates (long polling),
answerCallbackQuery, editMessageReplyMarkup, over real HTTP. `press` is somebody's finger on a button.
"""

from __future__ import annotations

import asyncio
import email.parser
import email.policy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.support.http_server import HttpServer, Reply, Request

TOKEN = "4711:a-token-of-this-test"


class BotServer(HttpServer):
    """Event loop only."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        """What chats got: fields as sent, `photo` as bytes."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refusal: Callable[[str, dict[str, Any]], dict[str, Any] | None] = lambda _method, _fields: None
        """What to answer instead."""
        self._updates: list[dict[str, Any]] = []
        self._number = 0
        self.reply = self._answer

    def press(self, message: dict[str, Any], button: int, *, user: int, name: str = "operator") -> None:
        """A user presses a button of a message."""
        self._number += 1
        keyboard = json.loads(message["reply_markup"])["inline_keyboard"][0]
        self._updates.append(
            {
                "update_id": self._number,
                "callback_query": {
                    "id": f"query-{self._number}",
                    "from": {"id": user, "is_bot": False, "first_name": name, "username": name},
                    "message": {"message_id": message["message_id"], "chat": {"id": int(message["chat_id"])}},
                    "data": keyboard[button]["callback_data"],
                },
            }
        )

    async def delay(self, request: Request) -> None:
        """Hold a getUpdates until there is something to say, as long as it is asked to."""
        if request.path.endswith("/getUpdates"):
            for _ in range(int(_fields(request).get("timeout", 0)) * 50):
                if self._waiting(_fields(request)) or self._server is None:
                    return
                await asyncio.sleep(0.02)

    def _waiting(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in self._updates if one["update_id"] >= int(fields.get("offset", 0))]

    def _answer(self, request: Request) -> Reply:
        _, bot, method = request.path.split("/")
        if bot != f"bot{TOKEN}":
            return _told(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        fields = _fields(request)
        if (refused := self.refusal(method, fields)) is not None:
            return _told(refused["error_code"], {"ok": False} | refused)
        self.calls.append((method, fields))
        match method:
            case "sendMessage" | "sendPhoto":
                message = fields | {"message_id": len(self.messages) + 1}
                self.messages.append(message)
                return _told(200, {"ok": True, "result": {"message_id": message["message_id"]}})
            case "getUpdates":
                return _told(200, {"ok": True, "result": self._waiting(fields)})
            case "answerCallbackQuery" | "editMessageReplyMarkup":
                return _told(200, {"ok": True, "result": True})
        return _told(404, {"ok": False, "error_code": 404, "description": "Not Found: method not found"})


def _told(status: int, body: dict[str, Any]) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def _fields(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(request.body.decode()))
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    found: dict[str, Any] = {}
    for part in parts.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        found[name] = payload if part.get_filename() else payload.decode()
    return found
