"""The partner directory: firms that a claim can be given to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Partner
from services.gateway.queries.rows import PartnerCard
from services.gateway.queries.told import Told, values_of
from shared.db.lookup import Lookup, Row


async def partner_directory(session: AsyncSession, *kinds: str) -> dict[str, tuple[PartnerCard, ...]]:
    """Give the active partners of some kinds, by kind and name. Partners stand outside the agencies."""
    return (await tell_directory(session, *kinds)).value


async def tell_directory(session: AsyncSession, *kinds: str) -> Told[dict[str, tuple[PartnerCard, ...]]]:
    """Give the same, as the database tells it."""
    found = await _ACTIVE.all(session, kinds=list(kinds))

    def make() -> dict[str, tuple[PartnerCard, ...]]:
        return {kind: tuple(_card(row) for row in found if row["kind"] == kind) for kind in kinds}

    return Told((kinds, *map(values_of, found)), make)


async def partners_named(session: AsyncSession, ids: Iterable[str | None]) -> dict[str, PartnerCard]:
    """Look up partners by id, whether they are active or not; those that are none are left out."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    return {row["id"]: _card(row) for row in await _NAMED.all(session, ids=wanted)}


def _card(row: Row) -> PartnerCard:
    return PartnerCard(row["id"], row["name"], row["kind"], row["phone"], row["city"])


_CARD: Final = (Partner.id, Partner.name, Partner.kind, Partner.phone, Partner.city)
_ACTIVE: Final = Lookup(
    lambda terms: (
        select(*_CARD)
        .where(terms.among(Partner.kind, "kinds"), Partner.active.is_(True))
        .order_by(Partner.name)
    )
)
_NAMED: Final = Lookup(lambda terms: select(*_CARD).where(terms.among(Partner.id, "ids")))
