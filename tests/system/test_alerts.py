"""Alert rules under promtool: they are valid, and each fires when it should and only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards.__main__ import RULES
from dashboards.alerts.rules import ALERTS
from tests.support.alerts import unit_tests

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    return subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True)


def test_rules_are_valid() -> None:
    """By Prometheus' own checker, templates of the texts included."""
    found = promtool("check", "rules", str(RULES))
    assert found.returncode == 0, found.stderr
    assert f"{len(ALERTS)} rules found" in found.stdout


def files(folder: Path) -> list[Path]:
    """A file of tests for each alert, beside one with its rule alone: promtool judges every rule at every step."""
    written = []
    for alert in ALERTS:
        rule = folder / f"{alert.name}.rule.yaml"
        group = {"name": alert.name, "rules": [alert.rule("RUNBOOK.md")]}
        rule.write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
        written.append(folder / f"{alert.name}.test.yaml")
        written[-1].write_text(yaml.safe_dump(unit_tests(str(rule), alert)), encoding="utf-8")
    return written


def test_each_fires_and_stays_silent(tmp_path: Path) -> None:
    """Two cases for each alert."""
    found = promtool("test", "rules", *map(str, files(tmp_path)))
    assert found.returncode == 0, found.stderr


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    """Else the test before would prove nothing."""
    file = files(tmp_path)[0]
    asked = yaml.safe_load(file.read_text())
    asked["tests"][0]["promql_expr_test"][0]["exp_samples"] = []
    file.write_text(yaml.safe_dump(asked), encoding="utf-8")
    assert promtool("test", "rules", str(file)).returncode == 1
