"""`zool secrets rotate`: another key for the credentials of cameras, while the system runs.

Edge (argv, files, HTTP). A new key is put on top of the key file, everything is sealed with it, and then the old keys
are taken out. Cut off anywhere, nothing is lost: the file holds every key that something may be sealed with, and the
command is given again.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from deploy.errors import FileUnusable
from deploy.language import Language, language_of
from deploy.rest import add_access, connect
from deploy.up.machine import write_private
from ingest.sealed import new_key, read_keys

KEY_FILE = Path("var/zool/secrets.key")
_WORDS: dict[str, dict[Language, str]] = {
    "done": {
        "en": "{sealed} cameras are sealed with the new key; the old ones are gone from {file}.",
        "ru": "Новым ключом запечатано камер: {sealed}; старые ключи удалены из {file}.",
    },
    "left": {
        "en": "{sealed} cameras are sealed with the new key, {left} are not: the old keys stay in {file}. Do it again.",
        "ru": "Новым ключом запечатано камер: {sealed}, не удалось: {left}; старые ключи остались в {file}. Повторите.",
    },
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool secrets` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    rotate = acts.add_parser("rotate", help="change the key", description="Change the key of cameras' credentials.")
    rotate.add_argument("--key-file", type=Path, default=KEY_FILE, help="[secrets] key_file (default: %(default)s)")
    add_access(rotate)


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where something is still sealed with an old key."""
    language, path = language_of(os.environ), args.key_file
    try:
        old = path.read_text(encoding="ascii")
        read_keys(old)
    except (OSError, ValueError) as error:
        raise FileUnusable(path, f"is no key file: {error}; name it with --key-file") from None
    key = new_key()
    with connect(args, language) as client:
        client.call("GET", "/session")  # nothing is begun that could not be done
        write_private(path, f"{key}\n{old}")
        told = client.call("POST", "/secrets/reseal")
    if not told["left"]:
        write_private(path, f"{key}\n")
    words = _WORDS["left" if told["left"] else "done"][language].format(**told, file=path)
    print(json.dumps(told) if args.json else words)
    return 1 if told["left"] else 0
