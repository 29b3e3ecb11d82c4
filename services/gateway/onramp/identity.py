"""Who speaks: a partner by its API key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.gateway.context import gateway_of
from services.gateway.identity.registry import partner_of_key
from shared.contracts.codes import PartnerKind
from shared.db.tenancy import NO_AGENCY
from shared.http.problems import Problem

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class PartnerCaller:
    """The partner that a request comes from."""

    id: str
    kind: PartnerKind
    name: str


async def calling_partner(request: Request) -> PartnerCaller:
    """Give the partner of the bearer key; 401 without a valid one, 429 beyond its rate."""
    gateway = gateway_of(request)
    address = request.client.host if request.client else ""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > _LONGEST_KEY:
        raise _unauthenticated()
    gateway.limits.check_stranger(address)
    async with gateway.database.read(NO_AGENCY) as session:
        partner = await partner_of_key(session, key)
    if partner is None:
        gateway.limits.wrong_key(address)
        raise _unauthenticated()
    gateway.limits.check_partner(partner.id)
    return PartnerCaller(partner.id, PartnerKind(partner.kind), partner.name)


CallingPartner = Annotated[PartnerCaller, Depends(calling_partner)]


def _unauthenticated() -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "A valid API key is needed: Authorization: Bearer <API key>.",
        headers={"WWW-Authenticate": "Bearer"},
    )
