"""Marking many claims as seen at once, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import ClaimView, SeenMark
from services.gateway.queries.claim_conditions import claims_matching
from services.gateway.queries.parameters import ClaimQuery
from services.gateway.queries.unread import is_unread, with_mark
from shared.db.tenancy import within
from shared.db.types import Identifier, UtcDateTime
from shared.identifiers import new_id

MOST_CHOSEN = 500


async def mark_claims_seen(
    gateway: Gateway, user: CurrentUser, chosen: Sequence[str] | ClaimQuery
) -> tuple[int, str]:
    """Mark the unread among the chosen claims (by number), or among all that match a list, as seen.

    Gives how many there were, and the id that takes it back. One statement, however many: the list may be of thousands.
    """
    require_desk(user)
    undo_id = new_id()
    now = gateway.clock.now()
    async with gateway.database.write(user.scope) as session:
        condition: ColumnElement[bool]
        if isinstance(chosen, ClaimQuery):
            condition = claims_matching(gateway.database.dialect, user.scope, chosen, now)
        else:
            condition = and_(
                within(ClaimView.agency_id, user.scope),
                ClaimView.claim_number.in_(list(chosen)[:MOST_CHOSEN]),
            )
        source = (
            select(
                ClaimView.agency_id,
                literal(user.user_id, Identifier()),
                ClaimView.id,
                ClaimView.sequence,
                ClaimView.files_at,
                literal(now, UtcDateTime()),
                literal(undo_id, Identifier()),
            )
            .select_from(with_mark(user.scope))
            .where(condition, is_unread(user.scope))
        )
        names = ["agency_id", "user_id", "claim_id", "sequence", "files_at", "at", "undo_id"]
        builder = postgresql.insert if gateway.database.dialect == "postgresql" else sqlite.insert
        statement = builder(SeenMark).from_select(names, source)
        kept = SeenMark.__table__.c
        found = await session.execute(
            statement.on_conflict_do_update(
                index_elements=["agency_id", "user_id", "claim_id"],
                set_={
                    "before_sequence": kept.sequence,
                    "before_files_at": kept.files_at,
                    "before_at": kept.at,
                    **{name: statement.excluded[name] for name in ("sequence", "files_at", "at", "undo_id")},
                },
            ).returning(SeenMark.claim_id)
        )
        number = len(found.all())
    return number, undo_id


async def unmark_claims_seen(gateway: Gateway, user: CurrentUser, undo_id: str) -> int:
    """Take back what one act marked, but for claims that were opened since; gives how many."""
    require_desk(user)
    mine = and_(SeenMark.user_id == user.user_id, SeenMark.undo_id == undo_id)
    async with gateway.database.write(user.scope) as session:
        new = await session.execute(
            delete(SeenMark).where(mine, SeenMark.before_at.is_(None)).returning(SeenMark.claim_id)
        )
        number = len(new.all())
        old = await session.execute(
            update(SeenMark)
            .where(mine)
            .values(
                sequence=SeenMark.before_sequence,
                files_at=SeenMark.before_files_at,
                at=SeenMark.before_at,
                undo_id=None,
                before_sequence=None,
                before_files_at=None,
                before_at=None,
            )
            .returning(SeenMark.claim_id)
        )
        number += len(old.all())
    return number
