"""Files of a claim, a contract or a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import DocumentView
from services.gateway.queries.mapping import document_row
from services.gateway.queries.rows import DocumentRow
from services.gateway.queries.told import Rows, as_text
from shared.db.lookup import Lookup, Terms
from shared.db.tenancy import Scope
from shared.errors import NotFound

_LIMIT: Final = 500


async def documents_of_claim(session: AsyncSession, scope: Scope, claim_number: str) -> Rows[DocumentRow]:
    """Give the files of a claim, newest first."""
    return Rows(await _CLAIMS.rows(session, scope, number=claim_number), document_row)


async def documents_of_contract(session: AsyncSession, scope: Scope, policy_number: str) -> Rows[DocumentRow]:
    """Give the files of a contract, newest first."""
    return Rows(await _CONTRACTS.rows(session, scope, number=policy_number), document_row)


async def documents_of_client(
    session: AsyncSession,
    scope: Scope,
    client_id: str,
    claim_numbers: Sequence[str],
    policy_numbers: Sequence[str],
) -> Rows[DocumentRow]:
    """Give the files of a client, of his claims and of his contracts, newest first."""
    found = await _CLIENTS.rows(
        session, scope, client=client_id, claims=list(claim_numbers), contracts=list(policy_numbers)
    )
    return Rows(found, document_row)


async def get_document(
    session: AsyncSession, scope: Scope, document_id: str, *, removed: bool = False
) -> DocumentRow:
    """Give what is known of a file; `NotFound` for one that is not this user's, or is (or with `removed`: is not) removed."""
    found = await (_GONE if removed else _THERE).first(session, scope, id=document_id)
    if found is None:
        raise NotFound("file_not_found", "There is no such file.")
    return document_row(found)


def _select(terms: Terms, condition: ColumnElement[bool], *, removed: bool = False) -> Select[Any]:
    return (
        select(as_text(DocumentView.state), DocumentView.client_id)
        .where(terms.within(DocumentView.agency_id), DocumentView.removed.is_(removed), condition)
        .order_by(DocumentView.uploaded_at.desc(), DocumentView.row.desc())
        .limit(_LIMIT)
    )


_CLAIMS: Final = Lookup(lambda terms: _select(terms, DocumentView.claim_number == bindparam("number")))
_CONTRACTS: Final = Lookup(lambda terms: _select(terms, DocumentView.policy_number == bindparam("number")))
_CLIENTS: Final = Lookup(
    lambda terms: _select(
        terms,
        or_(
            DocumentView.client_id == bindparam("client"),
            terms.among(DocumentView.claim_number, "claims"),
            terms.among(DocumentView.policy_number, "contracts"),
        ),
    )
)
_THERE: Final = Lookup(lambda terms: _select(terms, DocumentView.id == bindparam("id")))
_GONE: Final = Lookup(lambda terms: _select(terms, DocumentView.id == bindparam("id"), removed=True))
