"""Parts of pages that are kept by what the database told: shown as if nothing were kept, and read only when they are made."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from services.gateway.pages import fragments
from services.gateway.pages.claim_list import list_context
from services.gateway.pages.claim_shown import Marks
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.rendering import environment, render
from services.gateway.pages.speaking import speaking_to
from services.gateway.queries import ChangedField, ClaimDetail, ClaimQuery, Rows, Told
from services.gateway.queries.history import history
from services.gateway.queries.mapping import (
    claim_row,
    client_state,
    contract_row,
    document_row,
    known_names,
)
from services.gateway.queries.needs import SILENT_AFTER
from services.gateway.queries.rows import Page, PartnerCard
from shared.contracts.claims import ClaimState
from tests.unit.gateway import page_samples as samples
from tests.unit.gateway.test_page_fragments import CHANGES, NOW, READER, Step, nothing_kept, ways

__all__ = ["nothing_kept"]
"""A fixture for every test here as well."""

INSTANTS: Final = [NOW - timedelta(seconds=20), NOW - timedelta(minutes=90), NOW - timedelta(days=8)]
PARTNERS: Final = [
    {},
    {"garage-one": PartnerCard("garage-one", "Ομάδα")},
    {"garage-one": PartnerCard("garage-one", "Άλλη", city="Πόλη")},
]
TOLD_CHANGES: Final = [
    json.dumps([{"field": one.field, "old": one.old, "new": one.new} for one in changes])
    for changes in CHANGES
]


def text_of(state: Any) -> str:
    """A state as the database tells it."""
    return str(state.model_dump_json())


def activity(values: dict[str, Any]) -> Any:
    row = {
        "event_id": "event-1",
        "happening": "repair-progressed",
        "aggregate": "claim",
        "subject_id": "claim-1",
        "sequence": 9,
        "at": NOW,
        "actor_kind": "partner",
        "actor_id": "garage-one",
        "actor_name": "",
        "changes": "[]",
        "client_id": "client-1",
        "policy_number": None,
        "claim_number": "CL-1",
    }
    return history([{**row, **values, "partners": None}], values["partners"])


ACTIVITY: Final[dict[str, list[Any]]] = {
    "happening": ["repair-progressed", "note-added"],
    "actor_kind": ["partner", "system", "user"],
    "actor_name": ["", "Ομάδα"],
    "at": INSTANTS,
    "changes": TOLD_CHANGES,
    "policy_number": [None, "45-1"],
    "claim_number": ["CL-1", None],
    "partners": PARTNERS,
}


def claims(values: dict[str, Any]) -> Rows[Any]:
    row: dict[str, Any] = {
        "id": "claim-1",
        "agency_id": "agency-1",
        "policy_number": "45-1",
        "client_id": "client-1",
        "client_name": "Σίγμα",
        "event_date": date(2026, 10, 9),
        "line": "motor_car",
        "is_open": True,
        "insurer": "insurer-alpha",
        "insurer_name": "Άλφα",
        "garage": None,
        "garage_name": "",
        "files_at": None,
    }
    partners = values["partners"]
    found = [{**row, **values, "partners": None}]
    return Rows(found, lambda one: claim_row(one, partners), known_names(partners))


CLAIMS: Final[dict[str, list[Any]]] = {
    "claim_number": ["CL-1", "CL-2"],
    "insured_name": ["", "<i>"],
    "plate": ["", "AB-123-CD"],
    "kind": ["theft", "glass"],
    "status": ["registered", "closed"],
    "unread": [True, False],
    "sequence": [1, 2],
    "repair": [
        None,
        *(
            json.dumps({"phase": "body", "percent": one, "eta": eta, "slipped_days": 1, "delay_reason": None})
            for one, eta in ((60, None), (61, "2026-12-02"), (61, "2027-01-02"))
        ),
    ],
    "last_activity_at": INSTANTS,
    "last_change": [
        None,
        *(
            json.dumps(
                {
                    "happening": "repair-progressed",
                    "by": "",
                    "actor_kind": "partner",
                    "actor_id": "garage-one",
                    "at": NOW.isoformat(),
                    "changes": json.loads(one),
                }
            )
            for one in TOLD_CHANGES
        ),
    ],
    "partners": PARTNERS,
}
CONTRACTS: Final[dict[str, list[Any]]] = {
    "status": ["in_force", "suspended"],
    "version": [1, 2],
    "formula": ["comprehensive", "third_party"],
    "annual_premium": [{"amount": "10.00", "currency": "EUR"}, {"amount": "10.00", "currency": "ILS"}],
}
FILES: Final[dict[str, list[Any]]] = {
    "name": ["a.jpg", "<b>.pdf"],
    "content_type": ["image/jpeg", "application/pdf"],
    "type": ["damage_photo", "other"],
    "size": [1, 183_000],
    "uploaded_at": [one.isoformat() for one in INSTANTS],
}
DETAIL: Final = {"value": "x@y.example", "confirmed": {"at": INSTANTS[0].isoformat(), "by": "Άλφα"}}
CLIENT: Final[dict[str, list[Any]]] = {
    "kind": ["person", "company"],
    "name": ["Ωμέγα", "<i>"],
    "identity_number": ["", "*****6782"],
    "born_on": [None, "1980-02-03"],
    "language": ["fr", "he"],
    "email": [
        None,
        DETAIL,
        {**DETAIL, "confirmed": {"at": INSTANTS[1].isoformat()}},
        {"value": "z@y.example"},
    ],
    "address": [
        None,
        {"value": {"street": "Οδός 7", "postal_code": "38000", "city": "Πόλη", "country": "FR"}},
        {"value": {"street": "Οδός 7", "postal_code": "38000", "city": "Πόλη", "country": "IL"}},
    ],
}
REPAIR: Final = {"phase": "body", "percent": 60, "eta": "2026-12-02"}
CLAIM: Final[dict[str, list[Any]]] = {
    "status": ["under_assessment", "settled", "closed"],
    "line": ["motor_car", "home"],
    "plate": ["", "12-345-67"],
    "description": ["", "<b>"],
    "repair": [
        None,
        {**REPAIR, "updated_at": INSTANTS[0].isoformat()},
        {**REPAIR, "updated_at": (NOW - SILENT_AFTER + timedelta(minutes=2)).isoformat()},
        {**REPAIR, "updated_at": INSTANTS[2].isoformat()},
        {**REPAIR, "updated_at": INSTANTS[2].isoformat(), "eta": "2026-11-24"},
    ],
    "garage": [None, {"partner_id": "garage-one", "name": ""}],
    "settlement": [
        {},
        {"requested_documents": ["demand_letter"]},
        {
            "payments": [
                {
                    "reference": "P-1",
                    "kind": "indemnity",
                    "amount": "10.00",
                    "currency": "EUR",
                    "method": "cheque",
                    "cheque": {"number": "7", "matures_on": "2026-11-24", "status": "received"},
                }
            ]
        },
    ],
    "partners": PARTNERS,
    "marks": [
        (),
        *(
            (ChangedField("status", old, new, NOW, ""),)
            for old, new in ((1, 2), (True, 2), ("reported", "x"))
        ),
        (ChangedField("third_parties", [], ["<b>"], NOW, ""),),
    ],
}


def claim_page(reader: Reader, values: dict[str, Any]) -> str:
    """All parts of a claim's page, told as `tell_claim` tells them."""
    partners, client = values["partners"], client_state(text_of(samples.client_state()))
    more = {name: value for name, value in values.items() if name not in {"partners", "marks"}}
    text = text_of(samples.claim_state(**more))

    def whole() -> ClaimDetail:
        state = ClaimState.model_validate_json(text)
        garage = partners.get("garage-one") if state.garage else None
        return samples.claim_detail(state=state, garage=garage, client=client.value, documents=())

    told = Told((text, known_names(partners)), whole)
    directory = Told((known_names(partners),), lambda: {"garage": tuple(partners.values())})
    shown = "".join(
        f'{{{{ part("claims/_parts.html", "{name}", claim, marks) }}}}' for name in ("top", "work", "side")
    )
    shown += '{{ part("claims/_parts.html", "documents", claim) }}'
    shown += '{{ part("claims/_dialogs.html", "closed", claim, directory) }}'
    return written(shown, reader, claim=told, marks=Marks(values["marks"]), directory=directory)


