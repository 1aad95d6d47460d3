"""E-mail and Telegram over a real broker: real SMTP servers, a local server that speaks the Bot API."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ingest.contract import decode
from postprocess.contract import Event, feedback_of
from postprocess.deliver.driver import Tools
from postprocess.deliver.lane import Parcel
from postprocess.deliver.mail import EmailDriver
from postprocess.deliver.reach import Reach, Unreachable
from postprocess.deliver.rules import Site as Places
from postprocess.deliver.secrets import Secrets
from postprocess.deliver.settings import Email, Secret, Target
from tests.support.bot_api import TOKEN, BotServer
from tests.support.deliver import DEADLINE_S, JPEG, LOCAL, SECRET, Site, delivering, happened, running_site
from tests.support.postprocess import everything, until

OPERATOR, STRANGER, CHAT = 1001, 1002, -100500


class Mailbox:
    """Handler of a mail server: keeps letters, refuses recipients that it is told to."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refused: str = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address == self.refused:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a letter."""
        assert envelope.content is not None
        letter = email.message_from_bytes(bytes(envelope.content), policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 kept"


class MailServer(Controller):
    """aiosmtpd on any free port, kept over restarts."""

    def end(self) -> None:
        """Stop, once."""
        if self.server is not None:
            self.stop()

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, MailServer]]:
    """A plain mail server."""
    box = Mailbox()
    server = MailServer(box, hostname="127.0.0.1", port=0)
    server.start()
    try:
        yield box, server
    finally:
        server.end()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A broker."""
    async with running_site(tmp_path) as running:
        yield running


@pytest.fixture
async def bot() -> AsyncIterator[BotServer]:
    """Who stands for Telegram."""
    server = BotServer()
    await server.up()
    try:
        yield server
    finally:
        await server.down()


async def enough(found: list[Any], count: int) -> None:
    """Wait until a list is so long."""

    async def there() -> bool:
        return len(found) >= count

    await until(there, f"{count} messages", deadline_s=DEADLINE_S)


def letter_to(server: MailServer, **fields: Any) -> dict[str, Any]:
    """Settings of an e-mail target without TLS."""
    plain = {
        "host": "127.0.0.1", "port": server.port, "tls": "none",
        "sender": "zool@site.example", "recipients": ["duty@site.example"],
    }  # fmt: skip
    return plain | fields


async def test_a_letter_in_russian_with_its_photo(site: Site, mail: tuple[Mailbox, MailServer]) -> None:
    """Subject, place, plate and list in the language of the target; the picture is attached."""
    box, server = mail
    await site.target("duty", "email", language="ru", **letter_to(server))
    await site.rule("denied", "duty", lists=["deny"])
    async with delivering(site):
        await site.standing("duty")
        await site.say(happened(1))
        event = happened(2, plate="А123ВС77", listed="deny", severity="alarm")
        await site.say(event)
        await enough(box.letters, 1)
    (letter,) = box.letters
    assert letter["subject"] == "‼ Въезд — Gate 1"
    assert letter["message-id"] == f"<{event.message_id}@zool>"
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Номер: А123ВС77" in body.get_content()
    assert "Список: deny" in body.get_content()
    (photo,) = letter.iter_attachments()
    assert photo.get_content() == JPEG
    assert photo.get_content_type() == "image/jpeg"


async def test_a_storm_is_one_letter_with_counts(site: Site, mail: tuple[Mailbox, MailServer]) -> None:
    """Two letters by themselves, then one for the other thirty; the log says so, and nothing is left in hand."""
    box, server = mail
    await site.target("duty", "email", **letter_to(server))
    await site.rule("all", "duty", group_s=4, group_free=2)
    async with delivering(site):
        await site.standing("duty")
        for number in range(32):
            await site.say(happened(number, camera=f"gate-{1 + number % 2}"))
        await enough(box.letters, 3)

        async def settled() -> bool:
            place = await site.bus.consumer_place("EVENTS", "deliver-duty")
            return place is not None and place.in_hand == 0

        await until(settled, "all are acknowledged", deadline_s=DEADLINE_S)
    digest = box.letters[2]
    assert digest["subject"] == "30 events"
    body = digest.get_body(("plain",))
    assert body is not None
    assert "15 × Vehicle entered — Gate 1" in body.get_content()
    assert "15 × Vehicle entered — Gate 2" in body.get_content()
    assert [entry.count for entry in await site.log("duty")] == [1, 1, 30]


async def test_quiet_hours_are_quiet_but_for_alarms(site: Site, mail: tuple[Mailbox, MailServer]) -> None:
    """Always quiet: an alarm comes through, the rest stays in hand until the rule says otherwise."""
    box, server = mail
    await site.target("duty", "email", **letter_to(server))
    await site.rule("all", "duty", quiet=[{"since": "00:00", "until": "00:00"}], group_s=0)
    async with delivering(site) as office:
        await site.standing("duty")
        for number in range(3):
            await site.say(happened(number))
        await site.say(happened(9, severity="alarm"))
        await enough(box.letters, 1)
        assert box.letters[0]["subject"].startswith("‼")
        (state,) = (await states(office)).targets
        assert state.held == 3
        await site.rule("all", "duty", group_s=0)
        await enough(box.letters, 2)
    assert box.letters[1]["subject"] == "3 events"


async def states(office: Any) -> Any:
    """What the api is told."""
    from postprocess.deliver.log import States  # noqa: PLC0415

    return decode(await office._states("", b""), States)


async def test_a_mail_server_that_is_away_gets_everything_later(site: Site, mail: tuple[Mailbox, MailServer]) -> None:
    """Down before the events, up after a failed try."""
    box, server = mail
    server.end()
    await site.target("duty", "email", **letter_to(server))
    await site.rule("all", "duty", group_s=0)
    async with delivering(site):
        await site.standing("duty")
        for number in range(5):
            await site.say(happened(number))

        async def failed() -> bool:
            return any(entry.outcome == "retrying" for entry in await site.log("duty"))

        await until(failed, "a try that fails", deadline_s=DEADLINE_S)
        again = MailServer(box, hostname="127.0.0.1", port=server.port)
        again.start()
        try:
            await enough(box.letters, 5)
        finally:
            again.stop()
    assert [letter["message-id"] for letter in box.letters] == [f"<{happened(n).message_id}@zool>" for n in range(5)]


async def test_an_unknown_recipient_is_a_dead_letter(site: Site, mail: tuple[Mailbox, MailServer]) -> None:
    """550 is about the letter; the code stands in the log."""
    box, server = mail
    box.refused = "duty@site.example"
    await site.target("duty", "email", **letter_to(server))
    await site.rule("all", "duty", group_s=0)
    async with delivering(site):
        await site.standing("duty")
        await site.say(happened(1))

        async def dead() -> bool:
            return any(entry.outcome == "dead" and "550" in entry.words for entry in await site.log("duty"))

        await until(dead, "a dead letter", deadline_s=DEADLINE_S)
        assert len(await everything(site.bus, "DEAD", "zool.dead.deliver")) == 1


async def test_starttls_and_password_against_a_server_that_asks_for_both() -> None:
    """The certificate is verified: with the right authority the letter passes, without it nothing is sent."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    box = Mailbox()

    def admit(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"zool", SECRET.encode()), handled=False)

    server = MailServer(
        box, hostname="localhost", port=0, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=admit,
    )  # fmt: skip
    server.start()
    try:
        for tls, password, words in (
            (trusting, SECRET, ""), (None, SECRET, "CERTIFICATE_VERIFY_FAILED"), (trusting, "wrong", "password"),
        ):  # fmt: skip
            settings = Email(
                host="localhost", port=server.port, user="zool", password=Secret(value=password),
                sender="a@site.example", recipients=("b@site.example",),
            )  # fmt: skip
            driver = EmailDriver(settings, tools(tls))
            if words:
                with pytest.raises(Unreachable, match=words):
                    await driver.send(parcel())
            else:
                assert (await driver.send(parcel())).outcome == "sent"
    finally:
        server.stop()
    assert len(box.letters) == 1


