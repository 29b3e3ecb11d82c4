"""The profile: name, language, appearance, time zone, password, and where one is logged in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.identity.profile import (
    change_password,
    change_profile,
    list_sessions,
    revoke_other_sessions,
    revoke_session,
)
from services.gateway.pages.account import YEAR
from services.gateway.pages.devices import device_of
from services.gateway.pages.languages import LANGUAGE_COOKIE, translations
from services.gateway.pages.visits import PageRoute, Visit, user_visit
from services.gateway.pages.zones import zone_choices
from shared.errors import DomainError, Invalid
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Anybody = Annotated[Visit, Depends(user_visit)]
_REFUSALS = (DomainError, Problem)


@router.get("/profile")
async def profile(visit: Anybody) -> Response:
    return await _page(visit)


@router.post("/profile")
async def save(
    visit: Anybody,
    name: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    timezone: Annotated[str, Form()] = "",
) -> Response:
    typed = {"name": name, "language": language, "timezone": timezone}
    try:
        await change_profile(visit.gateway, visit.user, name=name, language=language, timezone=timezone)
    except _REFUSALS as error:
        return await _page(visit, typed=typed, errors=visit.errors_of(error), status=422)
    response = visit.redirect("/profile", "profile_saved")
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, samesite="lax", path="/")
    return response


@router.post("/profile/password")
async def new_password(
    visit: Anybody,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form()] = "",
) -> Response:
    """Change the password; no password is ever sent back in a page."""
    try:
        for field, value in (("old", old), ("password", password)):
            if not value:
                raise Invalid("required", "The field is empty.", field)
        if password != repeated:
            raise Invalid("passwords_differ", "The two new passwords are not the same.", "repeated")
        await change_password(visit.gateway, visit.user, visit.request, old=old, new=password)
    except _REFUSALS as error:
        status = error.status if isinstance(error, Problem) else 422
        return await _page(visit, password_errors=visit.errors_of(error), status=status)
    return visit.redirect("/profile#password", "password_changed")


@router.post("/profile/sessions/end-others")
async def end_others(visit: Anybody) -> Response:
    await revoke_other_sessions(visit.gateway, visit.user)
    return visit.redirect("/profile#sessions", "sessions_ended")


@router.post("/profile/sessions/{session_id}/end")
async def end_one(visit: Anybody, session_id: str) -> Response:
    await revoke_session(visit.gateway, visit.user, session_id)
    if session_id == visit.user.session_id:
        return visit.redirect("/login", "logged_out")
    return visit.redirect("/profile#sessions", "session_ended")


async def _page(
    visit: Visit,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    password_errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    user, language = visit.user, visit.reader.language.code
    values = typed or {"name": user.name, "language": user.language, "timezone": user.timezone}
    context: dict[str, Any] = {
        "values": values,
        "errors": errors,
        "password_errors": password_errors,
        "sessions": [(one, device_of(one.user_agent)) for one in await list_sessions(visit.gateway, user)],
        "zones": zone_choices(language, visit.reader.now, values["timezone"]),
        "agency_zone": user.agencies[0].timezone if user.agencies else "UTC",
    }
    title = translations(language).gettext("Profile")
    return visit.page("account/profile.html", title, status=status, **context)
