from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.partners import MAX_MESSAGE_BYTES
from shared.messaging.partners import Reading, read_message
from tests.fixtures.messaging import repair_update

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def read(message: bytes | dict[str, Any]) -> Reading:
    body = message if isinstance(message, bytes) else orjson.dumps(message)
    return read_message("garage-lyon", "repair-updates", body, NOW)


def refusal(message: bytes | dict[str, Any]) -> tuple[str, str | None]:
    verdict = read(message).verdict
    assert verdict is not None
    assert verdict.reason is not None
    return verdict.reason.code, verdict.reason.field


def test_a_well_formed_update_is_read_with_its_own_time() -> None:
    message = read(repair_update(occurred_at="2026-11-22T10:00:00Z")).message
    assert message is not None
    assert message.occurred_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert message.data.phase == "body"


def test_without_occurred_at_the_time_of_the_envelope_counts() -> None:
    message = read(repair_update()).message
    assert message is not None
    assert message.occurred_at == datetime(2026, 11, 23, 7, tzinfo=UTC)


def test_fields_of_a_newer_sender_are_ignored() -> None:
    assert read({**repair_update(colour="red"), "newextension": "x"}).message is not None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b'{"id": 3}'])
def test_what_is_no_cloud_event_is_malformed(body: bytes) -> None:
    assert refusal(body)[0] == "malformed"


@pytest.mark.parametrize("field", ["id", "source", "type", "specversion", "data"])
def test_a_missing_attribute_of_the_envelope_is_named(field: str) -> None:
    message = repair_update()
    del message[field]
    assert refusal(message) == ("malformed", field)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"percent": 101}, "percent"),
        ({"percent": "50"}, "percent"),
        ({"percent": 50.5}, "percent"),
        ({"phase": "dancing"}, "phase"),
        ({"eta": "31/12/2026"}, "eta"),
        ({"sequence": -1}, "sequence"),
        ({"sequence": "1"}, "sequence"),
        ({"claim_number": ""}, "claim_number"),
        ({"claim_number": None}, "claim_number"),
        ({"occurred_at": "2026-11-22T10:00:00"}, "occurred_at"),
        ({"quote": {"status": "quoted", "amount": 12.5, "currency": "EUR"}}, "quote.amount"),
        ({"quote": {"status": "quoted", "amount": "12.505", "currency": "EUR"}}, "quote.amount"),
        ({"quote": {"status": "quoted", "amount": "-1", "currency": "EUR"}}, "quote.amount"),
        ({"quote": {"status": "quoted", "amount": "NaN", "currency": "EUR"}}, "quote.amount"),
        ({"quote": {"status": "quoted", "amount": "1", "currency": "XXY"}}, "quote.currency"),
        ({"quote": {"status": "quoted", "amount": "1"}}, "quote"),
    ],
)
def test_a_known_field_is_checked_strictly_and_named(data: dict[str, Any], field: str) -> None:
    assert refusal(repair_update(**data)) == ("schema", field)


def test_the_topic_decides_who_speaks() -> None:
    assert refusal({**repair_update(), "source": "urn:dossier:partner:garage-haifa"}) == ("schema", "source")


def test_the_type_must_be_that_of_the_topic() -> None:
    assert refusal({**repair_update(), "type": "dossier.partner.claim-update.v1"}) == ("schema", "type")


def test_a_refusal_names_the_message_and_the_claim_as_far_as_they_can_be_read() -> None:
    reading = read(repair_update("m-9", percent=101))
    assert reading.verdict is not None
    assert (reading.message_id, reading.verdict.claim_number) == ("m-9", "CL-2026-000001")


def test_a_message_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    body = orjson.dumps(repair_update())
    padded = body[:-1] + b" " * (MAX_MESSAGE_BYTES - len(body)) + b"}"
    assert read(padded).message is not None
    reading = read(padded[:-1] + b" }")
    assert reading.message_id == "m-1"
    assert reading.verdict is not None
    assert reading.verdict.reason is not None
    assert reading.verdict.reason.code == "too_large"


def test_too_large_and_unreadable_is_too_large() -> None:
    assert refusal(b"x" * (MAX_MESSAGE_BYTES + 1))[0] == "too_large"


def test_the_null_character_is_refused_because_postgresql_cannot_keep_it() -> None:
    assert refusal(repair_update(note="a\0b"))[0] == "malformed"


def test_the_offending_value_is_not_repeated() -> None:
    verdict = read(repair_update(phase="secret-name")).verdict
    assert verdict is not None
    assert "secret-name" not in str(verdict)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reader(body: bytes) -> None:
    reading = read(body)
    assert (reading.message is None) != (reading.verdict is None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["claim_number", "sequence", "phase", "percent", "eta", "quote", "note", "plate"]),
        JSON,
    )
)
def test_no_data_at_all_breaks_the_reader(data: dict[str, Any]) -> None:
    message = repair_update()
    message["data"] = data
    try:
        body = orjson.dumps(message)
    except TypeError:
        return  # integers beyond 64 bits cannot be sent by this encoder
    reading = read(body)
    assert (reading.message is None) != (reading.verdict is None)
