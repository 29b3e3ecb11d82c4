"""A client and a claim as the database told them: what their pages show, each part by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.gateway.queries.rows import (
    ActivityRow,
    ChangedField,
    ClaimDetail,
    ClaimRow,
    ClientDetail,
    ContractRow,
    DocumentRow,
)
from services.gateway.queries.told import Told
from shared.contracts.policy import ClientState


@dataclass(frozen=True, slots=True)
class ToldClient:
    """The client page."""

    id: str
    name: str
    state: Told[ClientState]
    contracts: Sequence[ContractRow]
    claims: Sequence[ClaimRow]
    documents: Sequence[DocumentRow]
    activity: Sequence[ActivityRow]

    def detail(self) -> ClientDetail:
        """All of it as values."""
        return ClientDetail(self.state.value, self.contracts, self.claims, self.documents, self.activity)


@dataclass(frozen=True, slots=True)
class ToldClaim:
    """The claim page.

    `whole` is all of the claim. Its key is what the claim, its client, its firms and its files say: what shows `whole.row`,
    `changed`, `history` or `seen_at` is given them beside it.
    """

    claim_number: str
    title: str
    """The plate, or the number where there is none, and who is insured."""
    whole: Told[ClaimDetail]
    changed: tuple[ChangedField, ...]
    history: Sequence[ActivityRow]
    documents: Sequence[DocumentRow]
    seen_at: datetime | None
    marked: bool
    """Whether the user's mark says all of this: nothing came since, and no undo can take it back."""