def listed(reader: Reader, values: dict[str, Any]) -> str:
    page = Page(claims(values), 1, 1, 1, 50)
    context = list_context(ClaimQuery(), page, {"insurer": (), "garage": ()}, ())
    short = written('{{ part("clients/_client.html", "claims", rows) }}', reader, rows=claims(values))
    return render("claims/_answer.html", reader, context) + short


def contracts(reader: Reader, values: dict[str, Any]) -> str:
    text = text_of(samples.contract_state(**values))
    row = {"state": text, "policy_number": "45-1", "insurer": "a", "sequence": 1, "last_activity_at": NOW}
    return written(
        '{{ part("clients/_client.html", "contracts", rows) }}', reader, rows=Rows([row], contract_row)
    )


def files(reader: Reader, values: dict[str, Any]) -> str:
    state = {
        "id": "file-1",
        "agency_id": "agency-1",
        "sha256": "",
        "uploaded_by": {"kind": "user", "id": "user-1"},
        "updated_at": NOW.isoformat(),
        **values,
    }
    rows = Rows([{"state": json.dumps(state), "client_id": None}], document_row)
    return written('{{ part("parts/files.html", "panel", "files", "/x", rows) }}', reader, rows=rows)


def client(reader: Reader, values: dict[str, Any]) -> str:
    state = client_state(text_of(samples.client_state(**values)))
    both = (
        '{{ part("clients/_client.html", "top", state) }}{{ part("clients/_client.html", "dialogs", state) }}'
    )
    return written(both, reader, state=state)


