"""The JSON that interface.md promises, as models: what they say is also the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from services.gateway.queries.rows import (
    ActivityRow,
    ChangedField,
    ClaimDetail,
    ClaimPage,
    ClaimRow,
    ClientDetail,
    ClientPage,
    ClientRow,
    ContractDetail,
    ContractRow,
    DocumentRow,
    PartnerCard,
)
from shared.contracts.claims import Appraisal, Insured, Repair, Settlement, ThirdParty, ThirdPartyAgent
from shared.contracts.envelope import Change
from shared.contracts.money import Money
from shared.contracts.policy import ClientState, ContractState


class AgencyOut(BaseModel):
    id: str
    name: str
    country: str
    language: str
    timezone: str
    currency: str


class SessionOut(BaseModel):
    """Who is logged in."""

    user_id: str
    email: str
    name: str
    role: str
    language: str
    agencies: list[AgencyOut]


class ClientName(BaseModel):
    id: str
    name: str


class RepairOut(BaseModel):
    """The repair as lists show it; `slipped_days` is how much later the ETA is than the first one given."""

    phase: str
    percent: int
    eta: date | None
    slipped_days: int = 0
    delay_reason: str | None = None


class ClaimOut(BaseModel):
    """A claim as lists show it. `insurer` and `garage` are partner ids, or the firm's name when it is no partner."""

    claim_number: str
    policy_number: str
    client: ClientName
    plate: str
    event_date: date
    line: str
    kind: str
    status: str
    open: bool
    insurer: str
    garage: str | None
    repair: RepairOut | None
    unread: bool
    last_activity_at: datetime
    sequence: int


class ClaimsOut(BaseModel):
    """One page of claims."""

    items: list[ClaimOut]
    total: int
    page: int
    pages: int


class ChangedOut(BaseModel):
    """A field that differs from what this user last saw."""

    field: str
    old: Any
    new: Any
    at: datetime
    by: str


class ActorOut(BaseModel):
    kind: str
    id: str
    name: str


class ActivityOut(BaseModel):
    """One thing that happened."""

    id: str
    happening: str
    aggregate: str
    sequence: int
    at: datetime
    by: str
    actor: ActorOut
    changes: list[Change]
    client_id: str | None
    policy_number: str | None
    claim_number: str | None


class FileOut(BaseModel):
    """A file; its content is at `/api/v1/files/{id}/content` and `/download`."""

    id: str
    name: str
    type: str
    content_type: str
    size: int
    uploaded_at: datetime | None = None
    uploaded_by: str | None = None
    client_id: str | None = None
    claim_number: str | None = None
    policy_number: str | None = None


class FirmOut(BaseModel):
    """A firm and how to reach it; `id` is null for firms that are no partners."""

    id: str | None
    name: str
    kind: str
    phone: str
    city: str


class FirmsOut(BaseModel):
    insurer: FirmOut
    garage: FirmOut | None
    appraiser: FirmOut | None


class ClaimDetailOut(ClaimOut):
    """One claim, whole. `repair` has its steps and promises here; `changed` is since this user last opened it."""

    id: str
    agency_id: str
    cause: str
    description: str
    insurer_reference: str
    repair: Repair | None  # type: ignore[assignment]
    insured: Insured
    third_parties: list[ThirdParty]
    third_party_agent: ThirdPartyAgent | None
    appraiser: str | None
    appraisal: Appraisal | None
    settlement: Settlement
    firms: FirmsOut
    changed: list[ChangedOut]
    history: list[ActivityOut]
    files: list[FileOut]
    seen_at: datetime | None


class ContractOut(BaseModel):
    """A contract as lists show it."""

    policy_number: str
    version: int
    line: str
    status: str
    insurer: str
    client: ClientName
    plate: str
    term_start: date
    term_end: date | None
    annual_premium: Money
    formula: str
    sequence: int


class ClientOut(BaseModel):
    """A client as lists show it; `confirmed_at` is the oldest confirmation of the contact details, null for never."""

    id: str
    name: str
    kind: str
    phone: str
    email: str
    city: str
    identity_number: str
    contracts: int
    open_claims: int
    last_activity_at: datetime
    confirmed_at: datetime | None


class ClientsOut(BaseModel):
    """One page of clients."""

    items: list[ClientOut]
    total: int
    page: int
    pages: int


class ClientDetailOut(BaseModel):
    """The aggregated client page."""

    client: ClientState
    contracts: list[ContractOut]
    claims: list[ClaimOut]
    files: list[FileOut]
    activity: list[ActivityOut]


class ContractDetailOut(BaseModel):
    """A contract with what belongs to it."""

    contract: ContractState
    client: ClientState | None
    insurer: FirmOut
    claims: list[ClaimOut]
    files: list[FileOut]
    activity: list[ActivityOut]


class AlertOut(BaseModel):
    """An alert; `text` is in the user's language."""

    id: str
    kind: str
    text: str
    claim_number: str | None
    policy_number: str | None
    client_id: str | None
    at: datetime
    read: bool
    position: int


class AlertsOut(BaseModel):
    """The newest alerts, and how many of all are unread. `next_before` goes on, null at the end."""

    items: list[AlertOut]
    unread: int
    next_before: int | None = None


class UnreadOut(BaseModel):
    unread: int


class MessagesOut(BaseModel):
    """Messages to and from the desk."""

    items: list[dict[str, Any]]
    unread: int


