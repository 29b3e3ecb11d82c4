"""Fragments that are kept: what a page shows is what it would show if nothing were kept, whatever was asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from services.gateway.pages import fragments
from services.gateway.pages.claim_list import list_context
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.rendering import environment, render
from services.gateway.pages.speaking import speaking_to
from services.gateway.queries import ClaimQuery, ClaimRow
from services.gateway.queries.rows import FieldChange, LastChange, Page, RepairRow
from tests.unit.gateway import page_samples as samples

NOW = datetime(2026, 11, 23, 22, 58, 40, tzinfo=UTC)
ACTIVITY = '{% import "parts/figures.html" as figures %}{{ figures.activity(rows, "claim") }}'
FILES = '{% import "parts/files.html" as files %}{{ files.panel("files", "/x", rows) }}'

Step = tuple[str, Any]
"""One thing that becomes another: a field of the row, or of its reader."""

READER: Final[dict[str, list[Any]]] = {
    "language": sorted(LANGUAGES),
    "zone": ["Europe/Paris", "Asia/Jerusalem"],
    "now": [NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=3), NOW + timedelta(days=40)],
}
INSTANTS: Final = [
    NOW - timedelta(seconds=20),
    NOW - timedelta(minutes=90),
    NOW - timedelta(days=6, hours=23),
    NOW - timedelta(days=8),
    (NOW - timedelta(days=8)).astimezone(timezone(timedelta(hours=2))),
    (NOW - timedelta(minutes=90)).astimezone(timezone(timedelta(hours=2))),
]
CHANGES: Final = [
    (),
    *(
        (FieldChange(field, old, new),)
        for field, old, new in (
            ("note", 1, 2),
            ("note", True, 2),
            ("note", 2, 1),
            ("note", 2, True),
            ("note", 2, 1.0),
            ("repair.eta", None, "2026-12-25"),
            ("repair.eta", "2026-11-25", "2027-01-02"),
            ("third_parties", [], ["<b>"]),
        )
    ),
]
CLAIM: Final[dict[str, list[Any]]] = {
    "agency_id": ["agency-1", "agency-2"],
    "claim_number": ["CL-1", "CL-2"],
    "insured_name": ["", "Ωμέγα", "<i>"],
    "client_name": ["Σίγμα", "Άλφα"],
    "insurer_name": ["", "Άλφα"],
    "plate": ["", "AB-123-CD"],
    "line": ["motor_car", "home"],
    "kind": ["theft", "glass"],
    "event_date": [date(2026, 10, 9), date(2026, 10, 10)],
    "status": ["registered", "closed"],
    "unread": [True, False],
    "sequence": [1, 2],
    "repair": [
        None,
        RepairRow("body", 60, date(2026, 12, 2), 7, "parts"),
        RepairRow("body", 61, date(2026, 12, 2), 7, "parts"),
        RepairRow("body", 60, date(2027, 1, 2), 7, "parts"),
        RepairRow("body", 60, date(2026, 12, 2), 0, "parts"),
    ],
    "last_activity_at": INSTANTS,
    "last_change": [
        None,
        LastChange("note-added", "Ομάδα", "partner", NOW, ()),
        LastChange("note-added", "", "system", NOW, ()),
        *(LastChange("repair-progressed", "Ομάδα", "partner", NOW, one) for one in CHANGES),
    ],
}
ACTIVITY_FIELDS: Final[dict[str, list[Any]]] = {
    "happening": ["repair-progressed", "note-added"],
    "claim_number": ["CL-1", None],
    "actor_name": ["Ομάδα", ""],
    "actor_kind": ["partner", "system"],
    "at": INSTANTS,
    "changes": CHANGES,
}
FILE_FIELDS: Final[dict[str, list[Any]]] = {
    "id": ["file-1", "file-2"],
    "name": ["a.jpg", "<b>.pdf"],
    "content_type": ["image/jpeg", "application/pdf"],
    "type": ["damage_photo", "other"],
    "size": [1, 183_000],
    "uploaded_at": INSTANTS,
}


def ways(fields: dict[str, list[Any]]) -> st.SearchStrategy[list[Step]]:
    """Ways that a row and its reader take, one step at a time, there and back: a wrong key shows what stood there before."""
    everything = [(name, value) for name, values in {**READER, **fields}.items() for value in values]
    return st.lists(st.sampled_from(everything), min_size=20, max_size=60)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    fragments.forget()
    yield
    fragments.forget()


def listed(reader: Reader, row: ClaimRow) -> str:
    page = Page((row,), 1, 1, 1, 50)
    filters = {"insurer": (), "garage": ()}
    return render("claims/_answer.html", reader, list_context(ClaimQuery(), page, filters, ()))


def short(reader: Reader, row: ClaimRow) -> str:
    return render("claims/_rows.html", reader, {"rows": (row,)})


def written(source: str, reader: Reader, row: Any) -> str:
    with speaking_to(reader):
        return _template(source).render({"rows": (row,)})


@cache
def _template(source: str) -> Template:
    return environment().from_string(source)


def walked(way: list[Step], sample: Callable[..., Any], show: Callable[[Reader, Any], str]) -> None:
    """Show each step with what was kept from those before, then each with nothing kept."""
    state = {name: values[0] for name, values in READER.items()}
    shown: list[tuple[Reader, Any, str]] = []
    fragments.forget()
    for name, value in way:
        state[name] = value
        reader = Reader(LANGUAGES[state["language"]], ZoneInfo(state["zone"]), state["now"])
        row = sample(**{key: value for key, value in state.items() if key not in READER})
        shown.append((reader, row, show(reader, row)))
    for reader, row, before in shown:
        fragments.forget()
        assert show(reader, row) == before


@settings(max_examples=30, deadline=None)
@given(ways(CLAIM))
def test_a_claim_is_listed_as_if_nothing_were_kept(way: list[Step]) -> None:
    walked(way, samples.claim_row, lambda reader, row: listed(reader, row) + short(reader, row))


@settings(max_examples=30, deadline=None)
@given(ways(ACTIVITY_FIELDS))
def test_an_activity_is_told_as_if_nothing_were_kept(way: list[Step]) -> None:
    walked(way, samples.activity_row, partial(written, ACTIVITY))


@settings(max_examples=20, deadline=None)
@given(ways(FILE_FIELDS))
def test_files_are_shown_as_if_nothing_were_kept(way: list[Step]) -> None:
    walked(way, samples.document_row, partial(written, FILES))


class Counting:
    """A macro that knows what it was called with."""

    name = "counting"
    _func = staticmethod(render)

    def __init__(self) -> None:
        self.made: list[Any] = []

    def __call__(self, row: Any) -> str:
        self.made.append(row)
        return str(row.claim_number)


@pytest.mark.parametrize(
    "changed",
    [
        {"agency_id": "agency-2"},
        {"id": "claim-2"},
        {"sequence": 10},
        {"unread": False},
        {"garage_name": "Άλλη"},
        {"repair": None},
        {"last_change": None},
    ],
)
def test_what_was_made_is_not_made_again_but_for_another_value_or_reader(changed: dict[str, Any]) -> None:
    macro = Counting()
    for language in ("en", "en", "fr"):
        with speaking_to(samples.reader(language)):
            fragments.remembered(macro, samples.claim_row())
    assert len(macro.made) == 2
    with speaking_to(samples.reader()):
        fragments.remembered(macro, samples.claim_row(**changed))
    assert len(macro.made) == 3


def test_no_more_is_kept_than_there_is_room_for_and_what_was_not_asked_for_longest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fragments, "MOST", 2)
    macro = Counting()
    first, second, third = (samples.claim_row(claim_number=f"CL-{number}") for number in range(3))
    with speaking_to(samples.reader()):
        for one in (first, second, first, third, first, second):
            fragments.remembered(macro, one)
    assert macro.made == [first, second, third, second]
