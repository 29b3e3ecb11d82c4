"""The template environment, and how a page becomes a response.

Filters and translations need to know whom they speak to; the reader stands in a context variable for the time of one
rendering, so that macros stay plain and compiled templates are shared by all languages.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import translations

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
_COMPRESS_FROM: Final = 800
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_reader: ContextVar[Reader] = ContextVar("reader")


def current_reader() -> Reader:
    """Whom the template that is being rendered speaks to."""
    return _reader.get()


@cache
def environment() -> Environment:
    """Build the environment once; an undefined name in a template is an error, never an empty place."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: translations(_reader.get().language.code).gettext(message),
        ngettext=lambda one, many, number: translations(_reader.get().language.code).ngettext(
            one, many, number
        ),
        pgettext=lambda context, message: translations(_reader.get().language.code).pgettext(
            context, message
        ),
        npgettext=lambda context, one, many, number: translations(_reader.get().language.code).npgettext(
            context, one, many, number
        ),
        newstyle=True,
    )
    found.policies["ext.i18n.trimmed"] = True
    from services.gateway.pages.markup import FILTERS, GLOBALS, TESTS  # noqa: PLC0415 - they need current_reader

    found.filters.update(FILTERS)
    found.globals.update(GLOBALS)
    found.tests.update(TESTS)
    return found


def render(template: str, reader: Reader, context: Mapping[str, Any]) -> str:
    """Render a template for a reader."""
    token = _reader.set(reader)
    try:
        return environment().get_template(template).render(context)
    finally:
        _reader.reset(token)


def html_response(
    request: Request, html: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with HTML: compressed, never cached by others, and with the headers that a page needs."""
    body = html.encode()
    found = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "private, no-cache",
        "vary": "accept-encoding, cookie, hx-request",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        **(headers or {}),
    }
    if len(body) >= _COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=5, mtime=0)
        found["content-encoding"] = "gzip"
    return Response(body, status_code=status, headers=found)
