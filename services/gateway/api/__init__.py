"""The JSON API: parse, call one query or command, shape the result (interface.md, "Web").

Every router states its whole prefix: logs and metrics name a route by what its own router declares.
"""

from fastapi import APIRouter

from services.gateway.api import alerts, claims, clients, files, openapi, session

router = APIRouter()
for _part in (openapi, session, claims, files, clients, alerts):
    router.include_router(_part.router)
