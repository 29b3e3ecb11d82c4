"""Logging in and out, language and theme."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.identity.login import keep_session, login, logout
from services.gateway.identity.registry import set_language
from services.gateway.pages.languages import LANGUAGE_COOKIE, language_of, translations
from services.gateway.pages.visits import (
    THEME_COOKIE,
    THEMES,
    PageRoute,
    Visit,
    local_path,
    visit_of,
)
from shared.errors import DomainError
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
YEAR: Final = 365 * 24 * 3600
_REFUSED: Final = 401


@router.get("/login")
async def login_page(visit: Annotated[Visit, Depends(visit_of)], next: str = "/") -> Response:  # noqa: A002 - the address says next
    if visit.somebody is not None:
        return visit.redirect(local_path(next))
    return _login_page(visit, next)


@router.post("/login")
async def log_in(
    visit: Annotated[Visit, Depends(visit_of)],
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    if not email.strip() or not password:
        required = translations(visit.reader.language.code).gettext("Please fill this in.")
        errors = {
            key: required for key, value in (("email", email.strip()), ("password", password)) if not value
        }
        return _login_page(visit, next, email=email, errors=errors, status=422)
    try:
        result = await login(visit.gateway, visit.request, email.strip(), password)
    except (DomainError, Problem) as error:
        status = error.status if isinstance(error, Problem) else _REFUSED
        return _login_page(
            visit, next, email=email, errors={"": visit.errors_of(error).popitem()[1]}, status=status
        )
    response = visit.redirect(local_path(next))
    keep_session(visit.gateway, visit.request, response, result)
    return response


@router.post("/logout")
async def log_out(visit: Annotated[Visit, Depends(visit_of)]) -> Response:
    response = visit.redirect("/login", "logged_out")
    await logout(visit.gateway, visit.request, response)
    return response


@router.post("/language")
async def choose(
    visit: Annotated[Visit, Depends(visit_of)],
    language: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    response = visit.redirect(local_path(next))
    chosen = language_of(language)
    if chosen is not None:
        response.set_cookie(LANGUAGE_COOKIE, chosen.code, max_age=YEAR, samesite="lax", path="/")
        if visit.somebody is not None:
            await set_language(visit.gateway, visit.somebody, chosen.code)
    return response


@router.post("/theme")
async def choose_theme(
    visit: Annotated[Visit, Depends(visit_of)],
    theme: Annotated[str, Form()] = "system",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    response = visit.redirect(local_path(next))
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="lax", path="/")
    return response


def _login_page(
    visit: Visit, next_path: str, *, email: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    return visit.page(
        "account/login.html",
        translations(visit.reader.language.code).gettext("Log in"),
        status=status,
        next=local_path(next_path),
        email=email,
        errors=errors,
    )
