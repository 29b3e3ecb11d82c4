"""What the service keeps of agencies and clients."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.models import Agency, Client
from shared.contracts.policy import ClientState
from shared.db.among import among, pairs_among
from shared.db.upsert import write_many

_HELD = "dossier.notifications.agencies"


async def find_agency(session: AsyncSession, agency_id: str) -> Agency | None:
    """An agency; read once in a session, which only keeps what somebody holds on to."""
    agency = await session.get(Agency, agency_id)
    session.info.setdefault(_HELD, {})[agency_id] = agency
    return agency


async def find_agencies(session: AsyncSession, ids: Collection[str]) -> dict[str, Agency]:
    """Those of these agencies that are known."""
    if not ids:
        return {}
    found = await session.scalars(select(Agency).where(among(session, Agency.id, ids)))
    return {agency.id: agency for agency in found}


async def keep_clients(session: AsyncSession, states: Sequence[ClientState]) -> None:
    """Keep the newest names of clients."""
    rows = [
        {"id": one.id, "agency_id": one.agency_id, "name": one.name, "sequence": one.sequence}
        for one in states
    ]
    await write_many(session, Client, rows, ["agency_id", "id"], replace=True, guard="sequence")


async def client_names(
    session: AsyncSession, clients: Collection[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Names by agency and id, of those clients whose own events have come."""
    if not clients:
        return {}
    named = pairs_among(session, (Client.agency_id, Client.id), clients)
    rows = await session.execute(select(Client.agency_id, Client.id, Client.name).where(named))
    return {(agency_id, client_id): name for agency_id, client_id, name in rows}
