"""Scripts say nothing of their own: words come from the page, in the reader's language."""

from __future__ import annotations

import re

from services.gateway.pages.assets import OWN

SAYS = re.compile(
    r"""(?:\.(?:textContent|innerText|title|alt|placeholder|ariaLabel)\s*=|(?:"aria-label"|"title"|"alt"),)\s*(["'`])(?P<words>.*?)\1"""
)


def spoken(source: str) -> list[str]:
    """Words that a script writes where people read or hear them."""
    texts = (re.sub(r"\$\{[^}]*\}", "", match["words"]) for match in SAYS.finditer(source))
    return [one for text in texts for one in re.findall(r"[^\W\d_]{2,}", text)]


def test_no_script_has_words_of_its_own() -> None:
    scripts = sorted(OWN.glob("*.js"))
    assert scripts
    assert {path.name: found for path in scripts if (found := spoken(path.read_text()))} == {}


def test_the_check_sees_them() -> None:
    slips = 'state.textContent = "Loading"; bar.setAttribute("aria-label", "Close it"); one.title = `${count} files`;'
    assert spoken(slips) == ["Loading", "Close", "it", "files"]
    assert (
        spoken("state.textContent = `${Math.round(value)} %`; one.textContent = form.dataset.wordDone;") == []
    )
