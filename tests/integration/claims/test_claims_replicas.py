"""Copies of policy's contracts and clients."""

from __future__ import annotations

from services.claims.repository import client_of, contracts_numbered
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.policy import ClientState, ContractState
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.messaging.records import Record
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import BROKER, FRENCH_AGENCY, ISRAELI_AGENCY, NOW, client, contract

FRENCH = Scope("u", "broker", (FRENCH_AGENCY,))


def record(offset: int, event_type: str, state: ContractState | ClientState) -> Record:
    event = CloudEvent[ChangeData[ContractState | ClientState]](
        id=f"event-{offset}",
        source="urn:dossier:service:policy",
        type=event_type,
        subject=state.id,
        time=NOW,
        agencyid=state.agency_id,
        sequence=state.sequence,
        data=ChangeData(state=state, actor=BROKER),
    )
    return Record("policy.events.v1", 0, offset, 0, None, event.to_json())


async def test_the_highest_version_of_a_contract_and_client_is_kept_in_any_order(service: Service) -> None:
    await service.consumer.take(
        [
            record(1, "dossier.policy.contract-amended.v1", contract(sequence=3, formula="third")),
            record(2, "dossier.policy.contract-registered.v1", contract(sequence=1, formula="first")),
            record(3, "dossier.policy.client-corrected.v1", client(sequence=2, name="Jeanne Durand")),
            record(4, "dossier.policy.client-registered.v1", client(sequence=1)),
        ]
    )
    async with service.database.read(EVERY_AGENCY) as session:
        (found,) = await contracts_numbered(session, FRENCH, "FR-100-200")
        known = await client_of(session, found)
    assert (found.formula, known.name if known else None) == ("third", "Jeanne Durand")


async def test_contracts_are_only_found_within_the_agencies_of_the_caller(service: Service) -> None:
    await service.knows(
        contract(), contract(id="00000000-0000-7000-8000-0000000000a2", agency_id=ISRAELI_AGENCY)
    )
    async with service.database.read(EVERY_AGENCY) as session:
        assert [one.agency_id for one in await contracts_numbered(session, FRENCH, "FR-100-200")] == [
            FRENCH_AGENCY
        ]
        assert await contracts_numbered(session, Scope("u", "broker"), "FR-100-200") == []


async def test_a_correction_of_the_client_does_not_rewrite_his_claims(service: Service) -> None:
    await service.knows(contract(), client())
    claim = await service.registered()
    await service.consumer.take(
        [record(1, "dossier.policy.client-corrected.v1", client(sequence=2, name="Other"))]
    )
    assert (await service.claim()) == claim
    assert (await service.registered()).insured.name == "Other"
