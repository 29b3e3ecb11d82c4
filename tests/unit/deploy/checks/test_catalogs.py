from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from deploy.checks.catalogs import LANGUAGES, catalog_path, complaints, speaking_services, update

PAGE = """<p>{% trans %}Repair{% endtrans %} {{ _("Claim %(number)s", number=1) }}
{{ ngettext("%(num)d claim", "%(num)d claims", 2) }} {{ pgettext("button", "Open") }}</p>"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service that speaks, with every text translated (to itself)."""
    service = tmp_path / "services" / "gateway"
    (service / "templates").mkdir(parents=True)
    (service / "templates" / "claim.html").write_text(PAGE)
    (service / "labels.py").write_text("def N_(text): return text\nLABEL = N_('Cheque')\n")
    update(service)
    for language in LANGUAGES:
        translate(service, language, {})
    return service


def translate(
    service: Path, language: str, strings: dict[str, str | tuple[str, ...]], *, fuzzy: bool = False
) -> None:
    path = catalog_path(service, language)
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    for message in catalog:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            message.string = strings.get(str(key), message.id)
            if fuzzy:
                message.flags.add("fuzzy")
    with path.open("wb") as file:
        write_po(file, catalog)


def test_complete_catalogs_pass(service: Path) -> None:
    assert list(complaints(service)) == []
    assert speaking_services(service.parent.parent) == [service]


def test_texts_of_templates_and_python_are_all_found(service: Path) -> None:
    with catalog_path(service, "he").open("rb") as file:
        found = {str(message.id) for message in read_po(file, locale="he") if message.id}
    assert found == {"Repair", "Claim %(number)s", "('%(num)d claim', '%(num)d claims')", "Open", "Cheque"}


def test_a_new_text_is_missing_in_each_language(service: Path) -> None:
    (service / "templates" / "new.html").write_text('{{ _("Appraiser") }}')
    assert sorted(complaints(service)) == [
        f"services/gateway/locale/{language}/LC_MESSAGES/messages.po lacks 'Appraiser'."
        for language in LANGUAGES
    ]


def test_a_text_that_is_gone_is_named(service: Path) -> None:
    (service / "labels.py").unlink()
    assert all(
        "translates 'Cheque', which no source asks for" in sentence for sentence in complaints(service)
    )
    assert len(list(complaints(service))) == len(LANGUAGES)


def test_a_missing_catalog_is_named(service: Path) -> None:
    catalog_path(service, "he").unlink()
    (sentence,) = complaints(service)
    assert "locale/he/LC_MESSAGES/messages.po is missing" in sentence


def test_a_fuzzy_entry_is_refused(service: Path) -> None:
    translate(service, "fr", {}, fuzzy=True)
    assert all("is marked fuzzy" in sentence for sentence in complaints(service))


@pytest.mark.parametrize(
    ("strings", "fault"),
    [
        ({"Cheque": ""}, "'Cheque' is not translated"),
        ({"Cheque": "  "}, "'Cheque' is not translated"),
        ({"Claim %(number)s": "Sinistre"}, "has other placeholders"),
        ({"Claim %(number)s": "Sinistre %(numero)s"}, "has other placeholders"),
        ({"%(num)d claim": ("%(num)d sinistre", "")}, "is not translated"),
        ({"%(num)d claim": ("%(nombre)d sinistre", "%(num)d sinistres")}, "has other placeholders"),
    ],
)
def test_an_empty_or_unlike_translation_is_refused(
    service: Path, strings: dict[str, str | tuple[str, ...]], fault: str
) -> None:
    translate(service, "fr", strings)
    (sentence,) = complaints(service)
    assert fault in sentence


def test_a_plural_form_may_leave_its_number_out(service: Path) -> None:
    translate(service, "he", {"%(num)d claim": ("תביעה אחת", "%(num)d תביעות")})
    assert list(complaints(service)) == []


def test_an_update_keeps_what_is_translated(service: Path) -> None:
    translate(service, "fr", {"Repair": "Réparation"})
    (service / "templates" / "new.html").write_text('{{ _("Appraiser") }}')
    update(service)
    with catalog_path(service, "fr").open("rb") as file:
        catalog = read_po(file, locale="fr")
    assert catalog["Repair"].string == "Réparation"
    assert catalog["Appraiser"].string == ""
