"""Where a client of the stream keeps what it has dealt with, so that it can be killed at any moment.

Edge (files). What is promised after kill -9:

- `Journal`: an event and its cursor are one line of one file, both the output and the place to go on from. A line
  that was torn is cut off at the next start. Each event stands there exactly once.
- `CursorFile`: the cursor is written after the event was handed on. An event whose cursor was not kept any more comes
  again, with the same cursor: at least once, and doubled at most the last one before each kill.

A loss of power may take back what the file system had not written yet: events come again, none is lost.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from deploy.errors import FileUnusable

TAIL_BYTES_MAX = 4 * 1024 * 1024
"""The longest last line that is looked for."""
CURSOR_CHARS_MAX = 128
"""As the proto file promises."""


class Kept(msgspec.Struct, frozen=True):
    """The part of a line that is read again."""

    cursor: str


class Keeper(Protocol):
    """Deals with a message and remembers its cursor."""

    cursor: str

    def take(self, cursor: str, line: bytes | None) -> None:
        """Hand a line on (None = nothing to show), then remember the cursor."""


class Nowhere:
    """Shows, and remembers for as long as the process lives."""

    def __init__(self, show: Callable[[bytes], None]) -> None:
        self.cursor, self._show = "", show

    def take(self, cursor: str, line: bytes | None) -> None:
        """Show a line."""
        if line is not None:
            self._show(line)
        self.cursor = cursor


class CursorFile:
    """A file that holds the cursor and nothing else; only one process may keep it. Raises `FileUnusable`.

    It appears whole, and is written over in place: always the same bytes in one page, which a kill can't tear.
    """

    def __init__(self, path: Path, show: Callable[[bytes], None]) -> None:
        self._path, self._show = path, show
        self._file: int | None = None
        try:
            self.cursor = path.read_text(encoding="ascii").strip() if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FileUnusable(path, f"can't be read: {error}") from None
        if path.exists():
            if not self.cursor:
                raise FileUnusable(path, "holds no cursor: remove it to begin with what is new")
            self._file = _alone(path, os.O_WRONLY)

    def take(self, cursor: str, line: bytes | None) -> None:
        """Show a line, then write the cursor."""
        if line is not None:
            self._show(line)
        record = cursor.ljust(CURSOR_CHARS_MAX).encode() + b"\n"
        try:
            if self._file is None:
                fresh = self._path.with_name(f".{self._path.name}.new")
                fresh.write_bytes(record)
                self._file = _alone(fresh, os.O_WRONLY)
                fresh.replace(self._path)
            os.pwrite(self._file, record, 0)
        except OSError as error:
            raise FileUnusable(self._path, f"can't be written: {error.strerror}") from None
        self.cursor = cursor

    def close(self) -> None:
        """Let another process keep it."""
        if self._file is not None:
            os.close(self._file)


class Journal:
    """A file of lines, each with its cursor; only one process may append to it. Raises `FileUnusable`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _alone(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            self.cursor = self._last()
        except FileUnusable:
            self.close()
            raise

    def take(self, cursor: str, line: bytes | None) -> None:
        """Append a line; without one only the first cursor is written down, so that it can be gone on from."""
        if line is None and not self.cursor:
            line = msgspec.json.encode(Kept(cursor))
        if line is not None:
            left = memoryview(line + b"\n")
            try:
                while left:
                    left = left[os.write(self._file, left) :]
            except OSError as error:
                raise FileUnusable(self._path, f"can't be written: {error.strerror}") from None
        self.cursor = cursor

    def close(self) -> None:
        """Let another process append."""
        os.close(self._file)

    def _last(self) -> str:
        """Cut off a torn line, and read the cursor of the last whole one."""
        size = os.fstat(self._file).st_size
        begin = max(0, size - TAIL_BYTES_MAX)
        tail = os.pread(self._file, size - begin, begin)
        whole = tail[: tail.rfind(b"\n") + 1]
        if not whole:
            if begin:
                raise FileUnusable(self._path, "has no line ends: it is no journal")
            os.ftruncate(self._file, 0)
            return ""
        os.ftruncate(self._file, begin + len(whole))
        try:
            return msgspec.json.decode(whole[:-1].rpartition(b"\n")[2], type=Kept).cursor
        except msgspec.DecodeError:
            raise FileUnusable(self._path, "its last line holds no cursor: it is no journal") from None


def _alone(path: Path, flags: int) -> int:
    """Open a file for this process alone; raises `FileUnusable`."""
    try:
        file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileUnusable(path, f"can't be opened: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise FileUnusable(path, "is being written by another process") from None
    return file
