"""What insurers push about contracts, and what they are answered: the only place that knows both vocabularies."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.policy.handlers.contracts import RefusedUpdate, StaleUpdate, record_insurer_update
from shared.contracts.partners import ContractUpdate, ReasonCode
from shared.errors import NotAllowed, NotFound
from shared.messaging.partners import PartnerMessage, Verdict


async def record_contract_update(session: AsyncSession, message: PartnerMessage[ContractUpdate]) -> Verdict:
    """Apply one update and say what became of it."""
    update = message.data
    number = update.policy_number
    try:
        state = await record_insurer_update(
            session, partner_id=message.partner_id, at=message.received_at, update=update
        )
    except NotFound as error:
        return Verdict.rejected("unknown_policy", error.detail, error.field, policy_number=number)
    except NotAllowed as error:
        return Verdict.rejected("not_assigned", error.detail, error.field, policy_number=number)
    except StaleUpdate as error:
        return Verdict.stale(error.sequence, policy_number=number)
    except RefusedUpdate as error:
        code: ReasonCode = "illegal_transition" if error.code == "illegal_transition" else "schema"
        return Verdict.rejected(
            code, error.detail, error.field, policy_number=number, sequence=error.sequence
        )
    return Verdict.accepted(state.sequence, policy_number=number)
