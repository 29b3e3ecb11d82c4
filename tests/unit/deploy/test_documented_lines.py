"""The lines that the documents ask people to paste do run, and what they send is taken."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.cli import COMMANDS
from shared.contracts.topics import parse_partner_topic
from shared.messaging.partners import read_message

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)

STUBS = """
kcat() { case "$1" in -P) printf '%s\\n' "$*" >> calls; cat >> calls;; *) printf 'hello-%s -%s\\n' "$now" "$now";; esac; }
curl() { while [ $# -gt 0 ]; do case "$1" in -d) printf '%s\\n' "-t partners.garage-lyon.repair-updates.v1" "$2" >> calls; shift;; esac; shift; done; }
"""
"""In place of the programs: they write down for which topic they were given which message."""


class Sent(NamedTuple):
    topic: str
    body: bytes


def pasted(document: Path, folder: Path) -> list[Sent]:
    """Run a document's shell blocks in a folder that looks like a checkout with a running demo."""
    (folder / ".data").mkdir()
    numbers = {"claim_numbers": ["CL-2026-000001"], "policy_numbers": ["4501-100001"], "api_key": "key"}
    partners = [{"id": name, **numbers} for name in ("garage-lyon", "insurer-alpha", "appraiser-one")]
    (folder / ".data" / "demo.json").write_text(json.dumps({"partners": partners}), encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    script = "\n".join([STUBS, *(block for block in blocks if "make " not in block)])
    subprocess.run(["sh", "-eu", "-c", script], cwd=folder, check=True, timeout=30)
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return [
        Sent(re.findall(r"-t (\S+)", call)[0], message.encode())
        for call, message in zip(calls[::2], calls[1::2], strict=True)
    ]


@pytest.mark.parametrize(("name", "count"), [("README.md", 1), ("docs/partners.md", 5)])
def test_pasted_lines_send_messages_that_meet_the_contract(name: str, count: int, tmp_path: Path) -> None:
    sent = pasted(ROOT / name, tmp_path)
    assert len(sent) == count
    for message in sent:
        topic = parse_partner_topic(message.topic)
        assert topic is not None
        reading = read_message(topic.partner_id, topic.kind, message.body, NOW)
        assert reading.verdict is None
        assert reading.message is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
    files = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in files if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:\.venv/bin/)?dossier ([a-z][a-z-]+)", text))
    assert named - set(COMMANDS) == set()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
