"""Commands on clients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.policy import repository
from services.policy.domain import clients, contracts
from services.policy.domain.clients import ClientCorrection, ClientRegistration, ContactCorrection, Detail
from services.policy.domain.identity_numbers import ClientKind, checked_identity_number, masked
from services.policy.models import ClientHistoryRow, ClientRow
from services.policy.publishing import client_changed, contract_changed
from shared.contracts.envelope import Actor
from shared.contracts.policy import ClientState, Confirmation
from shared.db.tenancy import Scope
from shared.encryption import FieldCipher
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import new_id

IDENTITY_PURPOSE = "policy.identity-number"
"""Purpose of the cipher that these handlers take; stored numbers can only be read with it."""

DEFAULT_LANGUAGE = "fr"

log = structlog.get_logger(__name__)


async def register_client(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    cipher: FieldCipher,
    agency_id: str,
    registration: ClientRegistration,
    confirmed: Mapping[Detail, Confirmation] | None = None,
) -> ClientState:
    """Take a new client in.

    Who types a client in has just spoken with him, so all details given count as confirmed; an import says
    itself what was `confirmed`, when and by whom. An identity number that the agency knows already is refused.
    """
    if not scope.may_see(agency_id):
        raise NotFound("agency_unknown", "There is no such agency.", "agency_id")
    agency = await repository.agency(session, agency_id)
    country = agency.country if agency else None
    number = _identity_number(registration, registration.kind, country)
    if confirmed is None:
        confirmed = {} if actor.kind == "import" else dict.fromkeys(registration.given, _seal(actor, at))
    state = clients.registered(
        new_id(),
        agency_id,
        registration,
        masked_identity=masked(number),
        country=country,
        language=agency.language if agency else DEFAULT_LANGUAGE,
        at=at,
        confirmed=confirmed,
    )
    row = repository.add_client(session, state)
    await _keep_identity(session, row, number, cipher)
    client_changed(session, "client-registered", state, None, actor, at)
    log.info("client.registered", client_id=state.id, agency_id=agency_id)
    return state


async def confirm_contact(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    client_id: str,
    details: Collection[Detail],
) -> ClientState:
    """Note that the client confirmed these details just now."""
    row = await _found(session, client_id, scope, for_update=True)
    old = repository.client_state(row)
    new = clients.contact_confirmed(old, details, at=at, by=_signature(actor))
    repository.save_client(row, new)
    client_changed(session, "client-contact-confirmed", new, old, actor, at)
    log.info("client.contact_confirmed", client_id=client_id, details=sorted(details))
    return new


async def correct_contact(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    client_id: str,
    correction: ContactCorrection,
) -> ClientState:
    """Replace contact details; the corrected ones count as confirmed now by this user."""
    row = await _found(session, client_id, scope, for_update=True)
    old = repository.client_state(row)
    agency = await repository.agency(session, old.agency_id)
    new = clients.contact_corrected(
        old, correction, country=agency.country if agency else None, at=at, by=_signature(actor)
    )
    repository.save_client(row, new)
    client_changed(session, "client-contact-corrected", new, old, actor, at)
    log.info("client.contact_corrected", client_id=client_id, details=list(correction.given))
    return new


async def correct_client(
    session: AsyncSession,
    *,
    scope: Scope,
    actor: Actor,
    at: datetime,
    cipher: FieldCipher,
    client_id: str,
    correction: ClientCorrection,
) -> ClientState:
    """Correct particulars. A changed name is carried into the client's contracts, which show it."""
    row = await _found(session, client_id, scope, for_update=True)
    old = repository.client_state(row)
    number = None
    if correction.identity_number is not None:
        agency = await repository.agency(session, old.agency_id)
        number = _identity_number(correction, old.kind, agency.country if agency else None, old)
    new = clients.corrected(
        old, correction, masked_identity=None if number is None else masked(number), at=at
    )
    if number is not None:
        await _keep_identity(session, row, number, cipher)
    repository.save_client(row, new)
    client_changed(session, "client-corrected", new, old, actor, at)
    if new.name != old.name:
        await _rename_on_contracts(session, new, actor, at)
    log.info("client.corrected", client_id=client_id)
    return new


async def read_client(session: AsyncSession, *, scope: Scope, client_id: str) -> ClientState:
    """Give a client."""
    return repository.client_state(await _found(session, client_id, scope))


async def read_client_history(
    session: AsyncSession, *, scope: Scope, client_id: str, limit: int
) -> Sequence[ClientHistoryRow]:
    """Give a client's newest changes first."""
    client = await read_client(session, scope=scope, client_id=client_id)
    return await repository.client_history(session, client, scope, limit)


async def reveal_identity_number(
    session: AsyncSession, *, scope: Scope, actor: Actor, at: datetime, client_id: str, cipher: FieldCipher
) -> str:
    """Give the full identity number, and keep who looked at it and when."""
    row = await _found(session, client_id, scope)
    if row.identity_cipher is None:
        raise NotFound("identity_number_unknown", "This client has no identity number.")
    repository.add_client_history(
        session, repository.client_state(row), "identity-number-revealed", (), actor, at
    )
    log.info("audit.identity_number_revealed", client_id=client_id, user_id=actor.id)
    return cipher.decrypt(row.identity_cipher)


async def _found(
    session: AsyncSession, client_id: str, scope: Scope, *, for_update: bool = False
) -> ClientRow:
    row = await repository.client_row(session, client_id, scope, for_update=for_update)
    if row is None:
        raise NotFound("client_unknown", "There is no such client.")
    return row


async def _rename_on_contracts(
    session: AsyncSession, client: ClientState, actor: Actor, at: datetime
) -> None:
    for row in await repository.contract_rows_of_client(session, client):
        old = repository.contract_state(row)
        new = contracts.with_client_name(old, client.name, at)
        repository.save_contract(row, new)
        contract_changed(session, "contract-noted", new, old, actor, at)


def _identity_number(
    given: ClientRegistration | ClientCorrection,
    kind: ClientKind,
    agency_country: str | None,
    known: ClientState | None = None,
) -> str:
    """Check the number by the rule of the country that issued it: the one named, else of the address, else ours."""
    if not given.identity_number:
        return ""
    address = given.address if isinstance(given, ClientRegistration) else None
    if address is None and known is not None and known.address is not None:
        address = known.address.value
    country = given.identity_country or (address.country if address else None) or agency_country
    if country is None:
        detail = "Name the country that issued the identity number."
        raise Invalid("identity_country_missing", detail, "identity_country")
    return checked_identity_number(given.identity_number, kind, country)


async def _keep_identity(session: AsyncSession, row: ClientRow, number: str, cipher: FieldCipher) -> None:
    fingerprint = cipher.fingerprint(number) if number else None
    if fingerprint is not None:
        other = await repository.client_with_identity(session, row.agency_id, fingerprint)
        if other not in {None, row.id}:
            raise _double()
    row.identity_cipher = cipher.encrypt(number) if number else None
    row.identity_fingerprint = fingerprint
    try:
        await session.flush()
    except IntegrityError as error:
        raise _double() from error


def _double() -> Conflict:
    detail = "A client of the agency has this identity number already."
    return Conflict("client_exists", detail, "identity_number")


def _signature(actor: Actor) -> str:
    return actor.name or actor.id


def _seal(actor: Actor, at: datetime) -> Confirmation:
    return Confirmation(at=at, by=_signature(actor))
