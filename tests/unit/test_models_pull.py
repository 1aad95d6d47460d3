"""Pulling weights, its pure parts: the catalogue, how a download goes on, what is shown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_repository import registry
from model_repository.pull import command, resume
from model_repository.pull.catalogue import SIZE_BYTES_MAX, Catalogue, Listed, import_words, read, secure, table
from model_repository.pull.errors import CatalogueInvalid, CutOff, LicenceNotAccepted, Unreachable, by_hand
from model_repository.pull.progress import Progress, shown
from model_repository.pull.resume import Part

ADDRESS = "https://weights.example/net.onnx"
PART = Part(address=ADDRESS, etag='"v1"', done_bytes=100)


def _listed(**fields: Any) -> Listed:
    usual = {"name": "net", "task": "detector", "about": "a net", "address": ADDRESS, "licence": "MIT"}
    return msgspec.convert(usual | fields, Listed)


def test_shipped_catalogue_is_right() -> None:
    """Every entry is imported as a task that there is; AGPL and non-commercial weights have to be accepted."""
    catalogue = command.load()

    importable = {task.name for task in registry.TASKS if task.importer}
    assert {each.task for each in catalogue.weights} <= importable
    asked = {each.name for each in catalogue.weights if "GPL" in each.licence or "noncommercial" in each.licence}
    assert asked
    assert asked == {each.name for each in catalogue.weights if each.accept}
    assert all(each.address.startswith("https://") for each in catalogue.weights)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "../net"}, "1 to 40 of a-z"),
        ({"address": "http://weights.example/net.onnx"}, "must be https"),
        ({"address": "https://user:secret@weights.example/net.onnx"}, "without credentials"),
        ({"address": "https://weights.example:port/net.onnx"}, "must be https"),
        ({"address": "https:///net.onnx"}, "must be https"),
        ({"sha256": "ABC"}, "64 hexadecimal digits"),
        ({"size_bytes": SIZE_BYTES_MAX + 1}, "size_bytes must be"),
        ({"licence": ""}, "licence must be said"),
        ({"licens": "MIT"}, "unknown field `licens`"),
    ],
)
def test_impossible_entries_are_refused(fields: dict[str, Any], words: str) -> None:
    """An entry that can't be right says what is wrong."""
    with pytest.raises(msgspec.ValidationError, match=words):
        _listed(**fields)


def test_plaintext_is_for_loopback_alone() -> None:
    """Without TLS is allowed only this machine itself, and not even there where https led to it."""
    assert secure("http://127.0.0.1:8000/a")
    assert secure("http://[::1]/a")
    assert secure("http://localhost/a")
    assert not secure("http://127.0.0.1:8000/a", plaintext_loopback=False)
    assert not secure("http://127.0.0.1.example/a")
    assert not secure("ftp://127.0.0.1/a")


def test_names_stand_once() -> None:
    """Two entries of one name are refused."""
    entry = '[[weights]]\nname="net"\ntask="detector"\nabout="a"\naddress="https://a.example/n"\nlicence="MIT"\n'
    assert [each.name for each in read(entry).weights] == ["net"]
    with pytest.raises(msgspec.ValidationError, match="'net' stands there twice"):
        read(entry + entry)


def test_unreadable_catalogue_is_named(tmp_path: Path) -> None:
    """A catalogue that is not there, or no TOML, is named with the reason."""
    with pytest.raises(CatalogueInvalid, match="No such file"):
        command.load(tmp_path / "none.toml")
    (tmp_path / "c.toml").write_text("[[weights]", "utf-8")
    with pytest.raises(CatalogueInvalid, match=r"c\.toml"):
        command.load(tmp_path / "c.toml")


def test_table_says_what_is_not_known() -> None:
    """The list says whether the sum is known and what has to be accepted."""
    first, second = table(Catalogue(weights=(_listed(), _listed(name="b", accept=True, sha256="a" * 64, size_bytes=9))))
    assert "SHA-256 not known" in first
    assert "accept" not in first
    assert "SHA-256 aaaaaaaaaaaa" in second
    assert "--accept-licence MIT" in second


def test_words_of_the_import() -> None:
    """The import is told task, name, licence and what the catalogue adds; task and name can be others."""
    listed = _listed(**{"import": ["--size", "640x640"]})
    assert import_words(listed, Path("f")) == (
        ["f", "--as", "detector", "--name", "net", "--licence", "MIT", "--size", "640x640"]
    )
    words = import_words(listed, Path("f"), task="object_detector", name="second")
    assert words[1:5] == ["--as", "object_detector", "--name", "second"]


