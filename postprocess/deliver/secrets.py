"""The values of secrets. Edge (files; the environment is handed in).

Rules
- A value is read when it is needed, so that a changed file holds at the next message. It is never logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from postprocess.deliver.settings import Secret
from postprocess.errors import SecretError

BYTES_MAX = 16 * 1024


class Secrets:
    """Reads secrets from one folder and from variables."""

    def __init__(self, folder: str, environ: Mapping[str, str]) -> None:
        self._folder = Path(folder) if folder else None
        self._environ = environ

    def value(self, secret: Secret) -> str:
        """What a secret holds, without blanks around it; empty where it names nothing. Raises `SecretError`."""
        if secret.env:
            found = self._environ.get(secret.env, "").strip()
            if not found:
                raise SecretError(secret.env, "the environment of deliver has no such variable, or it is empty")
            return found
        if secret.file:
            return self._read(secret.file)
        return secret.value

    def _read(self, name: str) -> str:
        if self._folder is None:
            raise SecretError(name, "[deliver] secrets_dir is not set")
        path = self._folder / name
        try:
            if "/" in name or (path.resolve().parent != self._folder.resolve() and not self._mounted(path)):
                raise SecretError(name, f"it does not lie in {self._folder}")
            with path.open("rb") as file:
                found = file.read(BYTES_MAX + 1).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError(name, f"can't be read in {self._folder}: {error}") from None
        if not found or len(found) > BYTES_MAX:
            raise SecretError(name, f"is empty, or longer than {BYTES_MAX} bytes")
        return found

    def _mounted(self, path: Path) -> bool:
        """Kubernetes mounts secrets as links into a folder `..data` beside them."""
        assert self._folder is not None  # noqa: S101 - the caller looked
        return self._folder.resolve() in path.resolve().parents
