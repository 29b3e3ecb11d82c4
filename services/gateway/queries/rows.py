"""What queries give back: plain values that the JSON API and the pages both render, no database rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from shared.contracts.claims import ClaimState
from shared.contracts.envelope import Change
from shared.contracts.money import Money
from shared.contracts.policy import ClientState, ContractState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One numbered page of a list. `page` starts at 1; `pages` is at least 1, so that "1 of 1" reads well when empty."""

    items: Sequence[T]
    total: int
    page: int
    pages: int
    size: int

    @property
    def key(self) -> Hashable:
        """All that it is made of; None where its items cannot say."""
        items: Hashable = getattr(self.items, "key", None)
        return None if items is None else (items, self.total, self.page, self.pages, self.size)


@dataclass(frozen=True, slots=True)
class PartnerCard:
    """A firm on a claim or contract, with what is known of it. `id` is None for firms that push nothing."""

    id: str | None
    name: str
    kind: str = ""
    phone: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class RepairRow:
    """The repair as a list shows it. `slipped_days` is how much later the ETA is than the first one given."""

    phase: str
    percent: int
    eta: date | None
    slipped_days: int = 0
    delay_reason: str | None = None


class FieldChange(NamedTuple):
    """One field that changed, by its dotted path: what `Change` is in an event, light enough for thousands."""

    field: str
    old: Any = None
    new: Any = None


Changed = Change | FieldChange


@dataclass(frozen=True, slots=True)
class LastChange:
    """What happened last: the happening (`repair-progressed`), who, when, which fields."""

    happening: str
    by: str
    actor_kind: str
    at: datetime
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as lists show it. `insurer` and `garage` are partner ids, or the firm's name when it is no partner."""

    id: str
    agency_id: str
    claim_number: str
    policy_number: str
    client_id: str
    client_name: str
    insured_name: str
    plate: str
    event_date: date
    line: str
    kind: str
    status: str
    open: bool
    insurer: str
    insurer_name: str
    garage: str | None
    garage_name: str
    repair: RepairRow | None
    unread: bool
    last_activity_at: datetime
    sequence: int
    last_change: LastChange | None = None


ClaimPage = Page[ClaimRow]


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One thing that happened: who, what, when, and which fields changed."""

    event_id: str
    happening: str
    aggregate: str
    subject_id: str
    sequence: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    changes: tuple[Changed, ...]
    client_id: str | None = None
    policy_number: str | None = None
    claim_number: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedField:
    """A field that differs from what this user last saw: the value then, the value now, who changed it last and when."""

    field: str
    old: Any
    new: Any
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A file, without its content. The content is at `/api/v1/files/{id}/content`."""

    id: str
    agency_id: str
    name: str
    type: str
    content_type: str
    size: int
    uploaded_at: datetime
    uploaded_by: str
    width: int | None = None
    height: int | None = None
    client_id: str | None = None
    claim_number: str | None = None
    policy_number: str | None = None


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract as lists and cards show it."""

    id: str
    agency_id: str
    policy_number: str
    version: int
    line: str
    status: str
    insurer: str
    insurer_name: str
    client_id: str
    client_name: str
    plate: str
    term_start: date
    term_end: date | None
    annual_premium: Money
    formula: str
    sequence: int
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client as lists show it. `confirmed_at` is the oldest confirmation of email, phone and address; None: never."""

    id: str
    agency_id: str
    name: str
    kind: str
    phone: str
    email: str
    city: str
    identity_number: str
    contracts: int
    open_claims: int
    last_activity_at: datetime
    confirmed_at: datetime | None = None


ClientPage = Page[ClientRow]


@dataclass(frozen=True, slots=True)
class ClaimDetail:
    """One claim, whole, for one user. `changed` is empty when he has seen everything (or it was only imported)."""

    row: ClaimRow
    state: ClaimState
    insurer: PartnerCard
    garage: PartnerCard | None
    appraiser: PartnerCard | None
    client: ClientState | None
    contract: ContractRow | None
    changed: tuple[ChangedField, ...]
    history: Sequence[ActivityRow]
    documents: Sequence[DocumentRow]
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """The client page in one value."""

    state: ClientState
    contracts: Sequence[ContractRow]
    claims: Sequence[ClaimRow]
    documents: Sequence[DocumentRow]
    activity: Sequence[ActivityRow]


@dataclass(frozen=True, slots=True)
class ContractDetail:
    """One contract with what its tabs show."""

    row: ContractRow
    state: ContractState
    client: ClientState | None
    insurer: PartnerCard
    claims: Sequence[ClaimRow]
    documents: Sequence[DocumentRow]
    activity: Sequence[ActivityRow]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert for one user. Its words come from `kind` and `params` in his language."""

    id: str
    position: int
    agency_id: str
    kind: str
    params: dict[str, Any]
    changes: tuple[Changed, ...]
    claim_number: str | None
    policy_number: str | None
    client_id: str | None
    client_name: str
    actor_kind: str
    actor_name: str
    at: datetime
    read: bool


@dataclass(frozen=True, slots=True)
class AlertPage:
    """The newest alerts, and how many of all are unread. `next_before` is the position to go on from, None at the end."""

    items: tuple[AlertRow, ...]
    unread: int
    next_before: int | None = None


@dataclass(frozen=True, slots=True)
class AgencyInfo:
    """What rendering needs of an agency."""

    id: str
    name: str
    country: str
    language: str
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The global search: the best few of each kind."""

    claims: Sequence[ClaimRow] = ()
    clients: tuple[ClientRow, ...] = ()
    contracts: tuple[ContractRow, ...] = field(default=())
