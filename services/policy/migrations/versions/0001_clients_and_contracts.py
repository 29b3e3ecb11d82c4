"""Clients and contracts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.types import Identifier, JsonDocument, UtcDateTime
from shared.http.idempotency import create_idempotency_table, drop_idempotency_table
from shared.messaging.tables import (
    create_messaging_tables,
    create_partner_tables,
    drop_messaging_tables,
    drop_partner_tables,
)

revision = "policy_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    create_messaging_tables(op)
    create_partner_tables(op)
    create_idempotency_table(op)
    op.create_table(
        "agency_replica",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_replica")),
    )
    op.create_table(
        "client",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("identity_cipher", sa.String(length=500), nullable=True),
        sa.Column("identity_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint(
            "agency_id", "identity_fingerprint", name=op.f("uq_client_agency_id_identity_fingerprint")
        ),
    )
    op.create_table(
        "client_history",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("client_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("changes", JsonDocument(), nullable=False),
        sa.Column("actor", JsonDocument(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_history")),
    )
    op.create_index(
        "ix_client_history_client_id", "client_history", ["agency_id", "client_id", "id"], unique=False
    )

    op.create_table(
        "contract_history",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("contract_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("changes", JsonDocument(), nullable=False),
        sa.Column("actor", JsonDocument(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_history")),
    )
    op.create_index(
        "ix_contract_history_contract_id",
        "contract_history",
        ["agency_id", "contract_id", "id"],
        unique=False,
    )

    op.create_table(
        "partner_replica",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_replica")),
    )
    op.create_table(
        "contract",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("policy_number", sa.String(length=50), nullable=False),
        sa.Column("client_id", Identifier(), nullable=False),
        sa.Column("insurer_partner_id", sa.String(length=100), nullable=True),
        sa.Column("insurer_sequence", sa.BigInteger(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_contract_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("agency_id", "policy_number", name=op.f("uq_contract_agency_id_policy_number")),
        sa.UniqueConstraint(
            "insurer_partner_id", "policy_number", name=op.f("uq_contract_insurer_partner_id_policy_number")
        ),
    )
    op.create_index("ix_contract_client_id", "contract", ["client_id"], unique=False)
    op.create_index("ix_contract_policy_number", "contract", ["policy_number"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    for table in (
        "contract",
        "partner_replica",
        "contract_history",
        "client_history",
        "client",
        "agency_replica",
    ):
        op.drop_table(table)
    drop_idempotency_table(op)
    drop_partner_tables(op)
    drop_messaging_tables(op)
