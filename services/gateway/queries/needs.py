"""What needs somebody, counted in SQL: the same conditions count on home and filter the list that the count leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity, ClaimView, ContractView
from shared.contracts.claims import ClaimState
from shared.contracts.codes import RepairPhase
from shared.contracts.money import Amount
from shared.contracts.policy import ContractState
from shared.db.tenancy import Scope, within

SILENT_AFTER: Final = timedelta(days=5)
"""A garage that reported nothing for this long is asked (pages.md: "garage quiet for 6 days")."""

CHEQUE_DAYS: Final = 14
"""Cheques are shown so many days before they mature (domain.md, 23), and from then on until they are at the bank."""

AHEAD: Final = 14
"""Days of the calendar."""

OVER: Final = (RepairPhase.DELIVERED, RepairPhase.CANCELLED, RepairPhase.TOTAL_LOSS)
AT_WORK: Final = tuple(one.value for one in RepairPhase if one not in {*OVER, RepairPhase.READY})
_ROWS: Final = 400
"""Entries of one kind that the calendar names; its counts count all."""


def needing(need: str, now: datetime) -> ColumnElement[bool]:
    """Give the condition of a need; `now` stands in the reader's zone, as "late" is a matter of his calendar."""
    today = now.date()
    conditions: dict[str, ColumnElement[bool]] = {
        "late": and_(
            ClaimView.phase.in_(AT_WORK),
            ClaimView.eta.is_not(None),
            or_(ClaimView.eta < today, ClaimView.slipped_days > 0),
        ),
        "silent": and_(
            ClaimView.phase.in_(AT_WORK),
            ClaimView.repair_at < now - SILENT_AFTER,
            ClaimView.garage.is_not(None),
        ),
        "documents": ClaimView.missing > 0,
        "cheques": ClaimView.cheque_on <= today + timedelta(days=CHEQUE_DAYS),
    }
    return conditions[need]


def worked_on(scope: Scope) -> ColumnElement[bool]:
    """The claims that this user worked on: he registered, changed or noted something, or added a file."""
    return tuple_(ClaimView.agency_id, ClaimView.claim_number).in_(
        select(Activity.agency_id, Activity.claim_number).where(
            within(Activity.agency_id, scope),
            Activity.actor_id == scope.user_id,
            # A literal, not a parameter: else the planner cannot see that the partial index will do.
            Activity.actor_kind == literal_column("'user'"),
            Activity.claim_number.is_not(None),
        )
    )


@dataclass(frozen=True, slots=True)
class ChequeDue:
    """A cheque that is not yet at the bank."""

    claim_number: str
    client_name: str
    plate: str
    number: str
    amount: Amount
    currency: str
    matures_on: date