def tools(tls: ssl.SSLContext | None) -> Tools:
    """Of a driver by itself."""
    return Tools(
        reach=Reach((*LOCAL, "::1/128")), secrets=Secrets("", {}), site=Places,
        target=Target(id="duty", kind="email"), tls=tls,
    )  # fmt: skip


def parcel() -> Parcel:
    """One event."""
    event = happened(1)
    return Parcel(
        id=event.message_id, key="k", rule="r", events=(event,), places=(("EVENTS", 1),), born_us=time.time_ns() // 1000
    )


def bot_settings(bot: BotServer, **fields: Any) -> dict[str, Any]:
    """Settings of a Telegram target."""
    plain = {
        "token": {"value": TOKEN}, "chats": [CHAT], "users": [OPERATOR], "api_url": bot.url("").rstrip("/"),
    }  # fmt: skip
    return plain | fields


async def feedback(site: Site) -> list[Event]:
    """What people said."""
    return [decode(one.payload, Event) for one in await everything(site.bus, "EVENTS", "zool.events.*.feedback")]


async def test_a_message_with_photo_and_buttons_that_become_feedback(site: Site, bot: BotServer) -> None:
    """A stranger's press counts for nothing, the operator's is an event `feedback`; the buttons go."""
    await site.target("duty", "telegram", **bot_settings(bot))
    await site.rule("all", "duty")
    async with delivering(site):
        await site.standing("duty")
        event = happened(1, plate="А123ВС77")
        await site.say(event)
        await enough(bot.messages, 1)
        (message,) = bot.messages
        assert message["photo"] == JPEG
        assert message["caption"].startswith("Vehicle entered — Gate 1\n")
        assert "Plate: А123ВС77" in message["caption"]
        bot.press(message, 1, user=STRANGER)
        bot.press(message, 1, user=OPERATOR)

        async def said() -> bool:
            return len(await feedback(site)) >= 1

        await until(said, "feedback", deadline_s=DEADLINE_S)

        async def edited() -> bool:
            return any(method == "editMessageReplyMarkup" for method, _ in bot.calls)

        await until(edited, "the buttons are taken away", deadline_s=DEADLINE_S)
    (word,) = await feedback(site)
    found = feedback_of(word)
    assert found is not None
    assert (found.event_id, found.camera, found.verdict) == (event.event_id, "gate-1", "false_alarm")
    assert found.user == "telegram:operator"
    answers = [fields["text"] for method, fields in bot.calls if method == "answerCallbackQuery"]
    assert answers == ["You may not judge events here.", "Saved. Thank you."]


