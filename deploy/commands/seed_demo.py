"""`dossier seed-demo`: write the demo's agencies, clients, contracts and claims."""

from __future__ import annotations

import argparse
import asyncio

from deploy.demo.seed import seed_demo
from shared.observability import configure_logging
from shared.settings import Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Take no options: the settings say where."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Write the demo unless it is there."""
    del arguments
    settings = load_settings(Settings)
    configure_logging("demo", settings.model_copy(update={"log_level": "WARNING"}))
    wrote = asyncio.run(seed_demo(settings))
    print("demo data written" if wrote else "the demo data are there already")
    return 0
