"""The dashboard, the alert rules and the page about metrics use the metrics and labels that exist, and no others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from console.metrics import render
from jobs.health import Health
from jobs.ledger.ledger import Ledger
from jobs.routing import Route
from tools.sandbox.processes import ROOT

ALERTS = ROOT / "docs" / "monitoring" / "alerts.yml"
DASHBOARD = ROOT / "docs" / "monitoring" / "grafana-dashboard.json"
OPERATIONS = ROOT / "docs" / "operations.md"
ROUTES = (Route("slack", ("*",)),)
NAME = re.compile(r"\bfeedback_bridge_\w+")


@pytest.fixture
def labels(redis: Redis) -> dict[str, set[str]]:
    """The labels of each metric by the name of its samples."""
    redis.sadd("fb:test:breakers", "slack #feedback")
    numbers = Health(redis, "test", ROUTES, ("abc",)).numbers()
    families = text_string_to_metric_families(render(numbers, ROUTES).decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])


def test_every_expression_names_metrics_and_labels_that_exist(labels: dict[str, set[str]]) -> None:
    found = list(expressions())
    assert len(found) > 30
    for expression in found:
        names = NAME.findall(expression)
        assert names, expression
        assert set(names) <= labels.keys(), expression
        grouped = {part.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for part in group.split(",")}
        matched = set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|=)", expression))
        assert grouped | matched <= set().union(*(labels[name] for name in names)), expression


def test_every_metric_is_on_the_dashboard_or_in_an_alert(labels: dict[str, set[str]]) -> None:
    used = set(NAME.findall("\n".join(expressions())))
    parts = ("_count", "_sum", "_created")
    rare = {"feedback_bridge_oldest_queued_seconds", "feedback_bridge_refused_jobs_total"}
    assert {name for name in labels if not name.endswith(parts)} - used == rare


def test_the_page_describes_every_metric_and_no_other(labels: dict[str, set[str]]) -> None:
    named = set(NAME.findall(OPERATIONS.read_text(encoding="utf-8")))
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in labels}
    assert named == families


def test_every_alert_names_what_to_do() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "action"}
        of_rule = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        grouped = {part.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for part in group.split(",")}
        assert not grouped or of_rule <= grouped, f"{rule['alert']} shows a label that its expression drops"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)")
def test_prometheus_accepts_the_rules() -> None:
    checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)")
def test_prometheus_reads_the_metrics_and_finds_no_bad_name(redis: Redis) -> None:
    shown = render(Health(redis, "test", ROUTES, ()).numbers(), ROUTES)
    checked = subprocess.run(["promtool", "check", "metrics"], input=shown, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_what_is_counted_is_shown(redis: Redis) -> None:
    ledger = Ledger(redis, "test")
    ledger.count({"busy": 2})
    redis.hset("fb:test:counts", mapping={"rate_waits|slack": 3, "leases_lost|slack": 1, "found|ISSUE_CREATION": 4})
    redis.hset("fb:test:counts", "reconcile|errors", 5)
    shown = render(Health(redis, "test", ROUTES, ()).numbers(), ROUTES).decode()
    for line in (
        'feedback_bridge_refused_requests_total{reason="busy"} 2.0',
        'feedback_bridge_refused_requests_total{reason="too_large"} 0.0',
        'feedback_bridge_rate_waits_total{connector="slack"} 3.0',
        'feedback_bridge_leases_lost_total{connector="slack"} 1.0',
        'feedback_bridge_reconcile_findings_total{event="ISSUE_CREATION"} 4.0',
        'feedback_bridge_reconcile_findings_total{event="FEEDBACK_CREATION"} 0.0',
        "feedback_bridge_reconcile_errors_total 5.0",
        'feedback_bridge_oldest_seconds{state="retrying"} 0.0',
    ):
        assert line in shown.splitlines(), line
