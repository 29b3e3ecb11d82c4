from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from services.policy.domain import clients
from services.policy.domain.clients import ClientCorrection, ContactCorrection, Detail
from shared.contracts.policy import Confirmation, PostalAddress
from shared.errors import Invalid
from tests.unit.policy.factories import ADDRESS, NOW, client, confirmed_before, person

LATER = NOW + timedelta(days=40)


def test_a_person_is_named_by_first_and_last_name() -> None:
    assert client(first_name=" Amélie ", last_name="de  La Tour").name == "Amélie de La Tour"


def test_a_company_is_named_by_its_own_name() -> None:
    assert (
        client(kind="company", company_name="Garage du Parc", first_name="", last_name="").name
        == "Garage du Parc"
    )


@pytest.mark.parametrize("given", [{"last_name": " "}, {"kind": "company", "company_name": ""}])
def test_a_client_without_a_name_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        person(**given)


def test_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        person(nickname="Mimi")


def test_the_character_nul_is_refused_wherever_it_stands() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        person(address=ADDRESS | {"street": "3 rue\0Neuve"})


def test_nobody_is_born_in_the_future() -> None:
    with pytest.raises(Invalid, match="born_in_future"):
        client(born_on=date(2027, 1, 1))


def test_a_phone_number_is_read_as_one_of_the_country_of_the_address() -> None:
    haifa = ADDRESS | {"city": "Haifa", "country": "IL"}
    state = client(phone="052-123-4567", address=haifa)
    assert state.phone is not None
    assert state.phone.e164 == "+972521234567"


def test_without_an_address_a_phone_number_is_one_of_the_agencys_country() -> None:
    state = client(address=None)
    assert state.phone is not None
    assert state.phone.e164 == "+33639981234"


def test_what_was_confirmed_before_an_import_keeps_its_date() -> None:
    imported = clients.registered(
        "client-1",
        "agency",
        person(),
        masked_identity="",
        country="FR",
        language="fr",
        at=NOW,
        confirmed={"email": confirmed_before()},
    )
    assert imported.email is not None
    assert imported.phone is not None
    assert imported.email.confirmed == confirmed_before()
    assert imported.phone.confirmed == Confirmation()


def test_one_call_confirms_several_details_and_leaves_the_others() -> None:
    state = clients.contact_confirmed(client(), ["email", "address"], at=LATER, by="Noa")
    assert state.email is not None
    assert state.address is not None
    assert state.phone is not None
    assert state.email.confirmed == state.address.confirmed == Confirmation(at=LATER, by="Noa")
    assert state.phone.confirmed == Confirmation()
    assert (state.sequence, state.updated_at) == (2, LATER)


@pytest.mark.parametrize("details", [[], ["phone"]])
def test_nothing_or_a_detail_that_is_missing_cannot_be_confirmed(details: list[Detail]) -> None:
    with pytest.raises(Invalid, match="nothing_to_confirm"):
        clients.contact_confirmed(client(phone=None), details, at=LATER, by="Noa")


def test_a_corrected_detail_counts_as_confirmed_and_the_others_keep_theirs() -> None:
    before = clients.contact_confirmed(client(), ["email"], at=NOW, by="Old Hand")
    after = clients.contact_corrected(
        before, ContactCorrection(phone="06 39 98 00 00"), country="FR", at=LATER, by="Noa"
    )
    assert after.phone is not None
    assert after.phone.e164 == "+33639980000"
    assert after.phone.confirmed == Confirmation(at=LATER, by="Noa")
    assert after.email == before.email


def test_a_corrected_address_replaces_the_old_one_whole() -> None:
    moved = PostalAddress(street="1 Herzl", city="Haifa", country="IL")
    after = clients.contact_corrected(
        client(), ContactCorrection(address=moved), country="FR", at=LATER, by="Noa"
    )
    assert after.address is not None
    assert after.address.value == moved


def test_a_correction_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="nothing_to_correct"):
        clients.contact_corrected(client(), ContactCorrection(), country="FR", at=LATER, by="Noa")


def test_a_corrected_last_name_changes_the_name() -> None:
    after = clients.corrected(client(), ClientCorrection(last_name="Martin"), masked_identity=None, at=LATER)
    assert (after.name, after.sequence) == ("Amélie Martin", 2)


def test_a_correction_may_not_take_the_name_away() -> None:
    with pytest.raises(Invalid, match="name_missing"):
        clients.corrected(client(), ClientCorrection(last_name=""), masked_identity=None, at=LATER)


def test_a_correction_without_any_field_is_refused() -> None:
    with pytest.raises(Invalid, match="nothing_to_correct"):
        clients.corrected(client(), ClientCorrection(), masked_identity=None, at=LATER)
