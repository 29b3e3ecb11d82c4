"""What is unread for whom: the rule in SQL, in one place.

A claim is unread for a user when somebody else changed it, or its files, after he last opened it; when he never did, after
his account was made. Imported history counts for nothing (the projection leaves it out).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, bindparam, case, false, func, or_, select
from sqlalchemy.sql.selectable import FromClause, Join

from services.gateway.models import ClaimView, SeenMark, User
from shared.db.tenancy import Role, Scope

_USERS: Final = 512
"""Whose conditions are kept: putting them together anew took a third of the time of a search. They depend on nothing but the user."""


@cache
def asked_by(role: Role = "broker") -> Scope:
    """Give a scope whose user and agency are parameters, `asking` and `agency`: statements are put together with it once."""
    return Scope(_parameter("asking"), role, (_parameter("agency"),))


def _parameter(name: str) -> Any:
    return bindparam(name, type_=String())


def baseline(scope: Scope) -> Any:
    """When this user's account was made; what happened before is not news to him."""
    return _baseline(scope.user_id)


def _baseline(user_id: str) -> Any:
    return select(User.baseline_at).where(User.id == user_id).scalar_subquery()


def with_mark(scope: Scope) -> Join:
    """Claims beside this user's marks; the agency takes part in the join, as in every look-up."""
    return _marked(scope.user_id)


@lru_cache(maxsize=_USERS)
def _marked(user_id: str) -> Join:
    view: FromClause = ClaimView.__table__
    return view.outerjoin(
        SeenMark.__table__,
        and_(
            SeenMark.agency_id == ClaimView.agency_id,
            SeenMark.user_id == user_id,
            SeenMark.claim_id == ClaimView.id,
        ),
    )


def is_unread(scope: Scope) -> ColumnElement[bool]:
    """The rule. `with_mark(scope)` must be in the FROM."""
    return _unread(scope.user_id)


@lru_cache(maxsize=_USERS)
def _unread(me: str) -> ColumnElement[bool]:
    sequence = case((ClaimView.changed_by == me, ClaimView.other_sequence), else_=ClaimView.changed_sequence)
    at = case((ClaimView.changed_by == me, ClaimView.other_at), else_=ClaimView.changed_at)
    files_at = case((ClaimView.files_by == me, ClaimView.files_other_at), else_=ClaimView.files_at)
    since_mark = or_(
        sequence > SeenMark.sequence,
        func.coalesce(files_at > func.coalesce(SeenMark.files_at, SeenMark.at), false()),
    )
    born = _baseline(me)
    since_birth = or_(func.coalesce(at > born, false()), func.coalesce(files_at > born, false()))
    return case((SeenMark.claim_id.is_(None), since_birth), else_=since_mark)