def test_by_hand_says_it_in_one_sentence() -> None:
    """Fetch, compare, bring, import; nothing to compare where the sum is not known."""
    assert by_hand(_listed(sha256="a" * 64)) == (
        "On a machine that reaches it run `curl -L -o net.onnx https://weights.example/net.onnx`, compare `sha256sum "
        f"net.onnx` with {'a' * 64}, bring the file here and run `zool models import net.onnx --as detector --name net "
        "--licence MIT`"
    )
    assert "sha256sum" not in by_hand(_listed())
    assert str(Unreachable(_listed(), "no way")).startswith("net: no way. On a machine")


def test_cut_off_says_what_is_kept() -> None:
    """Whether running it again goes on is said."""
    said = str(CutOff(_listed(), 2_500_000, 8, "late"))
    assert "given up after 8 tries (late): 2.5 MB are kept, run it again to go on" in said
    assert "nothing is kept" in str(CutOff(_listed(), 0, 8, "late"))


def test_licence_sentence() -> None:
    """It names licence, condition and option, and the licence that was accepted instead."""
    listed = _listed(licence="AGPL-3.0", accept=True, condition="offer the source")
    assert "licensed AGPL-3.0: offer the source." in str(LicenceNotAccepted(listed, ""))
    assert "licensed AGPL-3.0, not MIT: offer" in str(LicenceNotAccepted(listed, "MIT"))


def test_headers_go_on_only_with_a_strong_etag() -> None:
    """A part of this address with an ETag is gone on with; everything else begins at the start."""
    assert resume.headers(PART, ADDRESS)["Range"] == "bytes=100-"
    assert resume.headers(PART, ADDRESS)["If-Range"] == '"v1"'
    for part in (
        None,
        msgspec.structs.replace(PART, etag=""),
        msgspec.structs.replace(PART, done_bytes=0),
        msgspec.structs.replace(PART, address="https://b.example/"),
    ):
        assert "Range" not in resume.headers(part, ADDRESS)


@pytest.mark.parametrize(
    ("status", "answer", "part", "expected"),
    [
        (200, {"content-length": "300", "etag": '"v2"'}, PART, ("write", 0, 300, '"v2"')),
        (200, {"etag": 'W/"v2"'}, None, ("write", 0, None, "")),
        (206, {"content-range": "bytes 100-299/300"}, PART, ("write", 100, 300, '"v1"')),
        (206, {"content-range": "bytes 100-299/*", "etag": '"v1"'}, PART, ("write", 100, None, '"v1"')),
        (206, {"content-range": "bytes 100-299/300", "etag": '"v2"'}, PART, ("restart", 0, None, "")),
        (206, {"content-range": "bytes 90-299/300"}, PART, ("restart", 0, None, "")),
        (206, {}, PART, ("restart", 0, None, "")),
        (206, {"content-range": "bytes 0-9/10"}, None, ("refuse", 0, None, "")),
        (416, {}, PART, ("restart", 0, None, "")),
        (416, {}, None, ("refuse", 0, None, "")),
        (503, {}, PART, ("again", 0, None, "")),
        (404, {}, PART, ("refuse", 0, None, "")),
        (200, {"content-encoding": "gzip"}, None, ("refuse", 0, None, "")),
    ],
)
def test_what_an_answer_means(
    status: int, answer: dict[str, str], part: Part | None, expected: tuple[str, int, int | None, str]
) -> None:
    """Every kind of answer beside what is done about it."""
    verdict = resume.judge(status, answer, part, ADDRESS)
    assert (verdict.action, verdict.offset, verdict.total_bytes, verdict.etag) == expected
    assert bool(verdict.reason) == (verdict.action != "write")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar() -> None:
    """A share where the length is known, what came where it is not."""
    assert shown(1_000_000, 4_000_000) == "[#######                       ]  25 %  1.0 MB of 4.0 MB"
    assert shown(1_000_000, None) == "1.0 MB"


def test_progress_is_lines_without_a_terminal() -> None:
    """One line for each tenth, a note on its own line."""
    stream = io.StringIO()
    progress = Progress(stream, "net")
    for done in range(1001):
        progress.at(done, 1000)
    progress.note("cut")
    progress.end()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 12
    assert lines[-2].endswith("100 %  0.0 MB of 0.0 MB")
    assert lines[-1] == "net: cut"


def test_progress_is_drawn_over_itself_on_a_terminal() -> None:
    """One line that is drawn again for each percent; a note and the end begin their own."""
    stream = _Terminal()
    progress = Progress(stream, "net")
    for done in range(1001):
        progress.at(done, 1000)
    progress.note("cut")
    progress.at(25_000_000, None)
    progress.end()
    text = stream.getvalue()
    assert text.count("\r") == 102
    assert text.count("\n") == 3
    assert "\nnet: cut\n" in text
