from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.topics import (
    DEMO_PARTNERS,
    PRODUCTION_PARTITIONS,
    Partner,
    internal_topics,
    read_partners,
    topics_for,
    topics_for_partner,
)
from shared.contracts.codes import PartnerKind


@pytest.mark.parametrize(
    ("kind", "updates"),
    [
        ("garage", ["repair-updates"]),
        ("insurer", ["claim-updates", "contract-updates"]),
        ("appraiser", ["appraisal-updates"]),
    ],
)
def test_a_partner_has_the_topics_of_its_kind_their_dead_letters_and_receipts(
    kind: str, updates: list[str]
) -> None:
    expected = [
        name
        for update in updates
        for name in (f"partners.acme.{update}.v1", f"partners.acme.{update}.v1.dlq")
    ]
    assert [spec.name for spec in topics_for_partner("acme", kind)] == [
        *expected,
        "partners.acme.receipts.v1",
        "partners.acme.receipts.v1.dlq",
    ]


def test_an_unknown_kind_of_partner_is_refused() -> None:
    with pytest.raises(ValueError, match="plumber"):
        topics_for_partner("acme", "plumber")


def test_internal_topics_have_dead_letters_and_as_many_partitions_as_asked_for() -> None:
    found = {spec.name: spec.partitions for spec in internal_topics(PRODUCTION_PARTITIONS)}
    assert found["claims.events.v1"] == 24
    assert found["claims.events.v1.dlq"] == 1
    assert len(found) == 10


def test_no_topic_is_compacted_as_events_are_not_states_of_the_topic() -> None:
    assert {spec.config["cleanup.policy"] for spec in topics_for(DEMO_PARTNERS)} == {"delete"}


def test_a_partner_named_twice_has_its_topics_once() -> None:
    once = topics_for(DEMO_PARTNERS)
    assert topics_for([*DEMO_PARTNERS, *DEMO_PARTNERS]) == once
    assert len({spec.name for spec in once}) == len(once) == 34


def test_partners_are_read_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "partners.json"
    assert read_partners(file) == []
    file.write_text('[{"id": "acme", "kind": "garage", "name": "not ours to read"}]')
    assert read_partners(file) == [Partner("acme", PartnerKind.GARAGE)]


@pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "a"}]', '[{"id": "a", "kind": "plumber"}]', "7"])
def test_a_file_that_is_no_list_of_partners_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "partners.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="is not a JSON list of partners"):
        read_partners(file)