@dataclass(frozen=True, slots=True)
class SilentGarage:
    """A garage that reports nothing: how many vehicles it keeps quiet about, and since when at the longest."""

    garage: str
    name: str
    vehicles: int
    since: datetime


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something that happens on a day: `kind` is cheque, delivery, visit or receipt."""

    on: date
    kind: str
    claim_number: str | None
    policy_number: str
    client_name: str
    plate: str = ""
    amount: Amount | None = None
    currency: str = ""


async def count_needs(
    session: AsyncSession, scope: Scope, now: datetime, needs: Iterable[str]
) -> dict[str, int]:
    """Count the open claims of each need."""
    found: dict[str, int] = {}
    for need in needs:
        statement = select(func.count()).select_from(ClaimView).where(_open(scope), needing(need, now))
        found[need] = await session.scalar(statement) or 0
    return found


async def phases(session: AsyncSession, scope: Scope) -> tuple[tuple[str, int], ...]:
    """Count the open claims by repair phase, the most frequent first."""
    rows = await session.execute(
        select(ClaimView.phase, func.count())
        .where(_open(scope), ClaimView.phase.is_not(None))
        .group_by(ClaimView.phase)
    )
    return tuple(sorted(((phase, number) for phase, number in rows if phase), key=lambda one: -one[1]))


async def silent_garages(session: AsyncSession, scope: Scope, now: datetime) -> tuple[SilentGarage, ...]:
    """Give the garages that are silent, the longest silence first: one call settles all vehicles of one."""
    since = func.min(ClaimView.repair_at)
    rows = await session.execute(
        select(ClaimView.garage, func.max(ClaimView.garage_name), func.count(), since)
        .where(_open(scope), needing("silent", now))
        .group_by(ClaimView.garage)
        .order_by(since)
    )
    return tuple(SilentGarage(garage, name, number, at) for garage, name, number, at in rows if garage and at)


async def cheques_due(
    session: AsyncSession, scope: Scope, until: date, limit: int = _ROWS
) -> tuple[ChequeDue, ...]:
    """Give the cheques that mature until a day and are not at the bank, the most urgent first."""
    states = await session.scalars(
        select(ClaimView.state)
        .where(within(ClaimView.agency_id, scope), ClaimView.cheque_on <= until)
        .order_by(ClaimView.cheque_on)
        .limit(limit)
    )
    found = [one for state in states for one in _cheques(ClaimState.model_validate(state), until)]
    return tuple(sorted(found, key=lambda one: (one.matures_on, one.claim_number)))


async def calendar(session: AsyncSession, scope: Scope, today: date) -> tuple[CalendarEntry, ...]:
    """Give what the next days bring: cheques, promised deliveries, appraisers' visits and premium receipts."""
    last = today + timedelta(days=AHEAD - 1)
    found = [
        CalendarEntry(
            one.matures_on,
            "cheque",
            one.claim_number,
            "",
            one.client_name,
            one.plate,
            one.amount,
            one.currency,
        )
        for one in await cheques_due(session, scope, last)
        if one.matures_on >= today
    ]
    for kind, column, more in (
        ("delivery", ClaimView.eta, ClaimView.phase.not_in([one.value for one in OVER])),
        ("visit", ClaimView.visit_on, ClaimView.visit_on.is_not(None)),
    ):
        rows = await session.execute(
            select(column, ClaimView.claim_number, ClaimView.policy_number, _name(), ClaimView.plate)
            .where(_open(scope), column.between(today, last), more)
            .order_by(column)
            .limit(_ROWS)
        )
        found += [
            CalendarEntry(on, kind, number, policy, name, plate) for on, number, policy, name, plate in rows
        ]
    contracts = await session.scalars(
        select(ContractView.state)
        .where(within(ContractView.agency_id, scope), ContractView.receipt_on.between(today, last))
        .order_by(ContractView.receipt_on)
        .limit(_ROWS)
    )
    found += [
        one for state in contracts for one in _receipts(ContractState.model_validate(state), today, last)
    ]
    return tuple(sorted(found, key=lambda one: (one.on, _PLACE[one.kind], one.client_name)))


_PLACE: Final = {"cheque": 0, "delivery": 1, "visit": 2, "receipt": 3}


def _open(scope: Scope) -> ColumnElement[bool]:
    return and_(within(ClaimView.agency_id, scope), ClaimView.is_open.is_(True))


def _name() -> ColumnElement[Any]:
    return func.coalesce(func.nullif(ClaimView.insured_name, ""), ClaimView.client_name)


def _cheques(state: ClaimState, until: date) -> list[ChequeDue]:
    return [
        ChequeDue(
            state.claim_number,
            state.insured.name or state.client_name,
            state.plate,
            one.cheque.number,
            one.amount,
            one.currency,
            one.cheque.matures_on,
        )
        for one in state.settlement.payments
        if one.cheque
        and one.cheque.matures_on
        and one.cheque.status.awaits_maturity
        and one.cheque.matures_on <= until
    ]


def _receipts(state: ContractState, first: date, last: date) -> list[CalendarEntry]:
    return [
        CalendarEntry(
            one.due_on, "receipt", None, state.policy_number, state.client_name, "", one.amount, one.currency
        )
        for one in state.receipts
        if one.due_on and first <= one.due_on <= last and one.status.value in {"pending", "issued"}
    ]
