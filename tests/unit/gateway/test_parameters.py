"""List parameters: what an address says, and what it may not say."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.queries.parameters import CLAIM_SORTS, ClaimQuery, ClientQuery
from shared.contracts.codes import ClaimKind, ClaimStatus
from shared.errors import Invalid

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20).map(str.strip)
QUERIES = st.builds(
    ClaimQuery,
    q=TEXT,
    plate=TEXT,
    client=TEXT,
    state=st.sampled_from(["open", "closed", "all"]),
    status=st.lists(st.sampled_from([one.value for one in ClaimStatus]), unique=True, max_size=3).map(tuple),
    kind=st.lists(st.sampled_from([one.value for one in ClaimKind]), unique=True, max_size=3).map(tuple),
    garage=st.lists(st.sampled_from(["garage-lyon", "garage-haifa"]), unique=True).map(tuple),
    unread=st.booleans(),
    event_from=st.none() | st.dates(max_value=date(2020, 1, 1)),
    event_to=st.none() | st.dates(min_value=date(2020, 1, 1)),
    sort=st.sampled_from([*CLAIM_SORTS, *(f"-{one}" for one in CLAIM_SORTS)]),
    page=st.integers(1, 100),
)


@given(QUERIES)
def test_a_query_written_into_an_address_is_read_back_the_same(query: ClaimQuery) -> None:
    assert ClaimQuery.parse(dict(parse_qsl(query.url_parameters(), keep_blank_values=True))) == query


def test_nothing_given_means_open_claims_newest_change_first() -> None:
    query = ClaimQuery.parse({})
    assert (query.state, query.sort, query.page) == ("open", "-activity", 1)
    assert query.url_parameters() == ""


def test_several_values_are_separated_by_commas_and_unknown_parameters_are_ignored() -> None:
    query = ClaimQuery.parse({"status": "registered, settled", "utm_source": "mail"})
    assert query.status == ("registered", "settled")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "half-open"),
        ("status", "done"),
        ("kind", "meteor"),
        ("unread", "maybe"),
        ("event_from", "03/11/2026"),
        ("event_to", "2026-02-30"),
        ("sort", "password"),
        ("sort", "--activity"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "2.5"),
        ("page", "²"),
        ("page", "9" * 30),
        ("q", "x" * 201),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ClaimQuery.parse({name: value})
    assert refusal.value.code == "invalid_parameter"
    assert refusal.value.field == name


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="event_from"):
        ClaimQuery.parse({"event_from": "2026-11-03", "event_to": "2026-11-02"})


def test_clients_are_sorted_by_name_unless_asked_otherwise() -> None:
    assert ClientQuery.parse({}).sort == "name"
    assert (
        ClientQuery.parse({"sort": "-activity", "q": "dupont"}).url_parameters() == "q=dupont&sort=-activity"
    )
    with pytest.raises(Invalid):
        ClientQuery.parse({"sort": "eta"})
