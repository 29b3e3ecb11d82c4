"""The words of the trade for every code list: what brokers say, in each language.

The context of each entry is its list, because a word may need another form in another list ("paid" is masculine for
a claim and feminine for a premium receipt in French).
"""

from __future__ import annotations

from functools import cache

from services.gateway.pages.languages import Texts, translations


@cache
def words(language: str) -> dict[str, dict[str, str]]:
    """Give list -> code -> word in a language."""
    texts = translations(language)
    return {**_claim_words(texts), **_repair_words(texts), **_money_words(texts), **_desk_words(texts)}


def word(language: str, code_list: str, code: str | None) -> str:
    """Give the word of a code; a code that is newer than this page is shown as it is, made readable."""
    if not code:
        return ""
    return words(language).get(code_list, {}).get(code) or (
        code.replace("_", " ") if code.islower() else code
    )


def _claim_words(texts: Texts) -> dict[str, dict[str, str]]:
    pgettext = texts.pgettext
    return {
        "line": {
            "motor_car": pgettext("product line", "Car"),
            "motor_bike": pgettext("product line", "Motorbike"),
            "home": pgettext("product line", "Home"),
            "health": pgettext("product line", "Health"),
            "pet": pgettext("product line", "Dog and cat"),
        },
        "claim_status": {
            "reported": pgettext("claim status", "Reported"),
            "registered": pgettext("claim status", "Registered"),
            "documents_pending": pgettext("claim status", "Documents pending"),
            "under_assessment": pgettext("claim status", "Under assessment"),
            "liability_disputed": pgettext("claim status", "Liability disputed"),
            "approved": pgettext("claim status", "Approved"),
            "rejected": pgettext("claim status", "Rejected"),
            "payment_pending": pgettext("claim status", "Payment pending"),
            "part_paid": pgettext("claim status", "Part paid"),
            "settled": pgettext("claim status", "Settled"),
            "closed": pgettext("claim status", "Closed"),
            "reopened": pgettext("claim status", "Reopened"),
            "withdrawn": pgettext("claim status", "Withdrawn"),
        },
        "claim_kind": {
            "own_damage": pgettext("claim kind", "Own damage"),
            "third_party": pgettext("claim kind", "Third party"),
            "glass": pgettext("claim kind", "Glass"),
            "theft": pgettext("claim kind", "Theft"),
            "fire": pgettext("claim kind", "Fire"),
            "water": pgettext("claim kind", "Water damage"),
            "natural_event": pgettext("claim kind", "Natural event"),
            "bodily_injury": pgettext("claim kind", "Bodily injury"),
            "other": pgettext("claim kind", "Other"),
        },
        "cause": {
            "collision": pgettext("cause of loss", "Collision"),
            "single_vehicle": pgettext("cause of loss", "Single-vehicle accident"),
            "parked_unidentified": pgettext("cause of loss", "Hit while parked, other party unknown"),
            "theft": pgettext("cause of loss", "Theft"),
            "attempted_theft": pgettext("cause of loss", "Attempted theft"),
            "fire": pgettext("cause of loss", "Fire"),
            "glass": pgettext("cause of loss", "Broken glass"),
            "vandalism": pgettext("cause of loss", "Vandalism"),
            "natural_event": pgettext("cause of loss", "Natural event"),
            "animal": pgettext("cause of loss", "Collision with an animal"),
            "water_leak": pgettext("cause of loss", "Water leak"),
            "other": pgettext("cause of loss", "Other"),
        },
        "appraisal_status": {
            "assigned": pgettext("appraisal status", "Appraiser assigned"),
            "scheduled": pgettext("appraisal status", "Visit scheduled"),
            "visited": pgettext("appraisal status", "Vehicle seen"),
            "report_issued": pgettext("appraisal status", "Report issued"),
            "contested": pgettext("appraisal status", "Report contested"),
        },
        "total_loss": {
            "none": pgettext("total loss", "No"),
            "actual": pgettext("total loss", "Total loss"),
            "constructive": pgettext("total loss", "Constructive total loss"),
        },
    }


