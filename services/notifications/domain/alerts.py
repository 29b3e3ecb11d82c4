"""Which alert a change raises, and what the reader must be told to understand it in his own language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from shared.contracts.claims import ClaimState, Payment
from shared.contracts.codes import Role
from shared.contracts.documents import DocumentState
from shared.contracts.envelope import Actor, Change, ChangeData, CloudEvent
from shared.contracts.events import aggregate_of_state, happening_of
from shared.contracts.notifications import AlertState
from shared.contracts.policy import ClientState, ContractState

AUDIENCE: Final = (Role.BROKER, Role.MANAGER, Role.HANDLER)
"""Everyone at the desk of the agency. Never `ops`, who sees no client data."""

Params = dict[str, JsonValue]


class AlertDraft(BaseModel):
    """An alert that has no position yet: that is given when its transaction commits.

    `cause` names what it is about once and for all (an event, the occasion of a clock); the same cause raises one
    alert, however often it is told.
    """

    model_config = ConfigDict(frozen=True)

    cause: str
    agency_id: str
    kind: str
    params: Params = {}
    changes: tuple[Change, ...] = ()
    roles: tuple[Role, ...] = AUDIENCE
    aggregate: str
    subject_id: str
    subject_sequence: int
    claim_number: str | None = None
    policy_number: str | None = None
    client_id: str | None = None
    client_name: str = ""
    actor: Actor
    at: AwareDatetime


def alert_on_claim(event: CloudEvent[ChangeData[ClaimState]]) -> AlertDraft | None:
    """The alert of a change of a claim."""
    claim = event.data.state
    params = {**_claim_params(claim, event.data.changes), **_cheque_params(claim, event.data.changes)}
    return _draft(
        event,
        params=params,
        claim_number=claim.claim_number,
        policy_number=claim.policy_number,
        client_id=claim.client_id,
        client_name=claim.client_name,
    )


def alert_on_contract(event: CloudEvent[ChangeData[ContractState]]) -> AlertDraft | None:
    """The alert of a change of a contract."""
    contract = event.data.state
    return _draft(
        event,
        params=_contract_params(contract, event.data.changes),
        policy_number=contract.policy_number,
        client_id=contract.client_id,
        client_name=contract.client_name,
    )


def alert_on_client(event: CloudEvent[ChangeData[ClientState]]) -> AlertDraft | None:
    """The alert of a change of a client; `details` says which contact details it touched."""
    client = event.data.state
    touched = [name for name in ("email", "phone", "address") if _touched(event.data.changes, name)]
    return _draft(
        event,
        params={"name": client.name, "details": list(touched)},
        client_id=client.id,
        client_name=client.name,
    )


def alert_on_document(
    event: CloudEvent[ChangeData[DocumentState]], *, client_name: str = ""
) -> AlertDraft | None:
    """The alert of a change of a file; its event does not name the client, so the caller does."""
    document = event.data.state
    params: Params = {
        "name": document.name,
        "type": document.type.value,
        "content_type": document.content_type,
        "removed": document.removed,
    }
    return _draft(
        event,
        params=params,
        claim_number=document.claim_number,
        policy_number=document.policy_number,
        client_id=document.client_id,
        client_name=client_name,
    )


def numbered(draft: dict[str, Any], *, id: str, position: int) -> AlertState:
    """The alert as it is published, from a kept draft."""
    return AlertState.model_validate({**draft, "id": id, "position": position, "sequence": 1})


def _draft(event: CloudEvent[Any], *, params: Params, **subject: str | None) -> AlertDraft | None:
    """Fill in what all changes share. Loaded history alerts nobody."""
    data = event.data
    if data.actor.kind == "import":
        return None
    return AlertDraft.model_validate(
        {
            "cause": f"event:{event.id}",
            "agency_id": data.state.agency_id,
            "kind": happening_of(event.type),
            "params": params,
            "changes": data.changes,
            "aggregate": aggregate_of_state(type(data.state)).name,
            "subject_id": data.state.id,
            "subject_sequence": data.state.sequence,
            "actor": data.actor,
            "at": event.time,
            **subject,
        }
    )


def _claim_params(claim: ClaimState, changes: Sequence[Change]) -> Params:
    params: Params = {"status": claim.status.value, "line": claim.line.value}
    _with_old(params, "status", changes, "status")
    if claim.repair is not None and _touched(changes, "repair"):
        repair = claim.repair
        params |= {
            "phase": repair.phase.value,
            "percent": repair.percent,
            "eta": repair.eta.isoformat() if repair.eta else None,
            "delay_reason": repair.delay_reason.value if repair.delay_reason else None,
            "quote_status": repair.quote.status.value if repair.quote else None,
        }
        for name in ("phase", "percent", "eta"):
            _with_old(params, name, changes, f"repair.{name}")
        _with_old(params, "quote_status", changes, "repair.quote.status")
    if claim.appraisal is not None and _touched(changes, "appraisal"):
        appraisal = claim.appraisal
        params |= {
            "appraisal_status": appraisal.status.value,
            "visit_on": appraisal.visit_on.isoformat() if appraisal.visit_on else None,
            "total_loss": appraisal.total_loss.value,
        }
        _with_old(params, "appraisal_status", changes, "appraisal.status")
    return params


def _cheque_params(claim: ClaimState, changes: Sequence[Change]) -> Params:
    """What changed among the payments: all references, and the first payment with its cheque in full."""
    touched = [one for one in claim.settlement.payments if _touched(changes, _path_of(one))]
    if not touched:
        return {}
    payment = next((one for one in touched if one.cheque is not None), touched[0])
    params: Params = {
        "payments": [one.reference for one in touched],
        "reference": payment.reference,
        "payment_kind": payment.kind.value,
        "payee": payment.payee,
        "amount": format(payment.amount, "f"),
        "currency": payment.currency,
        "method": payment.method.value,
    }
    if (cheque := payment.cheque) is not None:
        params |= {
            "number": cheque.number,
            "bank": cheque.bank,
            "cheque_status": cheque.status.value,
            "matures_on": cheque.matures_on.isoformat() if cheque.matures_on else None,
        }
        _with_old(params, "cheque_status", changes, f"{_path_of(payment)}.cheque.status")
        _with_old(params, "matures_on", changes, f"{_path_of(payment)}.cheque.matures_on")
    return params


def _path_of(payment: Payment) -> str:
    return f"settlement.payments.{payment.reference}"


def _contract_params(contract: ContractState, changes: Sequence[Change]) -> Params:
    params: Params = {
        "status": contract.status.value,
        "line": contract.line.value,
        "version": contract.version,
    }
    if _touched(changes, "status"):
        params["reason"] = contract.status_reason
    _with_old(params, "status", changes, "status")
    touched = [one for one in contract.receipts if _touched(changes, f"receipts.{one.number}")]
    if touched:
        receipt = touched[0]
        params |= {
            "receipts": [one.number for one in touched],
            "receipt": receipt.number,
            "receipt_status": receipt.status.value,
            "amount": format(receipt.amount, "f"),
            "currency": receipt.currency,
        }
        _with_old(params, "receipt_status", changes, f"receipts.{receipt.number}.status")
    return params


def _touched(changes: Sequence[Change], path: str) -> bool:
    """Whether a field, or anything inside it, changed. Names of items may hold dots, so paths are not split."""
    return any(change.field == path or change.field.startswith(f"{path}.") for change in changes)


def _with_old(params: Params, name: str, changes: Sequence[Change], path: str) -> None:
    """Add `<name>_old` when this very field changed."""
    for change in changes:
        if change.field == path:
            params[f"{name}_old"] = change.old
