"""The OpenAPI document of the JSON API and the on-ramp, and the AsyncAPI document of the topics."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.schemas import asyncapi as asyncapi_document
from shared.http.problems import MEDIA_TYPE, ProblemDocument

router = APIRouter(include_in_schema=False)

VERSION: Final = "1.0.0"


@router.get("/api/v1/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """Describe the JSON API and the partner on-ramp."""
    return openapi_document(request.app)


@router.get("/asyncapi.json")
async def asyncapi() -> Response:
    """Describe the topics: the same document as docs/asyncapi.yaml, made once from the contracts."""
    return Response(await asyncio.to_thread(_asyncapi_json), media_type="application/json")


@cache
def _asyncapi_json() -> bytes:
    return orjson.dumps(asyncapi_document())


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Make the document, with problem details as the answer to everything that goes wrong."""
    state = app.state
    if not hasattr(state, "openapi_document"):
        document = get_openapi(
            title="Dossier",
            version=VERSION,
            description="The desk's JSON API, and the HTTP on-ramp of partners.",
            routes=app.routes,
        )
        problem = ProblemDocument.model_json_schema()
        document.setdefault("components", {}).setdefault("schemas", {})["ProblemDocument"] = problem
        failed = {
            "description": "What went wrong (RFC 9457)",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = failed
        state.openapi_document = document
    found: dict[str, Any] = state.openapi_document
    return found
