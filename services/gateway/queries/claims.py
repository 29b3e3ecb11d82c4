"""The claims list: one page of what matches, and what can be chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, String, bindparam, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import ClaimView
from services.gateway.queries.agencies import counted, on_page
from services.gateway.queries.claim_conditions import claims_matching
from services.gateway.queries.claim_rows import mapped, rows_of, select_rows
from services.gateway.queries.parameters import PAGE_SIZE, ClaimQuery
from services.gateway.queries.rows import ClaimPage, ClaimRow, Page
from services.gateway.queries.unread import asked_by, with_mark
from services.gateway.search.matching import found_by, terms_of
from shared.db.among import dialect_of
from shared.db.lookup import Lookup, Row, Terms
from shared.db.tenancy import Scope, within

_CHOICES: Final = 500
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
    if query.q and query.page == 1 and len(scope.agency_ids) == 1:
        total, found = await _search(session, scope, query, size, now)
        return Page(await mapped(session, found), total, 1, max(1, math.ceil(total / size)), size)
    asked = await _exact_first(session, scope, query)
    if len(scope.agency_ids) == 1 and asked == _repeated(asked):
        number, rows = _lookups(asked, size)
        total = (await number.rows(session, scope, asking=scope.user_id))[0]["number"]
        page = await rows.rows(session, scope, asking=scope.user_id) if total else ()
        items: Sequence[ClaimRow] = await mapped(session, page)
    else:
        total, items = await _composed(session, scope, asked, size, now)
    return Page(items, total, query.page, max(1, math.ceil(total / size)), size)


def _repeated(query: ClaimQuery) -> ClaimQuery:
    """What of a query is asked again and again, by everybody: nothing typed, nothing chosen from a list, nothing of the hour."""
    typed = {"q": "", "claim_number": "", "plate": "", "client": "", "exact_number": ""}
    chosen: dict[str, Any] = dict.fromkeys(("status", "kind", "insurer", "garage", "phase"), ())
    return query.with_(**typed, **chosen, need="", event_from=None, event_to=None)


@lru_cache(maxsize=128)
def _lookups(query: ClaimQuery, size: int) -> tuple[Lookup, Lookup]:
    """How many match, and the rows of a page."""

    def number(terms: Terms) -> Select[Any]:
        counting = func.count().label("number")
        return _matching(terms.dialect, asked_by(), query).with_only_columns(
            counting, maintain_column_froms=True
        )

    def rows(terms: Terms) -> Select[Any]:
        where = claims_matching(terms.dialect, asked_by(), query)
        page = select_rows(asked_by()).where(where).order_by(*_ordered(query))
        return page.limit(size).offset((query.page - 1) * size)

    return Lookup(number), Lookup(rows)


async def _composed(
    session: AsyncSession, scope: Scope, asked: ClaimQuery, size: int, now: datetime | None
) -> tuple[int, tuple[ClaimRow, ...]]:
    """Count and read a page by statements that are put together for this query and reader."""
    dialect, ordered, offset = dialect_of(session), _ordered(asked), (asked.page - 1) * size

    def matching(one: Scope) -> Select[Any]:
        return _matching(dialect, one, asked, now)

    total = await counted(session, scope, matching)
    where = claims_matching(dialect, scope, asked, now)
    if len(scope.agency_ids) > 1:
        where = on_page(ClaimView.row, scope, matching, ordered, size=offset + size)
    statement = select_rows(scope).where(where).order_by(*ordered).limit(size).offset(offset)
    return total, await rows_of(session, statement) if total else ()


def _matching(dialect: str, scope: Scope, asked: ClaimQuery, now: datetime | None = None) -> Select[Any]:
    source = with_mark(scope) if asked.unread else ClaimView.__table__
    return select(ClaimView.row).select_from(source).where(claims_matching(dialect, scope, asked, now))


def _ordered(query: ClaimQuery) -> tuple[Any, Any]:
    return _in_order(query, _sorted_by(query), ClaimView.row)


def _sorted_by(query: ClaimQuery) -> Any:
    return _ORDER[query.sort.removeprefix("-")]


def _in_order(query: ClaimQuery, column: Any, row: Any) -> tuple[Any, Any]:
    descending = query.sort.startswith("-")
    order = column.desc() if descending else column.asc()
    # NULLS LAST only where there are nulls: it would keep the engines from reading an index in order.
    return (
        order.nulls_last() if _sorted_by(query) is ClaimView.eta else order,
        row.desc() if descending else row.asc(),
    )


async def _exact_first(session: AsyncSession, scope: Scope, query: ClaimQuery) -> ClaimQuery:
    """Take a whole claim number for what it is: everybody shares its beginning, so that the trigram index is slow on it."""
    typed = _as_number(query.claim_number or query.q)
    if not typed or (query.claim_number and query.q):
        return query
    known = await _NUMBERED.first(session, scope, number=typed)
    return query if known is None else query.with_(exact_number=typed, claim_number="", q="")


def _as_number(typed: str) -> str:
    """What a claim would be numbered whose whole number this is; empty where it can be none."""
    return typed.strip().upper() if any(map(str.isdigit, typed)) else ""


_NUMBERED: Final = Lookup(
    lambda terms: select(ClaimView.row).where(
        terms.within(ClaimView.agency_id), ClaimView.claim_number == bindparam("number")
    )
)


async def _search(
    session: AsyncSession, scope: Scope, asked: ClaimQuery, size: int, now: datetime | None
) -> tuple[int, Sequence[Row]]:
    """Find the first page and count all that match in one go: what is searched for is looked up once, not twice."""
    plain, patterns = asked.with_(q=""), terms_of(asked.q)
    if not patterns:
        return 0, ()
    if dialect_of(session) == "postgresql" and plain == _repeated(plain):
        values = {
            f"like_{place}_{one}": pattern
            for place, some in enumerate(patterns)
            for one, pattern in enumerate(some)
        }
        if typed := _as_number(asked.q):
            values["typed"] = typed
        lookup = _searches(plain, tuple(map(len, patterns)), size, numbered=bool(typed))
        found = await lookup.rows(session, scope, asking=scope.user_id, **values)
        return (found[0]["total"] if found else 0), found
    asked = await _exact_first(session, scope, asked)
    statement = _first_keys(_matching(dialect_of(session), scope, asked, now), asked, size)
    keys = (await session.execute(statement)).mappings().all()
    rows = await _BY_ROW.rows(session, scope, asking=scope.user_id, rows=[one["row"] for one in keys])
    by_row = {one["row"]: one for one in rows}
    return (keys[0]["total"] if keys else 0), [by_row[one["row"]] for one in keys if one["row"] in by_row]


@lru_cache(maxsize=128)
def _searches(query: ClaimQuery, shape: tuple[int, ...], size: int, *, numbered: bool) -> Lookup:
    """The search for any text of this shape beside these filters; `numbered` for one that may be a whole claim number.

    Keys alone are found, counted and sorted; the rows of the page are read by them.
    """

    def build(terms: Terms) -> Select[Any]:
        keys = _keys(terms, query, shape, size, numbered=numbered).cte("keys").prefix_with("MATERIALIZED")
        return (
            select_rows(asked_by())
            .add_columns(keys.c.total)
            .where(terms.within(ClaimView.agency_id), ClaimView.row == keys.c.row)
            .order_by(*_ordered(query))
        )

    return Lookup(build)


def _keys(
    terms: Terms, query: ClaimQuery, shape: tuple[int, ...], size: int, *, numbered: bool
) -> Select[Any]:
    listed, found = _matching(terms.dialect, asked_by(), query), found_by(ClaimView, shape)
    if not numbered:
        return _first_keys(listed.where(found), query, size)
    exact = ClaimView.claim_number == bindparam("typed", type_=String())
    known = select(ClaimView.row).where(within(ClaimView.agency_id, asked_by()), exact)
    keyed = listed.add_columns(_sorted_by(query).label("sorted"))
    # Where the claim is known the other half is not even begun: the trigrams of whole numbers are everybody's.
    others = keyed.where(found, ~known.correlate(None).exists())
    either = union_all(keyed.where(exact), others).subquery("found")
    return select(either.c.row, _TOTAL).order_by(*_in_order(query, either.c.sorted, either.c.row)).limit(size)


def _first_keys(matching: Select[Any], query: ClaimQuery, size: int) -> Select[Any]:
    return matching.add_columns(_TOTAL).order_by(*_ordered(query)).limit(size)


_TOTAL: Final = func.count().over().label("total")
_BY_ROW: Final = Lookup(
    lambda terms: (
        select_rows(asked_by())
        .add_columns(ClaimView.row)
        .where(terms.within(ClaimView.agency_id), terms.among(ClaimView.row, "rows", BigInteger))
    )
)


async def claim_filters(session: AsyncSession, scope: Scope) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give what can be chosen as `insurer` and `garage`: (value, name) pairs that occur among the claims.

    Read from index entry to index entry: a list of 20,000 claims that 40 garages work on reads 40 of them, not all.
    """
    pairs: dict[str, dict[str, str]] = {"insurer": {}, "garage": {}}
    for agency_id in scope.agency_ids:
        for row in await _CHOSEN.all(session, agency=agency_id):
            if row["value"]:
                pairs[row["field"]][row["value"]] = row["name"]
    return {
        field: tuple(sorted(known.items(), key=lambda pair: (pair[1], pair[0])))[:_CHOICES]
        for field, known in pairs.items()
    }