def claim_out(row: ClaimRow) -> ClaimOut:
    """Shape a row."""
    return ClaimOut(**_claim_fields(row), repair=_repair_out(row))


def claims_out(page: ClaimPage) -> ClaimsOut:
    """Shape a page of claims."""
    return ClaimsOut(
        items=[claim_out(one) for one in page.items], total=page.total, page=page.page, pages=page.pages
    )


def claim_detail_out(detail: ClaimDetail) -> ClaimDetailOut:
    """Shape one claim."""
    state = detail.state
    return ClaimDetailOut(
        **_claim_fields(detail.row),
        id=state.id,
        agency_id=state.agency_id,
        cause=state.cause.value,
        description=state.description,
        insurer_reference=state.insurer_reference,
        repair=state.repair,
        insured=state.insured,
        third_parties=list(state.third_parties),
        third_party_agent=state.third_party_agent,
        appraiser=(detail.appraiser.id or detail.appraiser.name) if detail.appraiser else None,
        appraisal=state.appraisal,
        settlement=state.settlement,
        firms=FirmsOut(
            insurer=firm_out(detail.insurer),
            garage=firm_out(detail.garage) if detail.garage else None,
            appraiser=firm_out(detail.appraiser) if detail.appraiser else None,
        ),
        changed=[_changed_out(one) for one in detail.changed],
        history=[activity_out(one) for one in detail.history],
        files=[file_out(one) for one in detail.documents],
        seen_at=detail.seen_at,
    )


def clients_out(page: ClientPage) -> ClientsOut:
    """Shape a page of clients."""
    return ClientsOut(
        items=[client_out(one) for one in page.items], total=page.total, page=page.page, pages=page.pages
    )


def client_out(row: ClientRow) -> ClientOut:
    """Shape a client."""
    return ClientOut(
        id=row.id,
        name=row.name,
        kind=row.kind,
        phone=row.phone,
        email=row.email,
        city=row.city,
        identity_number=row.identity_number,
        contracts=row.contracts,
        open_claims=row.open_claims,
        last_activity_at=row.last_activity_at,
        confirmed_at=row.confirmed_at,
    )


def client_detail_out(detail: ClientDetail) -> ClientDetailOut:
    """Shape the client page."""
    return ClientDetailOut(
        client=detail.state,
        contracts=[contract_out(one) for one in detail.contracts],
        claims=[claim_out(one) for one in detail.claims],
        files=[file_out(one) for one in detail.documents],
        activity=[activity_out(one) for one in detail.activity],
    )


def contract_out(row: ContractRow) -> ContractOut:
    """Shape a contract."""
    return ContractOut(
        policy_number=row.policy_number,
        version=row.version,
        line=row.line,
        status=row.status,
        insurer=row.insurer,
        client=ClientName(id=row.client_id, name=row.client_name),
        plate=row.plate,
        term_start=row.term_start,
        term_end=row.term_end,
        annual_premium=row.annual_premium,
        formula=row.formula,
        sequence=row.sequence,
    )


def contract_detail_out(detail: ContractDetail) -> ContractDetailOut:
    """Shape one contract."""
    return ContractDetailOut(
        contract=detail.state,
        client=detail.client,
        insurer=firm_out(detail.insurer),
        claims=[claim_out(one) for one in detail.claims],
        files=[file_out(one) for one in detail.documents],
        activity=[activity_out(one) for one in detail.activity],
    )


def file_out(row: DocumentRow) -> FileOut:
    """Shape a file."""
    return FileOut(
        id=row.id,
        name=row.name,
        type=row.type,
        content_type=row.content_type,
        size=row.size,
        uploaded_at=row.uploaded_at,
        uploaded_by=row.uploaded_by,
        client_id=row.client_id,
        claim_number=row.claim_number,
        policy_number=row.policy_number,
    )


def activity_out(row: ActivityRow) -> ActivityOut:
    """Shape one change."""
    return ActivityOut(
        id=row.event_id,
        happening=row.happening,
        aggregate=row.aggregate,
        sequence=row.sequence,
        at=row.at,
        by=row.actor_name,
        actor=ActorOut(kind=row.actor_kind, id=row.actor_id, name=row.actor_name),
        changes=list(row.changes),
        client_id=row.client_id,
        policy_number=row.policy_number,
        claim_number=row.claim_number,
    )


def firm_out(card: PartnerCard) -> FirmOut:
    """Shape a firm."""
    return FirmOut(id=card.id, name=card.name, kind=card.kind, phone=card.phone, city=card.city)


def _claim_fields(row: ClaimRow) -> dict[str, Any]:
    return {
        "claim_number": row.claim_number,
        "policy_number": row.policy_number,
        "client": ClientName(id=row.client_id, name=row.client_name),
        "plate": row.plate,
        "event_date": row.event_date,
        "line": row.line,
        "kind": row.kind,
        "status": row.status,
        "open": row.open,
        "insurer": row.insurer,
        "garage": row.garage,
        "unread": row.unread,
        "last_activity_at": row.last_activity_at,
        "sequence": row.sequence,
    }


def _repair_out(row: ClaimRow) -> RepairOut | None:
    repair = row.repair
    if repair is None:
        return None
    return RepairOut(
        phase=repair.phase,
        percent=repair.percent,
        eta=repair.eta,
        slipped_days=repair.slipped_days,
        delay_reason=repair.delay_reason,
    )


def _changed_out(one: ChangedField) -> ChangedOut:
    return ChangedOut(field=one.field, old=one.old, new=one.new, at=one.at, by=one.by)
