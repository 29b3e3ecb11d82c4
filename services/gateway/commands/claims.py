"""What a user does to a claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, null, select
from sqlalchemy.dialects import postgresql, sqlite

from services.gateway.commands.answers import command, segment
from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import ClaimView, SeenMark
from shared.db.lookup import Lookup, Terms
from shared.db.types import Identifier, UtcDateTime
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
        found = await _OPENED.first(
            session, user.scope, asking=user.user_id, number=claim_number, at=gateway.clock.now()
        )
        if found is None:
            raise NotFound("claim_not_found", "There is no such claim.")
    sequence: int = found["sequence"]
    return sequence


_MARKS: Final[Any] = SeenMark.__table__


def _opened(terms: Terms) -> Any:
    """Keep the version of the claim that is there now, in one statement."""
    now = select(
        ClaimView.agency_id,
        bindparam("asking", type_=Identifier()),
        ClaimView.id,
        ClaimView.sequence,
        ClaimView.files_at,
        bindparam("at", type_=UtcDateTime()),
        null(),
        null(),
    ).where(terms.within(ClaimView.agency_id), ClaimView.claim_number == bindparam("number"))
    builder = postgresql.insert if terms.dialect == "postgresql" else sqlite.insert
    names = ["agency_id", "user_id", "claim_id", "sequence", "files_at", "at", "undo_id", "before_at"]
    statement = builder(_MARKS).from_select(names, now)
    return statement.on_conflict_do_update(
        index_elements=names[:3], set_={name: statement.excluded[name] for name in names[3:]}
    ).returning(_MARKS.c.sequence)


_OPENED: Final = Lookup(_opened)
