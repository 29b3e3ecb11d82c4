"""An index for what a user opened last, which the search offers before anything is typed."""

from __future__ import annotations

from alembic import op

from shared.db.online import create_index, drop_index

revision = "gateway_0007"
down_revision = "gateway_0006"
branch_labels = None
depends_on = None

NAME = "ix_seen_mark_agency_id_user_id_at"


def upgrade() -> None:
    """Apply the change."""
    create_index(op, op.f(NAME), "seen_mark", ["agency_id", "user_id", "at"])


def downgrade() -> None:
    """Take the change back."""
    drop_index(op, op.f(NAME), "seen_mark")
