"""`dossier schemas`."""

from __future__ import annotations

import argparse

from shared.contracts import schemas


def configure(parser: argparse.ArgumentParser) -> None:
    """Offer the check alone."""
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when a file is out of date"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the JSON schemas and the AsyncAPI document, or say which differ."""
    if not arguments.check:
        schemas.write()
        return 0
    stale = schemas.outdated()
    for path in stale:
        print(f"{path.name} differs from the contracts: run `dossier schemas` and look at the difference.")
    return 1 if stale else 0
