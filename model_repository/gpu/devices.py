"""Which cards there are, by nvidia-smi. `parsed` is pure; `found` is an edge (processes)."""

from __future__ import annotations

import shutil
import subprocess

import msgspec

QUERY = ("name", "memory.total", "memory.free", "compute_cap", "driver_version")
TIMEOUT_S = 20


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One card."""

    name: str
    memory_mib: int
    free_mib: int
    compute: str
    driver: str


def parsed(text: str) -> tuple[Device, ...]:
    """What nvidia-smi answers to QUERY in CSV without units; lines that are no card are left out."""
    devices = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == len(QUERY) and fields[1].isdigit() and fields[2].isdigit():
            name, total, free, compute, driver = fields
            devices.append(Device(name=name, memory_mib=int(total), free_mib=int(free), compute=compute, driver=driver))
    return tuple(devices)


def found() -> tuple[Device, ...]:
    """The cards of this machine; none where there is no driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        answer = subprocess.run(
            [tool, f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parsed(answer.stdout) if answer.returncode == 0 else ()
