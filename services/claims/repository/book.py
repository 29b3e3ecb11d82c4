"""What one write session knows of claims.

Rows are loaded in bulk and locked, changed in memory, and written in a handful of statements when the session
commits: a burst of partner updates would otherwise spend its time in single-row statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from orjson import Fragment
from sqlalchemy import ColumnElement, Select, Table, Text, and_, cast, event, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, SessionTransaction

from services.claims.models import (
    Claim,
    ClaimHistory,
    PartnerPosition,
)
from shared.contracts.claims import ClaimState
from shared.db.among import among, given_pairs, named_among, named_pairs_among
from shared.db.database import on_before_commit
from shared.db.lookup import Lookup
from shared.db.together import write_at_commit
from shared.errors import Conflict
from shared.messaging.publishing import Written

_BOOK = "claims.book"

Reference = tuple[str, str]
"""An insurer's partner id and its own reference of a claim."""


class _Kept(NamedTuple):
    """The newest version of a claim, and the same as its row and its event have it."""

    claim: ClaimState
    written: Fragment


class ClaimBook:
    """Claims and partners' positions of one write session; `of(session)` gives the session's only one."""

    def __init__(self, session: AsyncSession) -> None:
        """Begin empty, and write what was kept when the session commits."""
        self._session = session
        self._by_number: dict[str, ClaimState | None] = {}
        self._by_reference: dict[Reference, str | None] = {}
        self._positions: dict[tuple[str, str, str], int] = {}
        self._changed: dict[str, _Kept] = {}
        self._history: list[dict[str, Any]] = []
        self._moved: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._undo: list[tuple[SessionTransaction | None, Callable[[], None]]] = []
        on_before_commit(session, self._write)

    @classmethod
    def of(cls, session: AsyncSession) -> ClaimBook:
        """Give the book of this write session."""
        book = session.info.get(_BOOK)
        if not isinstance(book, cls):
            book = cls(session)
            session.info[_BOOK] = book
        return book

    async def load(self, numbers: Collection[str], references: Collection[Reference] = ()) -> None:
        """Load claims by our numbers or the insurers' references, with the positions of their partners, and lock them."""
        numbers = {number for number in numbers if number not in self._by_number}
        references = {one for one in references if one not in self._by_reference}
        if not numbers and not references:
            return
        by_insurer: dict[str, set[str]] = {}
        for partner_id, reference in references:
            by_insurer.setdefault(partner_id, set()).add(reference)
        states = await self._states(numbers, by_insurer)
        found = [ClaimState.model_validate_json(state) for state in states]
        for number in numbers:
            self._by_number.setdefault(number, None)
        for one in references:
            self._by_reference.setdefault(one, None)
        fresh = [claim for claim in found if self._by_number.get(claim.claim_number) is None]
        for claim in fresh:
            self._remember(claim)
        await self._load_positions(fresh)

    async def _states(
        self, numbers: Collection[str], by_insurer: Mapping[str, Collection[str]]
    ) -> Sequence[str]:
        """The claims as texts, locked: the model itself reads them, twice as fast."""
        if not by_insurer:
            return [row["state"] for row in await _NUMBERED.all(self._session, numbers=list(numbers))]
        named: list[ColumnElement[bool]] = (
            [among(self._session, Claim.claim_number, numbers, alone=False)] if numbers else []
        )
        for partner_id, own in by_insurer.items():
            named.append(and_(Claim.insurer_partner_id == partner_id, Claim.insurer_reference.in_(own)))
        return (await self._session.scalars(_locked(or_(*named)))).all()

    async def _load_positions(self, claims: Sequence[ClaimState]) -> None:
        if not claims:
            return
        keys = given_pairs(self._session, "claims", [(claim.agency_id, claim.id) for claim in claims])
        for row in await _POSITIONS.all(self._session, **keys):
            self._positions[row["claim_id"], row["partner_id"], row["kind"]] = row["sequence"]

    async def by_number(self, number: str) -> ClaimState | None:
        """Give the claim in its newest state, this session's own changes included."""
        if number not in self._by_number:
            await self.load([number])
        return self._by_number.get(number)

    async def by_reference(self, partner_id: str, reference: str) -> ClaimState | None:
        """Give the claim that this insurer knows by its own reference."""
        await self.load([], [(partner_id, reference)])
        number = self._by_reference.get((partner_id, reference))
        return self._by_number.get(number) if number is not None else None

    def position(self, claim: ClaimState, partner_id: str, kind: str) -> int | None:
        """Give the last accepted sequence of this partner for this claim and kind."""
        return self._positions.get((claim.id, partner_id, kind))

    def keep(
        self,
        old: ClaimState | None,
        new: ClaimState,
        *,
        happening: str,
        written: Written,
        at: datetime,
    ) -> None:
        """Take the next version of a claim, with the row of its history; raises `stale_version` for an old `old`."""
        known = self._by_number.get(new.claim_number)
        if (known.sequence if known else None) != (old.sequence if old else None):
            raise Conflict("stale_version", "the claim has changed meanwhile")
        before = self._changed.get(new.id)
        self._remember(new)
        self._changed[new.id] = _Kept(new, written.state)
        self._history.append(
            {
                "agency_id": new.agency_id,
                "claim_id": new.id,
                "sequence": new.sequence,
                "happening": happening,
                "at": at,
                "actor": written.actor,
                "changes": written.changes,
            }
        )

        def undo() -> None:
            self._history.pop()
            self._by_number[new.claim_number] = old
            if reference := _reference(new):
                self._by_reference.pop(reference, None)
            if old is not None:
                self._remember(old)
            if before is None:
                del self._changed[new.id]
            else:
                self._changed[new.id] = before

        self._undo.append((self._savepoint(), undo))

    def move(self, claim: ClaimState, partner_id: str, kind: str, sequence: int) -> None:
        """Take the sequence of an accepted update as the partner's position."""
        key = (claim.id, partner_id, kind)
        before = self._positions.get(key)
        row_before = self._moved.get(key)
        self._positions[key] = sequence
        self._moved[key] = {
            "agency_id": claim.agency_id,
            "claim_id": claim.id,
            "partner_id": partner_id,
            "kind": kind,
            "sequence": sequence,
        }

        def undo() -> None:
            _restore(self._positions, key, before)
            _restore(self._moved, key, row_before)

        self._undo.append((self._savepoint(), undo))

    def _remember(self, claim: ClaimState) -> None:
        self._by_number[claim.claim_number] = claim
        if reference := _reference(claim):
            self._by_reference[reference] = claim.claim_number

    def _savepoint(self) -> SessionTransaction | None:
        """The savepoint that is open; whoever kept nothing in one has nothing to forget with it."""
        if not self._session.in_nested_transaction():
            return None
        session = self._session.sync_session
        if not event.contains(session, "after_soft_rollback", self._rolled_back):
            event.listen(session, "after_soft_rollback", self._rolled_back)
        return session.get_nested_transaction()

    def _rolled_back(self, _session: object, transaction: SessionTransaction) -> None:
        """Forget what was kept inside a savepoint that is rolled back: its neighbours go on from before it."""
        while self._undo and self._undo[-1][0] is transaction and transaction.nested:
            self._undo.pop()[1]()

    async def _write(self, session: AsyncSession) -> None:
        """Write everything in a few statements."""
        claims = [_row(*kept) for kept in self._changed.values()]
        await write_at_commit(
            session, Claim, claims, ["agency_id", "id"], replace=True, refusal=_reference_taken
        )
        # Without a key: a version that exists is a fault.
        await write_at_commit(session, ClaimHistory, self._history, [])
        keys = ["agency_id", "claim_id", "partner_id", "kind"]
        await write_at_commit(session, PartnerPosition, list(self._moved.values()), keys, replace=True)
        self._changed, self._history, self._moved = {}, [], {}
        self._undo.clear()
        session.info.pop(_BOOK, None)


