"""`dossier create-partner` on a real broker: once, again, after a failure half-way, and with new secrets."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.stack.conftest import Site
from tests.stack.login import ALLOWED, TOPIC_REFUSED


def test_a_partner_takes_seconds(site: Site) -> None:
    said = site.operator.run_alone("create-partner", "garage-metz", "--kind", "garage")
    assert said.code == 0, said.err
    print(
        f"create-partner in a process of its own: {said.seconds:.1f} s; in this one: {site.insurer.seconds:.2f} s"
    )
    assert site.garage.done == [
        "partner garage-nice: registered",
        "permissions: 9 made",
        "topics: 4 made",
        "user: made",
    ]


def test_secrets_are_nowhere_but_in_the_papers(site: Site) -> None:
    key = site.garage.data["http"]["api_key"]
    for file in site.operator.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert site.garage.password.encode() not in content, file
            assert key.encode() not in content, file


def test_a_second_run_tells_what_is_there_and_shows_no_secret(site: Site) -> None:
    again = site.operator.partner("garage-nice")
    assert again.done == [
        "partner garage-nice: was registered",
        "permissions: 0 made, 9 were there",
        "topics: 0 made, 4 were there",
    ]
    assert again.data["kafka"]["password"] is None
    assert again.data["http"]["api_key"] is None
    assert site.partner(site.garage).can_connect()


def test_what_an_interrupted_run_left_behind_is_completed_with_new_secrets(site: Site) -> None:
    first = site.operator.partner("garage-brest", "--kind", "garage")
    _forget(site, "garage-brest")  # as if its transaction had never been committed
    admin = site.root.admin
    admin.delete_topics([first.receipts])[first.receipts].result(20)

    again = site.operator.partner("garage-brest", "--kind", "garage")

    assert again.done == [
        "partner garage-brest: registered",
        "permissions: 0 made, 9 were there",
        "topics: 1 made, 3 were there",
        "user: given another password",
    ]
    assert not site.partner(first).can_connect()
    assert site.partner(again).can_connect()


def test_nothing_is_registered_when_kafka_refuses(site: Site) -> None:
    stranger = site.operator.logged_in_as("dossier-admin", "wrong")
    said = stranger.run("create-partner", "garage-lille", "--kind", "garage")
    assert said.code == 1
    assert "refuses the login of dossier-admin" in said.err
    assert _registered(site, "garage-lille") == 0


def test_rotation_ends_the_old_password_and_the_old_key(site: Site) -> None:
    old = site.operator.partner("garage-tours", "--kind", "garage")
    new = site.operator.partner("garage-tours", "--rotate")
    assert not site.partner(old).can_connect()
    assert site.partner(new).can_connect()
    assert "API keys: 1 ended, 1 made" in new.done
    assert new.data["http"]["api_key"] != old.data["http"]["api_key"]


def test_a_partner_keeps_its_kind(site: Site) -> None:
    said = site.operator.run("create-partner", "garage-nice", "--kind", "insurer")
    assert said.code == 1
    assert "garage-nice is registered as garage" in said.err


def test_a_partner_named_like_a_service_gets_nothing_of_the_service(site: Site) -> None:
    papers = site.operator.partner("dossier-claims", "--kind", "garage")
    assert papers.user == "partner-dossier-claims"
    login = site.partner(papers)
    assert login.visible() == {*papers.writes, papers.receipts}
    assert login.write("claims.events.v1") == TOPIC_REFUSED
    assert site.service("claims").can_connect()


def test_a_partner_that_is_not_active_any_more_loses_its_rights_by_the_next_pruning(site: Site) -> None:
    papers = site.operator.partner("garage-nimes", "--kind", "garage")
    login = site.partner(papers)
    assert login.write(papers.writes[0]) == ALLOWED
    _execute(site, "UPDATE partner SET active = 0 WHERE id = 'garage-nimes'")
    assert "9 permissions revoked" in site.operator.do("topics", "--prune").out
    assert login.write(papers.writes[0]) == TOPIC_REFUSED
    assert "not active any more" in site.operator.run("create-partner", "garage-nimes").err


def test_papers_name_what_partners_see_of_us(site: Site) -> None:
    papers = json.loads(
        site.operator.do(
            "create-partner",
            "garage-nice",
            "--json",
            DOSSIER_KAFKA_PARTNER_BOOTSTRAP="kafka.broker.example:9094",
            DOSSIER_KAFKA_PARTNER_SECURITY="SASL_SSL",
            DOSSIER_PUBLIC_URL="https://desk.broker.example/",
        ).out
    )
    assert papers["kafka"]["bootstrap"] == "kafka.broker.example:9094"
    assert papers["kafka"]["security"] == "SASL_SSL"
    assert papers["http"]["url"] == "https://desk.broker.example/partners/v1"
    assert "security.protocol=SASL_SSL" in papers["try"]["kcat"]


def _execute(site: Site, statement: str) -> list[Any]:
    file = site.operator.folder / "data" / "gateway.db"
    with closing(sqlite3.connect(file, timeout=10)) as connection, connection:
        return connection.execute(statement).fetchall()


def _registered(site: Site, partner_id: str) -> int:
    return int(_execute(site, f"SELECT count(*) FROM partner WHERE id = '{partner_id}'")[0][0])  # noqa: S608


def _forget(site: Site, partner_id: str) -> None:
    _execute(site, f"DELETE FROM partner_key WHERE partner_id = '{partner_id}'")  # noqa: S608
    _execute(site, f"DELETE FROM partner WHERE id = '{partner_id}'")  # noqa: S608
