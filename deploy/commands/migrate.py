"""`dossier migrate`: bring the services' databases to the newest schema."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

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

    waiting = []
    for service, url in urls.items():
        with _told(service, url):
            if not asyncio.run(migrations.is_current(service, url)):
                waiting.append(service)
    for service in waiting:
        with _told(service, urls[service]):
            migrations.migrate(service, urls[service])
    print(f"migrated: {', '.join(waiting)}" if waiting else f"{len(urls)} up to date")
    return 0


@contextmanager
def _told(service: str, url: str) -> Iterator[None]:
    """Say in one sentence which setting is at fault, or that somebody is in the way."""
    from shared.db.database import database_setting, normalise_url  # noqa: PLC0415
    from shared.db.failures import Failure, failure_of, refuses_connections, sentence_of  # noqa: PLC0415

    try:
        yield
    except Exception as error:
        if refuses_connections(error) or failure_of(error) is Failure.AWAY:
            sentence = sentence_of(error, database_setting(service), normalise_url(url))
            raise Refused(sentence) from error
        if failure_of(error) is Failure.BUSY:
            raise Refused(
                f"{service}: somebody uses a table that must be changed; run `dossier migrate` again."
            ) from error
        raise
