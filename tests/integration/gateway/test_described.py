"""The gateway describes its API and the topics, to anybody, wherever it was started from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shared.contracts.schemas import ASYNCAPI_FILE
from tests.integration.gateway.frame import Desk


async def test_the_topics_are_described_as_in_the_committed_document(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk.browser() as http:
        answer = await http.get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == yaml.safe_load(ASYNCAPI_FILE.read_text(encoding="utf-8"))


async def test_the_api_is_described(desk: Desk) -> None:
    async with desk.browser() as http:
        document = (await http.get("/api/v1/openapi.json")).json()
    assert "/api/v1/claims/{claim_number}" in document["paths"]
    assert "/partners/v1/repair-updates" in document["paths"]
