"""The committed boards: what the code gives, in both languages alike, laid out without overlaps."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import BOARDS, main
from dashboards.build import BUILDERS, files
from dashboards.preview.board import Json, panels, promql_targets, read_board, sql_targets, variable_queries
from dashboards.text import LANGUAGES

NAMES = tuple(f"{name}.{language}.json" for name in BUILDERS for language in LANGUAGES)
CYRILLIC = re.compile("[А-Яа-яЁё]")


def board(name: str) -> Json:
    """A committed board."""
    return read_board(BOARDS / name)


def test_committed_files_are_what_the_code_gives() -> None:
    """`zool dashboards build` changes nothing."""
    assert {path.name: path.read_text() for path in BOARDS.glob("*.json")} == files()


def test_build_writes_and_takes_the_console_s_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The address is in the variable that links are made of."""
    rules = str(tmp_path / "rules.yaml")
    asked = ["build", "--out", str(tmp_path), "--rules", rules, "--zool-url", "https://zool.example"]
    assert main(asked) == 0
    assert capsys.readouterr().out.split() == [*(str(tmp_path / name) for name in NAMES), rules]
    variables = {one["name"]: one for one in read_board(tmp_path / NAMES[0])["templating"]["list"]}
    assert (variables["zool_url"]["query"], variables["zool_url"]["hide"]) == ("https://zool.example", 2)


@pytest.mark.parametrize("name", NAMES)
def test_layout(name: str) -> None:
    """Ids are unique, panels lie on the grid of 24 columns and don't overlap."""
    found = panels(board(name))
    assert [panel["id"] for panel in found] == list(range(1, len(found) + 1))
    taken: dict[tuple[int, int], int] = {}
    for panel in found:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
        for cell in cells:
            assert taken.setdefault(cell, panel["id"]) == panel["id"], f"{panel['title']} lies over another panel"


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows(name: str) -> None:
    """Title, description, words for "no data", a unit or words for its values."""
    for panel in panels(board(name)):
        assert panel["title"]
        if panel["type"] != "row":
            assert len(panel["description"]) > 7
            assert panel["targets"]


@pytest.mark.parametrize("name", NAMES)
def test_one_language(name: str) -> None:
    """No Cyrillic on the English board, and every title and description of the Russian one is Russian."""
    told = board(name)
    texts = [told["title"], told["description"], *(panel["title"] for panel in panels(told))]
    texts += [panel["description"] for panel in panels(told) if panel["type"] != "row"]
    texts += [one["label"] for one in told["templating"]["list"] if one["type"] in {"query", "custom"}]
    is_russian = name.endswith(".ru.json")
    assert [text for text in texts if bool(CYRILLIC.search(text)) != is_russian] == []
    if not is_russian:
        assert not CYRILLIC.search(json.dumps({**told, "links": []}, ensure_ascii=False))


def skeleton(value: Any) -> Any:
    """A board without what people read."""
    if isinstance(value, dict):
        hidden = {"title", "description", "label", "text", "displayName", "legendFormat", "uid", "tags"}
        if value.get("id") == "displayName":
            return "name"
        return {key: skeleton(one) for key, one in value.items() if key not in hidden}
    return [skeleton(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", BUILDERS)
def test_both_languages_have_the_same_panels(name: str) -> None:
    """Queries, places, units, thresholds: only words differ."""
    english, russian = (board(f"{name}.{language}.json") for language in LANGUAGES)
    assert skeleton(english) == skeleton(russian)
    assert english["uid"] != russian["uid"]


def test_reads_go_through_views() -> None:
    """Tables hold duplicates; no query reads one."""
    boards = [board(name) for name in NAMES]
    queries = [sql for one in boards for _, sql in (*sql_targets(one), *variable_queries(one))]
    assert len(queries) >= 10
    named = {name for sql in queries for name in re.findall(r"(?:FROM|JOIN)\s+([a-z]\w+)(?!\w*\()", sql)}
    of_queries = {"last_passages", "last_persons", "newest", "happened", "passed", "verdicts", "answers"}  # WITH … AS
    assert named - of_queries == {"events_latest", "cameras_latest"}


@pytest.mark.parametrize("name", NAMES)
def test_panels_ask_both_sources(name: str) -> None:
    """Events of ClickHouse, metrics of Prometheus; each target names the source of its kind."""
    told = board(name)
    for panel, _ in sql_targets(told):
        assert panel["datasource"] == {"type": "grafana-clickhouse-datasource", "uid": "${clickhouse}"}
    for panel, _ in promql_targets(told):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${prometheus}"}
