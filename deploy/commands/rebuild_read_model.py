"""`dossier rebuild-read-model`: drop the gateway's views and have every service send its archive again.

Pages are empty at first and fill within seconds to minutes; accounts and what each user has read stay.
"""

from __future__ import annotations

import argparse
import asyncio

from deploy.commands.republish import republish
from deploy.identity import in_identity
from shared.settings import Settings, load_settings

SOURCES = ("policy", "claims", "documents", "notifications")
"""The services whose events have views; identity is the gateway's own."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Take no options."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Drop, ask, and say how much will come."""
    del arguments
    settings = load_settings(Settings)
    count = asyncio.run(_rebuild(settings))
    print(f"The read model was dropped; {count} events will be sent again and fill it.")
    return 0


async def _rebuild(settings: Settings) -> int:
    """Drop first: what came again before that would count as taken. Should an archive be out of reach, run it again."""
    from services.gateway.projections.rebuild import forget_read_model  # noqa: PLC0415 - seconds, so `--help` does without

    await in_identity(forget_read_model, settings)
    return sum([await republish(settings, service) for service in SOURCES])