def _repair_words(texts: Texts) -> dict[str, dict[str, str]]:
    pgettext = texts.pgettext
    return {
        "repair_phase": {
            "assigned": pgettext("repair phase", "Garage assigned"),
            "booked": pgettext("repair phase", "Appointment booked"),
            "arrived": pgettext("repair phase", "Vehicle arrived"),
            "estimating": pgettext("repair phase", "Estimating"),
            "awaiting_authorisation": pgettext("repair phase", "Awaiting authorisation"),
            "authorised": pgettext("repair phase", "Authorised"),
            "teardown": pgettext("repair phase", "Teardown"),
            "supplement_sent": pgettext("repair phase", "Supplement sent"),
            "supplement_approved": pgettext("repair phase", "Supplement approved"),
            "parts_ordered": pgettext("repair phase", "Parts ordered"),
            "body": pgettext("repair phase", "Body work"),
            "paint": pgettext("repair phase", "Paint"),
            "reassembly": pgettext("repair phase", "Reassembly"),
            "quality_control": pgettext("repair phase", "Quality control"),
            "ready": pgettext("repair phase", "Ready"),
            "delivered": pgettext("repair phase", "Delivered"),
            "cancelled": pgettext("repair phase", "Repair cancelled"),
            "total_loss": pgettext("repair phase", "Total loss"),
        },
        "quote_status": {
            "waiting_for_quote": pgettext("quote status", "Waiting for the estimate"),
            "quoted": pgettext("quote status", "Estimate received"),
            "waiting_for_approval": pgettext("quote status", "Estimate waiting for approval"),
            "approved": pgettext("quote status", "Estimate approved"),
            "rejected": pgettext("quote status", "Estimate rejected"),
        },
        "delay_reason": {
            "parts": pgettext("delay reason", "parts"),
            "authorisation": pgettext("delay reason", "authorisation"),
            "supplement": pgettext("delay reason", "supplement"),
            "capacity": pgettext("delay reason", "garage capacity"),
            "customer": pgettext("delay reason", "customer"),
            "other": pgettext("delay reason", "other reason"),
        },
    }


def _money_words(texts: Texts) -> dict[str, dict[str, str]]:
    pgettext = texts.pgettext
    return {
        "payment_kind": {
            "indemnity": pgettext("payment kind", "Indemnity"),
            "garage": pgettext("payment kind", "Garage"),
            "appraiser_fee": pgettext("payment kind", "Appraiser's fee"),
            "recovery": pgettext("payment kind", "Recovery"),
        },
        "payment_method": {
            "cheque": pgettext("payment method", "Cheque"),
            "transfer": pgettext("payment method", "Bank transfer"),
            "direct_debit": pgettext("payment method", "Direct debit"),
            "card": pgettext("payment method", "Card"),
            "cash": pgettext("payment method", "Cash"),
        },
        "payment_frequency": {
            "monthly": pgettext("payment frequency", "Monthly"),
            "quarterly": pgettext("payment frequency", "Quarterly"),
            "half_yearly": pgettext("payment frequency", "Half-yearly"),
            "yearly": pgettext("payment frequency", "Yearly"),
            "annual": pgettext("payment frequency", "Yearly"),
        },
        "cheque_status": {
            "announced": pgettext("cheque status", "Announced"),
            "received": pgettext("cheque status", "Received"),
            "deposited": pgettext("cheque status", "Deposited"),
            "cleared": pgettext("cheque status", "Cleared"),
            "bounced": pgettext("cheque status", "Bounced"),
            "replaced": pgettext("cheque status", "Replaced"),
            "cancelled": pgettext("cheque status", "Cancelled"),
        },
        "contract_status": {
            "quoted": pgettext("contract status", "Quoted"),
            "pending": pgettext("contract status", "Pending"),
            "in_force": pgettext("contract status", "In force"),
            "suspended": pgettext("contract status", "Suspended"),
            "cancelled": pgettext("contract status", "Cancelled"),
            "expired": pgettext("contract status", "Expired"),
        },
        "receipt_status": {
            "pending": pgettext("receipt status", "Pending"),
            "issued": pgettext("receipt status", "Issued"),
            "reminded": pgettext("receipt status", "Reminded"),
            "part_paid": pgettext("receipt status", "Part paid"),
            "paid": pgettext("receipt status", "Paid"),
            "rejected": pgettext("receipt status", "Rejected by the bank"),
            "formal_notice": pgettext("receipt status", "Formal notice"),
            "suspended": pgettext("receipt status", "Suspended"),
            "cancelled": pgettext("receipt status", "Cancelled"),
            "refunded": pgettext("receipt status", "Refunded"),
        },
    }


