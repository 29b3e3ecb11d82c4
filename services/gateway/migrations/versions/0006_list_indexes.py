"""Indexes for the orders of the claims list that had none, and for what can be chosen as insurer and garage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.online import create_index, drop_index

revision = "gateway_0006"
down_revision = "gateway_0005"
branch_labels = None
depends_on = None

INDEXES = (
    ["is_open", "eta", "row"],
    ["client_folded"],
    ["status", "row"],
    ["kind", "row"],
    ["insurer", "insurer_name"],
    ["garage", "garage_name"],
)
BY_ETA = "ix_claim_view_agency_id_is_open_eta"
LATEST_FIRST = "ix_claim_view_latest_eta"


def _name(columns: list[str]) -> str:
    return op.f("_".join(["ix_claim_view_agency_id", *columns]))


def upgrade() -> None:
    """Apply the change."""
    for columns in INDEXES:
        create_index(op, _name(columns), "claim_view", ["agency_id", *columns])
    if op.get_context().dialect.name == "postgresql":
        # Claims without a date come last in either direction; SQLite sorts them in memory.
        order = ["agency_id", "is_open", sa.text("eta DESC NULLS LAST"), sa.text('"row" DESC')]
        create_index(op, LATEST_FIRST, "claim_view", order)
    drop_index(op, op.f(BY_ETA), "claim_view")


def downgrade() -> None:
    """Take the change back."""
    create_index(op, op.f(BY_ETA), "claim_view", ["agency_id", "is_open", "eta"])
    if op.get_context().dialect.name == "postgresql":
        drop_index(op, LATEST_FIRST, "claim_view")
    for columns in reversed(INDEXES):
        drop_index(op, _name(columns), "claim_view")