def _distinct(field: str, value: Any, label: Any) -> Select[Any]:
    """The values of a column in one agency, each with a name of it, by an index of agency, value and name."""
    agency_id = bindparam("agency", type_=String())

    def least(*more: ColumnElement[bool]) -> Any:
        return select(func.min(value)).where(ClaimView.agency_id == agency_id, *more)

    chain = least().label("value")
    start = select(chain).cte(f"chosen_{field}", recursive=True)
    following = least(value > start.c.value).correlate(start).scalar_subquery()
    chosen = start.union_all(select(following).where(start.c.value.is_not(None)))
    name = (
        select(func.max(label))
        .where(ClaimView.agency_id == agency_id, value == chosen.c.value)
        .correlate(chosen)
        .scalar_subquery()
    )
    some = (
        select(literal(field).label("field"), chosen.c.value, name.label("name"))
        .where(chosen.c.value.is_not(None))
        .limit(_CHOICES)
        .subquery(f"some_{field}")
    )
    return select(some.c.field, some.c.value, some.c.name)


_CHOSEN: Final = Lookup(
    lambda _terms: union_all(
        _distinct("insurer", ClaimView.insurer, ClaimView.insurer_name),
        _distinct("garage", ClaimView.garage, ClaimView.garage_name),
    )
)
