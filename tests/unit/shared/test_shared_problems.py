from typing import Any

import pytest
from starlette.exceptions import HTTPException

from shared.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from shared.http.client import ServiceProblem, ServiceUnavailable
from shared.http.problems import Problem, ProblemDocument, problem_of
from shared.observability.tracing import bind_traceparent

GIVEN = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("unknown_claim", "There is no such claim."), 404, "unknown_claim"),
        (NotAllowed("not_assigned", "Not yours."), 403, "not_assigned"),
        (Conflict("illegal_transition", "Not now."), 409, "illegal_transition"),
        (Invalid("plate_mismatch", "Another plate."), 422, "plate_mismatch"),
        (DomainError("odd", "Odd."), 400, "odd"),
        (HTTPException(404), 404, "not_found"),
        (HTTPException(405), 405, "method_not_allowed"),
        (HTTPException(418, "Short and stout."), 418, "http_418"),
        (Problem(429, "too_many_requests", "Later."), 429, "too_many_requests"),
        (ServiceUnavailable("claims"), 503, "service_unavailable"),
        (ServiceProblem(409, {"code": "conflict", "detail": "No.", "field": "phase"}), 409, "conflict"),
        (ServiceProblem(502, {}), 502, "service_problem"),
    ],
)
def test_every_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert problem.document()["type"] == f"urn:dossier:problem:{code}"


def test_a_document_has_the_members_of_the_standard_and_the_correlation() -> None:
    bind_traceparent(GIVEN)
    document = problem_of(Conflict("illegal_transition", "Not now.", "phase")).document()
    assert document == {
        "type": "urn:dossier:problem:illegal_transition",
        "title": "Conflict",
        "status": 409,
        "detail": "Not now.",
        "instance": f"urn:dossier:correlation:{'ab' * 16}",
        "code": "illegal_transition",
        "field": "phase",
    }
    assert ProblemDocument.model_validate(document).code == "illegal_transition"


def test_what_nobody_foresaw_says_nothing_but_its_reference() -> None:
    bind_traceparent(GIVEN)
    document = problem_of(RuntimeError("canary")).document()
    assert (document["status"], document["code"]) == (500, "internal")
    assert "canary" not in str(document)
    assert "ab" * 16 in document["detail"]


def test_a_problem_of_a_service_is_passed_on_as_it_was() -> None:
    given: dict[str, Any] = {
        "code": "schema",
        "detail": "Two things.",
        "errors": [{"field": "a"}, {"field": "b"}],
    }
    assert ServiceProblem(422, given).document()["errors"] == given["errors"]
    assert ServiceProblem(422, given).problem == given


def test_a_status_without_a_phrase_still_has_a_title() -> None:
    assert Problem(599, "odd", "Odd.").document()["title"] == "Error"
