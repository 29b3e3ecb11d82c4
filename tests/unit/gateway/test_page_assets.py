"""Static files: a version in each address, only what is listed, compressed once; and colours that can be read."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from services.gateway.pages.assets import OWN, AssetsMissingError, asset_url, serve_asset, versions
from services.gateway.pages.rendering import TEMPLATES

FIRST_LOAD_BUDGET = 200_000
"""Bytes, compressed, of all that a first visit loads besides the page itself (ui.md)."""
AA = 4.5


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/static/{package}/{path:path}", serve_asset)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def named_assets() -> set[str]:
    found = set()
    for path in TEMPLATES.rglob("*.html"):
        found |= set(re.findall(r"asset\(['\"]([^'\"]+)['\"]\)", path.read_text()))
    return found


async def test_every_asset_that_a_page_names_is_served_for_a_year(browser: httpx.AsyncClient) -> None:
    assert named_assets()
    for name in named_assets():
        answer = await browser.get(asset_url(name))
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_address_of_another_version_is_answered_but_not_kept(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/static/desk@0/desk.css")
    assert answer.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "path",
    [
        "/static/desk@1/../pages/assets.py",
        "/static/desk@1/%2e%2e/pages/assets.py",
        "/static/tabler@1.6.1/%2e%2e/package.json",
        "/static/tabler@1.6.1/tabler.css",
        "/static/unknown@1/x.js",
        "/static/desk@1/css",
    ],
)
async def test_nothing_but_what_is_listed_is_served(path: str, browser: httpx.AsyncClient) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_texts_are_compressed_for_who_can_take_it_and_fonts_are_not(browser: httpx.AsyncClient) -> None:
    plain = await browser.get(asset_url("desk/desk.css"), headers={"accept-encoding": "identity"})
    small = await browser.get(asset_url("desk/desk.css"), headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["vary"] == "accept-encoding"
    assert small.content == plain.content
    font = await browser.get(
        asset_url("heebo/heebo-latin-wght-normal.woff2"), headers={"accept-encoding": "gzip"}
    )
    assert "content-encoding" not in font.headers
    assert font.headers["content-type"] == "font/woff2"


async def test_own_styles_are_one_file_that_names_fonts_by_their_versioned_address(
    browser: httpx.AsyncClient,
) -> None:
    css = (await browser.get(asset_url("desk/desk.css"))).text
    assert "vendor:" not in css
    assert asset_url("heebo/heebo-hebrew-wght-normal.woff2") in css
    for path in (OWN / "css").glob("*.css"):
        assert path.read_text().splitlines()[0] in css


def test_own_styles_use_logical_properties_so_that_they_turn_with_the_page() -> None:
    sided = re.compile(
        r"(?<![\w-])(margin|padding|border)-(left|right)(?!-color)|(?<![\w-])(left|right)\s*:|text-align: (left|right)|float:(?! inline-)"
    )
    for path in (OWN / "css").glob("*.css"):
        found = [
            line for line in path.read_text().splitlines() if sided.search(line) and ".plate" not in line
        ]
        assert found == [], "a plate's strip stands on the left in every language; nothing else does"


def test_paper_has_one_style_sheet_after_all_others_and_no_rule_for_phones_reaches_it() -> None:
    """An A4 page is narrower than a tablet: a phone's layout would be printed, cards instead of tables."""
    sheets = sorted((OWN / "css").glob("*.css"))
    assert sheets[-1].name == "95-paper.css"
    for path in sheets:
        text = path.read_text()
        assert ("@media print" in text) == (path == sheets[-1]), path.name
        assert "@media (max-width: 767.98px)" not in text, f"{path.name}: `@media screen and …`"


async def test_a_first_visit_stays_within_its_budget(browser: httpx.AsyncClient) -> None:
    scripts = {f"desk/{path.name}" for path in OWN.glob("*.js")}
    names = (named_assets() | scripts) - {"tabler/tabler.rtl.min.css"}
    total = 0
    for name in names:
        async with browser.stream("GET", asset_url(name), headers={"accept-encoding": "gzip"}) as answer:
            total += len(b"".join([part async for part in answer.aiter_raw()]))
    assert total < FIRST_LOAD_BUDGET, f"{total} bytes"


def test_a_missing_package_is_named_with_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    versions.cache_clear()
    monkeypatch.setattr("services.gateway.pages.assets.NODE_MODULES", tmp_path)
    with pytest.raises(AssetsMissingError, match="@tabler/core is not installed: run `npm ci`"):
        versions()
    monkeypatch.undo()
    versions.cache_clear()


async def test_the_bodies_are_the_packages_own(browser: httpx.AsyncClient) -> None:
    body = (await browser.get(asset_url("htmx/htmx.min.js"))).content
    assert body.startswith(b"var htmx")
    assert len(gzip.compress(body)) < 20_000


def tokens(theme: str) -> dict[str, tuple[float, float, float]]:
    css = (OWN / "css" / "00-tokens.css").read_text()
    block = re.search(rf'\[data-bs-theme="{theme}"\] \{{(.*?)\n\}}', css, re.DOTALL)
    assert block is not None
    found = {}
    for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block[1]):
        digits = value[1:] if len(value) == 7 else "".join(one * 2 for one in value[1:])
        red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
        found[name] = (red, green, blue)
    return found


def luminance(colour: tuple[float, float, float]) -> float:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *[(f"{tone}-ink", f"{tone}-ground") for tone in ("info", "good", "warn", "bad", "muted")],
        *[(ink, ground) for ink in ("ink", "quiet", "link") for ground in ("ground", "surface", "surface-2")],
        ("ink", "fresh"),
        ("warn-ink", "fresh"),
        ("bad-ink", "surface"),
        ("good-ink", "surface"),
        ("warn-ink", "surface"),
        ("on-brand", "brand"),
        ("link", "brand-soft"),
        ("info-ink", "brand-soft"),
    ],
)
def test_every_pair_of_ink_and_ground_can_be_read(theme: str, ink: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: text needs 4.5:1."""
    found = tokens(theme)
    light, dark = sorted((luminance(found[ink]), luminance(found[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= AA
