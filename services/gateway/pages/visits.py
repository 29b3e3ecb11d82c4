"""One request for a page: who asks, in which language and zone, and how the page or fragment is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.context import Gateway, gateway_of
from services.gateway.identity.current import leave_reading, reading_of, reading_user
from services.gateway.identity.sessions import CurrentUser
from services.gateway.live.events import EVENTS_PER_ALERT, LAST_OF_POSITION
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import Language, choose_language, translations
from services.gateway.pages.notices import NOTICE_COOKIE, notice_of, notice_text
from services.gateway.pages.problem_texts import problem_text, problem_title
from services.gateway.pages.rendering import html_response, write
from services.gateway.queries import bell_of
from shared.errors import DomainError
from shared.http.problems import Problem, log_unexpected, problem_of
from shared.observability.tracing import current_correlation_id

THEME_COOKIE: Final = "dossier_theme"
THEMES: Final = ("light", "dark", "system")
SEE_OTHER: Final = 303
UNAUTHENTICATED: Final = 401
_ERROR_FROM: Final = 500


@dataclass(frozen=True, slots=True)
class Desk:
    """What the frame around every page shows."""

    language: Language
    theme: str
    user: CurrentUser | None
    unread: int
    position: int | None
    active: str
    here: str
    search: str = ""
    down: tuple[Any, ...] = ()
    notice: str = ""
    undo: str = ""

    @property
    def still(self) -> Desk:
        """The same without what comes and goes, and where it is: bars that show nothing of it are made once."""
        return replace(self, position=None, down=(), notice="", undo="", here="")

    @property
    def key(self) -> Hashable:
        """All that it is made of."""
        return (self.language.code, *_REST(self))

    @property
    def sees_clients(self) -> bool:
        """Whether this user may see client data at all (security.md: operations may not)."""
        return self.user is not None and self.user.role != "ops"

    @property
    def initials(self) -> str:
        """Two letters for the user's button."""
        names = (self.user.name if self.user else "").split()
        return (
            "".join(name[0] for name in (names[:1] + names[-1:] if len(names) > 1 else names)).upper() or "?"
        )


_REST: Final = attrgetter(*(one.name for one in fields(Desk) if one.name != "language"))


class Visit:
    """A request for a page by somebody, or by nobody yet."""

    def __init__(self, request: Request, gateway: Gateway, user: CurrentUser | None) -> None:
        """Read language, zone and theme once."""
        self.request = request
        self.gateway = gateway
        self.somebody = user
        self.fragment = request.headers.get("hx-request") == "true"
        """Whether the page's script asks for a part of the page."""
        language = choose_language(
            user.language if user else None, request.cookies, request.headers.get("accept-language")
        )
        countries = frozenset(one.country for one in user.agencies) if user else frozenset()
        self.reader = Reader(language, _zone(user), gateway.clock.now(), countries)
        self.unread = 0
        self.alerted = False
        self._looked_up = False
        self.position: int | None = None
        self.theme = request.cookies.get(THEME_COOKIE, "system")
        if self.theme not in THEMES:
            self.theme = "system"

    @property
    def user(self) -> CurrentUser:
        """Whoever asks; asking for him on a page for anybody is a programming error."""
        if self.somebody is None:
            raise RuntimeError("this page is also for people who are not logged in")
        return self.somebody

    def text(self, message: str) -> str:
        """Translate a text whose marked source stands elsewhere."""
        return translations(self.reader.language.code).gettext(message)

    def part(
        self, template: str, *, headers: Mapping[str, str] | None = None, status: int = 200, **context: Any
    ) -> Response:
        """Answer with a part of a page."""
        return html_response(
            self.request, write(template, self.reader, context), headers=headers, status=status
        )

    async def look_up(self) -> None:
        """Read what the frame shows, before the page reads anything else."""
        if self._framed:
            async with self.reading():
                pass

    @asynccontextmanager
    async def reading(self, *, claim_number: str = "", client_id: str = "") -> AsyncIterator[AsyncSession]:
        """Open the session that a page reads from, or go on in the one in which was found out who asks.

        What the frame shows is read first, if nobody did yet.

        The order matters: the live stream goes on from `position`, so nothing may change between the two unseen. Whoever opens
        a file names it, and finds in `alerted` whether alerts of it wait to be read.
        """
        scope, about = self.user.scope, {"claim_number": claim_number, "client_id": client_id}
        async with reading_of(self.request) or self.gateway.database.read(scope) as session:
            if not self._looked_up and (self._framed or claim_number or client_id):
                bell = await bell_of(session, scope, **about)
                self.position = bell.position * EVENTS_PER_ALERT + LAST_OF_POSITION
                self.unread, self.alerted = bell.unread, bell.of_file
                self._looked_up = True
            yield session

    @property
    def _framed(self) -> bool:
        """Whether the frame of this answer shows alerts."""
        return self.somebody is not None and self.somebody.role != "ops" and not self.fragment

    def page(
        self, template: str, title: str, active: str = "", *, status: int = 200, **context: Any
    ) -> Response:
        """Answer with a whole page in its frame."""
        if self._framed and not self._looked_up:
            raise RuntimeError("this page was made without `look_up` or `reading`")
        cookie = self.request.cookies.get(NOTICE_COOKIE, "")
        notice, undo = notice_of(cookie)
        desk = Desk(
            language=self.reader.language,
            theme=self.theme,
            user=self.somebody,
            unread=self.unread,
            position=self.position,
            active=active,
            here=here(self.request),
            search=self.request.query_params.get("q", "")[:200] if active == "search" else "",
            down=tuple(self.gateway.status.down) if self.somebody else (),
            notice=notice_text(notice, self.reader.language.code),
            undo=undo,
        )
        page = write(template, self.reader, {"desk": desk, "title": title, **context})
        response = html_response(self.request, page, status=status)
        if cookie:
            response.delete_cookie(NOTICE_COOKIE, path="/")
        return response

    def redirect(self, path: str, notice: str = "", subject: str = "") -> Response:
        """Go on to a page after a form, with a notice that is shown once; `subject` is what can be undone."""
        response = RedirectResponse(path, status_code=SEE_OTHER)
        if notice:
            value = f"{notice}|{subject}" if subject else notice
            response.set_cookie(NOTICE_COOKIE, value, max_age=60, httponly=True, samesite="lax", path="/")
        return response

    def errors_of(self, error: DomainError | Problem) -> dict[str, str]:
        """Give what went wrong with a form, by field; what belongs to no field stands under the empty name."""
        field = (error.field or "").rpartition(".")[2]
        return {field: problem_text(error.code, self.reader.language.code)}