async def test_two_targets_of_one_bot_are_asked_once(site: Site, bot: BotServer) -> None:
    """Each chat has its own users; an update is given to one asker."""
    await site.target("day", "telegram", **bot_settings(bot))
    await site.target("night", "telegram", **bot_settings(bot, chats=[7], users=[STRANGER]))
    await site.rule("all-day", "day")
    await site.rule("all-night", "night")
    async with delivering(site) as office:
        await site.standing("day", "night")
        await site.say(happened(1))
        await enough(bot.messages, 2)
        assert len(office._asking) == 1
        (there,) = [one for one in bot.messages if one["chat_id"] == "7"]
        bot.press(there, 0, user=OPERATOR)
        bot.press(there, 0, user=STRANGER)

        async def said() -> bool:
            return len(await feedback(site)) >= 1

        await until(said, "feedback", deadline_s=DEADLINE_S)
    (word,) = await feedback(site)
    assert word.cause == "confirmed"


async def test_telegram_asks_for_a_pause_and_gets_the_rest(site: Site, bot: BotServer) -> None:
    """429 with retry_after, then 500, then taken; the chat that has it does not get it twice."""
    refusals = iter(
        [
            None,
            {"error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 0}},
            {"error_code": 500, "description": "Internal Server Error"},
        ]
    )
    bot.refusal = lambda method, _fields: next(refusals, None) if method.startswith("send") else None
    await site.target("duty", "telegram", **bot_settings(bot, chats=[CHAT, 7], users=[], photo=False))
    await site.rule("all", "duty")
    async with delivering(site):
        await site.standing("duty")
        await site.say(happened(1))
        await enough(bot.messages, 2)
    assert [message["chat_id"] for message in bot.messages] == [str(CHAT), "7"]
    assert "reply_markup" not in bot.messages[0]
    assert [entry.outcome for entry in await site.log("duty")] == ["retrying", "sent"]


async def test_no_token_leaves_in_words(site: Site, bot: BotServer) -> None:
    """A wrong token, and a server that is not there: neither log nor health hold it."""
    wrong = "4711:a-wrong-token"
    await site.target("duty", "telegram", **bot_settings(bot, token={"value": wrong}))
    await site.rule("all", "duty")
    async with delivering(site):
        await site.standing("duty")
        await site.say(happened(1))

        async def failed() -> bool:
            return any("401" in entry.words for entry in await site.log("duty"))

        await until(failed, "a refusal", deadline_s=DEADLINE_S)
        await bot.down()

        async def away() -> bool:
            return "ConnectError" in json.dumps(site.health.snapshot())

        await until(away, "it is away", deadline_s=DEADLINE_S)
        told = json.dumps(site.health.snapshot()) + str([msgspec.to_builtins(entry) for entry in await site.log()])
    assert "a-wrong-token" not in told
    assert asyncio.get_running_loop() is not None
