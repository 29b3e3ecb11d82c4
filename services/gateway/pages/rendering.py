"""The template environment, and how a page becomes a response."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.pages.figures import Reader
from services.gateway.pages.speaking import speaking_to
from services.gateway.pages.template_names import FILTERS, GLOBALS, TESTS
from services.gateway.pages.template_texts import TEXTS

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
_COMPRESS_FROM: Final = 800
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)


@cache
def environment() -> Environment:
    """Build the environment once; an undefined name in a template is an error, never an empty place."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],  # the first for those who collect the texts
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.policies["ext.i18n.trimmed"] = True
    found.filters.update(FILTERS)
    found.globals.update({**GLOBALS, **TEXTS})
    found.tests.update(TESTS)
    return found


def render(template: str, reader: Reader, context: Mapping[str, Any]) -> str:
    """Render a template for a reader."""
    with speaking_to(reader):
        return environment().get_template(template).render(context)


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
