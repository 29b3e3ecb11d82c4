"""What pages weigh in a browser that was never here, and whether they jump while they load. Prints a table."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.fixtures.desk import desk_of
from tests.fixtures.stack import Stack
from tests.visual.places import LANGUAGES, STOPS, Places, places_of
from tests.visual.walker import DESK, HEIGHTS, PHONE

FIRST_LOAD = 200_000
LATER_PAGE = 40_000
PICTURE = re.compile(r"/api/v1/files/[^/]+/(content|thumbnail)")
"""What people uploaded: small on tiles, loaded when it is scrolled into sight, and not part of the page."""
SHIFT = 0.1
"""Core Web Vitals call a page that shifts less than this good."""
LATER = (
    "claims", "claim", "clients", "client", "contract", "contract-events", "contract-receipts",
    "contract-documents", "contract-claims", "alerts", "search-found", "file", "profile",
)  # fmt: skip
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Scales:
    """Counts the bytes that come over the line for one tab: bodies as they are sent, and headers."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.by_address: dict[str, int] = {}
        self._addresses: dict[str, str] = {}

    async def watch(self) -> None:
        """Begin to count, with the browser's own figures."""
        session = await self.page.context.new_cdp_session(self.page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        address = self._addresses.get(event["requestId"], "")
        self.by_address[address] = self.by_address.get(address, 0) + int(event["encodedDataLength"])

    async def weigh(self, path: str) -> tuple[int, int, float]:
        """Load a page; gives its bytes, those of people's pictures on it apart, and how far it shifted."""
        self.by_address.clear()
        await self.page.goto(path, wait_until="load")
        await self.page.wait_for_function(
            "[...document.images].every((one) => one.complete || one.loading === 'lazy')"
        )
        await self.page.evaluate("document.fonts.ready")
        await self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))"
        )
        sizes = self.by_address.items()
        pictures = sum(size for address, size in sizes if PICTURE.search(address))
        shift = float(await self.page.evaluate("window.shift"))
        return sum(self.by_address.values()) - pictures, pictures, shift

    def heaviest(self) -> str:
        """What weighed most."""
        top = sorted(self.by_address.items(), key=lambda one: -one[1])[:6]
        return ", ".join(f"{address.rpartition('/')[2] or address} {size:,}" for address, size in top)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places(stack: Stack) -> AsyncIterator[dict[str, Places]]:
    found = {}
    for language, user in LANGUAGES.items():
        async with desk_of(stack, user) as desk:
            found[language] = await places_of(desk.client)
    yield found


async def cold(browser: Browser, stack: Stack, language: str, width: int) -> BrowserContext:
    """A browser whose user is logged in and that has nothing in its cache."""
    context = await browser.new_context(
        base_url=stack.url, locale=language, viewport={"width": width, "height": HEIGHTS[width]}
    )
    await context.add_init_script(WATCH)
    cookies, _ = stack.sessions[stack.account(LANGUAGES[language]).email]
    await context.add_cookies(
        [{"name": name, "value": value, "url": stack.url} for name, value in cookies.items()]
    )
    return context


async def test_pages_keep_to_their_budgets_and_do_not_jump(
    stack: Stack, browser: Browser, places: dict[str, Places]
) -> None:
    complaints = []
    print(f"\n{'page':<32}{'bytes':>9}{'pictures':>10}{'shift':>8}")
    for language, width in (("fr", DESK), ("he", PHONE), ("en", DESK)):
        context = await cold(browser, stack, language, width)
        scales = Scales(await context.new_page())
        await scales.watch()
        for name in ("home", *LATER):
            size, pictures, shift = await scales.weigh(STOPS[name].path(places[language]))
            budget = FIRST_LOAD if name == "home" else LATER_PAGE
            print(
                f"{language} {width:>4} {name + (' (first)' if name == 'home' else ''):<24}{size:>9,}{pictures:>10,}{shift:>8.3f}"
            )
            if size > budget:
                complaints.append(
                    f"{language} {name}: {size:,} bytes, {budget:,} allowed: {scales.heaviest()}"
                )
            if name != "file" and any(one.endswith("/content") for one in scales.by_address):
                complaints.append(f"{language} {name}: loads a whole picture for a tile")
            if shift > SHIFT:
                complaints.append(f"{language} {name}: shifts by {shift:.3f}")
        await context.close()
    assert complaints == []


async def test_the_first_visit_of_all_is_light_too(stack: Stack, browser: Browser) -> None:
    context = await browser.new_context(base_url=stack.url, locale="fr")
    await context.add_init_script(WATCH)
    scales = Scales(await context.new_page())
    await scales.watch()
    size, pictures, shift = await scales.weigh("/login")
    print(f"\n{'fr login (first)':<32}{size:>9,}{pictures:>10,}{shift:>8.3f}")
    await context.close()
    assert size <= FIRST_LOAD
    assert shift <= SHIFT
