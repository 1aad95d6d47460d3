"""Alert rules: what the code gives, each with a section of the runbook, in both languages, on metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path

import promql_parser as pp
import pytest

from dashboards.__main__ import RULES, main
from dashboards.alerts.rule import Alert
from dashboards.alerts.rules import ALERTS
from dashboards.build import rules
from dashboards.metrics import exported
from tests.contract.test_dashboards_metrics import BY_SCRAPING, selectors
from tests.support.alerts import CASES

RUNBOOK = RULES.parents[1] / "RUNBOOK.md"
NAMES = [alert.name for alert in ALERTS]
CYRILLIC = re.compile("[А-Яа-яЁё]")
each = pytest.mark.parametrize("alert", ALERTS, ids=NAMES)


def test_the_committed_file_is_what_the_code_gives(tmp_path: Path) -> None:
    """And `--runbook-url` is where the links lead."""
    assert RULES.read_text() == rules()
    url = "https://zool.example/RUNBOOK.md"
    asked = ["build", "--out", str(tmp_path), "--rules", str(tmp_path / "rules.yaml"), "--runbook-url", url]
    assert main(asked) == 0
    assert (tmp_path / "rules.yaml").read_text().count(f"{url}#zool") == len(ALERTS)


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    """By the headings, whose anchors the links name."""
    sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    assert sorted(one.split("\n", 1)[0] for one in sections) == sorted(NAMES)
    graveness = {alert.name: alert.severity for alert in ALERTS}
    for one in sections:
        name, text = one.split("\n", 1)
        assert text.startswith(f"*{graveness[name]}.*")
        assert len(text) > 80


def test_every_alert_is_tried() -> None:
    """`make test-system` runs promtool on these."""
    assert sorted(CASES) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES) >= 25


@each
def test_both_languages(alert: Alert) -> None:
    """English without a Cyrillic letter, Russian with some; the same values are filled in."""
    assert not CYRILLIC.search(alert.en)
    assert CYRILLIC.search(alert.ru)
    asked = re.compile(r"\$(?:labels\.\w+|value)")
    assert sorted(asked.findall(alert.en)) == sorted(asked.findall(alert.ru))


@each
def test_metrics_and_labels_exist(alert: Alert) -> None:
    """Those of the closed set."""
    names = exported()
    found = selectors(alert.expr)
    assert found
    for selector in found:
        assert selector.name in names, alert.name
        asked = {matcher.name for matcher in selector.matchers.matchers} - {"__name__"}
        assert asked <= names[selector.name] | BY_SCRAPING


@each
def test_labels_of_the_text_survive_the_expression(alert: Alert) -> None:
    """What an aggregation drops would be an empty word."""
    named = set(re.findall(r"\$labels\.(\w+)", alert.en))
    kept = {label for group in re.findall(r"by \(([^)]*)\)", alert.expr) for label in group.split(", ")}
    if "by (" not in alert.expr:
        kept = {label for selector in selectors(alert.expr) for label in exported()[selector.name or ""]}
    assert named <= kept


def test_the_parser_refuses_what_is_no_promql() -> None:
    """So that parsing means something."""
    with pytest.raises(ValueError, match=r"\S"):
        pp.parse("sum by (")
