"""Answers that are put together of blocks that were compressed at other times: any reader of gzip unpacks what was written."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from services.gateway.pages import fragments, rendering
from services.gateway.pages.packing import Packed, gzipped, packed
from services.gateway.pages.rendering import environment, write
from services.gateway.pages.speaking import PLACE
from tests.unit.gateway import page_samples as samples
from tests.unit.gateway.test_page_fragments import nothing_kept

__all__ = ["nothing_kept"]

LONG = "<td>Ωμέγα</td>" * 9000
TEXTS = st.one_of(st.text(max_size=300), st.sampled_from(["", "\n", LONG, LONG[7:]]))
PIECES = st.lists(st.tuples(TEXTS, st.booleans()), max_size=8)


@given(PIECES)
def test_what_is_put_together_unpacks_to_all_of_it_in_order(pieces: list[tuple[str, bool]]) -> None:
    made: list[str | Packed] = [packed(text) if early else text for text, early in pieces]
    assert gzip.decompress(gzipped(made)).decode() == "".join(text for text, _ in pieces)


def test_a_packed_text_is_read_again_and_stands_in_as_many_answers_as_one_likes() -> None:
    part = packed(LONG)
    assert part.text == LONG
    for before, after in (("", ""), ("a", "ß"), (LONG, LONG)):
        assert gzip.decompress(gzipped([before, part, part, after])).decode() == before + LONG * 2 + after


def test_the_check_of_the_whole_is_that_of_its_bytes() -> None:
    answer = gzipped(["<p>", packed(LONG), "</p>" * 50])
    body = f"<p>{LONG}{'</p>' * 50}".encode()
    assert answer[-8:-4] == zlib.crc32(body).to_bytes(4, "little")
    assert answer[-4:] == len(body).to_bytes(4, "little")
    broken = answer[:-5] + bytes([answer[-5] ^ 1]) + answer[-4:]
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(broken)


def test_an_answer_of_parts_is_hardly_longer_than_one_that_is_compressed_as_a_whole() -> None:
    texts = [f"<section>{number}{'<li>Ωμέγα</li>' * 400}</section>" for number in range(8)]
    whole = len(gzip.compress("".join(texts).encode(), 5))
    assert len(gzipped([packed(text) for text in texts])) < whole + 8 * 150


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Templates of a test's own, in an environment that is like that of pages."""
    sources: dict[str, str] = {"parts": "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}"}
    monkeypatch.setattr(rendering, "environment", lambda: environment().overlay(loader=DictLoader(sources)))
    return sources


def test_parts_stand_where_they_were_called_and_what_people_type_leaves_no_place(
    templates: dict[str, str],
) -> None:
    templates["page"] = (
        '1{{ part("parts", "bold", typed) }}2{{ typed }}3{{ part("parts", "bold", "x") }}{# #}'
    )
    typed = str(PLACE)
    for _ in range(2):
        page = write("page", samples.reader(), {"typed": typed})
        escaped = typed.replace("<", "&lt;").replace(">", "&gt;")
        assert page.html == f"1<b>{escaped}</b>2{escaped}3<b>x</b>"
        assert [type(one) for one in page.pieces] == [str, Packed, str, Packed, str]


def test_a_part_within_a_part_is_written_out(templates: dict[str, str]) -> None:
    templates["parts"] += '{% macro both() %}({{ part("parts", "bold", "x") }}){% endmacro %}'
    templates["page"] = '{{ part("parts", "both") }}{{ part("parts", "bold", "x") }}'
    for _ in range(2):
        assert write("page", samples.reader(), {}).html == "(<b>x</b>)<b>x</b>"
    fragments.forget()
    templates["page"] = '{{ part("parts", "bold", "x") }}{{ part("parts", "both") }}'
    assert write("page", samples.reader(), {}).html == "<b>x</b>(<b>x</b>)"


def test_a_part_that_a_template_does_not_write_where_it_calls_it_is_an_error(
    templates: dict[str, str],
) -> None:
    templates["page"] = '{{ part("parts", "bold", "x") | length }}'
    with pytest.raises(RuntimeError, match="page"):
        write("page", samples.reader(), {})
