"""E-mail targets. Edge (SMTP by aiosmtplib, clock).

Rules
- A connection a letter; TLS is verified; the photo is attached.
- Message-ID is made of the idempotency key: mail programs show a letter that came twice once.
"""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib

from postprocess.deliver.driver import Tools
from postprocess.deliver.lane import Answer, Outcome, Parcel
from postprocess.deliver.reach import Unreachable
from postprocess.deliver.settings import Email
from postprocess.deliver.words import message

WORDS_MAX = 200


class EmailDriver:
    """A letter to all recipients."""

    def __init__(self, settings: Email, tools: Tools) -> None:
        self._settings, self._tools = settings, tools

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, parcel: Parcel) -> Answer:
        """One letter."""
        settings = self._settings
        address = await self._tools.reach.address(settings.host, settings.port)
        try:
            refused, words = await aiosmtplib.send(
                self._letter(parcel),
                hostname=address if settings.tls == "none" else settings.host,
                port=settings.port,
                username=settings.user or None,
                password=self._tools.secrets.value(settings.password) or None if settings.user else None,
                use_tls=settings.tls == "tls",
                start_tls=settings.tls == "starttls",
                tls_context=None if settings.tls == "none" else self._tools.tls or ssl.create_default_context(),
                timeout=settings.timeout_s,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"SMTP: user or password is refused ({error.code})") from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [one.code for one in error.recipients]
            return Answer(outcome=_outcome(min(codes)), words=f"SMTP: recipients are refused ({codes})")
        except aiosmtplib.SMTPResponseException as error:
            return Answer(outcome=_outcome(error.code), words=f"SMTP {error.code}: {error.message[:WORDS_MAX]}")
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise Unreachable(f"SMTP: {str(error)[:WORDS_MAX]}") from None
        left = f"; refused: {', '.join(refused)}" if refused else ""
        return Answer(outcome="sent", words=f"SMTP: {words[:WORDS_MAX]}{left}")

    def _letter(self, parcel: Parcel) -> EmailMessage:
        settings, language = self._settings, self._tools.target.language
        said = message(parcel, self._tools.site(), language)
        letter = EmailMessage()
        letter["Subject"] = said.subject
        letter["From"] = settings.sender
        letter["To"] = ", ".join(settings.recipients)
        letter["Date"] = formatdate(parcel.born_us / 1e6)
        letter["Message-ID"] = f"<{parcel.id}@zool>"
        letter["Content-Language"] = language
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(said.text)
        if settings.photo and said.photo:
            letter.add_attachment(said.photo, maintype="image", subtype="jpeg", filename="event.jpg")
        return letter


def _outcome(code: int) -> Outcome:
    """4yz may pass later, 5yz is about the letter (RFC 5321, 4.2.1)."""
    return "refused" if code >= 500 else "away"
