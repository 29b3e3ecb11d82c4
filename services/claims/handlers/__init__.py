"""One function per command. They take a write session, the claim, who acts and when; they know neither HTTP nor Kafka.

A caller that plays history (the demo, an import) gives past instants as `at` and an actor of kind `import`.
"""

from services.claims.domain.parties import ChangeParties
from services.claims.domain.registration import RegisterClaim
from services.claims.handlers.appraisal import record_appraisal_update
from services.claims.handlers.desk import add_note, change_parties, set_cheque_status, set_status
from services.claims.handlers.lookup import (
    claim_for_insurer,
    claim_for_update,
    claim_in_scope,
    claim_with_history,
    contract_in_scope,
)
from services.claims.handlers.registration import register_claim
from services.claims.handlers.repair import record_repair_update
from services.claims.handlers.settlement import record_claim_update

__all__ = [
    "ChangeParties",
    "RegisterClaim",
    "add_note",
    "change_parties",
    "claim_for_insurer",
    "claim_for_update",
    "claim_in_scope",
    "claim_with_history",
    "contract_in_scope",
    "record_appraisal_update",
    "record_claim_update",
    "record_repair_update",
    "register_claim",
    "set_cheque_status",
    "set_status",
]
