"""One file over HTTPS into a folder: goes on where it was cut, whole and checked or not there at all. Edge (network).

    <folder>/NAME.onnx                       the file, once it is whole and has the sum that it should have
    <folder>/NAME.onnx.part, .part.json      what came so far, and of which version (`resume.Part`)
    <folder>/NAME.lock                       held while somebody fetches

Rules of this file
- What an answer means is said by `resume`; here is only what is done about it.
- Every redirect is looked at before it is followed. Nothing longer than `Listed.size_bytes_max` is written.
- A proxy and further authorities come from the environment, as httpx reads it (HTTPS_PROXY, SSL_CERT_FILE); to
  loopback no proxy is asked.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from model_repository.card import file_sha256
from model_repository.pull import resume
from model_repository.pull.catalogue import Listed, loopback, secure
from model_repository.pull.errors import (
    AddressInsecure,
    AnswerRefused,
    ChecksumWrong,
    CutOff,
    DiskRefused,
    PullUnderWay,
    TooLarge,
    Unreachable,
)
from model_repository.pull.progress import Progress
from model_repository.pull.resume import Part

REDIRECTS_MAX = 5


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to try."""

    tries_max: int = 8
    connect_s_max: float = 10.0
    silence_s_max: float = 30.0
    """Without a byte for so long, a connection counts as cut."""
    pause_s_max: float = 15.0
    """Pauses between tries grow from 1 s to this."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole."""

    path: Path
    sha256: str


class _Draft:
    """What is there of a file."""

    def __init__(self, final: Path, address: str) -> None:
        self.path, self._note = final.with_name(f"{final.name}.part"), final.with_name(f"{final.name}.part.json")
        self._address = address

    @property
    def done_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def part(self) -> Part | None:
        """What can be gone on with; something unreadable is nothing."""
        try:
            noted = msgspec.json.decode(self._note.read_bytes(), type=Part)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return msgspec.structs.replace(noted, done_bytes=self.done_bytes)

    def begin(self, etag: str) -> None:
        """Empty, and of the version that the server names now. In this order: a note never speaks of older bytes."""
        self.path.write_bytes(b"")
        self._note.write_bytes(msgspec.json.encode(Part(address=self._address, etag=etag)))

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def become(self, final: Path) -> None:
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(final)
        self._note.unlink(missing_ok=True)


def fetch(
    listed: Listed,
    folder: Path,
    progress: Progress,
    *,
    patience: Patience | None = None,
    wait: Callable[[float], object] = time.sleep,
) -> Fetched:
    """Bring one file. A whole one that lies there already and has the known sum is taken as it is.

    Raises PullRefused: AddressInsecure, PullUnderWay, DiskRefused, Unreachable, AnswerRefused, CutOff, TooLarge,
    ChecksumWrong. What came is kept for the next time only where its end is missing and the server named its version.
    """
    final = folder / f"{listed.name}.onnx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{listed.name}.lock", final):
            if listed.sha256 and final.exists() and file_sha256(final) == listed.sha256:
                return Fetched(path=final, sha256=listed.sha256)
            draft = _Draft(final, listed.address)
            try:
                _bring(listed, draft, progress, patience or Patience(), wait)
            finally:
                progress.end()
            return _checked(listed, draft, final)
    except OSError as error:
        raise DiskRefused(final, error.strerror or str(error)) from error


def _bring(
    listed: Listed, draft: _Draft, progress: Progress, patience: Patience, wait: Callable[[float], object]
) -> None:
    reason, pause_s = "", 1.0
    with _client(listed, patience) as client:
        for tried in range(patience.tries_max):
            try:
                verdict = _try(client, listed, draft, progress)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                if tried == 0:
                    raise Unreachable(listed, f"{_host(listed)} can't be reached ({error or 'no answer'})") from error
                verdict = resume.Verdict(action="again", reason=str(error) or "no connection")
            except httpx.TransportError as error:
                verdict = resume.Verdict(action="again", reason=str(error) or type(error).__name__)
            except httpx.TooManyRedirects as error:
                raise AnswerRefused(listed, f"{_host(listed)} leads from address to address") from error
            if verdict.action == "write":
                return
            if verdict.action == "refuse":
                raise AnswerRefused(listed, f"{_host(listed)}: {verdict.reason}")
            reason = verdict.reason
            progress.note(reason)
            if verdict.action == "restart":
                draft.forget()
            elif tried + 1 < patience.tries_max:
                wait(pause_s)
                pause_s = min(2 * pause_s, patience.pause_s_max)
    part = draft.part()
    kept = part.done_bytes if part and resume.resumable(part, listed.address) else 0
    raise CutOff(listed, kept, patience.tries_max, reason)


def _client(listed: Listed, patience: Patience) -> httpx.Client:
    plaintext = urlsplit(listed.address).scheme == "http"

    def look(request: httpx.Request) -> None:
        if not secure(str(request.url), plaintext_loopback=plaintext):
            raise AddressInsecure(f"{request.url.scheme}://{request.url.host}{request.url.path}")

    return httpx.Client(
        timeout=httpx.Timeout(patience.silence_s_max, connect=patience.connect_s_max),
        follow_redirects=True,
        max_redirects=REDIRECTS_MAX,
        # A kept connection that the server has closed meanwhile would look like a cut.
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=not loopback(_host(listed)),
        event_hooks={"request": [look]},
    )


def _try(client: httpx.Client, listed: Listed, draft: _Draft, progress: Progress) -> resume.Verdict:
    """One request. Returns 'write' when the file is whole as far as the server says. Raises httpx.TransportError."""
    part = draft.part()
    with client.stream("GET", listed.address, headers=resume.headers(part, listed.address)) as answer:
        verdict = resume.judge(answer.status_code, answer.headers, part, listed.address)
        if verdict.action != "write":
            return verdict
        if verdict.offset == 0:
            draft.begin(verdict.etag)
        total_bytes = verdict.total_bytes or listed.size_bytes or None
        _refuse_long(listed, draft, verdict.total_bytes or 0)
        done_bytes = verdict.offset
        with draft.path.open("ab") as file:
            progress.at(done_bytes, total_bytes)
            # As it comes: of chunks of a set size the last, unfinished one would be lost by a cut.
            for chunk in answer.iter_raw():
                done_bytes += len(chunk)
                _refuse_long(listed, draft, done_bytes)
                file.write(chunk)
                progress.at(done_bytes, total_bytes)
    if total_bytes and done_bytes < total_bytes:
        return resume.Verdict(action="again", reason="the connection ended before the file did")
    return verdict


def _refuse_long(listed: Listed, draft: _Draft, size_bytes: int) -> None:
    if size_bytes > listed.size_bytes_max:
        draft.forget()
        raise TooLarge(listed, listed.size_bytes_max)


def _checked(listed: Listed, draft: _Draft, final: Path) -> Fetched:
    found = file_sha256(draft.path)
    if listed.sha256 and found != listed.sha256:
        draft.forget()
        raise ChecksumWrong(listed, found)
    draft.become(final)
    return Fetched(path=final, sha256=found)


@contextmanager
def _alone(lock: Path, final: Path) -> Iterator[None]:
    """Held by the kernel, so it ends with the process. The lock's file stays: removing it would let two in."""
    with lock.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PullUnderWay(final) from error
        yield


def _host(listed: Listed) -> str:
    return urlsplit(listed.address).hostname or ""
