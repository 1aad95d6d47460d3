"""Credentials in addresses of cameras, sealed for where settings lie (AES-256-GCM, NIST SP 800-38D).

Pure but for nonces. The bucket holds the masked address and, in `sealed`, the whole one; who has the key puts them
together. The camera's id is authenticated with it: what was sealed for one camera opens for no other.

A key file holds one key a line, 32 bytes in base64, the newest first: that one seals, all of them open. A rotation puts
a new line on top, has everything sealed again, and takes the old lines out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingest.contract import Camera, mask_url
from ingest.settings import SettingsError

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "v1"
ADDRESSES = ("url", "analysis_url")


class SealError(Exception):
    """What is sealed can't be opened: its key is not here, or it was changed."""

    def __init__(self, *, name: str, key_id: str, reason: str) -> None:
        self.name, self.key_id, self.reason = name, key_id, reason
        super().__init__(
            f"the address of camera '{name}' is sealed with key {key_id or '?'}: {reason}; give the key file that it "
            "was sealed with ([secrets] key_file), or set the address again"
        )


class Keys:
    """Keys by their id; the first one seals. Without any, nothing is sealed."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def newest(self) -> str:
        """Id of the key that seals; empty = there is none."""
        return next(iter(self._keys), "")

    def seal(self, content: bytes, name: str) -> str:
        """Content for one name, as text."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        closed = AESGCM(self._keys[self.newest]).encrypt(nonce, content, name.encode())
        return f"{_VERSION}.{self.newest}.{base64.b64encode(nonce + closed).decode()}"

    def unseal(self, text: str, name: str) -> bytes:
        """What was sealed for a name; raises `SealError`."""
        version, _, rest = text.partition(".")
        key_id, _, body = rest.partition(".")
        key = self._keys.get(key_id)
        if version != _VERSION or key is None:
            raise SealError(name=name, key_id=key_id, reason="that key is not here")
        try:
            raw = base64.b64decode(body, validate=True)
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode())
        except (binascii.Error, InvalidTag, ValueError):
            raise SealError(name=name, key_id=key_id, reason="it was changed since") from None


def read_keys(text: str) -> Keys:
    """The keys of a key file; raises `ValueError` with the line that is none."""
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            key = base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(f"line {number} is not {KEY_BYTES} bytes in base64")
        keys.append(key)
    return Keys(keys)


def new_key() -> str:
    """A line of a key file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def opened(camera: Camera, keys: Keys) -> Camera:
    """A camera with its whole addresses; raises `SealError`."""
    if not camera.sealed:
        return camera
    found = msgspec.json.decode(keys.unseal(camera.sealed, camera.id), type=dict[str, str])
    # An address that was set to another one since, by somebody who could not open this, is not the sealed one.
    addresses = {name: whole for name, whole in found.items() if mask_url(whole) == getattr(camera, name, None)}
    return msgspec.structs.replace(
        camera, sealed="", **{name: addresses[name] for name in ADDRESSES if name in addresses}
    )


def closed(camera: Camera, keys: Keys, before: Camera | None = None) -> Camera:
    """A camera as it is kept: addresses masked, what they hid sealed. One that could not be opened stays as it is.

    The seal of `before` stays where it holds the same, so that what did not change does not look changed.
    """
    if not keys:
        return camera
    whole = {name: getattr(camera, name) for name in ADDRESSES}
    hidden = {name: address for name, address in whole.items() if mask_url(address) != address}
    if not hidden:
        return camera
    masked = msgspec.structs.replace(camera, sealed="", **{name: mask_url(address) for name, address in hidden.items()})
    content = msgspec.json.encode(hidden)
    if before is not None and before.sealed.startswith(f"{_VERSION}.{keys.newest}."):
        try:
            if keys.unseal(before.sealed, camera.id) == content:
                return msgspec.structs.replace(masked, sealed=before.sealed)
        except SealError:
            pass  # it is sealed anew
    return msgspec.structs.replace(masked, sealed=keys.seal(content, camera.id))


def is_current(camera: Camera, keys: Keys) -> bool:
    """Whether nothing of a camera waits to be sealed, or sealed with the newest key."""
    if camera.sealed:
        return camera.sealed.startswith(f"{_VERSION}.{keys.newest}.")
    return not keys or closed(camera, keys) is camera


class Ring:
    """The keys of a file that may be changed while the process runs: read again where one is missing."""

    def __init__(self, read: Callable[[], Keys] = Keys) -> None:
        """`read` raises `SettingsError`."""
        self._read = read
        self.keys = read()

    def reload(self) -> None:
        """Read the file again; raises `SettingsError`."""
        self.keys = self._read()

    def opened(self, camera: Camera) -> Camera:
        """A camera with its whole addresses; raises `SealError`."""
        try:
            return opened(camera, self.keys)
        except SealError as error:
            try:
                self.reload()
            except SettingsError:
                raise error from None
            return opened(camera, self.keys)

    def closed(self, camera: Camera, before: Camera | None = None) -> Camera:
        """A camera as it is kept."""
        return closed(camera, self.keys, before)
