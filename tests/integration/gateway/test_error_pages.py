"""Addresses that do not exist, and crashes outside pages: people get a page in their language, programs a document."""

from __future__ import annotations

import pytest

from services.gateway.pages import visits
from shared.contracts.codes import Role
from tests.integration.gateway.frame import Desk

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Rien ici"), ("he", "אין כאן דבר"), ("en", "Nothing here")]
)
async def test_an_unknown_address_gets_a_page_in_the_language_of_the_browser(
    language: str, words: str, desk: Desk
) -> None:
    answer = await desk.browser(headers=BROWSER).get("/nowhere/at/all", headers={"accept-language": language})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert words in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_somebody_who_is_logged_in_keeps_the_frame_around_it(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    answer = await person.http.get("/nowhere", headers=BROWSER)
    assert answer.status_code == 404
    assert 'href="/claims"' in answer.text


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/partners/v1/nowhere", "/health/nowhere"])
async def test_programs_addresses_keep_their_documents_whoever_asks(path: str, desk: Desk) -> None:
    answer = await desk.browser(headers=BROWSER).get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_program_gets_a_document_at_a_pages_address_too(desk: Desk) -> None:
    answer = await desk.browser(headers={"accept": "*/*"}).get("/nowhere")
    assert answer.json()["code"] == "not_found"


async def test_a_method_that_an_address_does_not_take_is_a_page_too(desk: Desk) -> None:
    answer = await desk.browser(headers=BROWSER).post("/claims")
    assert answer.status_code == 405
    assert "<html" in answer.text


async def test_a_role_that_may_not_is_told_so_on_a_page(desk: Desk) -> None:
    person = await desk.person(role=Role.OPS)
    answer = await person.http.get("/claims", headers=BROWSER)
    assert answer.status_code == 403
    assert "<html" in answer.text


async def test_a_page_comes_even_when_it_cannot_be_told_who_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_request: object) -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(visits, "reading_user", broken)
    answer = await desk.browser(headers=BROWSER).get("/claims", headers={"accept-language": "en"})
    assert answer.status_code == 500
    assert "Reference for support" in answer.text
    assert "no database" not in answer.text


async def test_the_style_guide_is_off_in_production(desk: Desk) -> None:
    browser = desk.browser(headers=BROWSER)
    assert (await browser.get("/styleguide")).status_code == 200
    desk.settings.env = "production"
    assert (await browser.get("/styleguide")).status_code == 404
