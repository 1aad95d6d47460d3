"""A stream held by a thread: opened, read, and begun again for ever. Edge: threads, time.

Rules
- A camera that is not there is normal: attempts go on with growing, jittered pauses.
- Nothing that happens in it leaves its thread; neighbours have threads of their own.
- Stopping is a wish: the thread ends at its next packet, or after the read timeout of a silent camera.
"""

from __future__ import annotations

import logging
import random
import threading
from abc import ABC, abstractmethod

from ingest import backoff, malloc
from ingest.contract import Cause, Phase
from ingest.errors import CameraError

log = logging.getLogger(__name__)


class Reconnecting(ABC):
    """Keeps a connection until told to stop."""

    def __init__(self, name: str, seed: str, *, backoff_s_max: float) -> None:
        self._name, self._backoff_s_max = name, backoff_s_max
        self._stop = threading.Event()
        self._rng = random.Random(seed)
        self._thread = threading.Thread(target=self._watch, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Wish it to end; returns at once."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    @abstractmethod
    def _progress(self) -> int:
        """Grows with every picture: a connection that gave some is followed by a short pause."""

    @abstractmethod
    def _live(self) -> None:
        """One connection, from opening to its end; raises `CameraError`."""

    @abstractmethod
    def _say(self, phase: Phase, cause: Cause, detail: str) -> None:
        """Where it stands now."""

    def _count(self, cause: Cause) -> None:  # noqa: B027 - not everybody counts
        """An attempt ended, or succeeded (`none`)."""

    def _ended(self) -> None:  # noqa: B027 - not everybody has something to give back
        """The thread ends."""

    def _watch(self) -> None:
        attempt, cause = 0, "none"  # type: int, Cause
        while not self._stop.is_set():
            before = self._progress
            try:
                cause = "none"
                self._live()
            except CameraError as error:
                cause = error.cause
                self._say("lost", cause, str(error))
                self._count(error.cause)
                log.info("%s: %s", self._name, error)
            except Exception:  # a fault of ours must not end the watching of this camera for ever
                log.exception("%s: a fault in its thread", self._name)
                cause = "broken"
                self._say("lost", cause, "a fault in the program, see the log of ingest")
                self._count("broken")
            malloc.trim()
            attempt = 0 if self._progress > before else attempt + 1
            chance = self._rng.random()
            self._stop.wait(backoff.delay_s(cause, max(0, attempt - 1), self._backoff_s_max, chance))
        self._ended()
