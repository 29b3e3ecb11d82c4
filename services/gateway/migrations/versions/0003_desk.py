"""What home counts as columns, saved views, and marks that can be taken back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.db.types import Identifier, JsonDocument, UtcDateTime

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None

_BATCH = 500
_USERS = sa.text("actor_kind = 'user'")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "saved_view",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    op.create_index(op.f("ix_saved_view_user_id_position"), "saved_view", ["user_id", "position"])
    for column in (
        sa.Column("undo_id", Identifier()),
        sa.Column("before_sequence", sa.BigInteger()),
        sa.Column("before_files_at", UtcDateTime()),
        sa.Column("before_at", UtcDateTime()),
    ):
        op.add_column("seen_mark", column)
    op.create_index(op.f("ix_seen_mark_user_id_undo_id"), "seen_mark", ["user_id", "undo_id"])
    op.add_column("alert_read", sa.Column("undo_id", Identifier()))
    op.create_index(op.f("ix_alert_read_user_id_undo_id"), "alert_read", ["user_id", "undo_id"])
    op.add_column("alert_high_water", sa.Column("undo_id", Identifier()))
    op.add_column("alert_high_water", sa.Column("before_position", sa.BigInteger()))
    counted: tuple[sa.Column[Any], ...] = (
        sa.Column("phase", sa.String(length=30)),
        sa.Column("slipped_days", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("repair_at", UtcDateTime()),
        sa.Column("cheque_on", sa.Date()),
        sa.Column("visit_on", sa.Date()),
        sa.Column("wanted", sa.Text(), nullable=False, server_default=""),
        sa.Column("missing", sa.Integer(), nullable=False, server_default="0"),
    )
    for new in counted:
        op.add_column("claim_view", new)
    op.add_column("contract_view", sa.Column("receipt_on", sa.Date()))
    _fill()
    for columns in (
        ["is_open", "phase"],
        ["is_open", "eta"],
        ["is_open", "missing"],
        ["cheque_on"],
        ["visit_on"],
    ):
        name = "_".join(["ix_claim_view_agency_id", *columns])
        op.create_index(op.f(name), "claim_view", ["agency_id", *columns])
    op.create_index(
        op.f("ix_contract_view_agency_id_receipt_on"), "contract_view", ["agency_id", "receipt_on"]
    )
    op.create_index(
        "ix_activity_of_user",
        "activity",
        ["agency_id", "actor_id", "claim_number"],
        sqlite_where=_USERS,
        postgresql_where=_USERS,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_activity_of_user", "activity")
    op.drop_index(op.f("ix_contract_view_agency_id_receipt_on"), "contract_view")
    for columns in (
        ["is_open", "phase"],
        ["is_open", "eta"],
        ["is_open", "missing"],
        ["cheque_on"],
        ["visit_on"],
    ):
        op.drop_index(op.f("_".join(["ix_claim_view_agency_id", *columns])), "claim_view")
    op.drop_index(op.f("ix_alert_read_user_id_undo_id"), "alert_read")
    op.drop_index(op.f("ix_seen_mark_user_id_undo_id"), "seen_mark")
    for table, columns in (
        ("contract_view", ["receipt_on"]),
        ("claim_view", ["phase", "slipped_days", "repair_at", "cheque_on", "visit_on", "wanted", "missing"]),
        ("alert_high_water", ["undo_id", "before_position"]),
        ("alert_read", ["undo_id"]),
        ("seen_mark", ["undo_id", "before_sequence", "before_files_at", "before_at"]),
    ):
        for name in columns:
            op.drop_column(table, name)
    op.drop_table("saved_view")


def _fill() -> None:
    """Work the new columns out of the states that are there, as the projection does for new ones."""
    claims = sa.table(
        "claim_view",
        sa.column("row", sa.BigInteger()),
        sa.column("agency_id", sa.String()),
        sa.column("claim_number", sa.String()),
        sa.column("state", JsonDocument()),
        sa.column("phase", sa.String()),
        sa.column("slipped_days", sa.Integer()),
        sa.column("repair_at", UtcDateTime()),
        sa.column("cheque_on", sa.Date()),
        sa.column("visit_on", sa.Date()),
        sa.column("wanted", sa.Text()),
        sa.column("missing", sa.Integer()),
    )
    contracts = sa.table(
        "contract_view",
        sa.column("row", sa.BigInteger()),
        sa.column("state", JsonDocument()),
        sa.column("receipt_on", sa.Date()),
    )
    documents = sa.table(
        "document_view",
        sa.column("agency_id", sa.String()),
        sa.column("claim_number", sa.String()),
        sa.column("removed", sa.Boolean()),
        sa.column("state", JsonDocument()),
    )
    bind = op.get_bind()
    last = -1
    while rows := bind.execute(
        sa.select(claims.c.row, claims.c.agency_id, claims.c.claim_number, claims.c.state)
        .where(claims.c.row > last)
        .order_by(claims.c.row)
        .limit(_BATCH)
    ).all():
        for row in rows:
            values = _claim_values(row.state)
            if values["wanted"]:
                there = bind.execute(
                    sa.select(documents.c.state).where(
                        documents.c.agency_id == row.agency_id,
                        documents.c.claim_number == row.claim_number,
                        documents.c.removed.is_(False),
                    )
                ).scalars()
                values["missing"] = len(set(values["wanted"].split()) - {one["type"] for one in there})
            bind.execute(claims.update().where(claims.c.row == row.row).values(**values))
        last = rows[-1].row
    last = -1
    while found := bind.execute(
        sa.select(contracts.c.row, contracts.c.state)
        .where(contracts.c.row > last)
        .order_by(contracts.c.row)
        .limit(_BATCH)
    ).all():
        for contract in found:
            due = [
                one["due_on"]
                for one in contract.state.get("receipts") or []
                if one.get("due_on") and one["status"] in {"pending", "issued"}
            ]
            if due:
                bind.execute(
                    contracts.update()
                    .where(contracts.c.row == contract.row)
                    .values(receipt_on=date.fromisoformat(min(due)))
                )
        last = found[-1].row


def _claim_values(state: dict[str, Any]) -> dict[str, Any]:
    repair = state.get("repair") or {}
    appraisal = state.get("appraisal") or {}
    settlement = state.get("settlement") or {}
    promises = repair.get("promises") or []
    eta = repair.get("eta")
    maturities = [
        cheque["matures_on"]
        for payment in settlement.get("payments") or []
        if (cheque := payment.get("cheque")) and cheque.get("matures_on")
        if cheque["status"] in {"announced", "received"}
    ]
    visit = appraisal.get("visit_on") if appraisal.get("status") in {"assigned", "scheduled"} else None
    wanted = settlement.get("requested_documents") or []
    slipped = (
        (date.fromisoformat(eta) - date.fromisoformat(promises[0]["eta"])).days if eta and promises else 0
    )
    return {
        "phase": repair.get("phase"),
        "slipped_days": slipped,
        "repair_at": datetime.fromisoformat(repair["updated_at"]) if repair else None,
        "cheque_on": date.fromisoformat(min(maturities)) if maturities else None,
        "visit_on": date.fromisoformat(visit) if visit else None,
        "wanted": f" {' '.join(wanted)} " if wanted else "",
        "missing": len(set(wanted)),
    }
