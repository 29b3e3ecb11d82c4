"""Acting: each function calls the service that owns the thing and gives its result, the read model brought up to date."""

from services.gateway.commands.alerts import mark_alert_read, mark_all_alerts_read
from services.gateway.commands.claims import (
    change_cheque,
    change_claim_parties,
    change_claim_status,
    mark_claim_seen,
    note_claim,
    register_claim,
)
from services.gateway.commands.clients import confirm_contact, correct_contact
from services.gateway.commands.files import upload_to_claim, upload_to_client, upload_to_contract

__all__ = [
    "change_cheque",
    "change_claim_parties",
    "change_claim_status",
    "confirm_contact",
    "correct_contact",
    "mark_alert_read",
    "mark_all_alerts_read",
    "mark_claim_seen",
    "note_claim",
    "register_claim",
    "upload_to_claim",
    "upload_to_client",
    "upload_to_contract",
]
