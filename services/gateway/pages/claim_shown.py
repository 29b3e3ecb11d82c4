"""What a claim's page shows beside the claim itself: its marks, and what its closed dialogs hold."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Final

from services.gateway.pages.changes import ChangeText, change_texts
from services.gateway.pages.claim_parties import Directory, party_values, third_party_count
from services.gateway.pages.markup import path_part
from services.gateway.pages.speaking import current_reader
from services.gateway.queries import ChangedField, ClaimDetail
from shared.db.documents import to_json

CHEQUE_STEPS: Final = {
    "announced": ("received",),
    "received": ("deposited",),
    "deposited": ("cleared", "bounced"),
    "bounced": ("replaced",),
}
"""The usual next steps of a cheque, as buttons; its dialog has every status."""


class Marks:
    """The fields that are marked as changed, with what they were."""

    def __init__(self, changed: Sequence[ChangedField]) -> None:
        """Mark these, the newest first."""
        self._changed = changed
        self._by_field = {one.field: one for one in changed}

    @cached_property
    def key(self) -> Hashable:
        """All that marks show: fields, and their values with their types."""
        return to_json([(one.field, one.old, one.new) for one in self._changed])

    @property
    def lines(self) -> list[ChangeText]:
        """All of them in words, the weightiest first."""
        return change_texts(self._changed, current_reader())

    def get(self, field: str) -> ChangedField | None:
        """The change of a field, if it is marked."""
        return self._by_field.get(field)

    def under(self, prefix: str) -> bool:
        """Whether a field below this one is marked."""
        return any(field.startswith(f"{prefix}.") for field in self._by_field)

    def line(self, change: ChangedField) -> ChangeText:
        """One change in words; empty where it says nothing to a reader."""
        lines = change_texts([change], current_reader())
        return lines[0] if lines else ChangeText(change.field, "", "", "")


def dialogs_of(claim: ClaimDetail, directory: Directory) -> tuple[Hashable, ...]:
    """What the closed dialogs of a claim show, all of it."""
    return (
        path_part(claim.state.claim_number),
        claim.state.status.value,
        tuple(
            (one.reference, one.cheque.number, one.cheque.status.value)
            if one.cheque
            else (one.reference, None, "")
            for one in claim.state.settlement.payments
        ),
        tuple(party_values(claim).items()),
        third_party_count(claim),
        tuple(directory.items()),
    )
