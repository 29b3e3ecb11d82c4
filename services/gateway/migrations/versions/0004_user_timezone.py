"""A person's own time zone. Empty: the agency's. A gateway of the version before goes on writing accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "gateway_0004"
down_revision = "gateway_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("timezone", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("user", "timezone")