def _desk_words(texts: Texts) -> dict[str, dict[str, str]]:
    pgettext = texts.pgettext
    return {
        "document_type": {
            "registration_certificate": pgettext("document type", "Registration certificate"),
            "driving_licence": pgettext("document type", "Driving licence"),
            "claims_history": pgettext("document type", "Claims-history statement"),
            "signed_conditions": pgettext("document type", "Signed special conditions"),
            "sepa_mandate": pgettext("document type", "SEPA mandate"),
            "bank_details": pgettext("document type", "Bank details"),
            "identity": pgettext("document type", "Identity document"),
            "proof_of_address": pgettext("document type", "Proof of address"),
            "cancellation_proof": pgettext("document type", "Proof of cancellation"),
            "demand_letter": pgettext("document type", "Demand letter"),
            "notice_form": pgettext("document type", "Notice form"),
            "vehicle_licence": pgettext("document type", "Vehicle licence"),
            "appraiser_report": pgettext("document type", "Appraiser's report"),
            "damage_photo": pgettext("document type", "Damage photo"),
            "repair_invoice": pgettext("document type", "Original repair invoice"),
            "appraiser_invoice": pgettext("document type", "Appraiser's fee invoice"),
            "no_claim_certificate": pgettext("document type", "Certificate that no claim was filed"),
            "accident_statement": pgettext("document type", "Accident statement"),
            "prescription": pgettext("document type", "Prescription"),
            "care_invoice": pgettext("document type", "Care invoice"),
            "vet_invoice": pgettext("document type", "Vet's invoice"),
            "other": pgettext("document type", "Other document"),
        },
        "role": {
            "broker": pgettext("role", "Broker"),
            "manager": pgettext("role", "Manager"),
            "handler": pgettext("role", "Claims handler"),
            "ops": pgettext("role", "Operations"),
        },
        "actor": {
            "system": pgettext("actor", "Dossier"),
            "import": pgettext("actor", "Import"),
            "partner": pgettext("actor", "Partner"),
            "user": pgettext("actor", "Colleague"),
        },
        "service": {
            "policy": pgettext("service", "contracts"),
            "claims": pgettext("service", "claims"),
            "documents": pgettext("service", "files"),
            "notifications": pgettext("service", "alerts"),
        },
        "formula": {
            "comprehensive": pgettext("formula", "Comprehensive"),
            "third_party": pgettext("formula", "Third party only"),
            "third_party_plus": pgettext("formula", "Third party, fire and theft"),
            "comfort": pgettext("formula", "Comfort"),
            "standard": pgettext("formula", "Standard"),
            "premium": pgettext("formula", "Premium"),
        },
        "guarantee": {
            "liability": pgettext("guarantee", "Liability"),
            "own_damage": pgettext("guarantee", "Own damage"),
            "theft": pgettext("guarantee", "Theft"),
            "fire": pgettext("guarantee", "Fire"),
            "glass": pgettext("guarantee", "Glass"),
            "assistance": pgettext("guarantee", "Breakdown assistance"),
            "water": pgettext("guarantee", "Water damage"),
            "natural_event": pgettext("guarantee", "Natural events"),
            "legal_protection": pgettext("guarantee", "Legal protection"),
            "driver": pgettext("guarantee", "Driver's bodily injury"),
            "hospital": pgettext("guarantee", "Hospital"),
            "dental": pgettext("guarantee", "Dental care"),
            "optical": pgettext("guarantee", "Glasses and lenses"),
            "accident": pgettext("guarantee", "Accident"),
            "illness": pgettext("guarantee", "Illness"),
            "surgery": pgettext("guarantee", "Surgery"),
        },
        "species": {
            "dog": pgettext("species", "Dog"),
            "cat": pgettext("species", "Cat"),
        },
    }
