"""Errors of the domain. They know neither HTTP nor Kafka: `shared.http.problems` and the consumers map them."""

from __future__ import annotations


class DomainError(Exception):
    """A rule said no.

    `code` is stable and machine-readable (partners and clients branch on it), `detail` is one sentence for a
    person, without personal data, `field` names the input at fault (dotted path) when there is one.
    """

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        """Keep what the caller is told."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field = field


class NotFound(DomainError):  # noqa: N818 - named as the field says it, not as Python does
    """The thing does not exist, or not for this caller: both answers are the same, so that nobody can probe."""


class NotAllowed(DomainError):  # noqa: N818
    """The caller is known, and may not do this."""


class Conflict(DomainError):  # noqa: N818
    """The present state does not allow it (illegal transition, duplicate number, stale version)."""


class Invalid(DomainError):  # noqa: N818
    """The input breaks a rule that no schema can express."""
