"""Claims as lists and as pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity, ClaimView, ClientView, ContractView, DocumentView, SeenMark
from services.gateway.queries.agencies import counted, on_page
from services.gateway.queries.changed import changed_since
from services.gateway.queries.file_changes import file_changes
from services.gateway.queries.mapping import (
    CLAIM_COLUMNS,
    activity_rows,
    claim_actors,
    claim_row,
    contract_row,
    document_row,
    partner_card,
    partners_named,
)
from services.gateway.queries.needs import needing, worked_on
from services.gateway.queries.parameters import NO_REPAIR, PAGE_SIZE, ClaimQuery
from services.gateway.queries.rows import ClaimDetail, ClaimPage, ClaimRow, DocumentRow, Page
from services.gateway.queries.unread import is_unread, with_mark
from services.gateway.search.folding import compact
from services.gateway.search.matching import matches, name_contains, number_contains
from shared.contracts.claims import ClaimState
from shared.contracts.policy import ClientState
from shared.db.tenancy import Scope, within
from shared.errors import NotFound

_CHOICES: Final = 500
HISTORY_LIMIT: Final = 500
"""Changes of one claim that its page shows; more than any repair and settlement have."""

_ORDER: Final[dict[str, Any]] = {
    "activity": ClaimView.last_activity_at,
    "event_date": ClaimView.event_date,
    "claim_number": ClaimView.claim_number,
    "client": ClaimView.client_folded,
    "plate": ClaimView.plate_normalised,
    "status": ClaimView.status,
    "kind": ClaimView.kind,
    "eta": ClaimView.eta,
}


async def list_claims(
    session: AsyncSession,
    scope: Scope,
    query: ClaimQuery,
    size: int = PAGE_SIZE,
    *,
    now: datetime | None = None,
) -> ClaimPage:
    """Give one page of the claims that match; a page beyond the end is empty, with the true number of pages.

    `now` is the reader's present, in his zone: it decides what is late.
    """
    asked = await _exact_first(session, scope, query)

    def matching(one: Scope) -> Select[Any]:
        source = with_mark(one) if asked.unread else ClaimView.__table__
        return select(ClaimView.row).select_from(source).where(claims_matching(session, one, asked, now))

    column = _ORDER[query.sort.removeprefix("-")]
    descending = query.sort.startswith("-")
    order = column.desc() if descending else column.asc()
    # NULLS LAST only where there are nulls: it would keep the engines from reading an index in order.
    ordered = (
        order.nulls_last() if column is ClaimView.eta else order,
        ClaimView.row.desc() if descending else ClaimView.row.asc(),
    )
    offset = (query.page - 1) * size
    if asked.q and not offset and len(scope.agency_ids) == 1:
        found = await _search(session, scope, matching(scope), ordered, size)
        total = found[0]["total"] if found else 0
        return Page(await _mapped(session, found), total, 1, max(1, math.ceil(total / size)), size)
    total = await counted(session, scope, matching)
    where = claims_matching(session, scope, asked, now)
    if len(scope.agency_ids) > 1:
        where = on_page(ClaimView.row, scope, matching, ordered, size=offset + size)
    statement = _select_rows(scope).where(where).order_by(*ordered).limit(size).offset(offset)
    items = await _rows(session, statement) if total else ()
    return Page(items, total, query.page, max(1, math.ceil(total / size)), size)


async def _exact_first(session: AsyncSession, scope: Scope, query: ClaimQuery) -> ClaimQuery:
    """Take a whole claim number for what it is: everybody shares its beginning, so that the trigram index is slow on it."""
    typed = (query.claim_number or query.q).strip().upper()
    if not typed or (query.claim_number and query.q):
        return query
    known = await session.scalar(
        select(ClaimView.claim_number).where(
            within(ClaimView.agency_id, scope), ClaimView.claim_number == typed
        )
    )
    return query if known is None else query.with_(exact_number=known, claim_number="", q="")


async def _search(
    session: AsyncSession, scope: Scope, matching: Select[Any], ordered: Sequence[Any], size: int
) -> list[dict[str, Any]]:
    """Find the first page and count all that match in one go: what is searched for is looked up once, not twice.

    Only the keys of what matches are counted and sorted; rows are read for the page alone.
    """
    keys = matching.add_columns(func.count().over().label("total")).order_by(*ordered).limit(size).subquery()
    statement = _select_rows(scope).add_columns(keys.c.total).join(keys, keys.c.row == ClaimView.row)
    return await _fetched(session, statement.where(within(ClaimView.agency_id, scope)).order_by(*ordered))


async def claim_rows(
    session: AsyncSession, scope: Scope, claim_numbers: Sequence[str]
) -> tuple[ClaimRow, ...]:
    """Give some rows, newest change first: what a live event says has changed. Foreign ones are left out."""
    if not claim_numbers:
        return ()
    return await _rows(
        session,
        _select_rows(scope)
        .where(within(ClaimView.agency_id, scope), ClaimView.claim_number.in_(claim_numbers[:PAGE_SIZE]))
        .order_by(ClaimView.last_activity_at.desc()),
    )


async def claims_where(
    session: AsyncSession, scope: Scope, condition: ColumnElement[bool], limit: int = 200
) -> tuple[ClaimRow, ...]:
    """Give the claims of a client or contract, newest change first."""
    return await _rows(
        session,
        _select_rows(scope)
        .where(within(ClaimView.agency_id, scope), condition)
        .order_by(ClaimView.last_activity_at.desc(), ClaimView.row.desc())
        .limit(limit),
    )


async def recently_opened(session: AsyncSession, scope: Scope, limit: int = 8) -> tuple[ClaimRow, ...]:
    """Give the claims that this user opened, the latest first; what he only marked as read in a list does not count."""
    ordered = (SeenMark.at.desc(), ClaimView.row.desc())

    def opened(one: Scope) -> Select[Any]:
        return (
            select(ClaimView.row)
            .select_from(with_mark(one))
            .where(within(ClaimView.agency_id, one), SeenMark.at.is_not(None), SeenMark.undo_id.is_(None))
        )

    chosen = on_page(ClaimView.row, scope, opened, ordered, size=limit)
    return await _rows(session, _select_rows(scope).where(chosen).order_by(*ordered).limit(limit))


async def claim_filters(session: AsyncSession, scope: Scope) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give what can be chosen as `insurer` and `garage`: (value, name) pairs that occur among the claims.

    Read from index entry to index entry: a list of 20,000 claims that 40 garages work on reads 40 of them, not all.
    """
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, value, label in (
        ("insurer", ClaimView.insurer, ClaimView.insurer_name),
        ("garage", ClaimView.garage, ClaimView.garage_name),
    ):
        pairs: dict[str, str] = {}
        for agency_id in scope.agency_ids:
            rows = await session.execute(_distinct(agency_id, value, label).limit(_CHOICES))
            pairs.update((one, shown) for one, shown in rows if one)
        found[name] = tuple(sorted(pairs.items(), key=lambda pair: (pair[1], pair[0])))[:_CHOICES]
    return found


