"""The gettext catalogs are complete: every text of the sources, in every language, with its placeholders.

A service that speaks keeps its catalogs in `services/<name>/locale/<language>/LC_MESSAGES/messages.po`;
English is the language of the sources. `--update` adds new texts and drops unused ones.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("fr", "he")
SOURCES = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
OPTIONS = {
    "**/templates/**.html": {"silent": "false", "trimmed": "true"},
    "**/templates/**.txt": {"silent": "false", "trimmed": "true"},
}
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "lazy_gettext": None,
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*[^{}]*\}")
COUNTS = {"%(num)s", "%(num)d", "%(count)s", "%(count)d", "{num}", "{count}", "{n}", "%d"}
"""A plural form may leave its number out, as Hebrew does with one and two."""


def extract(service: Path) -> Catalog:
    """Collect every text that the sources of a service mark for translation."""
    catalog = Catalog(project="dossier", charset="utf-8")
    found = extract_from_dir(
        service, method_map=SOURCES, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=("translators:",),
        strip_comment_tags=True,
    )  # fmt: skip
    for filename, line, message, comments, context in found:
        catalog.add(
            message, None, [(Path(filename).as_posix(), line)], auto_comments=comments, context=context
        )
    return catalog


def complaints(service: Path) -> Iterator[str]:
    """Everything that is wrong with the catalogs of a service, one sentence each."""
    wanted = {(message.context, _key(message)): message for message in extract(service) if message.id}
    for language in LANGUAGES:
        path = catalog_path(service, language)
        where = path.relative_to(service.parent.parent)
        if not path.is_file():
            yield f"{where} is missing; run python -m deploy.checks.catalogs --update."
            continue
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
        have = {(message.context, _key(message)): message for message in catalog if message.id}
        for key in wanted.keys() - have.keys():
            yield f"{where} lacks {key[1]!r}."
        for key in have.keys() - wanted.keys():
            yield f"{where} translates {key[1]!r}, which no source asks for."
        for key in wanted.keys() & have.keys():
            if fault := _fault(have[key], wanted[key], catalog.num_plurals):
                yield f"{where}: {key[1]!r} {fault}."


def update(service: Path) -> None:
    """Bring the catalogs of a service in line with its sources, without guessing translations."""
    template = extract(service)
    for language in LANGUAGES:
        path = catalog_path(service, language)
        if path.is_file():
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
        else:
            catalog = Catalog(locale=language, project="dossier", charset="utf-8", fuzzy=False)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        catalog.revision_date = datetime.now(UTC)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=110, omit_header=False, no_location=True, sort_output=True)


def catalog_path(service: Path, language: str) -> Path:
    """Where a service keeps the catalog of a language."""
    return service / "locale" / language / "LC_MESSAGES" / "messages.po"


def speaking_services(root: Path) -> list[Path]:
    """Services with texts for people: those with a `locale` folder or with templates."""
    return sorted(
        service
        for service in (root / "services").iterdir()
        if service.is_dir() and ((service / "locale").is_dir() or (service / "templates").is_dir())
    )


def _key(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def _fault(translated: Message, source: Message, plurals: int) -> str:
    if translated.fuzzy:
        return "is marked fuzzy"
    originals = (source.id,) if isinstance(source.id, str) else tuple(source.id)
    strings = (
        (translated.string or "",) if isinstance(translated.string, str | None) else tuple(translated.string)
    )
    if not all(str(string).strip() for string in strings):
        return "is not translated"
    if len(originals) > 1 and len(strings) != plurals:
        return f"has {len(strings)} plural forms instead of {plurals}"
    allowed = {name for text in originals for name in PLACEHOLDER.findall(text)}
    required = allowed - COUNTS if len(originals) > 1 else allowed
    for string in strings:
        used = set(PLACEHOLDER.findall(string))
        if not required <= used <= allowed:
            return f"has other placeholders than its source: {sorted(used ^ allowed)}"
    return ""


def main(arguments: list[str]) -> int:
    """Check (or with --update, rewrite) the catalogs of every service that speaks."""
    services = speaking_services(ROOT)
    if "--update" in arguments:
        for service in services:
            update(service)
    problems = sorted(problem for service in services for problem in complaints(service))
    print("\n".join(problems), end="\n" if problems else "")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
