"""One claim, whole: its state, what changed, its history and files, and what stands around it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView, ClientView, ContractView, SeenMark
from services.gateway.queries.changed import changed_since
from services.gateway.queries.claim_rows import select_rows
from services.gateway.queries.documents import documents_of_claim
from services.gateway.queries.history import history_of
from services.gateway.queries.mapping import (
    CONTRACT_COLUMNS,
    claim_actors,
    claim_row,
    contract_row,
    partner_card,
)
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import ClaimDetail, ContractRow
from services.gateway.queries.unread import asked_by
from shared.contracts.claims import ClaimState
from shared.contracts.policy import ClientState
from shared.db.lookup import Lookup, Terms
from shared.db.tenancy import Scope
from shared.errors import NotFound

HISTORY_LIMIT: Final = 500
"""Changes of one claim that its page shows; more than any repair and settlement have."""


async def get_claim(
    session: AsyncSession, scope: Scope, claim_number: str, *, contract: bool = True
) -> ClaimDetail:
    """Give one claim, whole; `NotFound` for one that is not there or not this user's. Who does not show the contract leaves it out."""
    found = await _CLAIM.first(session, scope, asking=scope.user_id, number=claim_number)
    if found is None:
        raise NotFound("claim_not_found", "There is no such claim.")
    state = ClaimState.model_validate(found["state"])
    history = await history_of(session, state.agency_id, "claim", claim_number, HISTORY_LIMIT)
    firms = (state.insurer, state.garage, state.appraiser)
    partners = await partners_named(
        session, [*(one.partner_id for one in firms if one), *claim_actors([found])]
    )
    return ClaimDetail(
        row=claim_row(found, partners),
        state=state,
        insurer=partner_card(state.insurer, "insurer", partners),
        garage=partner_card(state.garage, "garage", partners) if state.garage else None,
        appraiser=partner_card(state.appraiser, "appraiser", partners) if state.appraiser else None,
        client=await _client(session, state),
        contract=await _contract(session, state) if contract else None,
        changed=await changed_since(
            session, scope, history, sequence=found["seen"], at=found["seen_at"], files_at=found["seen_files"]
        ),
        history=history,
        documents=await documents_of_claim(session, scope, claim_number),
        seen_at=found["seen_at"],
    )


def _claim(terms: Terms) -> Select[Any]:
    marks = (
        SeenMark.sequence.label("seen"),
        SeenMark.at.label("seen_at"),
        SeenMark.files_at.label("seen_files"),
    )
    return (
        select_rows(asked_by())
        .add_columns(ClaimView.state, *marks)
        .where(terms.within(ClaimView.agency_id), ClaimView.claim_number == bindparam("number"))
    )


_CLAIM: Final = Lookup(_claim)
_CLIENT: Final = Lookup(
    lambda _terms: select(ClientView.state).where(
        ClientView.agency_id == bindparam("agency"), ClientView.id == bindparam("client")
    )
)
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


async def _client(session: AsyncSession, state: ClaimState) -> ClientState | None:
    found = await _CLIENT.all(session, agency=state.agency_id, client=state.client_id)
    return ClientState.model_validate(found[0]["state"]) if found else None


async def _contract(session: AsyncSession, state: ClaimState) -> ContractRow | None:
    found = await _CONTRACT.all(
        session, agency=state.agency_id, number=state.policy_number, client=state.client_id
    )
    return contract_row(found[0]) if found else None
