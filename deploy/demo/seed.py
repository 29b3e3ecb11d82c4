"""`dossier seed-demo`: writes the demo through the services' own handlers into their own databases, once.

It runs before the services start; their relays then publish what stands in the outboxes, as after any stop.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.agencies import AGENCIES, PARTNERS, PASSWORD, USERS, DemoAgency
from deploy.demo.claims_plan import ClaimPlan, Storyteller, Update
from deploy.demo.people import Person, french, israeli
from deploy.demo.portfolio import contracts
from services.claims import handlers as claims
from services.claims.models import Claim, PartnerPosition
from services.gateway.identity.registry import create_agency, create_partner, create_user, issue_partner_key
from services.gateway.models import Agency
from services.policy.domain.clients import ClientRegistration
from services.policy.handlers.clients import IDENTITY_PURPOSE, confirm_contact, register_client
from services.policy.handlers.contracts import register_contract
from services.policy.models import ClientRow, ContractRow
from services.policy.repository import client_state, contract_state
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ContractStatus, PartnerKind, Role
from shared.contracts.envelope import Actor
from shared.contracts.partners import AppraisalUpdate, ClaimUpdate, RepairUpdate
from shared.contracts.policy import ClientState, ContractState
from shared.contracts.topics import UPDATE_KINDS_OF, partner_topic, receipts_topic
from shared.db.database import Database
from shared.db.tenancy import EVERY_AGENCY, Scope
from shared.encryption import FieldCipher
from shared.settings import Settings

ACCOUNTS_FILE: Final = "demo.json"
_SEED: Final = 20_261_123
_CLIENTS: Final = 34
_CONTRACTS: Final = 65
_KNOWN_SINCE: Final = timedelta(days=720)
_CLAIMS: Final = {"FR": 44, "IL": 40}
_IMPORT: Final = Actor(kind="import", id="demo", name="Dossier")


@dataclass
class AgencyData:
    """What was written for one agency."""

    contracts: list[ContractState]
    claims: list[ClaimState]


async def seed_demo(settings: Settings, now: datetime | None = None) -> bool:
    """Write the demo unless it is there; says whether it wrote. Everything is relative to `now`."""
    target = settings.data_dir / ACCOUNTS_FILE
    if target.exists():
        return False
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    moment = now or datetime.now(UTC)
    databases = {name: Database(settings.database_url_of(name)) for name in ("gateway", "policy", "claims")}
    try:
        keys = await _identity(databases["gateway"], moment)
        random = Random(_SEED)  # noqa: S311 - the same invented people on every machine
        written = [await _agency(databases, settings, random, agency, moment) for agency in AGENCIES]
        async with databases["claims"].write(EVERY_AGENCY) as session:
            # The story's sequences are ours, not the partners': theirs begin with their first message.
            await session.execute(delete(PartnerPosition))
    finally:
        for database in databases.values():
            await database.dispose()
    _write_accounts(target, keys, written)
    return True


async def _identity(database: Database, at: datetime) -> dict[str, str]:
    """Agencies, partners and users; gives each partner's API key."""
    keys = {}
    async with database.write(EVERY_AGENCY) as session:
        if await session.get(Agency, AGENCIES[0].id) is not None:
            # An earlier seeding ended here: only the keys are unknown, since they are kept hashed.
            return {name: await issue_partner_key(session, name, at=at) for name in PARTNERS}
        for agency in AGENCIES:
            await create_agency(
                session,
                agency_id=agency.id,
                name=agency.name,
                country=agency.country,
                language=agency.language,
                timezone=agency.timezone,
                currency=agency.currency,
                at=at,
                actor=_IMPORT,
            )
        for partner in PARTNERS.values():
            created = await create_partner(
                session,
                partner_id=partner.id,
                kind=partner.kind,
                name=partner.name,
                phone=partner.phone,
                city=partner.city,
                at=at,
                actor=_IMPORT,
            )
            keys[partner.id] = created.api_key
        for user in USERS:
            await create_user(
                session,
                email=user.email,
                name=user.name,
                password=PASSWORD,
                role=user.role,
                agency_ids=user.agency_ids,
                language=user.language,
                at=at,
                actor=_IMPORT,
            )
    return keys


async def _agency(
    databases: dict[str, Database], settings: Settings, random: Random, agency: DemoAgency, now: datetime
) -> AgencyData:
    today = now.astimezone(ZoneInfo(agency.timezone)).date()
    scope = Scope(user_id="demo", role="system", agency_ids=(agency.id,))
    async with databases["policy"].write(scope) as session:
        known = select(ClientRow).where(ClientRow.agency_id == agency.id)
        clients = [client_state(row) for row in await session.scalars(known)]
        if not clients:
            cipher = FieldCipher(settings.secret, IDENTITY_PURPOSE)
            people = (french if agency.country == "FR" else israeli)(random, _CLIENTS)
            clients = [await _client(session, scope, agency, person, cipher, now) for person in people]
            pairs = [(client.id, person) for client, person in zip(clients, people, strict=True)]
            for plan in contracts(random, agency, pairs, _CONTRACTS, today):
                await register_contract(
                    session,
                    scope=scope,
                    actor=_desk(agency.id),
                    at=datetime.combine(plan.registration.effective_on, time(9), UTC),
                    agency_id=agency.id,
                    registration=plan.registration,
                )
            await session.flush()
        held = (
            select(ContractRow).where(ContractRow.agency_id == agency.id).order_by(ContractRow.policy_number)
        )
        registered = [contract_state(row) for row in await session.scalars(held)]
    insured = [one for one in registered if one.status is ContractStatus.IN_FORCE]
    by_id = {client.id: client for client in clients}
    async with databases["claims"].write(scope) as session:
        reported = select(Claim).where(Claim.agency_id == agency.id).order_by(Claim.claim_number)
        written = [ClaimState.model_validate(row.state) for row in await session.scalars(reported)]
        if not written:
            plans = Storyteller(random, agency, now, today).claims(insured, _CLAIMS[agency.country])
            written = [await _claim(session, plan, by_id) for plan in plans]
    return AgencyData(registered, written)


