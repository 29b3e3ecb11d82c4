"""All SQL of the claims service."""

from services.claims.repository.book import ClaimBook, Reference
from services.claims.repository.queries import (
    client_of,
    contracts_numbered,
    find_claim,
    history_of,
    keep_clients,
    keep_contracts,
    next_in_series,
)

__all__ = [
    "ClaimBook",
    "Reference",
    "client_of",
    "contracts_numbered",
    "find_claim",
    "history_of",
    "keep_clients",
    "keep_contracts",
    "next_in_series",
]
