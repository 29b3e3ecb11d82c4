"""Reading: every list, page and fragment is a few indexed queries on the gateway's own read model.

Each function takes a session and the scope of who asks; what is not in scope is not found.
"""

from services.gateway.queries.alerts import list_alerts, newest_position, unread_count
from services.gateway.queries.claims import claim_filters, claim_rows, get_claim, list_claims
from services.gateway.queries.clients import get_client, get_contract, get_document, list_clients
from services.gateway.queries.everything import search
from services.gateway.queries.parameters import ClaimQuery, ClientQuery
from services.gateway.queries.rows import (
    ActivityRow,
    AgencyInfo,
    AlertPage,
    AlertRow,
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
    SearchResult,
)

__all__ = [
    "ActivityRow",
    "AgencyInfo",
    "AlertPage",
    "AlertRow",
    "ChangedField",
    "ClaimDetail",
    "ClaimPage",
    "ClaimQuery",
    "ClaimRow",
    "ClientDetail",
    "ClientPage",
    "ClientQuery",
    "ClientRow",
    "ContractDetail",
    "ContractRow",
    "DocumentRow",
    "SearchResult",
    "claim_filters",
    "claim_rows",
    "get_claim",
    "get_client",
    "get_contract",
    "get_document",
    "list_alerts",
    "list_claims",
    "list_clients",
    "newest_position",
    "search",
    "unread_count",
]
