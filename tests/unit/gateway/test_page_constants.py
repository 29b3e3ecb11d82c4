"""Jinja works out a filter of a constant once, when the template is compiled: in the language of whoever came first."""

from __future__ import annotations

from jinja2 import nodes

from services.gateway.pages.rendering import TEMPLATES, environment

SPEAKING = {
    "money", "percent", "day", "full_date", "instant", "ago", "days_until", "days_left", "word", "size", "count",
    "happening",
}  # fmt: skip
"""Filters whose answer depends on the reader."""


def frozen(source: str) -> list[str]:
    return [
        found.name
        for found in environment().parse(source).find_all(nodes.Filter)
        if found.name in SPEAKING and isinstance(found.node, nodes.Const)
    ]


def test_no_template_gives_a_constant_to_a_filter_that_speaks_to_the_reader() -> None:
    sources = {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATES.rglob("*.html")}
    assert {name: found for name, source in sources.items() if (found := frozen(source))} == {}


def test_the_check_sees_one() -> None:
    assert frozen('{{ "body" | word("repair_phase") }}{{ value | size }}') == ["word"]
