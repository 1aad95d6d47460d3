"""Judged events, their crops and pictures, from the REST API of a running system. Edge (HTTP).

It asks as any user may who reads events: what that user may not see, it does not export. Every look is in the audit.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import msgspec

from model_repository.learning import pictures
from model_repository.learning.contract import Kind
from model_repository.learning.curate import MISSED, MISSED_KIND, VERDICTS, Crop, Told
from model_repository.learning.errors import FeedbackUnreachable
from model_repository.learning.shadow import Frame

TIMEOUT_S = 30.0
PAGE = 200
WAITS_MAX, WAIT_S_MAX = 30, 5.0
"""How often, and for how long each time, a call waits that came too soon behind the others (429)."""


class Source:
    """One user of `/api/v1`."""

    def __init__(self, url: str, token: str, *, plaintext: bool = False) -> None:
        """Raises FeedbackUnreachable where the token would travel in the clear beyond this machine."""
        self._url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self._url)
        if parts.scheme != "https" and not plaintext and not _loopback(parts.hostname or ""):
            raise FeedbackUnreachable(self._url, "the token is not sent without TLS beyond this machine (--plaintext)")
        self._token = token

    def judged(self, kind: Kind, since: str = "", until: str = "") -> Iterator[Told]:
        """Events with a verdict that says something for such a data set, in the order of time and id."""
        found: dict[str, Told] = {}
        for verdict in sorted(VERDICTS[kind]):
            asked = {"kind": MISSED_KIND} if verdict == MISSED else {"feedback": verdict, "comments": "false"}
            for event in self._pages(asked, since, until):
                found[event.id] = event
        yield from sorted(found.values(), key=lambda event: (event.opened_at, event.id))

    def crops(self, event: Told) -> tuple[Crop, ...]:
        """The crops that are kept of an event."""
        answer = self._json(f"/events/{urllib.parse.quote(event.id, safe='')}/trace")
        return msgspec.convert(answer.get("shots", []), tuple[Crop, ...])

    def picture(self, crop: Crop) -> bytes:
        """JPEG of a crop; empty where it is no longer kept."""
        try:
            return self._read(crop.url)
        except _NotThereError:
            return b""

    def frames(self) -> Iterator[Frame]:
        """Newest pictures of all cameras that show one, in turns, without end; each with its masks."""
        while True:
            cameras = [str(each["id"]) for each in self._json("/cameras")["items"] if each.get("enabled")]
            shown = 0
            for camera in cameras:
                jpeg = self._snapshot(camera)
                picture = pictures.decoded(jpeg) if jpeg else None
                if picture is not None:
                    shown += 1
                    yield Frame(camera, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), picture)
            if not shown:
                raise FeedbackUnreachable(self._url, "no camera shows a picture")

    def _snapshot(self, camera: str) -> bytes:
        """Empty where the camera shows nothing now."""
        try:
            return self._read(f"/api/v1/cameras/{urllib.parse.quote(camera, safe='')}/snapshot.jpg")
        except (FeedbackUnreachable, _NotThereError):
            return b""

    def _pages(self, asked: dict[str, str], since: str, until: str) -> Iterator[Told]:
        spans = {name: value for name, value in (("since", since), ("until", until)) if value}
        cursor = ""
        while True:
            query = asked | spans | {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
            page = self._json("/events?" + urllib.parse.urlencode(query))
            yield from msgspec.convert(page["items"], list[Told])
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return

    def _json(self, path: str) -> dict[str, Any]:
        try:
            answer = json.loads(self._read("/api/v1" + path))
        except (ValueError, _NotThereError) as error:
            raise FeedbackUnreachable(self._url, f"{path}: {error or 'not there'}") from error
        return answer if isinstance(answer, dict) else {}

    def _read(self, path: str) -> bytes:
        for _ in range(WAITS_MAX):
            request = urllib.request.Request(  # noqa: S310 - http or https: checked above, or said by --plaintext
                self._url + path, headers={"Authorization": f"Bearer {self._token}"}
            )
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
                    return bytes(answer.read())
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    raise _NotThereError(path) from error
                if error.code != 429:
                    raise FeedbackUnreachable(self._url, f"{path.partition('?')[0]} answers {error.code}") from error
                time.sleep(min(float(error.headers.get("Retry-After") or 1), WAIT_S_MAX))
            except (OSError, ValueError) as error:
                raise FeedbackUnreachable(self._url, str(getattr(error, "reason", error))) from error
        raise FeedbackUnreachable(self._url, "it is asked too often")


class _NotThereError(Exception):
    """404."""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
