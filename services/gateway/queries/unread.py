"""What is unread for whom: the rule in SQL, in one place.

A claim is unread for a user when somebody else changed it, or its files, after he last opened it; when he never did, after
his account was made. Imported history counts for nothing (the projection leaves it out).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.sql.selectable import FromClause, Join

from services.gateway.models import ClaimView, SeenMark, User
from shared.db.tenancy import Scope


def baseline(scope: Scope) -> Any:
    """When this user's account was made; what happened before is not news to him."""
    return select(User.baseline_at).where(User.id == scope.user_id).scalar_subquery()


def with_mark(scope: Scope) -> Join:
    """Claims beside this user's marks; the agency takes part in the join, as in every look-up."""
    view: FromClause = ClaimView.__table__
    return view.outerjoin(
        SeenMark.__table__,
        and_(
            SeenMark.agency_id == ClaimView.agency_id,
            SeenMark.user_id == scope.user_id,
            SeenMark.claim_id == ClaimView.id,
        ),
    )


def is_unread(scope: Scope) -> ColumnElement[bool]:
    """The rule. `with_mark(scope)` must be in the FROM."""
    me = scope.user_id
    sequence = case((ClaimView.changed_by == me, ClaimView.other_sequence), else_=ClaimView.changed_sequence)
    at = case((ClaimView.changed_by == me, ClaimView.other_at), else_=ClaimView.changed_at)
    files_at = case((ClaimView.files_by == me, ClaimView.files_other_at), else_=ClaimView.files_at)
    since_mark = or_(
        sequence > SeenMark.sequence,
        func.coalesce(files_at > func.coalesce(SeenMark.files_at, SeenMark.at), false()),
    )
    born = baseline(scope)
    since_birth = or_(func.coalesce(at > born, false()), func.coalesce(files_at > born, false()))
    return case((SeenMark.claim_id.is_(None), since_birth), else_=since_mark)
