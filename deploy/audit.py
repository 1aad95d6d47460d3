"""`zool audit`: who did what; whether the chain still holds, link by link; and a copy of it for elsewhere.

Edge (argv, environment, files, standard output, HTTP). The chain is checked here, over the links as they are kept, not
by whoever keeps them; a file of `export` is checked without the system.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from api.audit import Walk
from deploy.errors import FileUnusable
from deploy.language import Language, language_of
from deploy.rest import RestClient, add_access, connect

_WORDS: dict[str, dict[Language, str]] = {
    "whole": {
        "en": "The chain holds: {links} links, {records} records, from {first} to {seq}. Head {seq}:{hash}",
        "ru": "Цепочка цела: звеньев {links}, записей {records}, от {first} до {seq}. Конец {seq}:{hash}",
    },
    "empty": {"en": "The audit is empty.", "ru": "Журнал пуст."},
    "broken": {
        "en": "BROKEN at link {seq}: {what}. {links} links before it hold.",
        "ru": "НАРУШЕНА на звене {seq}: {what}. Целых звеньев до него: {links}.",
    },
    "unreadable": {"en": "it can't be read", "ru": "его нельзя прочитать"},
    "content": {"en": "its records were changed (hash differs)", "ru": "записи изменены (хеш не сходится)"},
    "order": {
        "en": "it does not hang on the link before: links were put in, taken out or made anew",
        "ru": "оно не связано с предыдущим: звенья вставлены, удалены или переписаны",
    },
    "head": {
        "en": "The link {seq} is not the one that was noted: the chain was made anew, or cut off before it.",
        "ru": "Звено {seq} не то, что было записано: цепочка переписана или обрезана.",
    },
    "exported": {"en": "{links} links are in {file}.", "ru": "Звеньев записано в {file}: {links}."},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool audit` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    found = acts.add_parser("list", help="records, newest first", description="Records, newest first.")
    for name in ("user", "act", "target", "since", "until"):
        found.add_argument(f"--{name}", dest=f"by_{name}", default="", help=f"only with this {name}")
    found.add_argument("--limit", type=int, default=50, help="how many at most (default: %(default)s)")
    verify = acts.add_parser(
        "verify", help="walk the chain", description="Walk the chain, and name the first link that does not hold."
    )
    verify.add_argument("--file", type=Path, help="check a file of `export` instead of the running system")
    verify.add_argument(
        "--head", default="", metavar="SEQ:HASH", help="a head that was noted before: is it still there?"
    )
    export = acts.add_parser("export", help="copy the chain into a file", description="Copy the chain into a file.")
    export.add_argument("file", type=Path, help="JSON lines, one link each")
    for act in (found, verify, export):
        add_access(act)


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where the chain is broken."""
    language = language_of(os.environ)
    if args.act == "verify" and args.file is not None:
        return _verify(_read(args.file), args, language)
    with connect(args, language) as client:
        if args.act == "list":
            return _list(client, args)
        if args.act == "verify":
            return _verify(_links(client), args, language)
        return _export(client, args, language)


def _links(client: RestClient) -> Iterator[tuple[int, bytes]]:
    after, end = 0, None
    while end is None or after < end:
        page = client.call("GET", "/audit/links", params={"after": str(after)})
        end = page["last"] if end is None else end  # reading is recorded as well: it would never end
        if not page["items"]:
            return
        for item in page["items"]:
            after = item["seq"]
            yield after, item["link"].encode()


def _read(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                item = json.loads(line)
                yield int(item["seq"]), str(item["link"]).encode()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileUnusable(path, f"is no export of the audit: {error}") from None


def _verify(links: Iterator[tuple[int, bytes]], args: argparse.Namespace, language: Language) -> int:
    walk, head_seq, head_hash = Walk(), *_head(args.head)
    head_found = not head_seq
    for seq, payload in links:
        if not walk.step(seq, payload):
            break
        head_found = head_found or (seq == head_seq and walk.hash == head_hash)
    told: dict[str, Any] = {"links": walk.links, "records": walk.records, "first": walk.first_seq, "seq": walk.seq}
    told |= {"hash": walk.hash, "broken_at": None, "what": ""}
    if walk.fault is not None:
        told |= {"broken_at": walk.fault.seq, "what": walk.fault.what}
        what = _WORDS[walk.fault.what][language]
        words = _WORDS["broken"][language].format(seq=walk.fault.seq, what=what, links=walk.links)
    elif not head_found:
        told |= {"broken_at": head_seq, "what": "head"}
        words = _WORDS["head"][language].format(seq=head_seq)
    else:
        words = _WORDS["whole" if walk.links else "empty"][language].format(**told)
    print(json.dumps(told) if args.json else words)
    return 0 if told["broken_at"] is None else 1


def _head(text: str) -> tuple[int, str]:
    seq, _, found = text.partition(":")
    return (int(seq), found) if seq.isdecimal() else (0, "")


def _export(client: RestClient, args: argparse.Namespace, language: Language) -> int:
    count = 0
    try:
        with args.file.open("x", encoding="utf-8") as out:
            for seq, payload in _links(client):
                out.write(json.dumps({"seq": seq, "link": payload.decode()}, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        raise FileUnusable(args.file, f"can't be written: {error}") from None
    print(_WORDS["exported"][language].format(links=count, file=args.file))
    return 0


def _list(client: RestClient, args: argparse.Namespace) -> int:
    wanted = {name: getattr(args, f"by_{name}") for name in ("user", "act", "target", "since", "until")}
    wanted = {name: value for name, value in wanted.items() if value}
    left, before = args.limit, ""
    while left > 0:
        params = wanted | {"limit": str(min(left, 500))} | ({"before": before} if before else {})
        page = client.call("GET", "/audit", params=params)
        for item in page["items"][:left]:
            print(json.dumps(item, ensure_ascii=False) if args.json else line(item))
        left -= len(page["items"])
        if page["next_before"] is None:
            break
        before = str(page["next_before"])
    sys.stdout.flush()
    return 0


def line(item: dict[str, Any]) -> str:
    """A record for people, in one line."""
    target = " ".join(f"{name}={value}" for name, value in item["target"].items())
    changes = " ".join(f"{change['bucket']}/{change['key']}" for change in item["changes"][:5])
    who = item["user"] or "-"
    parts = (item["at"][:19].replace("T", " "), who, item["address"], str(item["status"]), item["act"], target, changes)
    reason = msgspec.json.encode(item["reason"]).decode() if item["reason"] else ""
    return "  ".join(part for part in (*parts, reason) if part)
