"""`zool user`: who may come in, from the command line: for the first administrator, and when nobody can sign in.

Edge (argv, standard input, HTTP). It speaks to the API with the administrator's token. Passwords are asked for, or read
from standard input; never taken from the command line, where every process sees them.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from urllib.parse import quote

from deploy.errors import PasswordsDiffer
from deploy.language import Language, language_of
from deploy.rest import add_access, connect

ROLES = ("administrator", "operator", "viewer", "integration")
_WORDS: dict[str, dict[Language, str]] = {
    "password": {"en": "Password: ", "ru": "Пароль: "},
    "again": {"en": "Again: ", "ru": "Ещё раз: "},
    "added": {"en": "{name} is added as {role}.", "ru": "Добавлен пользователь {name}, роль {role}."},
    "set": {"en": "{name} has another password; its sessions ended.", "ru": "Пароль {name} изменён, сеансы завершены."},
    "none": {"en": "There are no users: zool user add", "ru": "Пользователей нет: zool user add"},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool user` understands."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    add = acts.add_parser("add", help="add a user", description="Add a user; the password is asked for.")
    add.add_argument("name", help="name to sign in with: small Latin letters, digits, '-' and '_'")
    add.add_argument("--role", choices=ROLES, default="administrator", help="default: %(default)s")
    add.add_argument("--title", default="", help="how people call this user")
    add.add_argument("--region", action="append", default=[], help="limit to a region; may be repeated")
    add.add_argument("--no-password", action="store_true", help="comes in by tokens or the identity provider only")
    password = acts.add_parser("password", help="set a password", description="Set a password; it is asked for.")
    password.add_argument("name")
    found = acts.add_parser("list", help="all users", description="All users with role, regions and last use.")
    for act in (add, password, found):
        add_access(act)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    language = language_of(os.environ)
    with connect(args, language) as client:
        if args.act == "list":
            users = client.call("GET", "/users")["items"]
            print(json.dumps(users, ensure_ascii=False) if args.json else table(users, language))
            return 0
        if args.act == "password":
            client.call("PUT", f"/users/{quote(args.name, safe='')}/password", body={"password": asked(language)})
            print(_WORDS["set"][language].format(name=args.name))
            return 0
        body = {"name": args.name, "role": args.role, "title": args.title, "regions": args.region}
        body["password"] = None if args.no_password else asked(language)
        user = client.call("POST", "/users", body=body)
        print(json.dumps(user, ensure_ascii=False) if args.json else _WORDS["added"][language].format(**user))
    return 0


def asked(language: Language) -> str:
    """A password, twice from whoever sits in front, or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(_WORDS["password"][language])
    if getpass.getpass(_WORDS["again"][language]) != first:
        raise PasswordsDiffer
    return first


def table(users: list[dict[str, object]], language: Language) -> str:
    """Users for people, one a line."""
    if not users:
        return _WORDS["none"][language]
    rows = [("NAME", "ROLE", "REGIONS", "TOKENS", "LAST USE", "")]
    for user in users:
        regions = user["regions"]
        places = ", ".join(map(str, regions)) if isinstance(regions, list) and regions else "*"
        state = "off" if user["disabled"] else "" if user["has_password"] else "no password"
        seen = str(user["seen_at"] or "-")[:16].replace("T", " ")
        rows.append((str(user["name"]), str(user["role"]), places, str(user["tokens"]), seen, state))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
