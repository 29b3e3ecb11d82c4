"""`dossier migrate`: bring the services' databases to the newest schema."""

from __future__ import annotations

import argparse
import asyncio

from deploy.cli import Refused
from shared.settings import SERVICES, Settings, load_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "service", nargs="*", choices=[*SERVICES, []], help="only these services (default: all)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Migrate, saying what was done in one line."""
    from shared.db import migrations  # noqa: PLC0415 - costs most of a second, so `--help` does without

    settings = load_settings(Settings)
    services = arguments.service or SERVICES
    urls = {service: settings.database_url_of(service) for service in services}

    async def outdated() -> list[str]:
        states = await asyncio.gather(*(migrations.is_current(service, url) for service, url in urls.items()))
        return [service for service, current in zip(urls, states, strict=True) if not current]

    waiting = asyncio.run(outdated())
    for service in waiting:
        try:
            migrations.migrate(service, urls[service])
        except OSError as error:
            raise Refused(
                f"The database of {service} cannot be reached ({error.strerror or error})."
            ) from error
    print(f"migrated: {', '.join(waiting)}" if waiting else f"{len(urls)} up to date")
    return 0
