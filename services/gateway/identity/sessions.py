"""Sessions: opaque tokens, stored by their hash, with an idle and an absolute end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    CursorResult,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Agency, User, UserAgency, UserSession
from services.gateway.queries.rows import AgencyInfo
from shared.db.lookup import Lookup, Row, Terms
from shared.db.row_security import SETTING
from shared.db.tenancy import Role, Scope
from shared.identifiers import new_id

TOKEN_BYTES: Final = 32
TOUCH_EVERY: Final = timedelta(minutes=1)
"""A session's last use is written at most this often: a page of twenty requests costs one write, not twenty."""

_LONGEST_USER_AGENT: Final = 300


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Who is asking, in which session, and for which agencies."""

    user_id: str
    email: str
    name: str
    role: Role
    language: str
    agencies: tuple[AgencyInfo, ...]
    session_id: str
    timezone: str = ""
    scope: Scope = field(init=False, compare=False, repr=False)
    """What queries and services are told; a page says it at every turn. `ops` never has an agency, whatever the table says."""

    def __post_init__(self) -> None:
        """Put the scope together once."""
        agency_ids = () if self.role == "ops" else self.agency_ids
        object.__setattr__(self, "scope", Scope(self.user_id, self.role, agency_ids, self.name))

    @property
    def zone_name(self) -> str:
        """The time zone that he reads in: his own, or his agency's."""
        return self.timezone or (self.agencies[0].timezone if self.agencies else "UTC")

    @property
    def agency_ids(self) -> tuple[str, ...]:
        """The agencies that he works for."""
        return tuple(one.id for one in self.agencies)


@dataclass(frozen=True, slots=True)
class Found:
    """A valid session, and whether its last use should be written.

    `reach` is what the transaction in which it was found is held to since; None where nothing is held to a reach.
    """

    user: CurrentUser
    stale: bool
    reach: str | None = None


def token_hash(token: str) -> str:
    """Hash a token. It is random and long, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(
    session: AsyncSession, user_id: str, *, at: datetime, lasts: timedelta, user_agent: str, address: str
) -> str:
    """Begin a session and give its token, which is stored nowhere."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await session.execute(delete(UserSession).where(UserSession.expires_at < at))
    session.add(
        UserSession(
            token_hash=token_hash(token),
            id=new_id(),
            user_id=user_id,
            created_at=at,
            last_seen_at=at,
            expires_at=at + lasts,
            user_agent=user_agent[:_LONGEST_USER_AGENT],
            address=address[:64],
        )
    )
    await session.flush()
    return token


async def find_session(session: AsyncSession, token: str, *, at: datetime, idle: timedelta) -> Found | None:
    """Give who holds this token, or None when it is unknown, over, or its user is no longer active."""
    rows = await _HELD.all(session, token=token_hash(token))
    if not rows:
        return None
    first = rows[0]
    if at >= first["expires_at"] or at - first["last_seen_at"] >= idle:
        return None
    current = CurrentUser(
        user_id=first["user_id"],
        email=first["email"],
        name=first["name"],
        role=first["role"],
        language=first["language"],
        agencies=tuple(_agency_info(row) for row in rows if row["agency_id"] is not None),
        session_id=first["id"],
        timezone=first["timezone"],
    )
    return Found(current, at - first["last_seen_at"] >= TOUCH_EVERY, first["reach"])


async def is_alive(session: AsyncSession, session_id: str, *, at: datetime, idle: timedelta) -> bool:
    """Say whether a session is still valid: open streams ask now and then."""
    row = (
        await session.execute(
            select(UserSession.expires_at, UserSession.last_seen_at)
            .join(User, User.id == UserSession.user_id)
            .where(UserSession.id == session_id, User.active.is_(True))
        )
    ).first()
    return row is not None and at < row[0] and at - row[1] < idle


async def touch_session(session: AsyncSession, session_id: str, at: datetime) -> None:
    """Note that a session was used."""
    await session.execute(update(UserSession).where(UserSession.id == session_id).values(last_seen_at=at))


async def end_session(session: AsyncSession, user_id: str, session_id: str) -> bool:
    """End one session of a user; says whether there was one."""
    done = await session.execute(
        delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    )
    return bool(cast("CursorResult[object]", done).rowcount)


async def live_sessions(
    session: AsyncSession, user_id: str, *, at: datetime, idle: timedelta
) -> tuple[UserSession, ...]:
    """Give a user's sessions that are still valid, the one used last first."""
    rows = await session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.expires_at > at,
            UserSession.last_seen_at > at - idle,
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id)
    )
    return tuple(rows)


async def end_other_sessions(session: AsyncSession, user_id: str, keep: str) -> tuple[str, ...]:
    """End all sessions of a user but one, and give which they were, so that their streams can be ended too."""
    ended = tuple(
        await session.scalars(
            select(UserSession.id).where(UserSession.user_id == user_id, UserSession.id != keep)
        )
    )
    if ended:
        await session.execute(
            delete(UserSession).where(UserSession.user_id == user_id, UserSession.id.in_(ended))
        )
    return ended


async def end_all_sessions(session: AsyncSession, user_id: str) -> None:
    """End all sessions of a user: after a new password, or when the account is disabled."""
    await session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def _agency_info(row: Row) -> AgencyInfo:
    return AgencyInfo(
        row["agency_id"],
        row["agency_name"],
        row["country"],
        row["agency_language"],
        row["agency_timezone"],
        row["currency"],
    )


def _held(terms: Terms) -> Any:
    """A session with its user, once for each of his agencies.

    On PostgreSQL the same statement then holds the transaction to what the user may see, a round trip less than saying so: the
    rows are all read before that, since what is said is put together from them.
    """
    found = (
        select(
            UserSession.id,
            UserSession.expires_at,
            UserSession.last_seen_at,
            User.id.label("user_id"),
            User.email,
            User.name,
            User.role,
            User.language,
            User.timezone,
            Agency.id.label("agency_id"),
            Agency.name.label("agency_name"),
            Agency.country,
            Agency.language.label("agency_language"),
            Agency.timezone.label("agency_timezone"),
            Agency.currency,
        )
        .join(User, User.id == UserSession.user_id)
        .outerjoin(UserAgency, UserAgency.user_id == User.id)
        .outerjoin(Agency, Agency.id == UserAgency.agency_id)
        .where(UserSession.token_hash == bindparam("token"), User.active.is_(True))
        .order_by(Agency.name, Agency.id)
    )
    if terms.dialect != "postgresql":
        return found.add_columns(null().label("reach"))
    held = found.cte("held").prefix_with("MATERIALIZED")
    comma: Any = aggregate_order_by(literal_column("','"), held.c.agency_name, held.c.agency_id)
    agencies = func.coalesce(func.string_agg(held.c.agency_id, comma), "")
    reach = case((func.max(held.c.role) == "ops", ""), else_=agencies)
    said = select(func.set_config(SETTING, reach, true())).select_from(held).scalar_subquery()
    return select(held, said.label("reach")).order_by(held.c.agency_name, held.c.agency_id)


_HELD: Final = Lookup(_held)
