"""The file of a backup: a tar whose last members are the manifest and its sum. Edge (files).

Rules
- It appears whole or not at all, for its owner only (0600).
- Before anything is put back, the whole file is read once and every sum is held against the manifest.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from deploy.backup.manifest import MANIFEST, SUM, Manifest, Member
from deploy.errors import ArchiveUnusable, FileUnusable

READ_BYTES = 1024 * 1024
_CUT = "its end is missing (it was cut off)"


class Writer:
    """Adds members, and keeps their sums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self.members = tar, dict[str, Member]()

    def add(self, name: str, data: bytes) -> None:
        """One member."""
        told = tarfile.TarInfo(name)
        told.size, told.mode = len(data), 0o600
        self._tar.addfile(told, io.BytesIO(data))
        self.members[name] = Member(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    def add_file(self, name: str, path: Path) -> None:
        """A file that does not change meanwhile."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            told = tarfile.TarInfo(name)
            told.size, told.mode = file.tell(), 0o600
            file.seek(0)
            self._tar.addfile(told, file)
        self.members[name] = Member(bytes=told.size, sha256=sha256)

    def close(self, manifest: Manifest) -> None:
        """The manifest, with the sums of all members, and its own."""
        body = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(manifest, members=dict(self.members))))
        self.add(MANIFEST, body)
        self.add(SUM, hashlib.sha256(body).hexdigest().encode())


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive; raises `FileUnusable` where there is a file already, or none can be made."""
    if path.exists():
        raise FileUnusable(path, "is there already: name another file")
    draft = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise FileUnusable(path, f"can't be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise FileUnusable(path, f"can't be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)


def checked(path: Path) -> Manifest:
    """The manifest of a whole file, after every sum was held against it; raises `ArchiveUnusable`."""
    found: dict[str, Member] = {}
    kept: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r:") as tar:
            for member in tar:
                found[member.name] = _summed(tar, member, kept)
    except (OSError, tarfile.TarError) as error:
        raise ArchiveUnusable(path, _CUT if "end of data" in str(error) else str(error)) from None
    if MANIFEST not in kept or SUM not in kept:
        raise ArchiveUnusable(path, _CUT)
    if hashlib.sha256(kept[MANIFEST]).hexdigest().encode() != kept[SUM].strip():
        raise ArchiveUnusable(path, f"{MANIFEST} was changed")
    try:
        manifest = msgspec.json.decode(kept[MANIFEST], type=Manifest)
    except msgspec.DecodeError as error:
        raise ArchiveUnusable(path, f"{MANIFEST}: {error}") from None
    for name, wanted in manifest.members.items():
        if found.get(name) != wanted:
            raise ArchiveUnusable(path, f"{name} is missing or was changed")
    return manifest


def _summed(tar: tarfile.TarFile, member: tarfile.TarInfo, kept: dict[str, bytes]) -> Member:
    file = tar.extractfile(member)
    if file is None:
        raise tarfile.ReadError(f"{member.name} is no file")
    digest, size = hashlib.sha256(), 0
    while part := file.read(READ_BYTES):
        digest.update(part)
        size += len(part)
        if member.name in {MANIFEST, SUM}:
            kept[member.name] = kept.get(member.name, b"") + part
    if size != member.size:
        raise tarfile.ReadError(f"{member.name} is cut off")
    return Member(bytes=size, sha256=digest.hexdigest())


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Iterator[tuple[str, bytes]]]:
    """Members of a checked file, one after the other."""
    with tarfile.open(path, mode="r:") as tar:
        yield ((member.name, file.read()) for member in tar if (file := tar.extractfile(member)) is not None)
