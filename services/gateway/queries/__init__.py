"""Reading: every list, page and fragment is a few indexed queries on the gateway's own read model."""

from services.gateway.queries.parameters import ClaimQuery, ClientQuery
from services.gateway.queries.rows import ClaimPage, ClaimRow, ClientPage, ClientRow

__all__ = ["ClaimPage", "ClaimQuery", "ClaimRow", "ClientPage", "ClientQuery", "ClientRow"]
