"""Checkpoints of trainings (`.pt`): looked at without running them, exported only where their user trusts them.

Rules of this file
- Unpickling runs what a file names. Nothing here unpickles: the opcodes are listed, which names the code that loading
  would call (docs.python.org, pickletools), and that list goes into the refusal.
- The export loads the file with ultralytics, in a process of its own, and only with `--trust-checkpoint`. ultralytics
  and torch belong to the group `export`; no process that serves imports them.
"""

from __future__ import annotations

import importlib.util
import pickletools
import subprocess
import sys
import zipfile
from pathlib import Path

from model_repository.errors import ExportFailed, ExportToolsMissing, FileUnreadable

CHECKPOINTS = (".pt", ".pth", ".ckpt", ".pkl")
PICKLE_BYTES_MAX = 64 * 1024 * 1024
EXPORT_TIMEOUT_S = 1800

PLAIN = frozenset({
    "collections.OrderedDict", "collections.defaultdict", "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter", "torch._tensor._rebuild_from_type_v2", "torch.FloatStorage", "torch.HalfStorage",
    "torch.BFloat16Storage", "torch.LongStorage", "torch.IntStorage", "torch.ByteStorage", "torch.BoolStorage",
    "torch.Size", "torch.float32", "torch.float16", "torch.bfloat16",
})  # fmt: skip
"""What tensors and their containers need: a file with nothing else holds numbers, and no network to run them in."""

COMMON = ("torch", "builtins", "__builtin__", "collections", "numpy")

_TEXTS = ("SHORT_BINUNICODE", "BINUNICODE", "UNICODE", "BINUNICODE8")
_MEMO_PUT, _MEMO_GET = ("BINPUT", "LONG_BINPUT", "PUT"), ("BINGET", "LONG_BINGET", "GET")


def foreign_names(path: Path) -> tuple[str, ...]:
    """What loading the file would call beyond plain tensors. Raises FileUnreadable."""
    try:
        names = _globals(_pickle(path))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, IndexError) as error:
        raise FileUnreadable(path, f"no checkpoint of torch: {str(error)[:200]}") from error
    # What tells most comes first: the classes of whoever made it, before those of torch and Python.
    return tuple(sorted(names - PLAIN, key=lambda name: (name.split(".")[0] in COMMON, name)))


def exported(path: Path, folder: Path, size: tuple[int, int] | None) -> Path:
    """The network of a trusted checkpoint as ONNX in `folder`. Raises ExportToolsMissing, ExportFailed."""
    missing = [name for name in ("ultralytics", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportToolsMissing(missing[0])
    out = folder / f"{path.stem}.onnx"
    words = [sys.executable, "-m", "model_repository.imports.export", str(path), "--out", str(out)]
    words += ["--size", f"{size[0]}x{size[1]}"] if size else []
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=EXPORT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ExportFailed(path, f"not finished after {EXPORT_TIMEOUT_S} s") from error
    if done.returncode or not out.exists():
        raise ExportFailed(path, (done.stderr or done.stdout).strip()[-500:])
    return out


def _pickle(path: Path) -> bytes:
    """The pickled part: of the archive that torch writes, or the file itself where it is older."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return file.read(PICKLE_BYTES_MAX)
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in [*archive.namelist(), ""] if name.endswith("data.pkl") or not name)
        with archive.open(name) as file:
            return file.read(PICKLE_BYTES_MAX)


def _globals(data: bytes) -> set[str]:
    """`module.name` of everything that the opcodes look up. Raises ValueError for what is no pickle."""
    names: set[str] = set()
    texts: list[str] = []
    memo: dict[int, str] = {}
    last = ""
    for opcode, value, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            names.add(str(value).replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":
            names.add(".".join(texts[-2:]) if len(texts) > 1 else "?")
        elif opcode.name in _TEXTS:
            last = str(value)
            texts.append(last)
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = last
        elif opcode.name in _MEMO_PUT and isinstance(value, int):
            memo[value] = last
        elif opcode.name in _MEMO_GET and isinstance(value, int):
            texts.append(memo.get(value, "?"))
    return names
