"""Agencies, users and partners: made and changed here, announced to the other services by events.

Every function works in a write session that its caller opens, so that several of them can be one transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.context import Gateway
from services.gateway.identity.login import fold_email
from services.gateway.identity.passwords import hash_password
from services.gateway.identity.sessions import CurrentUser, end_all_sessions
from services.gateway.models import Agency, Partner, PartnerKey, User, UserAgency
from shared.contracts.codes import PartnerKind, Role
from shared.contracts.envelope import Actor
from shared.contracts.identity import AgencyState, PartnerState, UserState
from shared.contracts.topics import PARTNER_ID_PATTERN
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import new_id
from shared.messaging.publishing import publish_state

SERVICE: Final = "identity"
"""As whom the gateway announces identity: its topic would stay if identity became a service of its own."""

LANGUAGES: Final = ("fr", "he", "en")
OPERATOR: Final = Actor(kind="system", id="operator", name="Operator")

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PREFIX_BYTES: Final = 6
_KEY_BYTES: Final = 32
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class NewPartner:
    """A partner with its API key: shown once, stored as a hash."""

    state: PartnerState
    api_key: str


async def create_agency(
    session: AsyncSession,
    *,
    name: str,
    country: str,
    language: str,
    timezone: str,
    currency: str,
    at: datetime,
    cheque_warning_days: int = 14,
    agency_id: str | None = None,
    actor: Actor = OPERATOR,
) -> AgencyState:
    """Make an agency; raises `Invalid` naming the field."""
    _check_language(language)
    if timezone not in available_timezones():
        raise Invalid("invalid_timezone", "The time zone is an IANA name such as Europe/Paris.", "timezone")
    if not name.strip():
        raise Invalid("invalid_name", "An agency has a name.", "name")
    state = AgencyState(
        id=agency_id or new_id(),
        name=name.strip(),
        country=country,
        language=language,
        timezone=timezone,
        currency=currency,
        cheque_warning_days=cheque_warning_days,
        sequence=1,
        updated_at=at,
    )
    session.add(Agency(**state.model_dump()))
    await session.flush()
    publish_state(
        session, service=SERVICE, happening="agency-registered", state=state, old=None, actor=actor, at=at
    )
    return state


async def change_agency(
    session: AsyncSession,
    agency_id: str,
    *,
    at: datetime,
    cheque_warning_days: int,
    actor: Actor = OPERATOR,
) -> AgencyState:
    """Change how long before its maturity a cheque is announced; `NotFound` without such an agency."""
    agency = await session.get(Agency, agency_id, with_for_update=True)
    if agency is None:
        raise NotFound("agency_not_found", "There is no such agency.")
    old = _agency_state(agency)
    agency.cheque_warning_days = cheque_warning_days
    agency.sequence += 1
    agency.updated_at = at
    state = _agency_state(agency)
    publish_state(
        session, service=SERVICE, happening="agency-changed", state=state, old=old, actor=actor, at=at
    )
    return state


async def create_user(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    password: str,
    role: Role,
    agency_ids: tuple[str, ...],
    at: datetime,
    language: str | None = None,
    actor: Actor = OPERATOR,
) -> UserState:
    """Make an account; raises `Invalid` or `Conflict` naming the field. Hashing takes tens of milliseconds."""
    folded = fold_email(email)
    if not _EMAIL.fullmatch(folded):
        raise Invalid("invalid_email", "That is not an email address.", "email")
    if role is Role.OPS and agency_ids:
        raise Invalid("invalid_role", "Operations work for no agency.", "role")
    if role is not Role.OPS and not agency_ids:
        raise Invalid("agency_missing", "This role works for at least one agency.", "agency_ids")
    agencies = list(await session.scalars(select(Agency).where(Agency.id.in_(agency_ids))))
    if len(agencies) != len(set(agency_ids)):
        raise NotFound("agency_not_found", "There is no such agency.", "agency_ids")
    if await session.scalar(select(User.id).where(User.email == folded)):
        raise Conflict("email_taken", "There is an account with this email address.", "email")
    spoken = language or (agencies[0].language if agencies else "en")
    _check_language(spoken)
    user = User(
        id=new_id(),
        email=folded,
        name=name.strip() or folded,
        role=role.value,
        language=spoken,
        password_hash=hash_password(password),
        active=True,
        baseline_at=at,
        sequence=1,
        updated_at=at,
    )
    session.add(user)
    await session.flush()
    session.add_all(UserAgency(agency_id=one, user_id=user.id) for one in dict.fromkeys(agency_ids))
    await session.flush()
    state = _user_state(user, agency_ids)
    publish_state(
        session, service=SERVICE, happening="user-registered", state=state, old=None, actor=actor, at=at
    )
    return state


async def reset_password(session: AsyncSession, email: str, password: str) -> str:
    """Set a new password, end all sessions of the account, and give its id."""
    user = await _user_by_email(session, email)
    user.password_hash = hash_password(password)
    await end_all_sessions(session, user.id)
    return user.id


async def change_user(
    session: AsyncSession,
    user_id: str,
    *,
    at: datetime,
    name: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    active: bool | None = None,
    actor: Actor = OPERATOR,
) -> UserState:
    """Change what is given; an account that is disabled loses its sessions. An empty `timezone` is the agency's."""
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("user_not_found", "There is no such account.")
    agency_ids = tuple(
        await session.scalars(select(UserAgency.agency_id).where(UserAgency.user_id == user_id))
    )
    old = _user_state(user, agency_ids)
    if name is not None:
        user.name = _checked_name(name)
    if timezone is not None:
        if timezone and timezone not in available_timezones():
            raise Invalid(
                "invalid_timezone", "The time zone is an IANA name such as Europe/Paris.", "timezone"
            )
        user.timezone = timezone
    if language is not None:
        _check_language(language)
        user.language = language
    if active is not None:
        user.active = active
        if not active:
            await end_all_sessions(session, user_id)
    user.sequence += 1
    user.updated_at = at
    state = _user_state(user, agency_ids)
    publish_state(
        session, service=SERVICE, happening="user-changed", state=state, old=old, actor=actor, at=at
    )
    return state


