"""What the players say is legal, from the first report to the last, whatever the dice say."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate import appraiser, contracts, garage, insurer
from services.claims.domain.repair import ENDED
from shared.contracts.codes import (
    AppraisalStatus,
    ChequeStatus,
    ClaimStatus,
    ContractStatus,
    PaymentKind,
    ReceiptStatus,
    RepairPhase,
)
from shared.contracts.partners import RepairUpdate
from tests.unit.deploy.simulate.stage import NOW, TODAY, claim, contract

seeds = st.integers(0, 10_000).map(Random)
PLENTY = 3_000


@given(seeds)
def test_a_repair_goes_to_its_end_without_an_illegal_step(random: Random) -> None:
    car = claim()
    said: list[RepairUpdate] = []
    while car.in_repair and len(said) < PLENTY:
        update = garage.report(random, car, TODAY, len(said) + 1)
        car.follow(update, NOW)
        said.append(update)
    assert car.repair is not None
    assert car.repair.phase in ENDED
    assert car.repair.percent == 100 or car.repair.phase is not RepairPhase.DELIVERED


def test_dates_that_slip_go_forward_and_say_why() -> None:
    random, car = Random(7), claim()
    slips = 0
    for sequence in range(1, 400):
        before = car.repair.eta if car.repair else None
        if not car.in_repair:
            car = claim()
            continue
        update = garage.report(random, car, TODAY, sequence)
        car.follow(update, NOW)
        if update.delay_reason is not None:
            slips += 1
            assert update.eta is not None
            assert before is None or update.eta > before
    assert slips > 20


def test_garages_send_estimates_and_notes_and_name_plates() -> None:
    random, car, said = Random(3), claim(), []
    for sequence in range(1, 300):
        car = car if car.in_repair else claim()
        said.append(garage.report(random, car, TODAY, sequence))
        car.follow(said[-1], NOW)
    assert any(update.quote and update.quote.amount for update in said)
    assert any(update.note for update in said)
    assert {update.plate for update in said} == {None, "AB-123-CD"}


@given(seeds)
def test_an_appraisal_ends_with_a_report_that_has_figures(random: Random) -> None:
    known = claim()
    for sequence in range(1, PLENTY):
        if not appraiser.has_work(known):
            break
        known.follow(appraiser.report(random, known, TODAY, sequence), NOW)
    assert known.appraisal is not None
    assert known.appraisal.status is AppraisalStatus.REPORT_ISSUED
    assert known.appraisal.damage is not None
    assert known.appraisal.fee is not None


@given(seeds)
def test_a_claim_is_settled_and_closed_only_when_nobody_works_on_it_any_more(random: Random) -> None:
    known = claim()
    for sequence in range(1, PLENTY):
        if not insurer.has_work(known):
            break
        known.follow(insurer.report(random, known, TODAY, sequence), NOW)
        if known.status is ClaimStatus.SETTLED and known.in_repair:
            known.follow(garage.report(random, known, TODAY, sequence), NOW)
        if known.status is ClaimStatus.SETTLED and appraiser.has_work(known):
            known.follow(appraiser.report(random, known, TODAY, sequence), NOW)
    assert known.status is ClaimStatus.CLOSED
    assert not known.in_repair
    assert known.repair is not None
    assert known.repair.phase in ENDED
    cheques = [payment.cheque for payment in known.settlement.payments if payment.cheque]
    assert cheques
    assert all(cheque.status is ChequeStatus.CLEARED for cheque in cheques)
    assert all(cheque.matures_on and cheque.matures_on > TODAY for cheque in cheques)


def test_a_settled_claim_stays_open_while_a_message_of_a_garage_is_on_its_way() -> None:
    known = claim(status=ClaimStatus.SETTLED, garage=None, appraiser=None)
    known.waiting = 1
    said = [insurer.report(Random(seed), known, TODAY, 1) for seed in range(100)]
    assert not any(update.status for update in said)
    known.waiting = 0
    said = [insurer.report(Random(seed), known, TODAY, 1) for seed in range(100)]
    assert {update.status for update in said} == {None, ClaimStatus.CLOSED}


def test_the_garage_is_paid_once_the_car_is_delivered() -> None:
    random, known = Random(1), claim(status=ClaimStatus.PAYMENT_PENDING, appraiser=None)
    known.follow(RepairUpdate(claim_number="CL", sequence=1, phase=RepairPhase.DELIVERED), NOW)
    for sequence in range(1, 100):
        if known.status is ClaimStatus.PART_PAID:
            break
        known.follow(insurer.report(random, known, TODAY, sequence), NOW)
    assert [payment.kind for payment in known.settlement.payments] == [PaymentKind.GARAGE]
    assert known.settlement.payments[0].paid_on == TODAY


@given(seeds)
def test_contracts_are_invoiced_and_paid_without_an_illegal_step(random: Random) -> None:
    known = contract()
    for sequence in range(1, 200):
        known.follow(contracts.report(random, known, TODAY, sequence), NOW)
    statuses = Counter(receipt.status for receipt in known.state.receipts)
    assert statuses[ReceiptStatus.PAID] > 0
    assert len(known.state.receipts) <= 24
    assert known.state.status in {ContractStatus.IN_FORCE, ContractStatus.SUSPENDED}


@pytest.mark.parametrize("status", [ContractStatus.CANCELLED, ContractStatus.EXPIRED])
def test_of_cover_that_has_ended_nobody_speaks(status: ContractStatus) -> None:
    assert not contracts.has_work(contract(status=status))


@pytest.mark.parametrize("status", [ContractStatus.QUOTED, ContractStatus.PENDING])
def test_cover_that_was_agreed_begins(status: ContractStatus) -> None:
    said = {contracts.report(Random(seed), contract(status=status), TODAY, 1).status for seed in range(60)}
    assert said == {None, ContractStatus.IN_FORCE}


@pytest.mark.parametrize("status", [ClaimStatus.CLOSED, ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN])
def test_a_claim_that_the_desk_ended_is_left_by_everybody(status: ClaimStatus) -> None:
    known = claim(status=status)
    assert not known.in_repair
    assert not insurer.has_work(known)
    assert not appraiser.has_work(known)
