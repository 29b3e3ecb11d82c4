"""What all services import: loaded once, in the template (template.py).

Libraries and the shared kit only, and of these what (nearly) all services need: a page of the template counts
in each of its copies. aiohttp (9 MB) is the gateway's alone. Nothing here may start a thread or an event loop
when it is imported: tests/integration/deploy holds this.
"""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "fastapi",
    "fastapi.responses",
    "pydantic_settings",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "aiosqlite",
    "aiokafka",
    "faststream.kafka",
    "orjson",
    "structlog",
    "prometheus_client",
    "jwt",
    "shared.settings",
    "shared.db.database",
    "shared.http.application",
    "shared.messaging.runtime",
    "shared.contracts.events",
    "shared.contracts.partners",
)

for _name in MODULES:
    try:
        import_module(_name)
    except ImportError:  # the service that needs it says so in its own log
        continue
