"""Buttons that people press in Telegram, as feedback. Edge (HTTP, clock).

Rules
- One asker a bot, however many targets it writes for: the Bot API gives an update to one alone.
- Only users that the target of the chat names count, and only for events that were sent to that chat's target.
- A press that came twice is one feedback: its message id is made of the update's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from postprocess.contract import Feedback, Judgement, Title
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.settings import Telegram
from postprocess.deliver.telegram import ACK, FALSE, BotApi
from postprocess.deliver.words import Language, say
from postprocess.errors import SecretError

log = logging.getLogger(__name__)

POLL_S = 25
PAUSE_S = 2.0
SEEN_MAX = 20_000
VERDICTS: Mapping[str, Judgement] = {ACK: "confirmed", FALSE: "false_alarm"}
SAVED = Title(en="Saved. Thank you.", ru="Записано. Спасибо.")
FOREIGN = Title(en="You may not judge events here.", ru="Вам нельзя оценивать события.")
FORGOTTEN = Title(
    en="This event is too old here; judge it in the console.", ru="Событие уже забыто; оцените его в консоли."
)


class Seen:
    """Which events were sent to which target, and the camera of each; bounded."""

    def __init__(self) -> None:
        self._cameras: OrderedDict[tuple[str, str], str] = OrderedDict()

    def note(self, target: str, event_id: str, camera: str) -> None:
        """It was sent."""
        self._cameras[target, event_id] = camera
        self._cameras.move_to_end((target, event_id))
        while len(self._cameras) > SEEN_MAX:
            self._cameras.popitem(last=False)

    def camera(self, target: str, event_id: str) -> str:
        """Camera of an event that a target got; empty = it did not, or long ago."""
        return self._cameras.get((target, event_id), "")


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """Who may say something in a chat."""

    target: str
    users: frozenset[int]
    language: Language


class _From(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str = ""


class _Chat(msgspec.Struct, frozen=True, kw_only=True):
    id: int


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    message_id: int
    chat: _Chat


class _Query(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    sender: _From = msgspec.field(name="from")
    message: _Message | None = None
    data: str = ""


class _Update(msgspec.Struct, frozen=True, kw_only=True):
    update_id: int
    callback_query: _Query | None = None


Tell = Callable[[Feedback, str], Awaitable[None]]
"""Publishes a feedback under a message id; returns when the broker has it."""


class Replies:
    """Asks one bot for ever."""

    def __init__(self, api: BotApi, chats: Mapping[int, tuple[Chat, ...]], seen: Seen, tell: Tell) -> None:
        self._api, self._chats, self._seen, self._tell = api, chats, seen, tell
        self._offset = 0

    async def run(self) -> None:
        """Ask, and tell; what can't be asked is asked again."""
        try:
            while True:
                for update in await self._updates():
                    if update.callback_query is not None:
                        await self._take(update.update_id, update.callback_query)
                    self._offset = max(self._offset, update.update_id + 1)
        finally:
            await self._api.close()

    async def _updates(self) -> list[_Update]:
        wanted = {"timeout": POLL_S, "offset": self._offset, "allowed_updates": ["callback_query"]}
        try:
            reply = await self._api.call("getUpdates", wanted, wait_s=POLL_S)
            if reply.ok:
                return msgspec.convert(reply.result, list[_Update])
            words = f"{reply.error_code} {reply.description}"
        except (Unreachable, SecretError, msgspec.ValidationError) as error:
            words = str(error)
        log.warning("getUpdates: %s", words)
        await asyncio.sleep(PAUSE_S)
        return []

    async def _take(self, number: int, query: _Query) -> None:
        word, _, event_id = query.data.partition(":")
        chats = self._chats.get(query.message.chat.id, ()) if query.message is not None else ()
        language = chats[0].language if chats else "en"
        allowed = [chat for chat in chats if query.sender.id in chat.users]
        if not allowed or word not in VERDICTS:
            await self._say(query, say(FOREIGN, language))
            return
        camera = next((found for chat in allowed if (found := self._seen.camera(chat.target, event_id))), "")
        if not camera:
            await self._say(query, say(FORGOTTEN, language))
            return
        feedback = Feedback(
            event_id=event_id,
            camera=camera,
            user=f"telegram:{query.sender.username or query.sender.id}",
            verdict=VERDICTS[word],
            at_us=time.time_ns() // 1000,
        )
        await self._tell(feedback, f"telegram.{query.id}.{number}")
        await self._say(query, say(SAVED, language), done=True)

    async def _say(self, query: _Query, words: str, *, done: bool = False) -> None:
        """Words to whoever pressed; the buttons go when it is done. A failure of this changes nothing."""
        calls: list[tuple[str, dict[str, Any]]] = [
            ("answerCallbackQuery", {"callback_query_id": query.id, "text": words})
        ]
        if done and query.message is not None:
            place = {"chat_id": query.message.chat.id, "message_id": query.message.message_id}
            calls.append(("editMessageReplyMarkup", place | {"reply_markup": {"inline_keyboard": []}}))
        for method, fields in calls:
            try:
                await self._api.call(method, fields)
            except (Unreachable, SecretError) as error:
                log.warning("%s: %s", method, error)


def chats_of(targets: Mapping[str, tuple[Telegram, Language]]) -> dict[int, tuple[Chat, ...]]:
    """Chat → what each target of one bot says of it."""
    found: dict[int, tuple[Chat, ...]] = {}
    for target, (settings, language) in targets.items():
        for chat in settings.chats:
            one = Chat(target=target, users=frozenset(settings.users), language=language)
            found[chat] = (*found.get(chat, ()), one)
    return found
