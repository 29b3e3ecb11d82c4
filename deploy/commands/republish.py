"""`dossier republish`: have a service send its archive again.

The outbox is the archive (docs/architecture.md): rows that are marked as unpublished are what the relay sends next. The
relay of a running service finds them by itself (within 5 s on SQLite, at once on PostgreSQL); that of a stopped one when
it starts. Consumers that took an event before drop it, so this feeds only those that forgot: a new replica, a read model
that was dropped.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.cli import Refused
from shared.contracts.topics import INTERNAL_TOPICS, RECEIPTS
from shared.settings import SERVICES, Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from shared.db.database import Database

CHUNK: Final = 20_000
"""Positions marked in one transaction: a service that is running waits for no more than that."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("service", choices=SERVICES, help="whose archive")
    extent = parser.add_mutually_exclusive_group(required=True)
    extent.add_argument(
        "--since",
        type=instant,
        metavar="INSTANT",
        help="from this instant on, e.g. 2026-11-23T08:00:00+01:00",
    )
    extent.add_argument("--all", action="store_true", help="from the first event on")
    parser.add_argument(
        "--receipts", action="store_true", help="the receipts to partners, too (they get them a second time)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Mark and say how much."""
    settings = load_settings(Settings)
    count = asyncio.run(
        republish(settings, arguments.service, since=arguments.since, receipts=arguments.receipts)
    )
    print(f"{count} events of {arguments.service} will be sent again, oldest first, before anything newer.")
    return 0


def instant(text: str) -> datetime:
    """Read an instant; one without an offset would mean another hour on every machine."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no instant; write it as 2026-11-23T08:00:00+01:00"
        ) from error
    if value.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} needs an offset, as in 2026-11-23T08:00:00+01:00")
    return value


async def republish(
    settings: Settings, service: str, *, since: datetime | None = None, receipts: bool = False
) -> int:
    """Mark the service's published events (from `since` on) as unpublished; gives how many.

    Dead letters, and the partners' messages that came in by HTTP, are nobody's archive and stay as they are. Raises
    `Refused` when there is no such database.
    """
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - half a second, so `--help` does without

    from shared.db.database import Database  # noqa: PLC0415

    database = Database(settings.database_url_of(service))
    try:
        _require_file(database, service)
        return await _mark(database, since, receipts=receipts)
    except (DBAPIError, OSError) as error:
        reason = getattr(error, "orig", error)
        raise Refused(f"The outbox of {service} cannot be read ({reason}).") from error
    finally:
        await database.dispose()


def _require_file(database: Database, service: str) -> None:
    """Do not make an empty database where there is none."""
    file = database.url.database
    if database.dialect == "sqlite" and (file is None or not Path(file).exists()):
        raise Refused(f"{service} has no database at {file}: it was never started there.")


async def _mark(database: Database, since: datetime | None, *, receipts: bool) -> int:
    from sqlalchemy import func, select, update  # noqa: PLC0415

    from shared.db.tenancy import NO_AGENCY  # noqa: PLC0415
    from shared.messaging.tables import outbox  # noqa: PLC0415

    async with database.read(NO_AGENCY) as session:
        newest = await session.scalar(select(func.max(outbox.c.position))) or 0
    wanted = [outbox.c.published_at.is_not(None), _archived(receipts=receipts)]
    if since is not None:
        wanted.append(outbox.c.created_at >= since)
    count = 0
    for start in range(0, newest, CHUNK):
        async with database.write(NO_AGENCY) as session:
            result = await session.execute(
                update(outbox)
                .where(outbox.c.position > start, outbox.c.position <= start + CHUNK, *wanted)
                .values(published_at=None, republished=True)
            )
        count += getattr(result, "rowcount", 0)
    return count


def _archived(*, receipts: bool) -> ColumnElement[bool]:
    from sqlalchemy import or_  # noqa: PLC0415

    from shared.messaging.tables import outbox  # noqa: PLC0415

    events = outbox.c.topic.in_(INTERNAL_TOPICS)
    return or_(events, outbox.c.topic.like(f"partners.%.{RECEIPTS}.v1")) if receipts else events
