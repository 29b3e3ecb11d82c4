"""The OpenAPI document has what interface.md promises."""

from __future__ import annotations

from tests.integration.gateway.frame import Desk


async def test_the_openapi_document_has_every_route_of_the_interface(desk: Desk) -> None:
    document = (await desk.browser().get("/api/v1/openapi.json")).json()

    assert document["openapi"].startswith("3.")
    for path in (
        "/api/v1/session",
        "/api/v1/claims",
        "/api/v1/claims/{claim_number}",
        "/api/v1/claims/{claim_number}/seen",
        "/api/v1/claims/{claim_number}/files",
        "/api/v1/files/{document_id}",
        "/api/v1/files/{document_id}/content",
        "/api/v1/files/{document_id}/download",
        "/api/v1/clients",
        "/api/v1/clients/{client_id}",
        "/api/v1/contracts/{policy_number}",
        "/api/v1/alerts",
        "/api/v1/messages",
        "/partners/v1/repair-updates",
        "/partners/v1/receipts/{message_id}",
        "/partners/v1/claims/{claim_number}/files",
    ):
        assert path in document["paths"], path
    operation = document["paths"]["/api/v1/claims"]["get"]
    assert {one["name"] for one in operation["parameters"]} >= {
        "q",
        "plate",
        "state",
        "unread",
        "sort",
        "page",
    }
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "/claims" not in document["paths"], "pages are for people"
