"""Files in the read model."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orjson import Fragment
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.gateway.models import ClaimView, ContractView, DocumentView
from services.gateway.projections.activity import activity_of, record_activity
from shared.contracts.claims import ClaimState
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.db.among import pairs_among
from shared.db.upsert import write_many
from shared.messaging.events import newest

DocumentEvent = CloudEvent[ChangeData[DocumentState]]
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


Owners = tuple[dict[Number, str], dict[Number, str]]
"""Clients by claim, and clients by contract."""


async def _owners(
    session: AsyncSession,
    events: Sequence[DocumentEvent],
    claims: Sequence[CloudEvent[ChangeData[ClaimState]]],
) -> Owners:
    """Find the clients through claims and contracts, so that the files stand on their pages too."""
    orphans = [event.data.state for event in events if not event.data.state.client_id]
    by_claim = await _clients(
        session,
        (ClaimView.agency_id, ClaimView.claim_number),
        ClaimView.client_id,
        {(one.agency_id, one.claim_number) for one in orphans if one.claim_number},
    )
    for event in newest(claims):
        state = event.data.state
        by_claim.setdefault((state.agency_id, state.claim_number), state.client_id)
    by_contract = await _clients(
        session,
        (ContractView.agency_id, ContractView.policy_number),
        ContractView.client_id,
        {(one.agency_id, one.policy_number) for one in orphans if one.policy_number},
    )
    return by_claim, by_contract


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
