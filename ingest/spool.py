"""Messages on disk while the broker is away: bounded, in order, there again after a kill -9. Edge (files).

A folder holds numbered segments. A record is its length and CRC-32 (both uint32, little-endian) and the message in
msgpack. Records are written at the end of the newest segment and read from the oldest; a segment whose messages the
broker has is deleted. `position` says how far the oldest was read.

Rules
- One writer: the folder is locked. Nobody appends to a segment of a process before: its end may be torn.
- A record that is cut off or does not match its sum ends its segment; what was behind it is counted as torn.
- When the bound is reached the oldest segment gives way: reports and shots are dropped, what they covered becomes a
  notice in their place (`camera_blind`, cause broker), and notices stay.
- Written is written to the system, not to the disk: kill -9 loses nothing, loss of power may.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from ingest import notices
from ingest.contract import camera_of, decode, encode, events_subject
from ingest.errors import SpoolError
from ingest.metrics import SPOOL_BYTES, SPOOL_MESSAGES
from ingest.outbox import Item

SEGMENTS = 8
"""The bound is divided by this: a segment is what gives way at once."""
RECORD_BYTES_MAX = 16 * 1024 * 1024
_HEAD = struct.Struct("<II")
_PLACE, _SUM = struct.Struct("<QQ"), struct.Struct("<I")
_SUFFIX = ".spool"


class Segment(msgspec.Struct, kw_only=True):
    """One file: its number, its size, and whether nothing in it may give way."""

    number: int
    size: int
    thinned: bool = False


class Spool:
    """The messages of all cameras; not safe for threads."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        """Take the folder; raises `SpoolError`."""
        self._folder, self._bytes_max = folder, bytes_max
        self._segment_bytes = max(1, bytes_max // SEGMENTS)
        self._segments: list[Segment] = []
        self._offset = 0
        self._flight: list[int] = []
        self._tail: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._position = os.open(folder / "position", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._find()
        except BlockingIOError:
            raise SpoolError(folder, "another process holds it") from None
        except OSError as error:
            raise SpoolError(folder, error.strerror or str(error)) from error

    def _find(self) -> None:
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if path.stem.isdecimal():
                self._segments.append(Segment(number=int(path.stem), size=path.stat().st_size))
        raw = os.pread(self._position, _PLACE.size + _SUM.size, 0)
        if self._segments and raw[_PLACE.size :] == _SUM.pack(zlib.crc32(raw[: _PLACE.size])):
            number, offset = _PLACE.unpack(raw[: _PLACE.size])
            fits = number == self._segments[0].number and offset <= self._segments[0].size
            self._offset = offset if fits else 0
        self._trim()

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""
        self._end_tail()
        os.close(self._position)
        os.close(self._lock)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._segments

    @property
    def bytes(self) -> int:
        """What lies on disk."""
        return sum(segment.size for segment in self._segments)

    # -- writing

    def append(self, item: Item) -> None:
        """Write a message at the end; raises `SpoolError`, after which it may be there or not: put it in again."""
        record = _record(item)
        try:
            tail = self._writable()
            written = 0
            try:
                while written < len(record):
                    written += os.write(tail, record[written:])
            except OSError:
                self._end_tail()  # what was begun is torn; the next record begins a segment
                self._cut(self._segments[-1])
                raise
            self._segments[-1].size += len(record)
            SPOOL_MESSAGES.labels("written").inc()
            while self.bytes > self._bytes_max and self._give_way():
                pass
        except OSError as error:
            raise SpoolError(self._folder, error.strerror or str(error)) from error
        finally:
            SPOOL_BYTES.set(self.bytes)

    def _writable(self) -> int:
        if self._tail is not None and self._segments[-1].size >= self._segment_bytes:
            self._end_tail()
        if self._tail is None:
            number = self._segments[-1].number + 1 if self._segments else 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._tail = os.open(self._path(number), flags, 0o600)
            self._segments.append(Segment(number=number, size=0))
        return self._tail

    def _end_tail(self) -> None:
        if self._tail is not None:
            os.close(self._tail)
            self._tail = None

    def _cut(self, segment: Segment) -> None:
        if segment.size:
            os.truncate(self._path(segment.number), segment.size)
        else:
            self._path(segment.number).unlink(missing_ok=True)
            self._segments.remove(segment)

    def _give_way(self) -> bool:
        """Thin the oldest segment that can be; False when there is none."""
        for segment in self._segments[: -1 if self._tail is not None else None]:
            if not segment.thinned:
                self._thin(segment)
                return True
        return False

    def _thin(self, segment: Segment) -> None:
        """Keep what is under way and the notices; what else is in it becomes a span of each camera."""
        first = segment is self._segments[0]
        kept: list[Item] = []
        spans: dict[str, tuple[int, int]] = {}
        for number, (item, _) in enumerate(self._items(segment, self._offset if first else 0)):
            if item.captured_us == 0 or (first and number < len(self._flight)):
                kept.append(item)
                continue
            camera = camera_of(item.subject)
            since_us, until_us = spans.get(camera, (item.captured_us, item.captured_us))
            spans[camera] = (min(since_us, item.captured_us), max(until_us, item.captured_us))
            SPOOL_MESSAGES.labels("dropped").inc()
        kept += [_blind(camera, *span) for camera, span in spans.items()]
        fresh = self._folder / "thinned"
        content = b"".join(_record(item) for item in kept)
        fresh.write_bytes(content)
        if first:
            self._offset = 0
            self._keep_position()
        fresh.replace(self._path(segment.number))
        segment.size, segment.thinned = len(content), True
        self._trim()

    # -- reading

    def ahead(self, count: int) -> list[Item]:
        """The next messages, one of each camera at most, so that they may be sent at once; they stay until `sent`."""
        self._flight, found, cameras = [], list[Item](), set[str]()
        while not found and self._segments:
            for item, size in self._items(self._segments[0], self._offset):
                camera = camera_of(item.subject)
                if camera in cameras or len(found) >= count:
                    break
                cameras.add(camera)
                found.append(item)
                self._flight.append(size)
            if not found:  # torn from here on
                SPOOL_MESSAGES.labels("torn").inc()
                self._offset = self._segments[0].size
                self._trim()
        return found

    def sent(self, count: int) -> None:
        """The broker has the first `count` of what `ahead` gave."""
        self._offset += sum(self._flight[:count])
        self._flight = []
        SPOOL_MESSAGES.labels("sent").inc(count)
        self._trim()

    def _trim(self) -> None:
        """Delete what was read to its end, and write down how far the rest was."""
        while self._segments and self._offset >= self._segments[0].size:
            if len(self._segments) == 1:
                self._end_tail()
            self._path(self._segments.pop(0).number).unlink(missing_ok=True)
            self._offset = 0
        self._keep_position()
        SPOOL_BYTES.set(self.bytes)

    def _keep_position(self) -> None:
        place = (self._segments[0].number, self._offset) if self._segments else (0, 0)
        raw = _PLACE.pack(*place)
        os.pwrite(self._position, raw + _SUM.pack(zlib.crc32(raw)), 0)

    def _items(self, segment: Segment, offset: int) -> Iterator[tuple[Item, int]]:
        """What a segment holds from an offset on, up to where it is torn, each with the size of its record."""
        with self._path(segment.number).open("rb") as file:
            file.seek(offset)
            while (found := _read(file)) is not None:
                yield found

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:016d}{_SUFFIX}"


def _record(item: Item) -> bytes:
    body = encode(item)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _read(file: BinaryIO) -> tuple[Item, int] | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, total = _HEAD.unpack(head)
    body = file.read(length) if length <= RECORD_BYTES_MAX else b""
    if len(body) < length or zlib.crc32(body) != total:
        return None
    try:
        return decode(body, Item), _HEAD.size + length
    except (msgspec.DecodeError, UnicodeDecodeError):  # a version wrote it that said it otherwise
        return None


def _blind(camera: str, since_us: int, until_us: int) -> Item:
    notice = notices.blind(camera, since_us, until_us, "broker")
    return Item(
        subject=events_subject(camera, notice.kind),
        payload=encode(notice),
        message_id=f"{notice.event_id}.{notice.version}",
    )
