"""One claim, whole: its state, what changed, its history and files, and what stands around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView, ClientView, ContractView, SeenMark
from services.gateway.queries.changed import changed_since
from services.gateway.queries.claim_rows import select_rows
from services.gateway.queries.documents import documents_of_claim
from services.gateway.queries.history import happened_to, history, partners_in
from services.gateway.queries.mapping import (
    CONTRACT_COLUMNS,
    claim_actors,
    claim_row,
    client_state,
    contract_row,
    known_names,
    partner_card,
)
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import ClaimDetail, ContractRow
from services.gateway.queries.told import Told, as_text
from services.gateway.queries.told_files import ToldClaim
from services.gateway.queries.unread import asked_by
from shared.contracts.claims import ClaimState
from shared.db.lookup import Lookup, Row, Terms
from shared.db.tenancy import Scope
from shared.errors import NotFound

HISTORY_LIMIT: Final = 500
"""Changes of one claim that its page shows; more than any repair and settlement have."""


async def get_claim(
    session: AsyncSession, scope: Scope, claim_number: str, *, contract: bool = True
) -> ClaimDetail:
    """Give one claim, whole; `NotFound` for one that is not there or not this user's. Who does not show the contract leaves it out."""
    return (await tell_claim(session, scope, claim_number, contract=contract)).whole.value


async def tell_claim(
    session: AsyncSession, scope: Scope, claim_number: str, *, contract: bool = False
) -> ToldClaim:
    """Give what the claim page shows, as the database tells it; `NotFound` as above."""
    found = await _CLAIM.first(session, scope, asking=scope.user_id, number=claim_number)
    if found is None:
        raise NotFound("claim_not_found", "There is no such claim.")
    happened = await happened_to(session, found["agency_id"], "claim", claim_number, HISTORY_LIMIT)
    firms = {found["insurer"], found["garage"], found["appraiser"]}  # ids, or names that are nobody's id
    partners = await partners_named(session, {*firms, *partners_in(happened), *claim_actors([found])})
    told = history(happened, partners)
    seen_at: datetime | None = found["seen_at"]
    changed = await changed_since(
        session, scope, told, sequence=found["seen"], at=seen_at, files_at=found["seen_files"]
    )
    documents = await documents_of_claim(session, scope, claim_number)
    client = client_state(found["client"]) if found["client"] is not None else None
    contract_told = await _contract(session, found) if contract else None

    def whole() -> ClaimDetail:
        state = ClaimState.model_validate_json(found["state"])
        return ClaimDetail(
            row=claim_row(found, partners),
            state=state,
            insurer=partner_card(state.insurer, "insurer", partners),
            garage=partner_card(state.garage, "garage", partners) if state.garage else None,
            appraiser=partner_card(state.appraiser, "appraiser", partners) if state.appraiser else None,
            client=client.value if client else None,
            contract=contract_told,
            changed=changed,
            history=told,
            documents=documents,
            seen_at=seen_at,
        )

    key = (found["state"], known_names(partners), client.key if client else None, documents.key)
    marked = (found["seen"], found["seen_files"]) == (found["sequence"], found["files_at"])
    return ToldClaim(
        claim_number=found["claim_number"],
        title=_title(found),
        whole=Told(key, whole),
        changed=changed,
        history=told,
        documents=documents,
        seen_at=seen_at,
        marked=marked and found["undo_id"] is None,
    )


def _title(found: Row) -> str:
    what, who = found["plate"] or found["claim_number"], found["insured_name"] or found["client_name"]
    return f"{what} · {who}"


def _claim(terms: Terms) -> Select[Any]:
    marks = (
        SeenMark.sequence.label("seen"),
        SeenMark.at.label("seen_at"),
        SeenMark.files_at.label("seen_files"),
        SeenMark.undo_id,
    )
    return (
        select_rows(asked_by())
        .outerjoin(
            ClientView.__table__,
            and_(ClientView.agency_id == ClaimView.agency_id, ClientView.id == ClaimView.client_id),
        )
        .add_columns(
            as_text(ClaimView.state), ClaimView.appraiser, as_text(ClientView.state, "client"), *marks
        )
        .where(terms.within(ClaimView.agency_id), ClaimView.claim_number == bindparam("number"))
    )


_CLAIM: Final = Lookup(_claim)
_CONTRACT: Final = Lookup(
    lambda _terms: (
        select(*CONTRACT_COLUMNS)
        .where(
            ContractView.agency_id == bindparam("agency"),
            ContractView.policy_number == bindparam("number"),
            ContractView.client_id == bindparam("client"),
        )
        .limit(1)
    )
)


async def _contract(session: AsyncSession, claim: Row) -> ContractRow | None:
    found = await _CONTRACT.all(
        session, agency=claim["agency_id"], number=claim["policy_number"], client=claim["client_id"]
    )
    return contract_row(found[0]) if found else None
