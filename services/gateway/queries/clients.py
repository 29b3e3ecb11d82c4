"""Clients and contracts as lists and as pages."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView, ClientView, ContractView
from services.gateway.queries.agencies import counted, on_page
from services.gateway.queries.claim_rows import claims_of_client, claims_where
from services.gateway.queries.documents import documents_of_client, documents_of_contract
from services.gateway.queries.history import history_of
from services.gateway.queries.mapping import CONTRACT_COLUMNS, client_state, contract_row, partner_card
from services.gateway.queries.parameters import PAGE_SIZE, ClientQuery
from services.gateway.queries.partners import partners_named
from services.gateway.queries.rows import (
    ClientDetail,
    ClientPage,
    ClientRow,
    ContractDetail,
    ContractRow,
    Page,
)
from services.gateway.queries.told import Rows, as_text
from services.gateway.queries.told_files import ToldClient
from services.gateway.search.matching import matches
from shared.contracts.policy import ClientState, ContractState
from shared.db.among import dialect_of
from shared.db.lookup import Lookup
from shared.db.tenancy import Scope, within
from shared.errors import NotFound

_ACTIVITY_LIMIT: Final = 200
_CONTRACT_LIMIT: Final = 200


async def list_clients(
    session: AsyncSession, scope: Scope, query: ClientQuery, size: int = PAGE_SIZE
) -> ClientPage:
    """Give one page of the clients that match."""

    def matching(one: Scope) -> Select[Any]:
        return select(ClientView.row).where(
            within(ClientView.agency_id, one), matches(dialect_of(session), ClientView, query.q, one)
        )

    total = await counted(session, scope, matching)
    column: Any = ClientView.name_folded if query.sort.endswith("name") else ClientView.last_activity_at
    order = column.desc() if query.sort.startswith("-") else column.asc()
    ordered = (order, ClientView.row.desc() if query.sort.startswith("-") else ClientView.row)
    offset = (query.page - 1) * size
    where = on_page(ClientView.row, scope, matching, ordered, size=offset + size)
    found = list(
        await session.scalars(select(ClientView).where(where).order_by(*ordered).limit(size).offset(offset))
    )
    items = await client_rows(session, scope, found)
    return Page(items, total, query.page, max(1, math.ceil(total / size)), size)


async def client_rows(session: AsyncSession, scope: Scope, found: list[ClientView]) -> tuple[ClientRow, ...]:
    """Map clients, with how many contracts and open claims each has."""
    ids = [one.id for one in found]
    if not ids:
        return ()
    contracts = await _counts(session, scope, ContractView, ContractView.client_id.in_(ids))
    claims = await _counts(
        session, scope, ClaimView, and_(ClaimView.client_id.in_(ids), ClaimView.is_open.is_(True))
    )
    return tuple(_client_row(one, contracts.get(one.id, 0), claims.get(one.id, 0)) for one in found)


async def get_client(
    session: AsyncSession, scope: Scope, client_id: str, *, activity: int = _ACTIVITY_LIMIT
) -> ClientDetail:
    """Give the whole client; `NotFound` for one that is not there or not this user's."""
    return (await tell_client(session, scope, client_id, activity=activity)).detail()


async def tell_client(
    session: AsyncSession, scope: Scope, client_id: str, *, activity: int = _ACTIVITY_LIMIT
) -> ToldClient:
    """Give what the client page shows, as the database tells it; `NotFound` as above."""
    found = await _CLIENT.first(session, scope, client=client_id)
    if found is None:
        raise NotFound("client_not_found", "There is no such client.")
    contracts = Rows(await _CONTRACTS.rows(session, scope, client=client_id), contract_row)
    claims = await claims_of_client(session, scope, client_id)
    return ToldClient(
        id=found["id"],
        name=found["name"],
        state=client_state(found["state"]),
        contracts=contracts,
        claims=claims,
        documents=await documents_of_client(
            session,
            scope,
            client_id,
            [row["claim_number"] for row in claims.found],
            [row["policy_number"] for row in contracts.found],
        ),
        activity=await history_of(session, found["agency_id"], "client", client_id, activity),
    )


