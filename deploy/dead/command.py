"""`zool dead`: messages that no stage could process: looked at, said again once the cause is mended, or dropped.

Edge (argv, environment, files, standard output). It speaks to the API as any user does: at the broker only the api may
read dead letters and take them out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from deploy.dead.lines import sheet, table, words
from deploy.errors import ApiRefused, NothingChosen
from deploy.language import Language, language_of
from deploy.rest import RestClient, add_access, connect

FILTERS = ("stage", "camera", "reason", "since", "until")
ACTS = {
    "list": "dead letters, oldest first: what, where, why and when",
    "show": "one dead letter with its content; addresses are masked, pictures left out",
    "replay": "publish letters again where they came from, and take them out: once the cause is mended",
    "drop": "take letters out for good",
    "resume": "tell a stage that stopped, because too much could not be processed, to go on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool dead` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    for name, help_words in ACTS.items():
        act = acts.add_parser(name, help=help_words, description=help_words)
        add_access(act)
        if name == "resume":
            act.add_argument("stage", help="recognise or store")
            continue
        if name != "list":
            act.add_argument(
                "seq", type=int, nargs="+" if name == "show" else "*", help="numbers, as `list` shows them"
            )
        if name != "show":
            act.add_argument("--stage", default="", help="only of this stage: recognise, decide or store")
            act.add_argument("--camera", default="", help="only of this camera's id")
            act.add_argument("--reason", default="", help="only where the reason holds this text")
            act.add_argument("--since", default="", help="died at or after, as 2026-03-01T08:00:00Z")
            act.add_argument("--until", default="", help="died before")
        if name == "list":
            act.add_argument("--limit", type=int, default=50, help="how many at most (default: %(default)s)")
            act.add_argument("--after", type=int, default=0, help="only behind this number")
        if name in {"replay", "drop"}:
            act.add_argument("--all", action="store_true", help="all there are now; or name numbers, or a filter")


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where a letter was not there or can't be replayed."""
    language = language_of(os.environ)
    with connect(args, language) as client:
        match args.act:
            case "list":
                return _list(client, args, language)
            case "show":
                return _show(client, args, language)
            case "resume":
                return _resume(client, args, language)
        return _act(client, args, language)


def _chosen(args: argparse.Namespace) -> dict[str, str]:
    return {name: getattr(args, name) for name in FILTERS if getattr(args, name)}


def _list(client: RestClient, args: argparse.Namespace, language: Language) -> int:
    letters: list[dict[str, Any]] = []
    after: int | None = args.after
    total = 0
    while after is not None and len(letters) < args.limit:
        limit = min(args.limit - len(letters), 200)
        page = client.call("GET", "/dead", params=_chosen(args) | {"after": str(after), "limit": str(limit)})
        letters += page["items"]
        after, total = page["next_after"], page["total"]
    if args.json:
        print(json.dumps({"items": letters, "next_after": after, "total": total}, ensure_ascii=False))
    else:
        print("\n".join(table(letters, total, after, language)))
    return 0


def _show(client: RestClient, args: argparse.Namespace, language: Language) -> int:
    for seq in args.seq:
        letter = client.call("GET", f"/dead/{seq}")
        print(json.dumps(letter, ensure_ascii=False) if args.json else "\n".join(sheet(letter, language)))
    return 0


def _resume(client: RestClient, args: argparse.Namespace, language: Language) -> int:
    told = client.call("POST", f"/dead/resume/{quote(args.stage, safe='')}")
    key = "resumed" if told["was_stopped"] else "ran"
    print(json.dumps(told) if args.json else words(key, language, stage=args.stage))
    return 0


def _act(client: RestClient, args: argparse.Namespace, language: Language) -> int:
    chosen = _chosen(args)
    if args.seq and (chosen or args.all):
        raise NothingChosen(args.act, "give numbers, or a filter, not both")
    if not (args.seq or chosen or args.all):
        raise NothingChosen(args.act, "give numbers, a filter as --stage recognise, or --all")
    key = "replayed" if args.act == "replay" else "dropped"
    done, refused = 0, 0
    for more_done, more_refused in _by_number(client, args) if args.seq else _by_filter(client, args.act, chosen):
        done, refused = done + more_done, refused + more_refused
        if sys.stderr.isatty():
            print(words(key, language, done=done), end="\r", file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps({key: done, "refused": refused}))
    else:
        print(words(key, language, done=done))
        if refused:
            print(words("refused", language, refused=refused))
    return 1 if refused else 0


def _by_number(client: RestClient, args: argparse.Namespace) -> Iterator[tuple[int, int]]:
    for seq in args.seq:
        try:
            if args.act == "replay":
                client.call("POST", f"/dead/{seq}/replay")
            else:
                client.call("DELETE", f"/dead/{seq}")
        except ApiRefused as refused:
            if refused.status not in {404, 409}:
                raise
            print(f"zool dead: {refused.body}", file=sys.stderr)
            yield 0, 1
            continue
        yield 1, 0


def _by_filter(client: RestClient, act: str, chosen: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Call after call; what dies again meanwhile lies behind the end that the first call set."""
    place: dict[str, int | None] = {"after": 0}
    while place["after"] is not None:
        told = client.call("POST", f"/dead/{act}", body=chosen | place)
        place = {"after": told["next_after"], "upto": told["upto"]}
        yield told["done"], told["refused"]
