"""`dossier openapi` prints the gateway's document without starting anything."""

import json
from pathlib import Path

import pytest

from deploy.cli import main

PROMISED = (
    "/api/v1/session",
    "/api/v1/claims",
    "/api/v1/claims/{claim_number}",
    "/api/v1/clients/{client_id}",
    "/api/v1/contracts/{policy_number}",
    "/api/v1/alerts",
    "/api/v1/messages",
    "/partners/v1/repair-updates",
    "/partners/v1/receipts/{message_id}",
)


def test_the_document_has_the_promised_paths_and_nothing_is_left_behind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["openapi"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["openapi"].startswith("3.1")
    assert [path for path in PROMISED if path not in document["paths"]] == []
    assert list(tmp_path.iterdir()) == []


def test_every_reference_of_the_document_leads_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    text = capsys.readouterr().out
    known = {f"#/components/schemas/{name}" for name in json.loads(text)["components"]["schemas"]}
    named = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert named - known == set()
