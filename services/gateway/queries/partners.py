"""The partner directory: firms that a claim can be given to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Partner
from services.gateway.queries.rows import PartnerCard


async def partner_directory(session: AsyncSession, *kinds: str) -> dict[str, tuple[PartnerCard, ...]]:
    """Give the active partners of some kinds, by kind and name. Partners stand outside the agencies."""
    found: dict[str, list[PartnerCard]] = {kind: [] for kind in kinds}
    rows = await session.scalars(
        select(Partner).where(Partner.kind.in_(kinds), Partner.active.is_(True)).order_by(Partner.name)
    )
    for one in rows:
        found[one.kind].append(PartnerCard(one.id, one.name, one.kind, one.phone, one.city))
    return {kind: tuple(cards) for kind, cards in found.items()}
