"""`zool models pull [NAME]`. Edge (argv, files, streams)."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import msgspec

from model_repository import registry
from model_repository.errors import TaskNotSupported
from model_repository.pull.catalogue import Catalogue, Listed, import_words, megabytes, read, table
from model_repository.pull.errors import CatalogueInvalid, LicenceNotAccepted, NameUnknown

CATALOGUE = Path(__file__).with_name("catalogue.toml")


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came, and what `zool models import` has to be told about it."""

    path: Path
    words: list[str]


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare them."""
    command.add_argument("name", nargs="?", default="", help="an entry of the catalogue; without: what there is")
    command.add_argument("--as", dest="task", default="", metavar="TASK", help="default: as the catalogue says")
    command.add_argument("--name", dest="call", default="", metavar="OTHER", help="how the weights are called here")
    command.add_argument("--accept-licence", default="", metavar="LICENCE", help="you keep to what this licence asks")
    command.add_argument("--replace", action="store_true", help="other weights of that name are thrown away")
    command.add_argument("--json", action="store_true", help="without NAME: print one JSON array")
    command.add_argument("--catalogue", type=Path, default=CATALOGUE, help="a catalogue of your own (of a mirror, say)")


def run(options: argparse.Namespace) -> Pulled | None:
    """Bring a file, or list the catalogue (None). Raises PullRefused and TaskNotSupported."""
    catalogue = load(options.catalogue)
    if not options.name:
        _list(catalogue, as_json=options.json)
        return None
    importable = tuple(task.name for task in registry.TASKS if task.importer)
    listed = catalogue.find(options.name)
    if listed is None:
        raise NameUnknown(options.name, tuple(each.name for each in catalogue.weights))
    _show(listed)
    _refuse_unaccepted(listed, options.accept_licence)
    if options.task and options.task not in importable:
        raise TaskNotSupported(options.task, importable)
    from model_repository.pull import download, progress  # noqa: PLC0415 - an HTTP client is slow to import

    # Beside the folders of the tasks, none of which is called so.
    folder = options.data_dir / "models" / "downloads"
    fetched = download.fetch(listed, folder, progress.Progress(sys.stderr, listed.name))
    known = "as the catalogue says" if listed.sha256 else "the catalogue knows none: compare it with another source"
    print(f"SHA-256 {fetched.sha256} ({known})", flush=True)
    words = import_words(listed, fetched.path, task=options.task, name=options.call)
    return Pulled(path=fetched.path, words=[*words, *(["--replace"] if options.replace else [])])


def load(path: Path = CATALOGUE) -> Catalogue:
    """Read a catalogue. Raises CatalogueInvalid."""
    try:
        return read(path.read_text("utf-8"))
    except OSError as error:
        raise CatalogueInvalid(path, error.strerror or "cannot be read") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogueInvalid(path, str(error)) from error


def _list(catalogue: Catalogue, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(catalogue.weights).decode())
        return
    print("\n".join(table(catalogue)))


def _show(listed: Listed) -> None:
    """What is said before anything is fetched."""
    size = f", {megabytes(listed.size_bytes)}" if listed.size_bytes else ""
    print(f"{listed.name}: {listed.about}\nfrom {listed.address}{size}")
    print(f"licence {listed.licence}{f': {listed.condition}' if listed.condition else ''}", flush=True)


def _refuse_unaccepted(listed: Listed, accepted: str) -> None:
    """A licence with conditions has to be named; naming another one than it has is refused as well."""
    if accepted != listed.licence and (listed.accept or accepted):
        raise LicenceNotAccepted(listed, accepted)
