"""Pages for errors that no page raised: an address that does not exist, a method that it does not take, a crash outside a page.

Browsers ask for HTML and get a page in the reader's language; programs, and everything below the prefixes that are
made for them, keep their problem documents.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from services.gateway.pages.visits import error_page
from shared.http.problems import log_unexpected, problem_of

_FOR_PROGRAMS: Final = ("/api/", "/partners/", "/health/", "/metrics", "/live", "/static/", "/asyncapi.json")


def install_error_pages(app: FastAPI) -> None:
    """Answer browsers with pages; installed after the problem handlers, whose place it takes for these errors."""
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(Exception, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.code == "internal":
        log_unexpected(error)
    if not wants_page(request):
        return problem.response()
    return await error_page(request, problem)


def wants_page(request: Request) -> bool:
    """Whether a person is waiting in a browser: a page was asked for, and not at a program's address."""
    if request.url.path.startswith(_FOR_PROGRAMS):
        return False
    asked = request.headers.get("accept", "")
    return "text/html" in asked or request.headers.get("hx-request") == "true"
