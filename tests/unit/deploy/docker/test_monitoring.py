from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric

from shared.observability import metrics
from shared.settings import SERVICES, Settings
from tests.unit.deploy.docker.composition import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
OPERATIONS = ROOT / "docs" / "operations.md"

WATCHED = {
    "dossier_consumer_lag",
    "dossier_consumer_progress_age_seconds",
    "dossier_outbox_age_seconds",
    "dossier_dead_letters_total",
    "dossier_clock_delay_seconds_bucket",
    "dossier_live_streams",
    "dossier_http_request_seconds_count",
    "up",
}
FUNCTIONS = {"absent", "changes", "histogram_quantile", "increase", "rate", "sum", "max"}
WORDS = {"by", "and", "or", "unless", "offset", "ignoring", "on"}
SCRAPED = {"job", "instance"}
"""Labels that Prometheus itself adds."""


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    document = json.loads((GRAFANA / "dashboards" / "dossier.json").read_text(encoding="utf-8"))
    return list(document["panels"])


ALERTS = [rule for rule in rules() if "alert" in rule]
EXPRESSIONS = {
    **{rule.get("alert") or rule["record"]: rule["expr"] for rule in rules()},
    **{panel["title"]: panel["targets"][0]["expr"] for panel in panels()},
}


def exposed() -> dict[str, set[str]]:
    """Series name -> its labels, as a scrape would show them."""
    found = {"up": set(SCRAPED)}
    families: list[Metric] = list(metrics.REGISTRY.collect())
    for family in families:
        names = {sample.name for sample in family.samples}
        labels = {label for sample in family.samples for label in sample.labels}
        if not names:  # nothing was counted yet: the registry knows the names all the same
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
            names = {family.name + suffix for suffix in suffixes.get(family.type, [""])}
            labels = set(labels_of(family.name))
        for name in names:
            found[name] = labels | SCRAPED | ({"le"} if name.endswith("_bucket") else set())
    found |= {rule["record"]: {"instance", "kind"} for rule in rules() if "record" in rule}
    return found


def labels_of(name: str) -> tuple[str, ...]:
    for value in vars(metrics).values():
        if getattr(value, "_name", None) == name:
            labels: tuple[str, ...] = value._labelnames
            return labels
    raise AssertionError(name)


def series_of(expression: str) -> set[str]:
    """The names of series in an expression: what is left without strings, durations, labels and functions."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\boffset\s+\w+", " ", expression)
    bare = re.sub(r"\b(?:by|on|ignoring)\s*\([^)]*\)", " ", bare)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - FUNCTIONS - WORDS


def labels_in(expression: str) -> set[str]:
    """The names of labels in matchers and groupings."""
    matchers = " ".join(re.findall(r"\{([^}]*)\}", expression))
    groupings = ",".join(re.findall(r"\b(?:by|on|ignoring)\s*\(([^)]*)\)", expression))
    return set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) | set(re.findall(r"\w+", groupings))


def complaints(expression: str) -> list[str]:
    known = exposed()
    names = series_of(expression)
    unknown = [f"{name} is no metric of ours" for name in sorted(names - set(known))]
    labels = set().union(*(known.get(name, set()) for name in names))
    return unknown + [f"{label} is no label of {sorted(names)}" for label in labels_in(expression) - labels]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_expression_names_only_series_and_labels_that_are_exposed(name: str) -> None:
    assert complaints(EXPRESSIONS[name]) == []


def test_a_mistyped_metric_or_label_is_caught() -> None:
    assert complaints("sum(dossier_dead_letter_total) > 0") == [
        "dossier_dead_letter_total is no metric of ours"
    ]
    assert complaints('rate(dossier_published_total{services="claims"}[5m])') == [
        "services is no label of ['dossier_published_total']"
    ]
    assert complaints("sum by (agency) (dossier_outbox_pending)") == [
        "agency is no label of ['dossier_outbox_pending']"
    ]


def test_what_must_be_watched_has_an_alert() -> None:
    assert set().union(*(series_of(rule["expr"]) for rule in rules())) >= WATCHED


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_every_alert_says_what_happened_and_where_it_is_written_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].endswith(".")
    document, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert ROOT / document == OPERATIONS
    assert anchor in anchors(OPERATIONS)


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub and most renderers make of headings."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_a_summary_uses_only_labels_that_its_expression_leaves(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    groupings = re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"])
    left = set(re.findall(r"\w+", groupings[0])) if groupings else SCRAPED
    assert used <= left


def test_every_service_is_scraped_where_it_listens_and_missed_when_it_is_gone() -> None:
    document = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    settings = Settings(_env_file=None)
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in document["scrape_configs"]}
    assert {name: (job["names"], job["port"]) for name, job in jobs.items()} == {
        service: ([service], settings.port_of(service)) for service in SERVICES
    }
    down = next(rule for rule in ALERTS if rule["alert"] == "ServiceDown")
    assert set(re.findall(r'job="(\w+)"', down["expr"])) == set(SERVICES)
    assert document["rule_files"] == ["rules.yml"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_absent_is_asked_of_a_selector_alone_because_it_loses_the_labels_of_everything_else(
    rule: dict[str, Any],
) -> None:
    assert all(
        re.fullmatch(r"\w+\{[^}]*\}", asked) for asked in re.findall(r"absent\(([^)]*)\)", rule["expr"])
    )


def test_the_dashboard_reads_from_the_source_that_is_provisioned() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "dossier.yml").read_text())
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["datasources"][0]["uid"]}
    assert f"./deploy/grafana/dashboards:{provider['providers'][0]['options']['path']}:ro" in compose
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
