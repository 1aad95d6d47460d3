"""`zool config`: the whole site as a file: written, compared, and made so.

Edge (argv, environment, files, standard output). The API does the work and has the last word on each value.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from deploy.configuration import lines
from deploy.configuration.changes import Change, changes
from deploy.configuration.document import DocumentFault, dump, load
from deploy.configuration.exported import exported
from deploy.configuration.kinds import CAMERAS, FUNCTIONS, KINDS
from deploy.configuration.site import read_found, write
from deploy.configuration.wanted import Faulty, read_site
from deploy.errors import ApiAway, ApiRefused, ConfigUnusable, FileUnusable, PlaintextRefused
from deploy.language import Language, language_of
from deploy.rest import RestClient, add_access, connect

BYTES_MAX = 16 << 20
SECRET_BYTES_MAX = 8192
DIFFERS = 2
ACTS = {
    "export": "write what is set up into a file; without secrets and faces",
    "plan": "say what `apply` would do; exit code 0: nothing, 2: something",
    "apply": "make the site what the file says; stops at the first refusal",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool config` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, help_words in ACTS.items():
        act = acts.add_parser(name, help=help_words, description=help_words)
        act.add_argument("file", help="YAML file; - is standard output or input")
        if name == "export":
            act.add_argument("--replace", action="store_true", help="write over a file that is there")
        else:
            act.add_argument("--prune", action="store_true", help="remove what is there and not in the file")
            act.add_argument("--secrets", action="store_true", help="send the secrets of env: and file: again")
        add_access(act)


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where it did not work, 2 where a plan has something to do."""
    language = language_of(os.environ)
    try:
        with connect(args, language) as client:
            if args.act == "export":
                return _export(args, client, language)
            return _plan_or_apply(args, client, language)
    except (FileUnusable, PlaintextRefused) as error:
        raise ConfigUnusable(str(error)) from None


def _export(args: argparse.Namespace, client: RestClient, language: Language) -> int:
    found = read_found(client, [kind.name for kind in KINDS])
    document = exported(found)
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n" if args.json else dump(document)
    if args.file == "-":
        sys.stdout.write(text)
        return 0
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if args.replace else os.O_EXCL)
    try:  # names of people are in it: for its owner alone
        with os.fdopen(os.open(args.file, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(("" if args.json else lines.words("head", language)) + text)
    except FileExistsError:
        raise FileUnusable(Path(args.file), "is there already: --replace writes over it") from None
    except OSError as error:
        raise FileUnusable(Path(args.file), f"can't be written: {error.strerror}") from None
    count = sum(len(objects) for objects in found.values())
    print(lines.words("written", language, count=count, file=args.file))
    return 0


def _plan_or_apply(args: argparse.Namespace, client: RestClient, language: Language) -> int:
    try:
        wanted = read_site(_document(args.file), resolved)
        names = {*wanted.objects} | ({FUNCTIONS} if CAMERAS in wanted.objects else set())
        found = read_found(client, names)
        todo = changes(wanted, found, resolved, prune=args.prune, renew=args.secrets)
    except Faulty as error:
        told = [f"{fault.field}: {fault.words.to(language)}" for fault in error.faults]
        raise ConfigUnusable(*(f"{args.file}: {line}" for line in told)) from None
    if not (args.json and args.act == "apply"):
        print(lines.as_json(todo) if args.json else "\n".join(lines.plan(todo, language)))
    if args.act == "plan":
        return DIFFERS if todo else 0
    return apply(client, todo, language, quiet=args.json)


def apply(client: RestClient, todo: list[Change], language: Language, *, quiet: bool = False) -> int:
    """Make changes one after the other; stops at the first that does not work, and says what was not done."""
    for at, change in enumerate(todo):
        try:
            write(client, change)
        except (ApiRefused, ApiAway) as error:
            said = error.body if isinstance(error, ApiRefused) else str(error)
            if quiet:
                told = {"done": at, "left": len(todo) - at, "at": change.place, "words": said}
                print(json.dumps(told, ensure_ascii=False))
            sys.stderr.write("\n".join(lines.stopped(todo, at, said, language)) + "\n")
            return 1
        if not quiet:
            print(lines.done(change, language), flush=True)
    if quiet:
        print(json.dumps({"done": len(todo), "left": 0}))
    elif todo:
        print(lines.words("all", language, count=len(todo)))
    return 0


def _document(name: str) -> Any:
    path = Path(name)
    try:
        raw = sys.stdin.buffer.read(BYTES_MAX + 1) if name == "-" else _bytes(path, BYTES_MAX)
        if len(raw) > BYTES_MAX:
            raise FileUnusable(path, f"is larger than {BYTES_MAX >> 20} MiB")
        return load(raw.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnusable(path, f"can't be read: {error}") from None
    except DocumentFault as error:
        raise FileUnusable(path, f"is no YAML that can be used: {error}") from None


def resolved(reference: str) -> str:
    """What `env:NAME` or `file:PATH` stands for; raises `LookupError` with the reason."""
    how, _, name = reference.partition(":")
    if how == "env":
        if not (value := os.environ.get(name, "")):
            raise LookupError(f"the environment variable {name} is not set")
        return value
    try:
        raw = _bytes(Path(name), SECRET_BYTES_MAX)
        text = raw.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise LookupError(f"the file {name} can't be read: {reason}") from None
    if not text or len(raw) > SECRET_BYTES_MAX:
        raise LookupError(f"the file {name} must hold 1 to {SECRET_BYTES_MAX} bytes")
    return text


def _bytes(path: Path, bytes_max: int) -> bytes:
    with path.open("rb") as file:
        return file.read(bytes_max + 1)