def told(reader: Reader, values: dict[str, Any]) -> str:
    both = '{{ part("clients/_client.html", "activity", rows) }}{{ part("claims/_parts.html", "activity", rows) }}'
    return written(both, reader, rows=activity(values))


def written(source: str, reader: Reader, **context: Any) -> str:
    with speaking_to(reader):
        return _template(source).render(context)


@cache
def _template(source: str) -> Template:
    return environment().from_string(source)


def reader_of(state: dict[str, Any]) -> Reader:
    return Reader(
        LANGUAGES[state["language"]],
        ZoneInfo(state["zone"]),
        state["now"],
        frozenset({state.get("home", "FR")}),
    )


Show = Callable[[Reader, dict[str, Any]], str]
PARTS: Final[dict[str, tuple[dict[str, list[Any]], Show]]] = {
    "activity": (ACTIVITY, told),
    "claims": (CLAIMS, listed),
    "contracts": (CONTRACTS, contracts),
    "files": (FILES, files),
    "client": (CLIENT, client),
    "claim": (CLAIM, claim_page),
}


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_part_shows_what_it_would_show_if_nothing_were_kept(part: str, data: st.DataObject) -> None:
    fields, show = PARTS[part]
    way: list[Step] = data.draw(
        ways({"home": ["FR", "IL"], **{f"told {name}": values for name, values in fields.items()}})
    )
    state: dict[str, Any] = {name: values[0] for name, values in READER.items()}
    values = {name: some[0] for name, some in fields.items()}
    shown: list[tuple[Reader, dict[str, Any], str]] = []
    fragments.forget()
    for name, value in way:
        if name.startswith("told "):
            values = {**values, name.removeprefix("told "): value}
        else:
            state[name] = value
        reader = reader_of(state)
        shown.append((reader, values, show(reader, values)))
    for reader, values, before in shown:
        fragments.forget()
        assert show(reader, values) == before


def test_what_is_told_again_is_neither_read_nor_made_again() -> None:
    made: list[str] = []

    def client_of(text: str) -> Told[Any]:
        def make() -> Any:
            made.append(text)
            return client_state(text).value

        return Told(text, make)

    first, second = (text_of(samples.client_state(name=name)) for name in ("Άλφα", "Βήτα"))
    shown = []
    for language, text in (("en", first), ("en", first), ("fr", first), ("en", second), ("en", first)):
        page = '{{ part("clients/_client.html", "top", state) }}'
        shown.append(written(page, samples.reader(language), state=client_of(text)))
    assert made == [first, first, second]
    assert shown[0] == shown[1] == shown[4]
    assert len(set(shown)) == 3


@pytest.mark.parametrize(
    "argument", [Told.of(samples.client_state()), Told((["a list"],), samples.client_state)]
)
def test_what_cannot_say_what_it_is_made_of_is_made_anew(argument: Told[Any]) -> None:
    for _ in range(2):
        assert "Ωμέγα" in written(
            '{{ part("clients/_client.html", "top", state) }}', samples.reader(), state=argument
        )
    assert not len(fragments.STORE)


def test_plain_values_are_told_apart_by_their_types_as_well() -> None:
    page = '{% set shown = part("parts/figures.html", "slip", days) %}{{ shown }}'
    first = written(page, samples.reader(), days=1)
    assert first != written(page, samples.reader(), days=True)


def test_what_takes_more_than_there_is_room_for_goes_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fragments, "MOST_BYTES", 100_000)
    texts = [text_of(samples.client_state(name=f"{number} " + "Ω" * 1000)) for number in range(8)]
    for text in texts:
        written(
            '{{ part("clients/_client.html", "top", state) }}', samples.reader(), state=client_state(text)
        )
    assert 0 < fragments.STORE.size <= 100_000


def test_a_garage_falls_silent_in_the_very_minute_though_nothing_was_told() -> None:
    updated_at = (NOW - SILENT_AFTER + timedelta(minutes=2)).isoformat()
    values: dict[str, Any] = {
        "status": "under_assessment",
        "line": "motor_car",
        "repair": {**REPAIR, "updated_at": updated_at},
        "partners": {},
        "marks": (),
    }
    zone = ZoneInfo("Asia/Jerusalem")  # where the day stays the same meanwhile
    silent = [
        "is silent" in claim_page(Reader(LANGUAGES["en"], zone, NOW + timedelta(minutes=minutes)), values)
        for minutes in (0, 1, 3, 4, 1)
    ]
    assert silent == [False, False, True, True, False]
