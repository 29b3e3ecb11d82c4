"""Pieces of markup that are made without Markup's own formatting, or once for many rows."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.gateway.pages import markup
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.rendering import environment
from services.gateway.pages.speaking import speaking_to

HOSTILE = "<b>\"'&"
ESCAPED = "&lt;b&gt;&#34;&#39;&amp;"


def reader(language: str) -> Reader:
    return Reader(LANGUAGES[language], ZoneInfo("Europe/Paris"), datetime(2026, 11, 3, 12, tzinfo=UTC))


@pytest.mark.parametrize("piece", [markup.code, markup.name, markup.plate, markup.policy_number])
def test_what_people_typed_is_escaped(piece: object) -> None:
    assert callable(piece)
    made = str(piece(HOSTILE))
    assert ESCAPED in made
    assert '<b>"' not in made


def test_a_class_of_a_code_is_escaped_as_well() -> None:
    assert f'class="code {ESCAPED}"' in str(markup.code("CL-1", HOSTILE))


def test_a_badge_is_kept_for_each_language_and_each_state_apart() -> None:
    page = '{% import "parts/figures.html" as figures %}{{ kept(figures.badge, status, "claim_status") }}'

    def shown(language: str, status: str) -> str:
        with speaking_to(reader(language)):
            return environment().from_string(page).render(status=status)

    first = [shown(language, status) for language in ("fr", "en") for status in ("closed", "settled")]
    again = [shown(language, status) for language in ("fr", "en") for status in ("closed", "settled")]
    assert first == again
    assert len(set(first)) == 4
    assert "Closed" in first[2]
    assert "Closed" not in first[0]
