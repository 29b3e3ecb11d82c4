"""What a user does to a claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services.gateway.commands.answers import command, segment
from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import ClaimView, SeenMark
from shared.db.tenancy import within
from shared.db.upsert import upsert
from shared.errors import NotFound

Body = Mapping[str, Any]


async def register_claim(
    gateway: Gateway, user: CurrentUser, body: Body, *, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Open a claim under a contract; gives the claim with its number. The claims service says what `body` holds."""
    return await command(
        gateway, user, gateway.claims, "/claims", dict(body), idempotency_key=idempotency_key
    )


async def change_claim_status(
    gateway: Gateway, user: CurrentUser, claim_number: str, status: str, note: str = ""
) -> dict[str, Any]:
    """Move a claim to another status."""
    body = {"status": status, "note": note}
    return await command(gateway, user, gateway.claims, f"/claims/{segment(claim_number)}/status", body)


async def change_claim_parties(
    gateway: Gateway, user: CurrentUser, claim_number: str, body: Body
) -> dict[str, Any]:
    """Assign garage, appraiser, third parties or their agent; null takes one off, what is left out stays."""
    return await command(
        gateway, user, gateway.claims, f"/claims/{segment(claim_number)}/parties", dict(body)
    )


async def note_claim(gateway: Gateway, user: CurrentUser, claim_number: str, note: str) -> dict[str, Any]:
    """Write a note into the claim's history."""
    return await command(
        gateway, user, gateway.claims, f"/claims/{segment(claim_number)}/note", {"note": note}
    )


async def change_cheque(
    gateway: Gateway, user: CurrentUser, claim_number: str, payment_reference: str, status: str
) -> dict[str, Any]:
    """Set the status of a payment's cheque."""
    path = f"/claims/{segment(claim_number)}/cheques/{segment(payment_reference)}"
    return await command(gateway, user, gateway.claims, path, {"status": status})


async def mark_claim_seen(gateway: Gateway, user: CurrentUser, claim_number: str) -> int:
    """Note that the user has seen the claim as it is now; gives the version. `NotFound` outside his agencies."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        found = (
            await session.execute(
                select(ClaimView.agency_id, ClaimView.id, ClaimView.sequence, ClaimView.files_at).where(
                    within(ClaimView.agency_id, user.scope), ClaimView.claim_number == claim_number
                )
            )
        ).first()
        if found is None:
            raise NotFound("claim_not_found", "There is no such claim.")
        row = {
            "agency_id": found.agency_id,
            "user_id": user.user_id,
            "claim_id": found.id,
            "sequence": found.sequence,
            "files_at": found.files_at,
            "at": gateway.clock.now(),
            "undo_id": None,
            "before_at": None,
        }
        keys = ["agency_id", "user_id", "claim_id"]
        await session.execute(upsert(gateway.database.dialect, SeenMark, [row], keys))
    sequence: int = found.sequence
    return sequence
