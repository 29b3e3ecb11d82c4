"""From the values of queries to the JSON of `shapes.py`."""

from __future__ import annotations

from typing import Any

from services.gateway.api.shapes import (
    ActivityOut,
    ActorOut,
    ChangedOut,
    ClaimDetailOut,
    ClaimOut,
    ClaimsOut,
    ClientDetailOut,
    ClientName,
    ClientOut,
    ClientsOut,
    ContractDetailOut,
    ContractOut,
    FileOut,
    FirmOut,
    FirmsOut,
    RepairOut,
)
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
from shared.contracts.envelope import Change


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
        changes=[Change(field=one.field, old=one.old, new=one.new) for one in row.changes],
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
