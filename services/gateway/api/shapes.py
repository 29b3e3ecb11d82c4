"""The JSON that interface.md promises, as models: what they say is also the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

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
