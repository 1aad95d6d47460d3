"""How far a download is: a bar that is drawn over itself on a terminal, lines elsewhere."""

from __future__ import annotations

from typing import TextIO

from model_repository.pull.catalogue import megabytes

BAR_CHARS = 30
LINE_PERCENT = 10
"""Without a terminal: one line each tenth, …"""
LINE_BYTES = 10_000_000
"""… or each 10 MB where the length is not known."""


def shown(done_bytes: int, total_bytes: int | None) -> str:
    """'[######                  ]  25 %   1.0 MB of 4.0 MB'; without a length only what came."""
    if not total_bytes:
        return f"{megabytes(done_bytes)}"
    share = min(1.0, done_bytes / total_bytes)
    bar = "#" * int(share * BAR_CHARS)
    return f"[{bar:{BAR_CHARS}}] {int(share * 100):3} %  {megabytes(done_bytes)} of {megabytes(total_bytes)}"


class Progress:
    """Writes to one stream; says the same thing only once."""

    def __init__(self, stream: TextIO, name: str) -> None:
        """Hold the stream and what is fetched."""
        self._stream, self._name = stream, name
        self._over = stream.isatty()
        self._step: int | None = None

    def at(self, done_bytes: int, total_bytes: int | None) -> None:
        """So much is there."""
        step = _step(done_bytes, total_bytes, fine=self._over)
        if step == self._step:
            return
        self._step = step
        text = f"{self._name} {shown(done_bytes, total_bytes)}"
        self._stream.write(f"\r{text}\x1b[K" if self._over else f"{text}\n")
        self._stream.flush()

    def note(self, text: str) -> None:
        """A line of its own: why a try ended, what follows."""
        self._stream.write(f"{self._line_end()}{self._name}: {text}\n")
        self._stream.flush()
        self._step = None

    def end(self) -> None:
        """What is written next begins its own line."""
        self._stream.write(self._line_end())
        self._stream.flush()

    def _line_end(self) -> str:
        return "\n" if self._over and self._step is not None else ""


def _step(done_bytes: int, total_bytes: int | None, *, fine: bool) -> int:
    if total_bytes:
        percent = min(100, 100 * done_bytes // total_bytes)
        return percent if fine else percent // LINE_PERCENT
    return done_bytes // (LINE_BYTES // 100 if fine else LINE_BYTES)