def _desk(agency_id: str) -> Actor:
    """The agency's broker, as the author of what the desk once entered."""
    name = next(user.name for user in USERS if user.role is Role.BROKER and agency_id in user.agency_ids)
    return _IMPORT.model_copy(update={"name": name})


async def _client(
    session: AsyncSession, scope: Scope, agency: DemoAgency, person: Person, cipher: FieldCipher, at: datetime
) -> ClientState:
    """Register a client long ago; his details were confirmed since, the address not with everybody."""
    days, actor = crc32(person.email.encode()) % 90, _desk(agency.id)
    registration = ClientRegistration(
        kind=person.kind,
        first_name=person.first_name,
        last_name=person.last_name,
        company_name=person.company_name,
        identity_number=person.identity_number,
        identity_country=agency.country,
        language=person.language,
        email=person.email,
        phone=person.phone,
        address=person.address,
    )
    known = await register_client(
        session,
        scope=scope,
        actor=actor,
        at=at - _KNOWN_SINCE,
        cipher=cipher,
        agency_id=agency.id,
        registration=registration,
    )
    await session.flush()
    return await confirm_contact(
        session,
        scope=scope,
        actor=actor,
        at=at - timedelta(days=days),
        client_id=known.id,
        details=("email", "phone", "address") if days % 3 else ("email", "phone"),
    )


async def _claim(session: AsyncSession, plan: ClaimPlan, clients: dict[str, ClientState]) -> ClaimState:
    claim = await claims.register_claim(
        session,
        plan.command,
        contract=plan.contract,
        actor=_desk(plan.contract.agency_id),
        at=plan.at,
        client=clients[plan.contract.client_id],
    )
    for happening in plan.happenings:
        update = happening.update.model_copy(update={"claim_number": claim.claim_number})
        claim = await _record(session, claim, update, happening.partner_id, happening.at)
    return claim


async def _record(
    session: AsyncSession, claim: ClaimState, update: Update, partner_id: str, at: datetime
) -> ClaimState:
    actor = _IMPORT.model_copy(update={"id": partner_id, "name": PARTNERS[partner_id].name})
    if isinstance(update, RepairUpdate):
        return await claims.record_repair_update(
            session, claim, update, partner_id=partner_id, actor=actor, at=at
        )
    if isinstance(update, AppraisalUpdate):
        return await claims.record_appraisal_update(
            session, claim, update, partner_id=partner_id, actor=actor, at=at
        )
    if isinstance(update, ClaimUpdate):
        return await claims.record_claim_update(
            session, claim, update, partner_id=partner_id, actor=actor, at=at
        )
    raise TypeError(type(update))


def _write_accounts(target: Path, keys: dict[str, str], written: list[AgencyData]) -> None:
    """Write what a tester or a simulator needs; readable by the owner alone, since it has the keys."""
    open_claims = [claim for data in written for claim in data.claims if claim.status.is_open]
    known = [contract for data in written for contract in data.contracts]
    content = {
        "users": [
            {
                "email": user.email,
                "password": PASSWORD,
                "role": user.role.value,
                "agency": user.agency_ids[0] if user.agency_ids else None,
                "agencies": list(user.agency_ids),
            }
            for user in USERS
        ],
        "partners": [
            {
                "id": partner.id,
                "kind": partner.kind.value,
                "api_key": keys[partner.id],
                "topics": [partner_topic(partner.id, kind) for kind in UPDATE_KINDS_OF[partner.kind]]
                + [receipts_topic(partner.id)],
                "claim_numbers": [
                    claim.claim_number for claim in open_claims if _assigned(claim, partner.id, partner.kind)
                ],
                "policy_numbers": [
                    contract.policy_number
                    for contract in known
                    if contract.insurer.partner_id == partner.id
                    and contract.status not in {ContractStatus.CANCELLED, ContractStatus.EXPIRED}
                ],
            }
            for partner in PARTNERS.values()
        ],
    }
    temporary = target.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)


def _assigned(claim: ClaimState, partner_id: str, kind: PartnerKind) -> bool:
    """Whether the partner may still update the claim: a delivered car has no more repair updates."""
    if kind is PartnerKind.INSURER:
        return claim.insurer.partner_id == partner_id
    if kind is PartnerKind.APPRAISER:
        return claim.appraiser is not None and claim.appraiser.partner_id == partner_id
    ended = claim.repair is not None and claim.repair.phase.value in {"delivered", "cancelled", "total_loss"}
    return claim.garage is not None and claim.garage.partner_id == partner_id and not ended
