"""A person with a browser."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page

from tests.fixtures.stack import Stack
from tests.fixtures.waiting import PATIENCE

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Arguments of a browser that does nothing by itself."""


class Visitor:
    """A person with a browser of his own: cookies, tabs, and every error that his pages had."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        """Nothing is open yet."""
        self._browser = browser
        self._stack = stack
        self._context: Any = None
        self.errors: list[str] = []
        self.requests: list[str] = []
        """Addresses that his tabs asked for, in order."""

    async def log_in(self, email: str, language: str = "", **device: Any) -> Page:
        """Log in by the page, as people do; gives the tab. `device` is what Playwright takes for a context."""
        account = self._stack.account(email)
        self._context = await self._browser.new_context(base_url=self._stack.url, **device)
        self._context.on("request", lambda request: self.requests.append(request.url))
        page = await self.tab("/login")
        await page.fill("input[name=email]", account.email)
        await page.fill("input[name=password]", account.password)
        await page.locator("form:has(input[name=password]) button[type=submit]").click()
        await page.wait_for_url("**/")
        if language:
            await self._context.request.post("/language", form={"language": language, "next": "/"})
        return page

    async def tab(self, path: str) -> Page:
        """Open one more tab."""
        page: Page = await self._context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._heed(page, said))
        await page.goto(path)
        return page

    async def open_live(self, path: str) -> Page:
        """Open a page and wait until it listens; `window.kept` tells later whether it was ever loaded anew."""
        page = await self.tab(path)
        await self.listen(page)
        return page

    async def listen(self, page: Page) -> None:
        """Wait until the page listens, and mark it."""
        await page.wait_for_selector("#live-dot[data-state=live]", state="attached")
        await page.evaluate("window.kept = true")

    def _heed(self, page: Page, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(f"{page.url}: {said.text} {said.location.get('url', '')}")

    async def close(self) -> None:
        """Close all tabs."""
        if self._context is not None:
            await self._context.close()
