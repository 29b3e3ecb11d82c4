"""Which partners an installation has: those that the gateway's database knows, and what is beside it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.kafka.topics import DEMO_PARTNERS, PARTNERS_FILE, Partner, read_partners
from services.gateway.models import Partner as PartnerRow
from shared.contracts.codes import PartnerKind
from shared.db.database import Database
from shared.db.tenancy import NO_AGENCY
from shared.settings import Settings


class NotKnown(Exception):  # noqa: N818 - it is what the operator reads
    """The gateway's database does not say which partners there are; the message says why."""


async def partners_of(settings: Settings) -> tuple[list[Partner], bool]:
    """Give all active partners, and whether the gateway's database was asked (else there may be others).

    Raises `NotKnown` when the database is there and does not answer, ValueError for a file that cannot be read.
    """
    url = settings.database_url_of("gateway")
    registered = await _registered(url) if _exists(url) else None
    found = [*(registered or ()), *read_partners(settings.data_dir / PARTNERS_FILE)]
    if settings.demo and settings.env != "production":
        found += DEMO_PARTNERS
    return list(dict.fromkeys(found)), registered is not None


def _exists(url: str) -> bool:
    """Whether there can be a database: looking into a file that is not there would make one."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()


async def _registered(url: str) -> list[Partner] | None:
    """Those in the gateway's database; None when it is not ours yet."""
    database = Database(url)
    try:
        async with database.read(NO_AGENCY) as session:
            if not await (await session.connection()).run_sync(_has_table):
                return None
            return await _active(session)
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        raise NotKnown(
            f"The gateway's database does not answer ({type(reason).__name__}), so the partners are not known:"
            " look at DOSSIER_GATEWAY_DATABASE_URL."
        ) from error
    finally:
        await database.dispose()


def _has_table(connection: Connection) -> bool:
    return inspect(connection).has_table(PartnerRow.__tablename__)


async def _active(session: AsyncSession) -> list[Partner]:
    rows = await session.execute(
        select(PartnerRow.id, PartnerRow.kind).where(PartnerRow.active.is_(True)).order_by(PartnerRow.id)
    )
    return [Partner(row.id, PartnerKind(row.kind)) for row in rows]
