"""The filters of the claims list as one condition."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func

from services.gateway.models import ClaimView
from services.gateway.queries.needs import needing, worked_on
from services.gateway.queries.parameters import NO_REPAIR, ClaimQuery
from services.gateway.queries.unread import is_unread
from services.gateway.search.folding import compact
from services.gateway.search.matching import matches, name_contains, number_contains
from shared.db.tenancy import Scope, within


def claims_matching(
    dialect: str, scope: Scope, query: ClaimQuery, now: datetime | None = None
) -> ColumnElement[bool]:
    """Give the list's filters as one condition. With `unread`, `with_mark(scope)` must be in the FROM."""
    conditions: list[ColumnElement[bool]] = [within(ClaimView.agency_id, scope)]
    if query.state != "all":
        conditions.append(ClaimView.is_open.is_(query.state == "open"))
    if query.exact_number:
        conditions.append(ClaimView.claim_number == query.exact_number)
    if query.q:
        conditions.append(matches(dialect, ClaimView, query.q, scope))
    if query.claim_number:
        conditions.append(_numbered(dialect, scope, query.claim_number))
    if query.plate:
        plate = func.lower(ClaimView.plate_normalised)
        conditions.append(number_contains(dialect, ClaimView, plate, query.plate, scope))
    if query.client:
        conditions.append(name_contains(dialect, ClaimView, ClaimView.client_folded, query.client, scope))
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


def _numbered(dialect: str, scope: Scope, typed: str) -> ColumnElement[bool]:
    """A part of a claim number, separators aside: people say "one-one-seven"."""
    plain = func.lower(func.replace(ClaimView.claim_number, "-", ""))
    return number_contains(dialect, ClaimView, plain, compact(typed), scope)
