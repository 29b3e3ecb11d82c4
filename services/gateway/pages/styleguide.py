"""The style guide: every part in every state, from the macros that pages are made of. Off in production."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from services.gateway.pages.guide_samples import (
    SamplePage,
    SampleRepair,
    sample_activity,
    sample_documents,
    sample_repair,
    sample_rows,
)
from services.gateway.pages.languages import translations
from services.gateway.pages.problem_texts import problem_text
from services.gateway.pages.repairs import STAGES
from services.gateway.pages.tones import TONES
from services.gateway.pages.visits import PageRoute, Visit, visit_of
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)

COLOURS: Final = (
    "ground", "surface", "surface-2", "line", "line-strong", "ink", "quiet", "link", "brand", "brand-strong",
    "brand-soft", "on-brand", "info-ground", "info-ink", "good-ground", "good-ink", "warn-ground", "warn-ink",
    "bad-ground", "bad-ink", "muted-ground", "muted-ink", "fresh", "unread", "plate-ground",
)  # fmt: skip
"""The tokens of `css/00-tokens.css`; a test holds the two lists together."""


@router.get("/styleguide")
async def style_guide(visit: Annotated[Visit, Depends(visit_of)]) -> Response:
    if visit.gateway.settings.env == "production":
        raise Problem(404, "not_found", "There is nothing at this address.")
    title = translations(visit.reader.language.code).gettext("Style guide")
    language = visit.reader.language.code
    return visit.page("styleguide.html", title, **guide_context(visit.reader.now, language))


def guide_context(now: datetime, language: str) -> dict[str, Any]:
    """Give the samples that the guide shows; dates lie around `now`."""
    today = now.date()
    return {
        "colours": COLOURS,
        "badges": [(name, tuple(codes)) for name, codes in TONES.items()],
        "stages": STAGES,
        "minis": (
            SampleRepair("assigned"),
            SampleRepair("body", 60, today + timedelta(days=9), 3, "parts"),
            SampleRepair("ready", 100, today + timedelta(days=1)),
            SampleRepair("delivered", 100, today - timedelta(days=4)),
            SampleRepair("cancelled"),
        ),
        "repair": sample_repair(now),
        "activity": sample_activity(now),
        "rows": sample_rows(now),
        "sample_pages": SamplePage(),
        "amounts": (
            ("1234.5", "EUR"),
            ("-89.9", "EUR"),
            ("1234567", "ILS"),
            ("-12", "ILS"),
        ),
        "plates": ("GK-129-LM", "WW-123-AB", "12-345-67", "123-45-678"),
        "phones": ("+33 6 12 34 56 78", "052-555-1880", "*2700"),
        "policies": ("4501-889231", "POL/2026/77-0042", "889231"),
        "down": "claims",
        "today": today,
        "now": now,
        "errors": {
            "email": problem_text("email_invalid", language),
            "note": problem_text("required", language),
            "status": problem_text("schema", language),
            "": problem_text("stale", language),
        },
        "documents": sample_documents(now),
        "bars": (("body", 9), ("parts_ordered", 6), ("ready", 3), ("assigned", 1)),
        "refused": Problem(403, "not_allowed", ""),
        "failed": Problem(500, "internal", ""),
        "missing": Problem(404, "not_found", ""),
        "words_of": {code: problem_text(code, language) for code in ("not_allowed", "internal", "not_found")},
    }
