"""Reading: every list, page and fragment is a few indexed queries on the gateway's own read model.

Each function takes a session and the scope of who asks; what is not in scope is not found.
"""

from services.gateway.queries.alerts import Bell, bell_of, list_alerts, unread_count
from services.gateway.queries.claim import get_claim, tell_claim
from services.gateway.queries.claim_rows import claim_rows, recently_opened
from services.gateway.queries.claims import claim_filters, list_claims
from services.gateway.queries.clients import get_client, get_contract, list_clients, tell_client
from services.gateway.queries.documents import get_document
from services.gateway.queries.everything import search
from services.gateway.queries.needs import (
    CalendarEntry,
    ChequeDue,
    SilentGarage,
    calendar,
    cheques_due,
    count_needs,
    phases,
    silent_garages,
)
from services.gateway.queries.parameters import ClaimQuery, ClientQuery
from services.gateway.queries.partners import partner_directory, tell_directory
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
from services.gateway.queries.saved_views import ViewRow, saved_views
from services.gateway.queries.told import Rows, Told
from services.gateway.queries.told_files import ToldClaim, ToldClient

__all__ = [
    "ActivityRow",
    "AgencyInfo",
    "AlertPage",
    "AlertRow",
    "Bell",
    "CalendarEntry",
    "ChangedField",
    "ChequeDue",
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
    "Rows",
    "SearchResult",
    "SilentGarage",
    "Told",
    "ToldClaim",
    "ToldClient",
    "ViewRow",
    "bell_of",
    "calendar",
    "cheques_due",
    "claim_filters",
    "claim_rows",
    "count_needs",
    "get_claim",
    "get_client",
    "get_contract",
    "get_document",
    "list_alerts",
    "list_claims",
    "list_clients",
    "partner_directory",
    "phases",
    "recently_opened",
    "saved_views",
    "search",
    "silent_garages",
    "tell_claim",
    "tell_client",
    "tell_directory",
    "unread_count",
]
