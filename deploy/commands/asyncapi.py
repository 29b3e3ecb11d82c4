"""`dossier asyncapi`."""

from __future__ import annotations

import argparse

from shared.contracts.schemas import asyncapi_yaml


def configure(parser: argparse.ArgumentParser) -> None:
    """Take no options."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the AsyncAPI document of all topics."""
    del arguments
    print(asyncapi_yaml(), end="")
    return 0
