"""Commands on contracts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy import repository
from services.policy.domain import contracts, insurer_updates
from services.policy.domain.contracts import ContractAmendment, ContractRegistration
from services.policy.models import ContractHistoryRow, ContractRow
from services.policy.publishing import contract_changed
from shared.contracts.codes import ContractStatus, PartnerKind
from shared.contracts.envelope import Actor
from shared.contracts.partners import ContractUpdate
from shared.contracts.policy import ContractState
from shared.db.tenancy import Scope
from shared.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from shared.identifiers import new_id

log = structlog.get_logger(__name__)


class RefusedUpdate(DomainError):  # noqa: N818 - named as the field says it
    """The update does not fit the contract, as its cause says; `sequence` is the contract's, for the receipt."""

    def __init__(self, cause: DomainError, sequence: int) -> None:
        """Keep the cause's words."""
        super().__init__(cause.code, cause.detail, cause.field)
        self.sequence = sequence


class StaleUpdate(RefusedUpdate):
    """The insurer told something newer before."""


async def register_contract(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    agency_id: str,
    registration: ContractRegistration,
) -> ContractState:
    """Take a new contract in. Its number is unique in the agency, and for the insurer everywhere."""
    if not scope.may_see(agency_id):
        raise NotFound("agency_unknown", "There is no such agency.", "agency_id")
    client = await repository.client_row(session, registration.client_id, scope)
    if client is None or client.agency_id != agency_id:
        raise Invalid("client_unknown", "There is no such client in this agency.", "client_id")
    registration = await _with_known_insurer(session, registration)
    if await repository.number_is_taken(
        session, registration.policy_number, agency_id, registration.insurer.partner_id
    ):
        raise _taken()
    name = repository.client_state(client).name
    state = contracts.registered(new_id(), agency_id, name, registration, at)
    repository.add_contract(session, state)
    try:
        await session.flush()
    except IntegrityError as error:
        raise _taken() from error
    contract_changed(session, "contract-registered", state, None, actor, at)
    log.info("contract.registered", contract_id=state.id, agency_id=agency_id)
    return state


async def amend_contract(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    policy_number: str,
    amendment: ContractAmendment,
    agency_id: str | None = None,
) -> ContractState:
    """Change the conditions: a new version."""
    row = await _found(session, policy_number, scope, agency_id, for_update=True)
    old = repository.contract_state(row)
    new = contracts.amended(old, amendment, at)
    repository.save_contract(row, new)
    contract_changed(session, "contract-amended", new, old, actor, at)
    log.info("contract.amended", contract_id=new.id, version=new.version)
    return new


async def change_contract_status(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    policy_number: str,
    status: ContractStatus,
    reason: str = "",
    agency_id: str | None = None,
) -> ContractState:
    """Take one legal step of the contract's life."""
    row = await _found(session, policy_number, scope, agency_id, for_update=True)
    old = repository.contract_state(row)
    if (old.status, old.status_reason) == (status, reason):
        return old
    new = contracts.with_status(old, status, reason, at)
    repository.save_contract(row, new)
    contract_changed(session, "contract-status-changed", new, old, actor, at)
    log.info("contract.status_changed", contract_id=new.id, old=old.status.value, new=status.value)
    return new


async def record_insurer_update(
    session: AsyncSession, *, partner_id: str, at: datetime, update: ContractUpdate
) -> ContractState:
    """Apply what an insurer pushed about a contract.

    Raises, in this order: `NotFound` (no such number), `NotAllowed` (another insurer's), `StaleUpdate`,
    `RefusedUpdate`. Nothing is changed then, and the insurer's sequence is not used up.
    """
    rows = await repository.contract_rows_of_number(session, update.policy_number)
    if not rows:
        raise NotFound("unknown_policy", "There is no contract of this number.", "policy_number")
    row = next((found for found in rows if found.insurer_partner_id == partner_id), None)
    if row is None:
        raise NotAllowed("not_assigned", "This contract is not with you.", "policy_number")
    old = repository.contract_state(row)
    if row.insurer_sequence is not None and update.sequence <= row.insurer_sequence:
        raise StaleUpdate(Conflict("stale", "A newer update is known.", "sequence"), old.sequence)
    try:
        new = insurer_updates.updated(old, update, at)
    except DomainError as error:
        raise RefusedUpdate(error, old.sequence) from error
    row.insurer_sequence = update.sequence
    if new is not old:
        repository.save_contract(row, new)
        actor = Actor(kind="partner", id=partner_id, name=old.insurer.name)
        contract_changed(session, insurer_updates.happening_of(old, new), new, old, actor, at)
        log.info("contract.insurer_update_recorded", contract_id=new.id, partner=partner_id)
    return new


async def read_contract(
    session: AsyncSession, *, scope: Scope, policy_number: str, agency_id: str | None = None
) -> ContractState:
    """Give a contract in its current version."""
    return repository.contract_state(await _found(session, policy_number, scope, agency_id))


async def read_contract_history(
    session: AsyncSession, *, scope: Scope, policy_number: str, limit: int, agency_id: str | None = None
) -> Sequence[ContractHistoryRow]:
    """Give a contract's newest changes first."""
    contract = await read_contract(session, scope=scope, policy_number=policy_number, agency_id=agency_id)
    return await repository.contract_history(session, contract, scope, limit)


async def _found(
    session: AsyncSession,
    policy_number: str,
    scope: Scope,
    agency_id: str | None,
    *,
    for_update: bool = False,
) -> ContractRow:
    rows = await repository.contract_rows(session, policy_number, scope, agency_id, for_update=for_update)
    if not rows:
        raise NotFound("contract_unknown", "There is no such contract.")
    if len(rows) > 1:
        detail = "Two of your agencies have a contract of this number: name the agency."
        raise Conflict("ambiguous_policy_number", detail, "agency_id")
    return rows[0]


async def _with_known_insurer(
    session: AsyncSession, registration: ContractRegistration
) -> ContractRegistration:
    """Refuse a partner that is no insurer, and name the insurer as it names itself."""
    if registration.insurer.partner_id is None:
        return registration
    known = await repository.partner(session, registration.insurer.partner_id)
    if known is None:
        return registration  # its event may still be on its way
    if known.kind != PartnerKind.INSURER.value:
        raise Invalid("insurer_invalid", "This partner is not an insurer.", "insurer.partner_id")
    insurer = registration.insurer.model_copy(update={"name": registration.insurer.name or known.name})
    return registration.model_copy(update={"insurer": insurer})


def _taken() -> Conflict:
    detail = "The agency or the insurer has a contract of this number already."
    return Conflict("policy_number_taken", detail, "policy_number")