async def set_language(gateway: Gateway, user: CurrentUser, language: str) -> None:
    """Keep the language that a user chose for his pages."""
    actor = Actor(kind="user", id=user.user_id, name=user.name)
    async with gateway.database.write(user.scope) as session:
        await change_user(session, user.user_id, at=gateway.clock.now(), language=language, actor=actor)


def check_partner_id(partner_id: str) -> None:
    """Refuse what cannot be part of a topic's name, or does not fit its column."""
    if not re.fullmatch(PARTNER_ID_PATTERN, partner_id) or len(partner_id) > 100:  # noqa: PLR2004 - the column's width
        raise Invalid(
            "invalid_partner_id",
            "A partner id is lower-case letters and digits, joined by hyphens.",
            "partner_id",
        )


async def create_partner(
    session: AsyncSession,
    *,
    partner_id: str,
    kind: PartnerKind,
    name: str,
    at: datetime,
    phone: str = "",
    city: str = "",
    actor: Actor = OPERATOR,
) -> NewPartner:
    """Register a partner and give its first API key; `partner_id` becomes part of its topics' names."""
    check_partner_id(partner_id)
    if await session.get(Partner, partner_id) is not None:
        raise Conflict("partner_exists", "There is a partner with this id.", "partner_id")
    state = PartnerState(
        id=partner_id, kind=kind, name=name, phone=phone, city=city, sequence=1, updated_at=at
    )
    session.add(Partner(**state.model_dump(exclude={"kind"}), kind=kind.value))
    await session.flush()
    publish_state(
        session, service=SERVICE, happening="partner-registered", state=state, old=None, actor=actor, at=at
    )
    return NewPartner(state, await issue_partner_key(session, partner_id, at=at))


async def issue_partner_key(session: AsyncSession, partner_id: str, *, at: datetime) -> str:
    """Give a partner one more API key; the older ones stay valid until they are revoked, so that it can rotate."""
    if await session.get(Partner, partner_id) is None:
        raise NotFound("partner_not_found", "There is no such partner.")
    prefix = secrets.token_hex(_PREFIX_BYTES)
    key = f"dossier_{prefix}_{secrets.token_urlsafe(_KEY_BYTES)}"
    session.add(
        PartnerKey(
            prefix=prefix, partner_id=partner_id, key_hash=_key_hash(key), created_at=at, revoked_at=None
        )
    )
    await session.flush()
    return key


async def revoke_partner_keys(session: AsyncSession, partner_id: str, *, at: datetime) -> int:
    """Revoke all keys of a partner and give how many there were."""
    keys = list(
        await session.scalars(
            select(PartnerKey).where(PartnerKey.partner_id == partner_id, PartnerKey.revoked_at.is_(None))
        )
    )
    for key in keys:
        key.revoked_at = at
    return len(keys)


async def partner_of_key(session: AsyncSession, key: str) -> Partner | None:
    """Give the active partner whose valid key this is."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "dossier":  # noqa: PLR2004 - name, prefix, secret
        return None
    row = (
        await session.execute(
            select(PartnerKey.key_hash, Partner)
            .join(Partner, Partner.id == PartnerKey.partner_id)
            .where(PartnerKey.prefix == parts[1], PartnerKey.revoked_at.is_(None), Partner.active.is_(True))
        )
    ).first()
    if row is None or not hmac.compare_digest(row[0], _key_hash(key)):
        return None
    found: Partner = row[1]
    return found


def _key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid("invalid_language", f"The language is one of {', '.join(LANGUAGES)}.", "language")


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain:
        raise Invalid("required", "A person has a name.", "name")
    if len(plain) > _LONGEST_NAME:
        raise Invalid("name_too_long", f"A name has at most {_LONGEST_NAME} characters.", "name")
    return plain


async def _user_by_email(session: AsyncSession, email: str) -> User:
    user = await session.scalar(select(User).where(User.email == fold_email(email)))
    if user is None:
        raise NotFound("user_not_found", "There is no such account.", "email")
    return user


def _agency_state(agency: Agency) -> AgencyState:
    return AgencyState.model_validate(agency, from_attributes=True)


def _user_state(user: User, agency_ids: tuple[str, ...]) -> UserState:
    return UserState(
        id=user.id,
        email=user.email,
        name=user.name,
        role=Role(user.role),
        agency_ids=tuple(dict.fromkeys(agency_ids)),
        language=user.language,
        active=user.active,
        sequence=user.sequence,
        updated_at=user.updated_at,
    )
