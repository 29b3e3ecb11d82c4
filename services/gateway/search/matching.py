"""Search conditions on a view: trigrams where there are three characters, word beginnings below that.

The agency always takes part in the index look-up: without it a search would visit every tenant's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, literal_column, or_, select, table, true
from sqlalchemy.orm import InstrumentedAttribute

from services.gateway.models import ClaimView, ClientView, ContractView
from services.gateway.search.folding import agency_token, compact, fold, query_terms
from shared.db.tenancy import Scope

SearchableView = type[ClaimView] | type[ClientView] | type[ContractView]

TRIGRAM = 3


def matches(dialect: str, view: SearchableView, typed: str, scope: Scope) -> ColumnElement[bool]:
    """Say which rows contain everything that was typed. Nothing typed matches all, punctuation alone nothing."""
    if not typed.strip():
        return true()
    alternatives = query_terms(typed)
    if not alternatives:
        return false()
    return or_(*(_all_occur(dialect, view, terms, scope) for terms in alternatives))


def terms_of(typed: str) -> list[list[str]]:
    """Give what `found_by` is asked with on PostgreSQL: for each alternative the patterns that must all match."""
    return [[_pattern(term) for term in terms] for terms in query_terms(typed)]


def found_by(view: SearchableView, shape: Sequence[int]) -> ColumnElement[bool]:
    """The same as `matches` for any text of this shape (how many terms each alternative has), as parameters `like_0_0` and on."""
    return or_(
        *(
            and_(*(view.search_text.like(bindparam(f"like_{place}_{one}")) for one in range(terms)))
            for place, terms in enumerate(shape)
        )
    )


def _pattern(term: str) -> str:
    return f"%{term}%" if len(term) >= TRIGRAM else f"% {term}%"


def name_contains(
    dialect: str, view: SearchableView, column: InstrumentedAttribute[str], typed: str, scope: Scope
) -> ColumnElement[bool]:
    """Say which rows have every typed word in this folded column, whose words are in the searched text too."""
    words = fold(typed).split()
    if not words:
        return false()
    exact = and_(*(column.like(f"%{word}%") for word in words))
    return and_(_all_occur(dialect, view, words, scope), exact)


def number_contains(
    dialect: str, view: SearchableView, column: ColumnElement[str], typed: str, scope: Scope
) -> ColumnElement[bool]:
    """Say which rows have the typed letters and digits within this number, separators aside."""
    wanted = compact(typed)
    if not wanted:
        return false()
    exact = column.like(f"%{wanted}%")
    return and_(_all_occur(dialect, view, [wanted], scope), exact) if len(wanted) >= TRIGRAM else exact


def _all_occur(dialect: str, view: SearchableView, terms: list[str], scope: Scope) -> ColumnElement[bool]:
    long = [term for term in terms if len(term) >= TRIGRAM]
    conditions: list[ColumnElement[bool]] = [
        view.search_text.like(_pattern(term)) for term in terms if len(term) < TRIGRAM
    ]
    if long and dialect == "sqlite":
        conditions.append(_trigrams(view, long, scope))
    else:
        conditions.extend(view.search_text.like(_pattern(term)) for term in long)
    return and_(*conditions)


def _trigrams(view: SearchableView, terms: list[str], scope: Scope) -> ColumnElement[bool]:
    """Ask FTS5; terms are letters and digits only, so quoting is safe."""
    if not scope.agency_ids:
        return false()
    name = view.__tablename__.removesuffix("_view") + "_search"
    agencies = " OR ".join(f'agency_token : "{agency_token(one)}"' for one in scope.agency_ids)
    words = " AND ".join(f'search_text : "{term}"' for term in terms)
    found: Select[Any] = (
        select(literal_column("rowid"))
        .select_from(table(name))
        .where(literal_column(name).op("MATCH")(f"({agencies}) AND {words}"))
    )
    return view.row.in_(found)
