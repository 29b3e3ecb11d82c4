"""All pages, as the application includes them. The order matters: uploads to contracts stand before the contract."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.pages import (
    account,
    alerts,
    claims,
    clients,
    contracts,
    files,
    home,
    profile,
    search,
    styleguide,
)
from services.gateway.pages.assets import serve_asset

router = APIRouter()
for pages in (account, profile, files, home, claims, clients, contracts, alerts, search, styleguide):
    router.include_router(pages.router)
router.add_api_route(
    "/static/{package}/{path:path}",
    serve_asset,
    methods=["GET", "HEAD"],
    include_in_schema=False,
    response_model=None,
)