def _reference_taken(error: IntegrityError) -> Conflict | None:
    """Say that another transaction has taken a reference meanwhile: that is a conflict, not a fault."""
    if "insurer_reference" not in str(error.orig):
        return None
    return Conflict(
        "insurer_reference_taken",
        "the insurer uses this reference for another claim",
        "insurer_reference",
    )


def _locked(which: ColumnElement[bool]) -> Select[str]:
    """Claims as texts. Locked in one order, so that two batches on PostgreSQL wait for each other instead of failing."""
    return (
        select(cast(Claim.state, Text).label("state"))
        .where(which)
        .order_by(Claim.agency_id, Claim.id)
        .with_for_update()
    )


_NUMBERED: Final = Lookup(lambda terms: _locked(named_among(terms.dialect, Claim.claim_number, "numbers")))
_POSITIONS: Final = Lookup(
    lambda terms: select(
        PartnerPosition.claim_id, PartnerPosition.partner_id, PartnerPosition.kind, PartnerPosition.sequence
    ).where(named_pairs_among(terms.dialect, (PartnerPosition.agency_id, PartnerPosition.claim_id), "claims"))
)


def _restore(known: dict[Any, Any], key: Any, before: Any) -> None:
    if before is None:
        known.pop(key, None)
    else:
        known[key] = before


def _reference(claim: ClaimState) -> Reference | None:
    if claim.insurer.partner_id and claim.insurer_reference:
        return claim.insurer.partner_id, claim.insurer_reference
    return None


def _row(claim: ClaimState, written: Fragment) -> dict[str, Any]:
    reference = _reference(claim)
    return {
        "agency_id": claim.agency_id,
        "id": claim.id,
        "claim_number": claim.claim_number,
        "policy_number": claim.policy_number,
        "client_id": claim.client_id,
        "insurer_partner_id": claim.insurer.partner_id,
        "insurer_reference": reference[1] if reference else None,
        "sequence": claim.sequence,
        "updated_at": claim.updated_at,
        "state": written,
    }


def table_of(model: type[DeclarativeBase]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def dialect_of(session: AsyncSession) -> str:
    return session.get_bind().dialect.name
