"""Claims with their history, partners' positions, replicas of policy, idempotency keys and the messaging tables."""

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

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables(op)
    create_partner_tables(op)
    _create_claims()
    _create_replicas()
    create_idempotency_table(op)


def _create_claims() -> None:
    op.create_table(
        "claim",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("claim_number", sa.String(length=40), nullable=False),
        sa.Column("policy_number", sa.String(length=500), nullable=False),
        sa.Column("client_id", Identifier(), nullable=False),
        sa.Column("insurer_partner_id", sa.String(length=100), nullable=True),
        sa.Column("insurer_reference", sa.String(length=500), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_claim")),
        sa.UniqueConstraint("claim_number", name=op.f("uq_claim_claim_number")),
        sa.UniqueConstraint(
            "insurer_partner_id",
            "insurer_reference",
            name=op.f("uq_claim_insurer_partner_id_insurer_reference"),
        ),
    )
    op.create_index(op.f("ix_claim_agency_id_client_id"), "claim", ["agency_id", "client_id"])
    op.create_index(op.f("ix_claim_agency_id_policy_number"), "claim", ["agency_id", "policy_number"])
    op.create_table(
        "claim_history",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("claim_id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happening", sa.String(length=60), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", JsonDocument(), nullable=False),
        sa.Column("changes", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "claim_id", "sequence", name=op.f("pk_claim_history")),
    )
    op.create_table(
        "partner_position",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("claim_id", Identifier(), nullable=False),
        sa.Column("partner_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "agency_id", "claim_id", "partner_id", "kind", name=op.f("pk_partner_position")
        ),
    )
    op.create_table(
        "claim_series",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_claim_series")),
    )


def _create_replicas() -> None:
    op.create_table(
        "contract_replica",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("policy_number", sa.String(length=500), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_contract_replica")),
    )
    op.create_index(
        op.f("ix_contract_replica_agency_id_policy_number"),
        "contract_replica",
        ["agency_id", "policy_number"],
    )
    op.create_table(
        "client_replica",
        sa.Column("agency_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("state", JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_client_replica")),
    )


def downgrade() -> None:
    for table in (
        "client_replica",
        "contract_replica",
        "claim_series",
        "partner_position",
        "claim_history",
        "claim",
    ):
        op.drop_table(table)
    drop_idempotency_table(op)
    drop_partner_tables(op)
    drop_messaging_tables(op)
