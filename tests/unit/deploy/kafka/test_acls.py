from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka import acls
from deploy.kafka.acls import Acl, acls_for, acls_for_partner, group_prefix, partner_user
from deploy.kafka.topics import DEMO_PARTNERS, Partner, is_ours, topics_for
from deploy.serve import settings_class
from shared.contracts.codes import PartnerKind
from shared.contracts.events import AGGREGATES
from shared.contracts.topics import (
    INTERNAL_TOPICS,
    RECEIPTS,
    UPDATE_KINDS_OF,
    dead_letter_topic,
    partner_topic,
    receipts_topic,
)
from shared.messaging.consumer import Consumer
from shared.messaging.runtime import Messaging
from shared.settings import SERVICES

GARAGE = Partner("acme", PartnerKind.GARAGE)


def consumer_of(service: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    """What the service really listens to, as its application wires it."""
    found: list[Consumer] = []
    wire = Messaging.__init__

    def seen(self: Messaging, name: str, settings: Any, database: Any, consumer: Consumer) -> None:
        found.append(consumer)
        wire(self, name, settings, database, consumer)

    monkeypatch.setattr(Messaging, "__init__", seen)
    import_module(f"services.{service}.app").create_app(settings_class(service)(data_dir=folder))
    return found[0]


def allowed(service: str, operation: str, partners: tuple[Partner, ...] = ()) -> set[str]:
    return {
        acl.name
        for acl in acls_for(partners)
        if acl.principal == f"User:dossier-{service}"
        and (acl.resource, acl.operation) == ("topic", operation)
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_read_exactly_what_it_listens_to(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = consumer_of(service, tmp_path, monkeypatch)
    ours = {*consumer.topics, *(tail.topic for tail in consumer.tails)}
    of_partners = {
        partner_topic(partner.id, kind)
        for partner in DEMO_PARTNERS
        for kind in (*UPDATE_KINDS_OF[partner.kind], RECEIPTS)
        if kind in consumer.partner_kinds
    }
    assert allowed(service, "read", DEMO_PARTNERS) == ours | of_partners


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_write_what_it_announces_answers_and_puts_aside(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = "identity" if service == "gateway" else service
    announced = {aggregate.topic for aggregate in AGGREGATES if aggregate.service == owner}
    kinds = consumer_of(service, tmp_path, monkeypatch).partner_kinds
    answered = {
        receipts_topic(partner.id)
        for partner in DEMO_PARTNERS
        if set(UPDATE_KINDS_OF[partner.kind]) & set(kinds)
    }
    put_aside = {dead_letter_topic(name) for name in allowed(service, "read", DEMO_PARTNERS)}
    onramp = {
        partner_topic(partner.id, kind)
        for partner in DEMO_PARTNERS
        for kind in UPDATE_KINDS_OF[partner.kind]
        if service == "gateway"
    }
    assert allowed(service, "write", DEMO_PARTNERS) == announced | answered | put_aside | onramp


def test_every_topic_somebody_may_use_is_created_and_every_created_one_is_used() -> None:
    created = {spec.name for spec in topics_for(DEMO_PARTNERS)}
    used = {
        acl.name
        for acl in acls_for(DEMO_PARTNERS)
        if acl.resource == "topic" and acl.principal != f"User:{acls.ADMIN}"
    }
    assert used == created
    assert all(is_ours(name) for name in created)
    assert not is_ours("somebody.elses.events.v1")


def test_a_partner_gets_its_topics_its_groups_and_nothing_else() -> None:
    own = [acl for acl in acls_for_partner(GARAGE) if acl.principal == "User:partner-acme"]
    assert sorted(own) == sorted(
        [
            Acl("User:partner-acme", "topic", "partners.acme.repair-updates.v1", "write"),
            Acl("User:partner-acme", "topic", "partners.acme.receipts.v1", "read"),
            Acl("User:partner-acme", "group", "partners.acme.", "read", "prefixed"),
        ]
    )


def test_only_the_operator_and_partners_groups_have_rights_on_prefixes_and_nobody_on_deleting() -> None:
    granted = acls_for(DEMO_PARTNERS)
    wide = {acl.principal for acl in granted if acl.pattern == "prefixed" and acl.resource == "topic"}
    assert wide == {f"User:{acls.ADMIN}"}
    assert {acl.principal for acl in granted if acl.resource == "cluster"} == {f"User:{acls.ADMIN}"}
    assert not {acl.operation for acl in granted} & {"all", "delete", "cluster_action"}


def test_no_partner_can_be_named_into_our_users_or_anothers_groups() -> None:
    assert partner_user("dossier-claims") == "partner-dossier-claims"
    assert not group_prefix("acme-two").startswith(group_prefix("acme"))


def test_the_tables_know_every_topic_and_kind() -> None:
    assert set(acls.WRITER_OF) == set(acls.READERS_OF) == set(INTERNAL_TOPICS)
    assert set(acls.TAKER_OF) == {kind for kinds in UPDATE_KINDS_OF.values() for kind in kinds}


def test_a_permission_is_told_in_a_line() -> None:
    assert str(Acl("User:a", "group", "b.", "read", "prefixed")) == "User:a may read group b.*"
    assert str(Acl("User:a", "topic", "b", "write", "literal", "deny", "10.0.0.1")) == (
        "User:a may (deny) write topic b from 10.0.0.1"
    )
