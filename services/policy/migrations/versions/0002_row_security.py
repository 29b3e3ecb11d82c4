"""The wall between agencies in the database itself (PostgreSQL)."""

from __future__ import annotations

from alembic import op

from shared.db.row_security import secure, unsecure

revision = "policy_0002"
down_revision = "policy_0001"
branch_labels = None
depends_on = None

TABLES = ("client", "contract", "client_history", "contract_history")


def upgrade() -> None:
    """Apply the change."""
    secure(op, TABLES)


def downgrade() -> None:
    """Take the change back."""
    unsecure(op, TABLES)
