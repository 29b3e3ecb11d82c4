"""docker-compose.yml as data: what each container starts with, and where its files come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[4]
FILE = ROOT / "docker-compose.yml"
SECRETS = "/run/secrets"

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")

Document = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """One entry below `services`, with what a test asks of it."""

    name: str
    raw: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.raw.get("environment", {}).items()}

    @property
    def command(self) -> list[str]:
        """The whole command line, entry point first."""
        return [*self.raw.get("entrypoint", []), *self.raw.get("command", [])]

    @property
    def ours(self) -> bool:
        """Whether it runs the product's own image."""
        return "build" in self.raw

    @property
    def secrets(self) -> set[str]:
        return set(self.raw.get("secrets", []))

    @property
    def secrets_by_setting(self) -> dict[str, str]:
        """`..._FILE` variable -> path."""
        return {name: value for name, value in self.environment.items() if name.endswith("_FILE")}

    @property
    def networks(self) -> set[str]:
        return set(self.raw.get("networks", []))

    @property
    def volumes(self) -> list[tuple[str, str]]:
        """(source, target): a source with a slash is a path of the host, else a named volume."""
        pairs = (volume.split(":") for volume in self.raw.get("volumes", []))
        return [(pair[0], pair[1]) for pair in pairs]

    @property
    def health(self) -> list[str]:
        """The command of the health check, without the leading CMD."""
        test: list[str] = self.raw.get("healthcheck", {}).get("test", [])
        return test[1:]

    @property
    def dependencies(self) -> dict[str, str]:
        """Name -> condition."""
        return {name: one["condition"] for name, one in self.raw.get("depends_on", {}).items()}


def load(path: Path = FILE) -> Document:
    """Read the file as compose does where no variable is set: anchors merged, then defaults put in."""
    document: Document = _interpolated(yaml.safe_load(path.read_text(encoding="utf-8")))
    return document


def merged(first: Any, second: Any) -> Any:
    """Put a further file over a document as compose does: mappings and lists grow, other values are replaced."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {key: merged(first[key], value) for key, value in second.items() if key in first}
        return {**first, **second, **both}
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    return second


def _interpolated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_interpolated(one) for one in value]
    return _VARIABLE.sub(r"\2", value) if isinstance(value, str) else value


def containers(document: Document) -> dict[str, Container]:
    return {name: Container(name, raw) for name, raw in document["services"].items()}


def variables(path: Path = FILE) -> set[str]:
    """Names that an operator may set in the environment of `docker compose`."""
    return {name for name, _ in _VARIABLE.findall(path.read_text(encoding="utf-8"))}
