"""The wall between agencies in the database itself (PostgreSQL)."""

from __future__ import annotations

from alembic import op

from shared.db.row_security import secure, unsecure

revision = "gateway_0005"
down_revision = "gateway_0004"
branch_labels = None
depends_on = None

TABLES = (
    "user_agency",
    "seen_mark",
    "alert_read",
    "alert_high_water",
    "claim_view",
    "client_view",
    "contract_view",
    "document_view",
    "alert_view",
    "activity",
)


def upgrade() -> None:
    """Apply the change."""
    secure(op, TABLES)


def downgrade() -> None:
    """Take the change back."""
    unsecure(op, TABLES)
