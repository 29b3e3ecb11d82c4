"""The template environment, and how a page becomes a response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.pages.figures import Reader
from services.gateway.pages.packing import Packed, gzipped
from services.gateway.pages.speaking import PLACE, leaving_places, speaking_to
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


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was written: texts, and parts that were packed at other times, in turn."""

    pieces: tuple[str | Packed, ...]

    @property
    def html(self) -> str:
        """All of it."""
        return "".join(one if isinstance(one, str) else one.text for one in self.pieces)


def write(template: str, reader: Reader, context: Mapping[str, Any]) -> Page:
    """Render a template for a reader, with places for the parts that are kept."""
    with speaking_to(reader), leaving_places() as parts:
        texts = environment().get_template(template).render(context).split(PLACE)
    if len(texts) != len(parts) + 1:
        message = f"{template} did not write each of its parts once"
        raise RuntimeError(message)
    pieces: list[str | Packed] = [texts[0]]
    for part, text in zip(parts, texts[1:], strict=True):
        pieces += (part, text)
    return Page(tuple(pieces))


def render(template: str, reader: Reader, context: Mapping[str, Any]) -> str:
    """Render a template for a reader."""
    return write(template, reader, context).html


def html_response(
    request: Request, page: Page, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with HTML: compressed, never cached by others, and with the headers that a page needs."""
    found = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "private, no-cache",
        "vary": "accept-encoding, cookie, hx-request",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        **(headers or {}),
    }
    large = len(page.pieces) > 1 or len(page.html) >= _COMPRESS_FROM
    if large and "gzip" in request.headers.get("accept-encoding", ""):
        found["content-encoding"] = "gzip"
        return Response(gzipped(page.pieces), status_code=status, headers=found)
    return Response(page.html, status_code=status, headers=found)
