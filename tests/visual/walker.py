"""A browser that walks over the pages, looks at each, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from babel.messages.pofile import read_po
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from services.gateway.pages.assets import NODE_MODULES
from services.gateway.pages.languages import CATALOGS
from tests.visual.places import STOPS, Places, Stop

HERE: Final = Path(__file__).parent
PASSWORD: Final = "demo-dossier"
PHONE, TABLET, DESK = 360, 768, 1440
HEIGHTS: Final = {PHONE: 740, TABLET: 1024, DESK: 900}
ZOOMED: Final = (640, 320)
"""Widths that the pages must also fit: 1280 px at 200 %, and at 400 % (WCAG 1.4.10)."""
PAPER: Final = 703
"""CSS pixels between the margins of an A4 page (`95-paper.css`)."""
TALLEST: Final = 6000
"""A picture ends there, in pixels."""
SETTLED: Final = """async () => {
  const frame = () => new Promise((done) => { requestAnimationFrame(done); setTimeout(done, 500); });
  const turning = () => document.getAnimations().some((one) => one instanceof CSSTransition && one.playState === "running");
  const end = performance.now() + 5000;
  do { await frame(); await frame(); } while (turning() && performance.now() < end);
}"""
"""Colours change by transitions, level by level: a measurement in between would be of neither theme. A window that the browser
thinks covered draws no frames and ends no transition, so neither is waited for without a bound."""
Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
QUIET_WORDS: Final = ("Failed to load resource: the server responded with a status of 404",)


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    width: int
    theme: Theme

    def __str__(self) -> str:
        """As in the name of a picture."""
        return f"{self.width}-{self.theme}"


@dataclass
class Walker:
    """A user at a device, in one language. `said` is what the browser complained of since it was last asked."""

    url: str
    language: str
    context: BrowserContext
    places: Places
    said: list[str] = field(default_factory=list)

    async def open(self, name: str) -> Page:
        """Open a page and wait until all of it is there."""
        stop = STOPS[name]
        if stop.visitor == "ops":  # has no agency and so no language of his own
            await self.context.request.post("/language", form={"language": self.language, "next": "/"})
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.said.append(f"script error: {error}"))
        page.on("console", self._heed)
        answer = await page.goto(stop.path(self.places), wait_until="load")
        self._expect(answer, stop)
        await page.evaluate("document.fonts.ready")
        if stop.press and await page.locator(stop.press).first.is_visible():
            await page.locator(stop.press).first.click()
            await page.keyboard.type(stop.keys)
            if stop.shows:
                await page.locator(stop.shows).first.wait_for()
        return page

    async def look(
        self, page: Page, name: str, look: Look, *, axe: bool = True, touch: bool = True
    ) -> list[str]:
        """Look at an open page in a size and a theme; gives what is wrong with it."""
        await self.turn(page, look)
        wanted = {
            "language": self.language,
            "width": look.width,
            "frame": STOPS[name].visitor == "desk",
            "covered": look.width == PHONE and STOPS[name].shows == "#search-panel",
            "touch": touch and look.width == PHONE,
            "english": english_texts(self.language),
        }
        found: list[str] = await page.evaluate(_script("checks.js"), wanted)
        if axe:
            found += await axe_findings(page)
        return found + self.complaints()

    async def turn(self, page: Page, look: Look) -> None:
        """Change size and theme of an open page, as turning a device or the evening does."""
        await page.emulate_media(color_scheme=look.theme, reduced_motion="reduce", media="screen")
        await page.set_viewport_size({"width": look.width, "height": HEIGHTS.get(look.width, 900)})
        await page.evaluate(SETTLED)

    async def zoom(self, page: Page) -> list[str]:
        """Say where the page scrolls sideways when it is zoomed."""
        found: list[str] = []
        for width in ZOOMED:
            answers = await self.look(page, _ANY, Look(width, "light"), axe=False)
            found += [f"at {width} px {one}" for one in answers if one.startswith("scrolls")]
        return found

    async def focus(self, page: Page) -> list[str]:
        """Say where the keyboard's focus cannot be seen."""
        await page.keyboard.press("Tab")
        found: list[str] = await page.evaluate(_script("focus.js"))
        return found

    async def print(self, page: Page, picture: Path | None = None) -> list[str]:
        """Say what is on paper though only a screen can use it, and what paper lacks; the picture is as wide as a page."""
        await page.emulate_media(media="print", color_scheme="light")
        await page.set_viewport_size({"width": PAPER, "height": 1000})
        await page.evaluate(SETTLED)
        found: list[str] = await page.evaluate(_script("paper.js"), PAPER)
        if picture:
            await page.screenshot(path=picture, full_page=True, type="jpeg", quality=80)
        await page.emulate_media(media="screen")
        return found

    async def picture(self, page: Page, path: Path, look: Look) -> None:
        """Take a picture of the whole page, with what sticks to the lower edge of the screen at its end."""
        height: int = await page.evaluate(
            "document.querySelector('dialog:modal') ? 0 : document.documentElement.scrollHeight"
        )
        await page.set_viewport_size(
            {"width": look.width, "height": min(max(height, HEIGHTS[look.width]), TALLEST)}
        )
        await page.wait_for_function(
            "() => [...document.images].every((one) => one.complete || one.getBoundingClientRect().top > innerHeight)"
        )
        await page.screenshot(path=path, type="jpeg", quality=75)

    def complaints(self) -> list[str]:
        """Take what the browser said."""
        said, self.said = self.said, []
        return said

    def _heed(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(QUIET_WORDS):
            self.said.append(f"console: {message.text}")

    def _expect(self, answer: Response | None, stop: Stop) -> None:
        status = answer.status if answer else 0
        if status != stop.status:
            self.said.append(f"status {status} instead of {stop.status}")


_ANY: Final = "home"


@asynccontextmanager
async def walking(
    browser: Browser, url: str, language: str, email: str, places: Places, *, phone: bool = False
) -> AsyncIterator[Walker]:
    """Somebody with a device; without an e-mail address nobody is logged in."""
    width = PHONE if phone else DESK
    context = await browser.new_context(
        base_url=url,
        locale=language,
        timezone_id="Europe/Paris",
        color_scheme="light",
        reduced_motion="reduce",
        viewport={"width": width, "height": HEIGHTS[width]},
        has_touch=phone,
        is_mobile=phone,
    )
    try:
        if email:
            answer = await context.request.post(
                "/api/v1/session", data={"email": email, "password": PASSWORD}
            )
            assert answer.status == 200, await answer.text()
        yield Walker(url, language, context, places)
    finally:
        await context.close()


async def axe_findings(page: Page) -> list[str]:
    """Run axe-core with all of its rules; gives a sentence per rule that is broken, with the elements."""
    await page.evaluate(_axe())
    answer: dict[str, Any] = await page.evaluate(
        "() => axe.run(document, {resultTypes: ['violations'], preload: false})"
    )
    return [
        f"axe {one['id']}: {one['help']}: " + "; ".join(_node(node) for node in one["nodes"][:4])
        + (f" and {len(one['nodes']) - 4} more" if len(one["nodes"]) > 4 else "")
        for one in answer["violations"]
    ]  # fmt: skip


def _node(node: dict[str, Any]) -> str:
    data = [part.get("data") for part in node["any"]]
    contrast = next(
        (
            f" ({one['fgColor']} on {one['bgColor']}: {one['contrastRatio']})"
            for one in data
            if isinstance(one, dict) and "contrastRatio" in one
        ),
        "",
    )
    return " ".join(map(str, node["target"])) + contrast


@cache
def _axe() -> str:
    path = NODE_MODULES / "axe-core" / "axe.min.js"
    assert path.is_file(), "axe-core is not installed: `make test` installs it"
    return path.read_text(encoding="utf-8")


@cache
def _script(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def english_texts(language: str) -> Sequence[str]:
    """Texts of the sources whose translation reads differently: none of them may stand on a page."""
    path = CATALOGS / language / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        catalog = read_po(file)
    texts = [(one.id, str(one.string)) for one in catalog if isinstance(one.id, str) and one.id]
    said = {text for _, text in texts}
    return sorted({one for one, text in texts if text and one not in said})