def _distinct(agency_id: str, value: Any, label: Any) -> Select[Any]:
    """The values of a column in one agency, each with a name of it, by an index of agency, value and name."""

    def least(*more: ColumnElement[bool]) -> Any:
        return select(func.min(value)).where(ClaimView.agency_id == agency_id, *more)

    chain = least().label("value")
    start = select(chain).cte("chosen", recursive=True)
    following = least(value > start.c.value).correlate(start).scalar_subquery()
    chosen = start.union_all(select(following).where(start.c.value.is_not(None)))
    name = (
        select(func.max(label))
        .where(ClaimView.agency_id == agency_id, value == chosen.c.value)
        .correlate(chosen)
        .scalar_subquery()
    )
    return select(chosen.c.value, name).where(chosen.c.value.is_not(None))


async def get_claim(session: AsyncSession, scope: Scope, claim_number: str) -> ClaimDetail:
    """Give one claim, whole; `NotFound` for one that is not there or not this user's."""
    statement = _select_rows(scope).add_columns(
        ClaimView.state,
        SeenMark.sequence.label("seen"),
        SeenMark.at.label("seen_at"),
        SeenMark.files_at.label("seen_files"),
    )
    row = (
        (
            await session.execute(
                statement.where(within(ClaimView.agency_id, scope), ClaimView.claim_number == claim_number)
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("claim_not_found", "There is no such claim.")
    found = dict(row)
    state = ClaimState.model_validate(found["state"])
    firms = (state.insurer, state.garage, state.appraiser)
    partners = await partners_named(
        session, [*(one.partner_id for one in firms if one), *claim_actors([found])]
    )
    history = await activity_rows(
        session,
        select(Activity)
        .where(Activity.agency_id == state.agency_id, Activity.claim_number == claim_number)
        .order_by(Activity.at.desc(), Activity.row.desc())
        .limit(HISTORY_LIMIT),
    )
    return ClaimDetail(
        row=claim_row(found, partners),
        state=state,
        insurer=partner_card(state.insurer, "insurer", partners),
        garage=partner_card(state.garage, "garage", partners) if state.garage else None,
        appraiser=partner_card(state.appraiser, "appraiser", partners) if state.appraiser else None,
        client=await _client(session, state),
        contract=await _contract(session, state),
        changed=await changed_since(
            session, scope, history, sequence=found["seen"], at=found["seen_at"], files_at=found["seen_files"]
        ),
        history=history,
        documents=await documents_where(session, scope, DocumentView.claim_number == claim_number),
        seen_at=found["seen_at"],
    )


async def documents_where(
    session: AsyncSession, scope: Scope, condition: ColumnElement[bool], limit: int = 500
) -> tuple[DocumentRow, ...]:
    """Give the files of a claim, contract or client, newest first."""
    rows = await session.execute(
        select(DocumentView.state, DocumentView.client_id)
        .where(within(DocumentView.agency_id, scope), DocumentView.removed.is_(False), condition)
        .order_by(DocumentView.uploaded_at.desc(), DocumentView.row.desc())
        .limit(limit)
    )
    return tuple(document_row(state, client_id) for state, client_id in rows)


def _select_rows(scope: Scope) -> Select[Any]:
    return _rows_for(scope.user_id)


@lru_cache(maxsize=512)
def _rows_for(user_id: str) -> Select[Any]:
    """The columns of a row and whether it is unread, kept for each user: they are put together for every list."""
    scope = Scope(user_id, "broker")
    return select(*CLAIM_COLUMNS, is_unread(scope).label("unread")).select_from(with_mark(scope))


async def _rows(session: AsyncSession, statement: Select[Any]) -> tuple[ClaimRow, ...]:
    return await _mapped(session, await _fetched(session, statement))


async def _fetched(session: AsyncSession, statement: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(statement)).mappings()]


async def _mapped(session: AsyncSession, found: list[dict[str, Any]]) -> tuple[ClaimRow, ...]:
    partners = await partners_named(session, claim_actors(found))
    files = await file_changes(session, found)
    return tuple(claim_row(row, partners, files.get(row["id"])) for row in found)


def claims_matching(
    session: AsyncSession, scope: Scope, query: ClaimQuery, now: datetime | None = None
) -> ColumnElement[bool]:
    """Give the list's filters as one condition. With `unread`, `with_mark(scope)` must be in the FROM."""
    conditions: list[ColumnElement[bool]] = [within(ClaimView.agency_id, scope)]
    if query.state != "all":
        conditions.append(ClaimView.is_open.is_(query.state == "open"))
    if query.exact_number:
        conditions.append(ClaimView.claim_number == query.exact_number)
    if query.q:
        conditions.append(matches(session, ClaimView, query.q, scope))
    if query.claim_number:
        conditions.append(_numbered(session, scope, query.claim_number))
    if query.plate:
        plate = func.lower(ClaimView.plate_normalised)
        conditions.append(number_contains(session, ClaimView, plate, query.plate, scope))
    if query.client:
        conditions.append(name_contains(session, ClaimView, ClaimView.client_folded, query.client, scope))
    for column, values in (
        (ClaimView.status, query.status),
        (ClaimView.kind, query.kind),
        (ClaimView.insurer, query.insurer),
        (ClaimView.garage, query.garage),
        (
            func.coalesce(ClaimView.phase, NO_REPAIR) if NO_REPAIR in query.phase else ClaimView.phase,
            query.phase,
        ),
    ):
        if values:
            conditions.append(column.in_(values))
    conditions.extend(_of_the_day(scope, query, now))
    conditions.extend(_between(query))
    return and_(*conditions)


def _of_the_day(scope: Scope, query: ClaimQuery, now: datetime | None) -> list[ColumnElement[bool]]:
    """What depends on who asks, and when."""
    conditions: list[ColumnElement[bool]] = []
    if query.unread:
        conditions.append(is_unread(scope))
    if query.need:
        conditions.append(needing(query.need, now or datetime.now(UTC)))
    if query.mine:
        conditions.append(worked_on(scope))
    return conditions


def _between(query: ClaimQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.event_from:
        conditions.append(ClaimView.event_date >= query.event_from)
    if query.event_to:
        conditions.append(ClaimView.event_date <= query.event_to)
    return conditions


def _numbered(session: AsyncSession, scope: Scope, typed: str) -> ColumnElement[bool]:
    """A part of a claim number, separators aside: people say "one-one-seven"."""
    plain = func.lower(func.replace(ClaimView.claim_number, "-", ""))
    return number_contains(session, ClaimView, plain, compact(typed), scope)


async def _client(session: AsyncSession, state: ClaimState) -> ClientState | None:
    found = await session.scalar(
        select(ClientView.state).where(
            ClientView.agency_id == state.agency_id, ClientView.id == state.client_id
        )
    )
    return ClientState.model_validate(found) if found is not None else None


async def _contract(session: AsyncSession, state: ClaimState) -> Any:
    found = await session.scalar(
        select(ContractView)
        .where(
            ContractView.agency_id == state.agency_id,
            ContractView.policy_number == state.policy_number,
            ContractView.client_id == state.client_id,
        )
        .limit(1)
    )
    return contract_row(found) if found is not None else None
