"""`zool replay`: what edited rules of a camera would have said of a span of the past, beside what was said.

Edge (argv, environment, files, standard output). The API does the work; nothing is saved there and nothing published.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from deploy.errors import FileUnusable
from deploy.language import Language, language_of
from deploy.rest import add_access, connect

TIMEOUT_S = 600.0
_WORDS: dict[str, tuple[str, str]] = {
    "head": (
        "{looks} looks and reads replayed: {was} events were, {would} would have been",
        "воспроизведено {looks} наблюдений: событий было {was}, было бы {would}",
    ),
    "same": ("  {time}  {kind:<18} {rule:<14} {what}", "  {time}  {kind:<18} {rule:<14} {what}"),
    "gone": (
        "- {time}  {kind:<18} {rule:<14} {what}  (would be gone)",
        "- {time}  {kind:<18} {rule:<14} {what}  (не было бы)",
    ),
    "new": (
        "+ {time}  {kind:<18} {rule:<14} {what}  (would be new)",
        "+ {time}  {kind:<18} {rule:<14} {what}  (было бы новым)",
    ),
    "changed": (
        "~ {time}  {kind:<18} {rule:<14} {what}  (was: {before})",
        "~ {time}  {kind:<18} {rule:<14} {what}  (было: {before})",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `zool replay` understands."""
    parser.add_argument("--camera", required=True, help="id of the camera")
    parser.add_argument("--function", default="vehicles", help="which of its functions (default: %(default)s)")
    parser.add_argument("--since", required=True, help="beginning of the span, as 2026-03-01T08:00:00Z")
    parser.add_argument("--until", required=True, help="its end, 24 h later at most")
    parser.add_argument(
        "--rules",
        type=Path,
        help="JSON file with the settings to try, as the API takes them; without it those that hold",
    )
    add_access(parser)


def run(args: argparse.Namespace) -> int:
    """Replay and print; 0 also where nothing would change."""
    language = language_of(os.environ)
    body: dict[str, Any] = {"since": args.since, "until": args.until, "settings": _rules(args.rules)}
    with connect(args, language, timeout_s=TIMEOUT_S) as client:
        if sys.stderr.isatty():
            print("…", end="\r", file=sys.stderr, flush=True)
        found = client.call("POST", f"/cameras/{args.camera}/functions/{args.function}/replay", body=body)
    print(json.dumps(found, ensure_ascii=False) if args.json else "\n".join(lines(found, language)))
    return 0


def _rules(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileUnusable(path, f"can't be read as JSON: {error}") from None
    if not isinstance(rules, dict):
        raise FileUnusable(path, 'holds no object: write the settings as the API takes them, {"lines": [...]}')
    inner = rules.get("settings", rules)
    return dict(inner) if isinstance(inner, dict) else rules


def lines(found: dict[str, Any], language: Language) -> list[str]:
    """Both lists of events as one, in time: what stays, changes, goes and comes."""
    was, would = ({event["id"]: event for event in found[side]} for side in ("was", "would"))
    rows = [("gone", was[key], None) for key in found["gone"]] + [("new", would[key], None) for key in found["new"]]
    for before, after in found["same"]:
        kind = "same" if _what(was[before]) == _what(would[after]) else "changed"
        rows.append((kind, would[after], was[before]))
    rows.sort(key=lambda row: (row[1]["opened_at"], row[1]["id"]))
    head = _say("head", language, looks=found["looks"], was=len(was), would=len(would))
    return [head, *(_line(kind, event, before, language) for kind, event, before in rows)]


def _line(kind: str, event: dict[str, Any], before: dict[str, Any] | None, language: Language) -> str:
    return _say(
        kind,
        language,
        time=event["opened_at"],
        kind=event["kind"],
        rule=event["rule"],
        what=_what(event),
        before=_what(before) if before is not None else "",
    ).rstrip()


def _what(event: dict[str, Any]) -> str:
    value = event["value"]
    parts = (event["direction"], event["label"], event["plate"], event["person"], *event["missing"])
    return " ".join([*(part for part in parts if part), *([] if value is None else [f"{value:g}"])])


def _say(word: str, language: Language, **fields: object) -> str:
    return _WORDS[word][language == "ru"].format(**fields)
