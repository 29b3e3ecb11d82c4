"""Acting: each function calls the service that owns the thing and gives its result, the read model brought up to date."""

from services.gateway.commands.alerts import (
    mark_alert_read,
    mark_alerts_read,
    mark_all_alerts_read,
    mark_everything_read,
    mark_file_read,
    unmark_alerts_read,
)
from services.gateway.commands.claims import (
    change_cheque,
    change_claim_parties,
    change_claim_status,
    mark_claim_seen,
    note_claim,
    register_claim,
)
from services.gateway.commands.clients import (
    confirm_contact,
    correct_contact,
    correct_particulars,
    reveal_identity_number,
)
from services.gateway.commands.files import (
    remove_file,
    restore_file,
    retype_file,
    upload_to_claim,
    upload_to_client,
    upload_to_contract,
)
from services.gateway.commands.saved_views import delete_view, move_view, rename_view, restore_view, save_view
from services.gateway.commands.seen import mark_claims_seen, unmark_claims_seen

__all__ = [
    "change_cheque",
    "change_claim_parties",
    "change_claim_status",
    "confirm_contact",
    "correct_contact",
    "correct_particulars",
    "delete_view",
    "mark_alert_read",
    "mark_alerts_read",
    "mark_all_alerts_read",
    "mark_claim_seen",
    "mark_claims_seen",
    "mark_everything_read",
    "mark_file_read",
    "move_view",
    "note_claim",
    "register_claim",
    "remove_file",
    "rename_view",
    "restore_file",
    "restore_view",
    "retype_file",
    "reveal_identity_number",
    "save_view",
    "unmark_alerts_read",
    "unmark_claims_seen",
    "upload_to_claim",
    "upload_to_client",
    "upload_to_contract",
]
