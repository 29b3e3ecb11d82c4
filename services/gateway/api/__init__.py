"""The JSON API: parse, call one query or command, shape the result (interface.md, "Web")."""

from fastapi import APIRouter

from services.gateway.api import alerts, claims, clients, files, openapi, session

api = APIRouter(prefix="/api/v1")
for _part in (session, claims, files, clients, alerts):
    api.include_router(_part.router)

router = APIRouter()
router.include_router(openapi.router)
router.include_router(api)
