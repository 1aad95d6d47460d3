"""`zool`, the command line."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Sequence

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A subcommand: its module declares `add_arguments` and `run`, and is imported only when it is used."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "up": Command(module="deploy.up.command", help="run the whole system on this machine"),
    "demo": Command(
        module="deploy.demo.command", help="run the system on the demo site, and compare it with the truth"
    ),
    "capacity": Command(module="deploy.capacity.command", help="what machine so many cameras need"),
    "bench": Command(module="deploy.bench.command", help="measure the running system"),
    "doctor": Command(module="deploy.doctor.command", help="look whether this machine and the site on it are well"),
    "backup": Command(module="deploy.backup.command", help="everything that a site knows into one file, while it runs"),
    "restore": Command(module="deploy.backup.restore", help="put a backup back where there is nothing"),
    "support-bundle": Command(module="deploy.bundle.command", help="what support needs to know, without secrets"),
    "store": Command(module="deploy.store", help="show or apply the migrations of the analytics store"),
    "acs": Command(module="deploy.acs.command", help="follow events over gRPC, as an access-control system does"),
    "eval": Command(module="deploy.truth.command", help="hold the rules against made-up scenes with known events"),
    "replay": Command(module="deploy.replay", help="try edited rules of a camera on what it saw before"),
    "config": Command(
        module="deploy.configuration.command", help="the whole site as a file: export it, compare it, apply it"
    ),
    "dead": Command(module="deploy.dead.command", help="look at messages that failed, replay or drop them"),
    "audit": Command(module="deploy.audit", help="who did what: list, verify the chain, export it"),
    "secrets": Command(module="deploy.secrets", help="keys that credentials of cameras are sealed with: change them"),
    "user": Command(module="deploy.users", help="users of the console and the API: add, list, set a password"),
    "simulate": Command(module="deploy.simulate.command", help="serve video files over RTSP as live cameras"),
}
PASSED_ON: dict[str, Command] = {
    "models": Command(module="model_repository.__main__", help="import, build, list and train models"),
    "site": Command(module="model_repository.scenes.__main__", help="render the demo site and training scenes"),
    "dashboards": Command(module="dashboards.__main__", help="write the Grafana boards as JSON"),
}
"""These bring their own command line: everything behind the name is theirs."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `zool`; returns 0, 1 (it did not work) or 2 (asked in a way that can't work; a plan with changes)."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in PASSED_ON:
        return _pass_on(words)
    parser = argparse.ArgumentParser(prog="zool", description="Self-hosted video analytics: IP cameras in, events out.")
    parser.add_argument("--version", action="version", version=f"zool {importlib.metadata.version('zool')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in (COMMANDS | PASSED_ON).items():
        sub = commands.add_parser(name, help=command.help, description=command.help)
        if words and words[0] == name:
            importlib.import_module(command.module).add_arguments(sub)
    args = parser.parse_args(words)
    return _guarded(lambda: importlib.import_module(COMMANDS[args.command].module).run(args))


def _pass_on(words: list[str]) -> int:
    module = importlib.import_module(PASSED_ON[words[0]].module)
    return _guarded(lambda: module.main(words[1:]))


def _guarded(call: Callable[[], int]) -> int:
    from deploy.errors import DeployError  # noqa: PLC0415 - quick start
    from ingest.settings import SettingsError  # noqa: PLC0415 - quick start

    try:
        return call()
    except SettingsError as error:
        sys.stderr.write(f"zool: {error}\n")
        return 2
    except DeployError as error:
        sys.stderr.write(f"zool: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
