"""The wall between agencies in the database itself (PostgreSQL)."""

from __future__ import annotations

from alembic import op

from shared.db.row_security import secure, unsecure

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("client", "alert", "clock_source", "clock")


def upgrade() -> None:
    """Apply the change."""
    secure(op, TABLES)


def downgrade() -> None:
    """Take the change back."""
    unsecure(op, TABLES)