_CLIENT: Final = Lookup(
    lambda terms: select(
        ClientView.id, ClientView.agency_id, ClientView.name, as_text(ClientView.state)
    ).where(terms.within(ClientView.agency_id), ClientView.id == bindparam("client"))
)
_CONTRACTS: Final = Lookup(
    lambda terms: (
        select(*CONTRACT_COLUMNS)
        .where(terms.within(ContractView.agency_id), ContractView.client_id == bindparam("client"))
        .order_by(ContractView.last_activity_at.desc(), ContractView.row.desc())
        .limit(_CONTRACT_LIMIT)
    )
)


async def get_contract(session: AsyncSession, scope: Scope, policy_number: str) -> ContractDetail:
    """Give one contract with what its tabs show; `NotFound` for one that is not this user's."""
    view = await _CONTRACT.first(session, scope, number=policy_number)
    if view is None:
        raise NotFound("contract_not_found", "There is no such contract.")
    state = ContractState.model_validate_json(view["state"])
    mine = Scope(scope.user_id, scope.role, (state.agency_id,), scope.name)
    client = await _CLIENT.first(session, mine, client=state.client_id)
    partners = await partners_named(session, [state.insurer.partner_id])
    return ContractDetail(
        row=contract_row(view),
        state=state,
        client=ClientState.model_validate_json(client["state"]) if client is not None else None,
        insurer=partner_card(state.insurer, "insurer", partners),
        claims=await claims_where(
            session,
            mine,
            and_(ClaimView.policy_number == policy_number, ClaimView.client_id == state.client_id),
        ),
        documents=await documents_of_contract(session, mine, policy_number),
        activity=await history_of(session, state.agency_id, "contract", policy_number, _ACTIVITY_LIMIT),
    )


_CONTRACT: Final = Lookup(
    lambda terms: (
        select(*CONTRACT_COLUMNS)
        .where(terms.within(ContractView.agency_id), ContractView.policy_number == bindparam("number"))
        .order_by(ContractView.last_activity_at.desc())
        .limit(1)
    )
)


async def contracts_where(
    session: AsyncSession, scope: Scope, condition: Any, limit: int = 200
) -> tuple[ContractRow, ...]:
    """Give contracts, newest change first."""
    ordered = (ContractView.last_activity_at.desc(), ContractView.row.desc())
    rows = await session.execute(
        select(*CONTRACT_COLUMNS)
        .where(
            on_page(
                ContractView.row,
                scope,
                lambda one: select(ContractView.row).where(within(ContractView.agency_id, one), condition),
                ordered,
                size=limit,
            )
        )
        .order_by(*ordered)
        .limit(limit)
    )
    return tuple(map(contract_row, rows.mappings()))


async def _counts(
    session: AsyncSession, scope: Scope, view: type[ClaimView | ContractView], condition: Any
) -> dict[str, int]:
    rows = await session.execute(
        select(view.client_id, func.count())
        .where(within(view.agency_id, scope), condition)
        .group_by(view.client_id)
    )
    return dict(rows.all())


def _client_row(view: ClientView, contracts: int, open_claims: int) -> ClientRow:
    state = ClientState.model_validate(view.state)
    return ClientRow(
        id=state.id,
        agency_id=state.agency_id,
        name=state.name,
        kind=state.kind,
        phone=state.phone.value if state.phone else "",
        email=state.email.value if state.email else "",
        city=state.address.value.city if state.address else "",
        identity_number=state.identity_number,
        contracts=contracts,
        open_claims=open_claims,
        last_activity_at=view.last_activity_at,
        confirmed_at=_confirmed_at(state),
    )


def _confirmed_at(state: ClientState) -> datetime | None:
    """The oldest of the confirmations; None as soon as one detail was never confirmed."""
    details = [one for one in (state.email, state.phone, state.address) if one is not None]
    dates = [one.confirmed.at for one in details]
    known = [one for one in dates if one is not None]
    return min(known) if known and len(known) == len(dates) else None
