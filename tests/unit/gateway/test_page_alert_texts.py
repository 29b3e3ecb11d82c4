"""Alerts and changes in words."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.pages.alert_links import alert_link, subject_link
from services.gateway.pages.alert_texts import alert_text, alerts_text, render_alert_text
from services.gateway.pages.changes import change_texts, short_text
from services.gateway.pages.languages import LANGUAGES
from shared.contracts.envelope import Change
from shared.contracts.events import AGGREGATES
from tests.unit.gateway.page_samples import alert_row, cheque_alert, reader

ISOLATES = dict.fromkeys(map(ord, "\u2066\u2068\u2069"))
KINDS = [
    happening
    for aggregate in AGGREGATES
    if aggregate.name in {"client", "contract", "claim", "document"}
    for happening in aggregate.happenings
]


def plain(text: str) -> str:
    return text.translate(ISOLATES).replace("\u00a0", " ").replace("\u202f", " ")


def change(field: str, old: Any, new: Any) -> Change:
    return Change(field=field, old=old, new=new)


def test_an_alert_says_whose_file_what_happened_and_the_values() -> None:
    alert = alert_row(
        changes=(
            change("repair.phase", "parts_ordered", "body"),
            change("repair.eta", "2026-11-25", "2026-12-02"),
        )
    )
    assert plain(render_alert_text(alert, "en")) == (
        "CL-2026-000117 · Ωμέγα Σίγμα — Repair updated: Body work · Delivery: 25 Nov → 2 Dec"
    )
    assert plain(render_alert_text(alert, "fr")) == (
        "CL-2026-000117 · Ωμέγα Σίγμα — Réparation mise à jour : Carrosserie · Livraison : 25/11 → 02/12"
    )
    assert plain(render_alert_text(alert, "he")) == (
        "CL-2026-000117 · Ωμέγα Σίγμα — עדכון תיקון: פחחות · מסירה: 25.11 ← 2.12"
    )


@pytest.mark.parametrize(
    ("language", "title", "end"),
    [
        ("en", "5 files added", "and 2 more"),
        ("fr", "5 pièces ajoutées", "et 2 autres"),
        ("he", "נוספו 5 מסמכים", "ועוד 2"),
    ],
)
def test_files_told_together_are_counted_and_the_first_are_named(language: str, title: str, end: str) -> None:
    rows = [alert_row("document-added", params={"name": f"IMG-{number}.jpg"}) for number in range(5)]
    text = alerts_text(rows, reader(language))
    assert plain(text.title) == title
    assert plain(text.detail) == f"IMG-0.jpg, IMG-1.jpg, IMG-2.jpg, {end}"
    assert alerts_text(rows[:1], reader(language)) == alert_text(rows[0], reader(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_alert_has_words_in_every_language(kind: str, language: str) -> None:
    alert = alert_row(kind, changes=(change("status", "reported", "registered"),))
    text = render_alert_text(alert, language)
    assert "CL-2026-000117" in text
    assert kind not in text


def test_in_hebrew_every_number_and_name_is_isolated_so_that_nothing_is_scrambled() -> None:
    text = render_alert_text(cheque_alert(), "he")
    assert "\u2066CL-2026-000117\u2069" in text
    assert "\u2068Ωμέγα Σίγμα\u2069" in text
    assert "\u20667000107\u2069" in text
    assert "\u2066€1,460.00\u2069" in text


@pytest.mark.parametrize(
    ("days", "fr", "he"),
    [
        (14, "Un chèque arrive à échéance dans 14 jours", "המחאה לפירעון בעוד 14 ימים"),
        (2, "Un chèque arrive à échéance dans 2 jours", "המחאה לפירעון בעוד יומיים"),
        (1, "Un chèque arrive à échéance dans 1 jour", "המחאה לפירעון מחר"),
        (0, "Un chèque arrive à échéance aujourd’hui", "המחאה לפירעון היום"),
    ],
)
def test_a_cheque_that_matures_is_told_in_the_plural_of_the_language(days: int, fr: str, he: str) -> None:
    assert plain(alert_text(cheque_alert(days), reader("fr")).title) == fr
    assert plain(alert_text(cheque_alert(days), reader("he")).title) == he


def test_a_maturing_cheque_names_amount_day_number_and_bank() -> None:
    assert (
        plain(alert_text(cheque_alert(), reader("fr")).detail)
        == "1 460,00 € · le 07/12/2026 · n° 7000107 · Τράπεζα"
    )


def test_a_cheque_of_which_little_is_known_is_still_told() -> None:
    alert = alert_row("cheque-maturing", changes=(), params={"days": 3})
    assert alert_text(alert, reader("en")).detail == ""
    assert "3 days" in alert_text(alert, reader("en")).title


def test_a_kind_that_is_newer_than_the_page_says_that_the_file_changed() -> None:
    alert = alert_row("something-newer", changes=())
    assert alert_text(alert, reader("en")).title == "The file changed"
    assert render_alert_text(alert, "xx").endswith("The file changed")


def test_a_file_that_was_added_is_told_by_its_type_and_name() -> None:
    alert = alert_row(
        "document-added", changes=(change("type", None, "damage_photo"), change("name", None, "IMG_1.jpg"))
    )
    assert plain(alert_text(alert, reader("fr")).detail) == "Photo des dommages · IMG_1.jpg"


def test_a_new_claim_does_not_recite_its_fields() -> None:
    alert = alert_row(
        "claim-registered", changes=(change("plate", None, "12-345-67"), change("status", None, "reported"))
    )
    assert alert_text(alert, reader("en")).detail == ""


def test_money_takes_the_currency_that_changed_beside_it() -> None:
    changes = (
        change("settlement.reserve.amount", None, "4321.50"),
        change("settlement.reserve.currency", None, "EUR"),
    )
    assert plain(short_text("settlement-changed", changes, reader("fr"))) == "Provision : 4 321,50 €"


def test_an_amount_without_a_currency_is_a_plain_number_and_nonsense_is_shown_as_it_is() -> None:
    assert (
        plain(short_text("x", (change("settlement.reserve.amount", "1", "2"),), reader("en")))
        == "Reserve: 1 → 2"
    )
    assert "soon" in short_text("x", (change("repair.eta", None, "soon"),), reader("en"))
    assert "?" in short_text("x", (change("settlement.paid.amount", None, "?"),), reader("en"))


def test_payments_are_named_by_their_reference_even_when_it_holds_a_dot() -> None:
    (text,) = change_texts(
        [change("settlement.payments.P.1-x.cheque.status", "announced", "bounced")], reader("en")
    )
    assert plain(text.label) == "Cheque of payment P.1-x"
    assert (text.old, text.new) == ("Announced", "Bounced")


def test_the_weightiest_change_stands_first_and_technical_fields_are_silent() -> None:
    texts = change_texts(
        [
            change("plate_normalised", "1", "2"),
            change("repair.percent", 40, 60),
            change("repair.phase", "body", "paint"),
        ],
        reader("en"),
    )
    assert [text.label for text in texts] == ["Repair", "Progress"]


def test_a_contracts_status_is_told_in_the_words_of_contracts() -> None:
    changes = [change("status", "in_force", "suspended")]
    assert change_texts(changes, reader("fr"), "contract")[0].new == "Suspendu"
    assert (
        plain(short_text("contract-status-changed", changes, reader("fr")))
        == "Statut : En vigueur → Suspendu"
    )


@pytest.mark.parametrize(
    ("changes", "leads_to"),
    [
        ({"kind": "repair-progressed"}, "/claims/CL-2026-000117#repair"),
        ({"kind": "cheque-maturing"}, "/claims/CL-2026-000117#settlement"),
        ({"kind": "document-added"}, "/claims/CL-2026-000117#files"),
        ({"kind": "contract-noted", "claim_number": None}, "/contracts/4501-889231"),
        (
            {"kind": "document-added", "claim_number": None, "policy_number": "A/1"},
            "/contracts/A%2F1/documents",
        ),
        ({"kind": "client-corrected", "claim_number": None, "policy_number": None}, "/clients/client-1"),
        ({"claim_number": None, "policy_number": None, "client_id": None}, "/alerts"),
    ],
)
def test_each_alert_leads_to_what_changed(changes: dict[str, Any], leads_to: str) -> None:
    alert = alert_row(**{"kind": "claim-noted", **changes})
    assert subject_link(alert) == leads_to
    assert alert_link(alert).startswith("/alerts/alert-1?to=%2F")