async def visit_of(request: Request) -> Visit:
    """Give the visit of anybody."""
    try:
        visit = Visit(request, gateway_of(request), await reading_user(request))
        await visit.look_up()
    finally:
        await leave_reading(request)
    return visit


async def reading_visit(request: Request) -> Visit:
    """Give the visit of somebody who may see client data, for a page that reads all that it shows in `visit.reading()`.

    Others are sent to log in, or refused.
    """
    visit = Visit(request, gateway_of(request), await reading_user(request))
    if visit.somebody is None:
        raise Problem(UNAUTHENTICATED, "unauthenticated", "Log in first.")
    if visit.somebody.role == "ops":
        raise Problem(403, "not_allowed", "Operations do not see client data.")
    return visit


async def desk_visit(request: Request) -> Visit:
    """Give the visit of somebody who may see client data, with what the frame shows."""
    try:
        visit = await reading_visit(request)
        await visit.look_up()
    finally:
        await leave_reading(request)
    return visit


async def user_visit(request: Request) -> Visit:
    """Give the visit of anybody who is logged in."""
    visit = await visit_of(request)
    if visit.somebody is None:
        raise Problem(UNAUTHENTICATED, "unauthenticated", "Log in first.")
    return visit


class PageRoute(APIRoute):
    """A route that answers errors with pages: to people, a problem document is no answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 - every error becomes a page; the unexpected ones are logged
                await leave_reading(request)  # the page that says so reads as well
                problem = problem_of(error)
                if problem.code == "internal":
                    log_unexpected(error)
                return await error_page(request, problem)
            finally:
                await leave_reading(request)

        return handle


async def error_page(request: Request, problem: Problem) -> Response:
    """Say what happened, that nothing is lost, and what helps; send who is not logged in to the log-in."""
    if (
        problem.status == UNAUTHENTICATED
        and request.headers.get("hx-request") != "true"
        and request.method == "GET"
    ):
        return RedirectResponse(login_path(here(request)), status_code=SEE_OTHER)
    visit = await _visit_in_trouble(request)
    language = visit.reader.language.code
    context: dict[str, Any] = {
        "problem": problem,
        "text": problem_text(problem.code, language),
        "reference": current_correlation_id() if problem.status >= _ERROR_FROM else "",
    }
    if visit.fragment:
        return visit.part("parts/error.html", status=problem.status, **context)
    return visit.page("error.html", problem_title(problem.status, language), status=problem.status, **context)


async def _visit_in_trouble(request: Request) -> Visit:
    """Give the visit that an error page is for; where even asking who it is fails, that of somebody unknown."""
    try:
        return await visit_of(request)
    except Exception as error:  # noqa: BLE001 - the page must come whatever is broken, and this is logged
        log_unexpected(error)
        return Visit(request, gateway_of(request), None)


def here(request: Request) -> str:
    """Give the address of this page within the site, for links that lead back to it."""
    if request.method != "GET":
        return local_path(urlsplit(request.headers.get("referer", "")).path)
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def local_path(path: str | None) -> str:
    """Give a path within this site, never one that leads elsewhere (`//host`, `https:`, or with a backslash)."""
    if (
        not path
        or not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or any(ord(c) < ord(" ") for c in path)
    ):
        return "/"
    return path


def login_path(next_path: str) -> str:
    """Give the address of the log-in that comes back to a page."""
    return "/login" if next_path == "/" else f"/login?{urlencode({'next': next_path})}"


def _zone(user: CurrentUser | None) -> ZoneInfo:
    name = user.zone_name if user else "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
