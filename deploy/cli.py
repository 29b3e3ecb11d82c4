"""`dossier`: the operator's command. One file per command in deploy/commands, imported when it is called.

A command is a row in COMMANDS and a module with `configure(parser)` and `run(arguments) -> int`.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from typing import Final, Protocol, cast

INTERRUPTED: Final = 130
MISCONFIGURED: Final = 78

COMMANDS: Final[dict[str, str]] = {
    "run": "start the embedded stack: a broker and the five services, on this machine",
    "status": "say what of the embedded stack is running",
    "migrate": "bring the databases to the newest schema",
    "topics": "bring topics, permissions and our own users on Kafka to what they should be",
    "create-agency": "make an agency",
    "create-user": "make an account, or give one a new password",
    "create-partner": "make a partner: its registration, topics, permissions, password and API key",
    "rebuild-read-model": "drop the gateway's views and have every service fill them again",
    "seed-demo": "write the demo's agencies, clients, contracts and claims, once",
    "simulate": "play insurers, garages and appraisers against a running demo",
    "replay-dead-letters": "send records again that a service could not take",
    "republish": "have a service send its archive of events again",
    "schemas": "write the JSON schemas and the AsyncAPI document of the contracts",
    "asyncapi": "print the AsyncAPI document of all topics",
    "openapi": "print the OpenAPI document of the JSON API and the partner on-ramp",
    "settings": "list all settings, their defaults and what they are for",
}
"""Name -> one line of help. The module is deploy/commands/<name, with underscores>.py."""


class Command(Protocol):
    """What a module in deploy/commands provides."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit code tells."""
        ...


class Refused(Exception):  # noqa: N818 - it is what the operator reads
    """A command cannot do what it was asked; the message is one sentence."""


def load(name: str) -> Command:
    """Import a command."""
    return cast("Command", import_module(f"deploy.commands.{name.replace('-', '_')}"))


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Give a parser that knows all commands by name and the chosen one by its options."""
    parser = argparse.ArgumentParser(prog="dossier", description="Runs and operates Dossier.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == chosen:
            load(name).configure(one)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; every failure that an operator can cause is one sentence, not a trace."""
    given = sys.argv[1:] if arguments is None else arguments
    chosen = next((word for word in given if not word.startswith("-")), None)
    parsed = build_parser(chosen).parse_args(given)
    try:
        return load(parsed.command).run(parsed)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `dossier settings | head`: whoever read has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _is_settings_error(error):
            print(error, file=sys.stderr)
            return MISCONFIGURED
        raise


def _is_settings_error(error: Exception) -> bool:
    """Ask without importing the settings for commands that do not need them."""
    module = sys.modules.get("shared.settings")
    return module is not None and isinstance(error, module.SettingsError)


if __name__ == "__main__":
    # Commands raise deploy.cli.Refused: this file must be that module, not a second one named __main__.
    sys.exit(import_module("deploy.cli").main())
