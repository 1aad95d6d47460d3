"""The last guard: kills every process group of the system when the supervisor is gone, however it went.

Run as a script of its own (`python -I -S warden.py`), standard library only. Reads lines `+<pgid>` and `-<pgid>` from
its standard input, whose other end only the supervisor holds; at the end of input it kills what is still registered.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Until the supervisor is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        pgid = int(line[1:])
        if line[0] == "+":
            groups.add(pgid)
        else:
            groups.discard(pgid)
    for pgid in groups:
        try:
            os.killpg(pgid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
