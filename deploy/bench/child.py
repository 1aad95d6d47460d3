"""A process that measures something and says it at its end. Edge (asyncio, processes).

It is in a session of its own, so that Ctrl-C reaches the benchmark alone, which then ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping

from deploy.errors import ChildFailed


async def said(
    name: str, module: str, *arguments: str, stop: asyncio.Event, environ: Mapping[str, str] | None = None
) -> bytes | None:
    """What `python -m module` wrote until it ended; None where it was stopped. Raises `ChildFailed`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True,
        env=os.environ | dict(environ or {}),
    )  # fmt: skip
    answer, stopping = asyncio.create_task(process.communicate()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({answer, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            return None
        if process.returncode:
            raise ChildFailed(name, process.returncode)
        return answer.result()[0]
    finally:
        stopping.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await answer
