"""What the services promise each other: events fit the committed schemas, and readers bear with newer writers."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.envelope import Actor, Change, ChangeData, CloudEvent, written_event
from shared.contracts.events import AGGREGATES, Aggregate
from shared.contracts.identity import PartnerState, UserState
from shared.contracts.notifications import AlertState
from shared.contracts.schemas import ASYNCAPI_FILE
from shared.messaging.publishing import write_change
from tests.contract.schemas import complaints
from tests.unit.gateway.page_samples import claim_state, client_state, contract_state
from tests.unit.notifications import factory

AT = factory.NOON
STATES: dict[str, Any] = {
    "client": client_state(),
    "contract": contract_state(),
    "claim": claim_state(),
    "document": factory.document("agency-a"),
    "agency": factory.agency("agency-a"),
    "user": UserState.model_validate(
        {
            "id": "u",
            "email": "a@demo.example",
            "name": "A",
            "role": "broker",
            "agency_ids": ["agency-a"],
            "language": "fr",
            "sequence": 1,
            "updated_at": AT,
        }
    ),
    "partner": PartnerState.model_validate(
        {"id": "garage-lyon", "kind": "garage", "name": "Garage", "sequence": 1, "updated_at": AT}
    ),
    "alert": AlertState.model_validate(
        {
            "id": "a",
            "agency_id": "agency-a",
            "position": 1,
            "kind": "repair-progressed",
            "aggregate": "claim",
            "subject_id": "c",
            "subject_sequence": 2,
            "actor": factory.INSURER,
            "at": AT,
            "sequence": 1,
        }
    ),
}


def name_of(aggregate: Aggregate) -> str:
    return f"dossier.{aggregate.service}.{aggregate.name}.v1"


def event_of(aggregate: Aggregate) -> dict[str, Any]:
    return factory.json_of(factory.event_of(STATES[aggregate.name], aggregate.happenings[0]))


def with_news(content: Any) -> Any:
    """The same with one more field in every object, as a newer writer would send it; `params` are free in any case."""
    if isinstance(content, dict):
        told = {name: value if name == "params" else with_news(value) for name, value in content.items()}
        return {**told, "of_tomorrow": {"a": 1}}
    return [with_news(one) for one in content] if isinstance(content, list) else content


def test_every_aggregate_has_its_sample() -> None:
    assert STATES.keys() == {aggregate.name for aggregate in AGGREGATES}


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.name)
def test_an_event_fits_the_committed_schema(aggregate: Aggregate) -> None:
    event = event_of(aggregate)

    assert complaints(name_of(aggregate), event) == []
    event["data"]["state"]["sequence"] = "one"
    assert complaints(name_of(aggregate), event)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.name)
def test_a_reader_passes_over_what_a_newer_writer_adds(aggregate: Aggregate) -> None:
    event = event_of(aggregate)
    newer = {**event, "data": {**event["data"], "state": with_news(event["data"]["state"])}}

    read = CloudEvent[ChangeData[aggregate.state]].model_validate(newer)  # type: ignore[name-defined]

    assert read.data.state == STATES[aggregate.name]


def test_the_asyncapi_document_tells_of_every_topic_and_event() -> None:
    text = ASYNCAPI_FILE.read_text(encoding="utf-8")

    for aggregate in AGGREGATES:
        assert f"address: {aggregate.topic}" in text
        assert f"name: {name_of(aggregate)}" in text
    for kind in ("repair-updates", "claim-updates", "appraisal-updates", "contract-updates", "receipts"):
        assert f"partners.{{partner}}.{kind}.v1" in text


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.name)
def test_an_event_is_written_as_its_model_writes_it(aggregate: Aggregate) -> None:
    state = STATES[aggregate.name]
    actor = Actor(kind="user", id="u", name="Jeanne «J.» Martin")
    changes = (Change(field="note", old=None, new='à "b"'), Change(field="n", old=[1], new={"a": None}))
    model = CloudEvent[ChangeData[type(state)]](  # type: ignore[misc, operator]
        id="e",
        source="urn:dossier:service:x",
        type=aggregate.event_type(aggregate.happenings[0]),
        subject="s",
        time=AT,
        agencyid="agency-a",
        sequence=3,
        traceparent="00-x",
        data={"state": state, "changes": changes, "actor": actor},
    )
    written = written_event(
        event_id="e",
        source="urn:dossier:service:x",
        event_type=aggregate.event_type(aggregate.happenings[0]),
        subject="s",
        time=AT,
        agency_id="agency-a",
        sequence=3,
        traceparent="00-x",
        data=write_change(state, changes, actor)._asdict(),
    )

    assert written == model.to_json()
