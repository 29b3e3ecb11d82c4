"""The words of the trade: every code, field and happening has one in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from services.gateway.pages.alert_texts import happening_name
from services.gateway.pages.changes import _known
from services.gateway.pages.field_names import FIELD_KINDS, field_names
from services.gateway.pages.icons import USED, icon
from services.gateway.pages.languages import CATALOGS, LANGUAGES, translations
from services.gateway.pages.problem_texts import problem_text, problem_title
from services.gateway.pages.rendering import TEMPLATES
from services.gateway.pages.repairs import repair_stage
from services.gateway.pages.tones import LINE_ICONS, TONES
from services.gateway.pages.words import word, words
from shared.contracts import codes
from shared.contracts.changes import changes_between
from shared.contracts.claims import ClaimState
from shared.contracts.events import AGGREGATES
from shared.contracts.policy import ClientState, ContractState
from tests.unit.gateway.page_samples import claim_state, client_state, contract_state

LISTS: dict[type[StrEnum], str] = {
    codes.ProductLine: "line",
    codes.ClaimStatus: "claim_status",
    codes.ClaimKind: "claim_kind",
    codes.CauseOfLoss: "cause",
    codes.RepairPhase: "repair_phase",
    codes.RepairQuoteStatus: "quote_status",
    codes.DelayReason: "delay_reason",
    codes.AppraisalStatus: "appraisal_status",
    codes.TotalLoss: "total_loss",
    codes.PaymentKind: "payment_kind",
    codes.PaymentMethod: "payment_method",
    codes.ChequeStatus: "cheque_status",
    codes.ContractStatus: "contract_status",
    codes.ReceiptStatus: "receipt_status",
    codes.DocumentType: "document_type",
    codes.Role: "role",
}
LATIN_WORDS = re.compile(r"[A-Za-z]{3,}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code_list", LISTS)
def test_every_code_of_the_contracts_has_a_word(code_list: type[StrEnum], language: str) -> None:
    known = words(language)[LISTS[code_list]]
    assert {one.value for one in code_list} <= set(known)
    assert all(known.values())


def test_hebrew_words_hold_no_latin_ones_but_names() -> None:
    """What is left in English would stand out here; SEPA and the product's name are no words."""
    allowed = {"SEPA", "Dossier"}
    found = {
        text
        for known in (*words("he").values(), field_names("he"))
        for text in known.values()
        if set(LATIN_WORDS.findall(text)) - allowed
    }
    assert found == set()


def test_a_code_that_is_newer_than_the_page_is_made_readable() -> None:
    assert word("fr", "claim_status", "on_hold") == "on hold"
    assert word("fr", "claim_status", None) == ""
    assert word("fr", "no_such_list", "Confort-Plus") == "Confort-Plus"


def test_every_status_has_a_tone_and_an_icon_that_exists() -> None:
    for name, tones in TONES.items():
        assert set(tones) == set(words("en")[name])
        for tone, image in tones.values():
            assert tone in {"info", "good", "warn", "bad", "muted"}
            assert icon(image)


def test_every_icon_that_a_template_names_is_among_those_that_are_loaded() -> None:
    named = {
        image
        for path in TEMPLATES.rglob("*.html")
        for call in re.findall(r"icon\(([^)]*)\)", path.read_text())
        for image in re.findall(r'"([a-z0-9-]+)"', re.sub(r"(==|in) *[(\"][^)]*?[)\"]", "", call))
    }
    assert named - {"application/pdf"} <= USED
    assert {*LINE_ICONS.values()} <= USED


def test_every_phase_is_a_stage_of_the_small_stepper_but_for_repairs_that_ended_otherwise() -> None:
    assert {one.value for one in codes.RepairPhase if repair_stage(one.value) is None} == {
        "cancelled",
        "total_loss",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_may_happen_has_a_name(language: str) -> None:
    general = translations(language).gettext("The file changed")
    for aggregate in AGGREGATES:
        if aggregate.name in {"client", "contract", "claim", "document"}:
            for happening in aggregate.happenings:
                assert happening_name(happening, language) != general, happening
    assert happening_name("cheque-maturing", language) != general
    assert happening_name("something-newer", language) == general


SILENT = re.compile(
    r"(^|\.)(id|agency_id|client_id|partner_id|plate_normalised|e164|currency|reference|method|kind|line|code|included|by)$"
    r"|^(claim_number|policy_number|client_name|identity_number|first_name|last_name|company_name|born_on|reported_at)$"
    r"|^(insurer|garage|appraiser)\.(phone|city)$|^insured\.(identity_number|policy_number)$|^third_party_agent\.(agency|email)$"
    r"|cheque\.(bank|issued_on)$|^risk\.|^guarantees\.|^receipts\.[^.]+\.(due_on|number)$|^address\.value\.country$"
)
"""Technical fields, derived ones, and those that only come with the whole."""


def leaves(model: type[BaseModel], states: list[Any]) -> Iterator[str]:
    """Every path at which two states can differ, as the sample states show them."""
    for state in states:
        assert isinstance(state, model)
        for change in changes_between(None, state):
            yield change.field


@pytest.mark.parametrize(
    ("model", "state"),
    [(ClaimState, claim_state()), (ClientState, client_state()), (ContractState, contract_state())],
    ids=["claim", "client", "contract"],
)
def test_every_field_that_can_change_has_a_name_or_is_left_out_on_purpose(
    model: type[BaseModel], state: Any
) -> None:
    nameless = [path for path in leaves(model, [state]) if _known(path) is None and not SILENT.search(path)]
    assert nameless == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_that_is_shown_has_a_name_in_every_language(language: str) -> None:
    assert set(field_names(language)) == set(FIELD_KINDS)


def test_the_kinds_of_fields_name_lists_that_exist() -> None:
    named = {kind.partition(":")[2] for kind in FIELD_KINDS.values() if kind.startswith(("code:", "codes:"))}
    assert named <= set(words("en"))


def test_all_code_lists_of_the_contracts_are_covered() -> None:
    enums = {
        one
        for one in vars(codes).values()
        if isinstance(one, type) and issubclass(one, StrEnum) and one is not StrEnum
    }
    assert enums - set(LISTS) == {codes.PieceStatus, codes.PartnerKind}, "pieces come with their own pages"


@pytest.mark.parametrize("language", ["fr", "he"])
def test_each_language_has_a_catalog_and_says_other_things_than_the_source(language: str) -> None:
    assert (CATALOGS / language / "LC_MESSAGES" / "messages.po").is_file()
    same = [
        key
        for key, value in words(language)["claim_status"].items()
        if value == words("en")["claim_status"][key]
    ]
    assert same == []


def test_plural_forms_follow_the_language() -> None:
    hebrew = translations("he").ngettext("%(num)d claim", "%(num)d claims", 2)
    assert hebrew == "שתי תביעות"
    assert translations("fr").ngettext("%(num)d claim", "%(num)d claims", 0) % {"num": 0} == "0 sinistre"


def test_a_problem_without_words_of_its_own_gets_the_general_ones() -> None:
    for language in LANGUAGES:
        assert problem_text("no_such_code", language) == problem_text("internal", language)
        assert problem_title(418, language)
        assert problem_title(404, language) != problem_title(500, language)
