"""Files in the read model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal

from orjson import Fragment
from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.gateway.models import Activity, ClaimView, ContractView, DocumentView
from services.gateway.projections.activity import activity_of, record_activity
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.db.among import pairs_among
from shared.db.turns import take_turn
from shared.db.upsert import write_many
from shared.messaging.events import newest

DocumentEvent = CloudEvent[ChangeData[DocumentState]]
_FILED: Final = Activity.aggregate == "document"

Number = tuple[str, str]
"""An agency, and its number of a claim or a contract."""


async def project_documents(
    session: AsyncSession,
    events: Sequence[DocumentEvent],
    claims: Sequence[CloudEvent[ChangeData[ClaimState]]],
) -> set[Number]:
    """Keep the newest state of each file, and say which claims have files that changed.

    `claims` are the changes of claims in the same batch, which the read model does not have yet.
    """
    owners = await _owners(session, events, claims)
    activity = [
        activity_of(
            event,
            agency_id=event.data.state.agency_id,
            client_id=_owner(event.data.state, owners),
            policy_number=event.data.state.policy_number,
            claim_number=event.data.state.claim_number,
        )
        for event in events
    ]
    await record_activity(session, activity, at_once=True)
    rows = []
    for event in newest(events):
        state = event.data.state
        rows.append(
            {
                "agency_id": state.agency_id,
                "id": state.id,
                "sequence": event.sequence,
                "client_id": _owner(state, owners),
                "claim_number": state.claim_number,
                "policy_number": state.policy_number,
                "removed": state.removed,
                "uploaded_at": state.uploaded_at,
                "state": Fragment(state.model_dump_json()),
            }
        )
    await write_many(session, DocumentView, rows, ["agency_id", "id"], replace=True, guard="sequence")
    filed = (event.data.state for event in events)
    return {(state.agency_id, state.claim_number) for state in filed if state.claim_number}


async def give_to_clients(
    session: AsyncSession, named: Literal["claim_number", "policy_number"], owners: Mapping[Number, str]
) -> None:
    """Files that came before the claim or contract that they belong to: from now on they stand on its client's page."""
    if not owners:
        return
    column = getattr(Activity, named)
    orphans = await session.execute(  # each event of a file has its row there
        select(Activity.agency_id, column)
        .where(
            pairs_among(session, (Activity.agency_id, column), owners), _FILED, Activity.client_id.is_(None)
        )
        .distinct()
    )
    given = [
        {"of_agency": agency_id, "of_number": number, "of_client": owners[agency_id, number]}
        for agency_id, number in sorted(tuple(row) for row in orphans)
    ]
    if given:
        await session.execute(_adopted(DocumentView, named), given)
        await session.execute(_adopted(Activity, named, _FILED), given)


def _adopted(view: Any, named: str, *which: ColumnElement[bool]) -> Any:
    table = view.__table__
    return (
        update(table)
        .where(
            table.c.agency_id == bindparam("of_agency"),
            table.c[named] == bindparam("of_number"),
            table.c.client_id.is_(None),
            *which,
        )
        .values(client_id=bindparam("of_client"))
    )


Owners = tuple[dict[Number, str], dict[Number, str]]
"""Clients by claim, and clients by contract."""


async def _owners(
    session: AsyncSession,
    events: Sequence[DocumentEvent],
    claims: Sequence[CloudEvent[ChangeData[ClaimState]]],
) -> Owners:
    """Find the clients through claims and contracts, so that the files stand on their pages too.

    A claim or contract that is not known may be on its way in another replica's transaction, which does not see these files:
    who comes second finds what the first one wrote.
    """
    states = [event.data.state for event in events]
    claimed = {(one.agency_id, one.claim_number) for one in states if one.claim_number}
    contracted = {
        (one.agency_id, one.policy_number) for one in states if one.policy_number and not one.client_id
    }
    owners = await _known(session, claimed, contracted)
    unknown = {*(claimed - owners[0].keys()), *(contracted - owners[1].keys())}
    if await take_turn(session, turns(unknown)):
        owners = await _known(session, claimed, contracted)
    for event in newest(claims):
        state = event.data.state
        owners[0].setdefault((state.agency_id, state.claim_number), state.client_id)
    return owners


def turns(numbers: Collection[Number]) -> list[str]:
    """What transactions that see claims, contracts or their files for the first time take turns about."""
    return ["/".join(number) for number in numbers]


async def _known(
    session: AsyncSession, claimed: Collection[Number], contracted: Collection[Number]
) -> Owners:
    claims, contracts = ClaimView, ContractView
    return (
        await _clients(session, (claims.agency_id, claims.claim_number), claims.client_id, claimed),
        await _clients(
            session, (contracts.agency_id, contracts.policy_number), contracts.client_id, contracted
        ),
    )


async def _clients(
    session: AsyncSession,
    columns: tuple[InstrumentedAttribute[str], InstrumentedAttribute[str]],
    client: InstrumentedAttribute[str],
    numbers: Collection[Number],
) -> dict[Number, str]:
    if not numbers:
        return {}
    found = await session.execute(select(*columns, client).where(pairs_among(session, columns, numbers)))
    return {(agency_id, number): client_id for agency_id, number, client_id in found}


def _owner(state: DocumentState, owners: Owners) -> str | None:
    by_claim, by_contract = owners
    return (
        state.client_id
        or (by_claim.get((state.agency_id, state.claim_number)) if state.claim_number else None)
        or (by_contract.get((state.agency_id, state.policy_number)) if state.policy_number else None)
    )
