"""`dossier settings`: the documentation of every setting."""

from __future__ import annotations

import argparse
import textwrap

from deploy.serve import settings_class
from shared.settings import SERVICES, describe_settings

DESCRIPTION_WIDTH = 90


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options: none."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print a table: name, default, what it is for."""
    del arguments
    rows = describe_settings(*(settings_class(service) for service in SERVICES))
    for name, default, text in rows:
        first, *more = textwrap.wrap(text, DESCRIPTION_WIDTH) or [""]
        print(f"{name:<36} {default:<20} {first}")
        for line in more:
            print(f"{'':<57} {line}")
    return 0
