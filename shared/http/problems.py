"""One mapping from what went wrong to problem details (RFC 9457), for every service.

`type` is `urn:dossier:problem:<code>` and stable; `instance` carries the correlation id by which operators find
the log lines. Neither values that the caller sent nor traces are ever repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.db.failures import Failure, failure_of
from shared.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from shared.observability.tracing import current_correlation_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:dossier:problem:"

_STATUS_OF_DOMAIN_ERROR: tuple[tuple[type[DomainError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Invalid, 422),
    (DomainError, 400),
)
_CODE_OF_STATUS = {
    400: "malformed",
    401: "unauthenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}
_OF_DATABASE = {
    Failure.AWAY: "The database does not answer at the moment; nothing was changed. Try again shortly.",
    Failure.BUSY: "The database is busy at the moment; nothing was changed. Try again shortly.",
    Failure.SLOW: "This took longer than it may and was ended; nothing was changed.",
}
_RETRY = {Failure.AWAY: "5", Failure.BUSY: "1", Failure.SLOW: "5"}
_PLACES = {"body", "query", "path", "header", "cookie"}

log = structlog.get_logger(__name__)


class ProblemDocument(BaseModel):
    """A problem as it is sent; for the OpenAPI document and for readers of answers."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    field: str | None = None
    errors: list[dict[str, Any]] | None = None


class Problem(Exception):  # noqa: N818 - the field's word
    """An answer that is not a success; edges raise it where no domain error fits."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the caller is told; `errors` are `{code, detail, field}` each, where there are several."""
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """Give the body of the answer."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": _title(self.status),
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:dossier:correlation:{current_correlation_id()}",
            "code": self.code,
        }
        if self.field is not None:
            body["field"] = self.field
        if self.errors:
            body["errors"] = self.errors
        return body

    def response(self) -> Response:
        """Give the answer."""
        return JSONResponse(
            self.document(), status_code=self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def problem_of(error: Exception) -> Problem:
    """Map any exception; one that nobody foresaw becomes a 500 that says nothing but its reference."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, DomainError):
        status = next(status for kind, status in _STATUS_OF_DOMAIN_ERROR if isinstance(error, kind))
        return Problem(status, error.code, error.detail, field=error.field)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http_exception(error)
    failure = failure_of(error)
    if failure is not None:
        return Problem(503, failure.value, _OF_DATABASE[failure], headers={"Retry-After": _RETRY[failure]})
    reference = current_correlation_id()
    return Problem(500, "internal", f"Something went wrong here; the reference is {reference}.")


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""
    for kind in (Problem, DomainError, RequestValidationError, ResponseValidationError, HTTPException):
        app.add_exception_handler(kind, _handle)
    app.add_exception_handler(Exception, _handle)


async def _handle(_request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    log_if_ours(error, problem)
    return problem.response()


def log_if_ours(error: Exception, problem: Problem) -> None:
    """Log what no caller can help: the unforeseen with its places, a database's state by its name."""
    if problem.code == "internal":
        log_unexpected(error)
    elif failure_of(error) is not None:
        log.warning("http.database_failed", code=problem.code, error=type(error).__name__)


def log_unexpected(error: Exception) -> None:
    """Log an exception that became a 500, with the places it came through."""
    log.error("http.unexpected_error", error=type(error).__name__, exc_info=error)


def _of_validation(error: RequestValidationError) -> Problem:
    found = [
        {"code": one["type"], "detail": one["msg"], "field": _path(one["loc"])} for one in error.errors()
    ]
    first = found[0] if found else {"code": "schema", "detail": "The request is not valid.", "field": None}
    if first["code"] == "json_invalid":
        return Problem(400, "malformed", "The body is not valid JSON.")
    detail = f"{first['field']}: {first['detail']}" if first["field"] else str(first["detail"])
    return Problem(422, "schema", detail, field=first["field"], errors=found if len(found) > 1 else ())


def _path(location: Sequence[Any]) -> str | None:
    parts = [str(part) for part in location]
    if parts and parts[0] in _PLACES:
        parts = parts[1:]
    return ".".join(parts) or None


def _of_http_exception(error: HTTPException) -> Problem:
    code = _CODE_OF_STATUS.get(error.status_code, f"http_{error.status_code}")
    detail = error.detail if error.detail and isinstance(error.detail, str) else _title(error.status_code)
    return Problem(error.status_code, code, detail, headers=error.headers)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
