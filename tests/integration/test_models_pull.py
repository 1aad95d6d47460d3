"""`zool models pull` against a real HTTP server on loopback: whole, cut, changed, wrong, too long, not there."""

from __future__ import annotations

import fcntl
import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from onnx import TensorProto, helper

from model_repository import card, store
from model_repository.__main__ import main
from model_repository.pull import command, download
from model_repository.pull.catalogue import Listed, import_words
from model_repository.pull.download import Patience
from model_repository.pull.errors import (
    AddressInsecure,
    AnswerRefused,
    ChecksumWrong,
    CutOff,
    DiskRefused,
    PullUnderWay,
    TooLarge,
    Unreachable,
)
from model_repository.pull.progress import Progress
from tests.support.realdata import real

PATIENCE = Patience(tries_max=4, connect_s_max=60, silence_s_max=60)
BODY = bytes(range(256)) * 4000
OTHER = BODY[::-1]


class Site(ThreadingHTTPServer):
    """A server whose file, version and manners a test sets; it keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body, self.etag = BODY, '"v1"'
        self.cuts: list[int] = []
        """After so many bytes each answer in turn is cut; when none is left, answers are whole."""
        self.ranges, self.ranges_blind, self.length = True, False, True
        self.statuses: list[int] = []
        """The next answers' status; 0: the file."""
        self.status, self.location = 0, ""
        self.after: Callable[[], None] = lambda: None
        """Called after each answer."""
        self.asked: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        """Where the file lies."""
        return f"http://127.0.0.1:{self.server_address[1]}/net.onnx"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site = cast("Site", self.server)
        asked = {name.lower(): value for name, value in self.headers.items()}
        site.asked.append(asked)
        self.close_connection = True
        status = site.statuses.pop(0) if site.statuses else site.status or (302 if site.location else 0)
        if status:
            self.send_response(status)
            self.send_header("Location", site.location)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            return
        begin = self._begin(site, asked)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(site.body) - 1}/{len(site.body)}")
        if site.length:
            self.send_header("Content-Length", str(len(site.body) - begin))
        if site.etag:
            self.send_header("ETag", site.etag)
        self.send_header("Connection", "close")
        self.end_headers()
        end = begin + site.cuts.pop(0) if site.cuts else len(site.body)
        self.wfile.write(site.body[begin:end])
        self.wfile.flush()
        site.after()

    def _begin(self, site: Site, asked: dict[str, str]) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        same = site.ranges_blind or asked.get("if-range", site.etag) == site.etag
        return int(found[1]) if found and site.ranges and same else 0


@pytest.fixture
def site() -> Iterator[Site]:
    """A server that serves."""
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _listed(site: Site, body: bytes = BODY, **fields: Any) -> Listed:
    usual = {
        "name": "net", "task": "detector", "about": "a net", "address": site.address, "licence": "MIT",
        "sha256": hashlib.sha256(body).hexdigest(), "size_bytes": len(body),
    }  # fmt: skip
    return msgspec.convert(usual | fields, Listed)


def _fetch(listed: Listed, folder: Path, patience: Patience = PATIENCE) -> bytes:
    class Quiet(Progress):
        def __init__(self) -> None: ...
        def at(self, done_bytes: int, total_bytes: int | None) -> None: ...
        def note(self, text: str) -> None: ...
        def end(self) -> None: ...

    fetched = download.fetch(listed, folder, Quiet(), patience=patience, wait=lambda _: None)
    assert fetched.sha256 == card.file_sha256(fetched.path)
    return fetched.path.read_bytes()


def _left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"net.lock"}


def test_whole(site: Site, tmp_path: Path) -> None:
    """The file comes once; a whole one with the known sum is not asked for again."""
    listed = _listed(site)

    assert _fetch(listed, tmp_path) == BODY
    assert _fetch(listed, tmp_path) == BODY

    assert _left(tmp_path) == {"net.onnx"}
    assert len(site.asked) == 1
    assert site.asked[0]["accept-encoding"] == "identity"


def test_cut_connection_goes_on(site: Site, tmp_path: Path) -> None:
    """After each cut only what is missing is asked for, of the version that was begun."""
    site.cuts = [100_000, 1_000]

    assert _fetch(_listed(site), tmp_path) == BODY

    assert [each.get("range") for each in site.asked] == [None, "bytes=100000-", "bytes=101000-"]
    assert {each.get("if-range") for each in site.asked[1:]} == {'"v1"'}


def test_the_next_run_goes_on(site: Site, tmp_path: Path) -> None:
    """What came before the tries ran out is kept and gone on with by another run."""
    site.cuts = [1_000] * 4

    with pytest.raises(CutOff) as caught:
        _fetch(_listed(site), tmp_path)

    assert caught.value.done_bytes == 4_000
    assert _left(tmp_path) == {"net.onnx.part", "net.onnx.part.json"}
    assert _fetch(_listed(site), tmp_path) == BODY
    assert site.asked[-1]["range"] == "bytes=4000-"


def test_an_end_that_nobody_announced(site: Site, tmp_path: Path) -> None:
    """A server that does not say how long the file is: the catalogue's length tells a cut from the end."""
    site.cuts, site.length = [100_000], False

    assert _fetch(_listed(site), tmp_path) == BODY

    assert site.asked[1]["range"] == "bytes=100000-"


def test_gone_in_the_middle(site: Site, tmp_path: Path) -> None:
    """Where nobody can be connected to after a cut, what came is kept for the next run."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound, never listened on: connections are refused

        def go() -> None:
            site.location = f"http://127.0.0.1:{unheard.getsockname()[1]}/"

        site.cuts, site.after = [100_000], go
        with pytest.raises(CutOff) as caught:
            _fetch(_listed(site), tmp_path)

    assert caught.value.done_bytes == 100_000


@pytest.mark.parametrize("etag", ["", 'W/"v1"'])
def test_without_a_strong_etag_it_begins_anew(site: Site, tmp_path: Path, etag: str) -> None:
    """No validator, or a weak one: what came can't be trusted to be of the same file."""
    site.cuts, site.etag = [100_000], etag

    assert _fetch(_listed(site), tmp_path) == BODY

    assert all("range" not in each for each in site.asked)


def test_server_without_ranges(site: Site, tmp_path: Path) -> None:
    """A server that sends all of it again is read from the start."""
    site.cuts, site.ranges = [100_000], False

    assert _fetch(_listed(site), tmp_path) == BODY

    assert site.asked[1]["range"] == "bytes=100000-"


@pytest.mark.parametrize("blind", [False, True], ids=["sends the new one whole", "sends the range all the same"])
def test_file_changed_between_tries(site: Site, tmp_path: Path, *, blind: bool) -> None:
    """Bytes of two versions are never put together, not even where the server pays no heed to If-Range."""
    site.cuts, site.ranges_blind = [100_000], blind

    def change() -> None:
        site.body, site.etag = OTHER, '"v2"'

    site.after = change
    assert _fetch(_listed(site, OTHER), tmp_path) == OTHER


def test_range_beyond_a_file_that_shrank(site: Site, tmp_path: Path) -> None:
    """416 for what is there: the part is thrown away, and the file asked for anew."""
    site.cuts, site.statuses = [100_000], [0, 416]

    assert _fetch(_listed(site), tmp_path) == BODY

    assert [each.get("range") for each in site.asked] == [None, "bytes=100000-", None]


def test_wrong_checksum(site: Site, tmp_path: Path) -> None:
    """Another file of the same length is thrown away; both sums and the way by hand are said."""
    site.body = OTHER

    with pytest.raises(ChecksumWrong) as caught:
        _fetch(_listed(site), tmp_path)

    assert _left(tmp_path) == set()
    assert hashlib.sha256(OTHER).hexdigest() in str(caught.value)
    assert hashlib.sha256(BODY).hexdigest() in str(caught.value)


@pytest.mark.parametrize("length", [True, False], ids=["says so", "just goes on"])
def test_too_large(site: Site, tmp_path: Path, *, length: bool) -> None:
    """What is longer than the catalogue says is not read to its end and not kept."""
    site.length = length

    with pytest.raises(TooLarge):
        _fetch(_listed(site, size_bytes=100_000), tmp_path)

    assert _left(tmp_path) == set()


def test_offline_says_how_by_hand(tmp_path: Path, site: Site) -> None:
    """No connection: one sentence with the address, the sum and the command that imports the file."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound, never listened on: connections are refused
        listed = _listed(site, address=f"http://127.0.0.1:{unheard.getsockname()[1]}/net.onnx")
        with pytest.raises(Unreachable) as caught:
            _fetch(listed, tmp_path)

    said = str(caught.value)
    assert "127.0.0.1 can't be reached" in said
    assert f"curl -L -o net.onnx {listed.address}" in said
    assert "zool models import net.onnx --as detector --name net" in said


def test_answers_that_are_not_the_file(site: Site, tmp_path: Path) -> None:
    """404 is refused at once; a busy server is asked again until the tries are used up."""
    site.status = 404
    with pytest.raises(AnswerRefused, match="answers 404"):
        _fetch(_listed(site), tmp_path)
    assert len(site.asked) == 1

    site.status = 503
    with pytest.raises(CutOff, match="503"):
        _fetch(_listed(site), tmp_path)
    assert len(site.asked) == 1 + PATIENCE.tries_max


def test_redirects(site: Site, tmp_path: Path) -> None:
    """They are followed for a while, but never to an address without TLS."""
    site.location = site.address
    with pytest.raises(AnswerRefused, match="from address to address"):
        _fetch(_listed(site), tmp_path)
    assert len(site.asked) == download.REDIRECTS_MAX + 1

    site.location = "http://weights.example/net.onnx?token=secret"
    with pytest.raises(AddressInsecure) as caught:
        _fetch(_listed(site), tmp_path)
    assert "secret" not in str(caught.value)


def test_one_at_a_time(site: Site, tmp_path: Path) -> None:
    """A second process that wants the same file is told so."""
    with (tmp_path / "net.lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PullUnderWay, match=r"net\.onnx is being fetched by another process"):
            _fetch(_listed(site), tmp_path)
    assert site.asked == []


def test_folder_that_cannot_be(site: Site, tmp_path: Path) -> None:
    """A place that can't be written is named."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskRefused, match=r"net\.onnx cannot be written"):
        _fetch(_listed(site), tmp_path / "file" / "below")


def _network(names: str) -> bytes:
    """A detector with YOLOv8's head that answers the same for every picture."""
    answer = helper.make_tensor("answer", TensorProto.FLOAT, (1, 6, 21), [0.5] * 126)
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["output"], value=answer)],
        "net",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, 32, 32))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 6, 21))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": names})
    return bytes(model.SerializeToString())


def _catalogue(path: Path, site: Site, **fields: object) -> str:
    entry = {"name": "net", "task": "detector", "about": "a net", "address": site.address, "licence": "MIT"} | fields
    lines = [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in entry.items()]
    path.write_text("\n".join(["[[weights]]", *lines]) + "\n", "utf-8")
    return str(path)


def test_command_imports_what_came(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The weights are deployed under their task with the licence of the catalogue; what was fetched is tidied away."""
    site.body = _network("['a', 'b']")
    words = ["pull", "net", "--catalogue", _catalogue(tmp_path / "c.toml", site), "--data-dir", str(tmp_path / "data")]

    assert main(words) == 0

    deployed = store.deployed("detector", tmp_path / "data").card
    assert (deployed.name, deployed.licence, deployed.sha256) == ("net", "MIT", hashlib.sha256(site.body).hexdigest())
    said = capsys.readouterr().out
    assert said.index("licence MIT") < said.index(f"SHA-256 {deployed.sha256} (the catalogue knows none")
    assert not (tmp_path / "data" / "models" / "downloads" / "net.onnx").exists()


def test_command_keeps_what_cannot_be_imported(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Something that is no network is refused by the importer; the file stays, and nothing is deployed."""
    words = ["pull", "net", "--catalogue", _catalogue(tmp_path / "c.toml", site), "--data-dir", str(tmp_path)]

    assert main(words) == 2

    assert "cannot be read as an ONNX network" in capsys.readouterr().err
    assert (tmp_path / "models" / "downloads" / "net.onnx").read_bytes() == BODY
    assert store.deployed("detector", tmp_path).card.starter


def test_command_asks_nobody_without_the_licence(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AGPL weights need their licence accepted by name; until then the licence is shown and nothing fetched."""
    catalogue = _catalogue(tmp_path / "c.toml", site, licence="AGPL-3.0", accept=True)
    words = ["pull", "net", "--catalogue", catalogue, "--data-dir", str(tmp_path)]

    assert main(words) == 2
    assert main([*words, "--accept-licence", "MIT"]) == 2
    assert site.asked == []
    assert "say --accept-licence AGPL-3.0" in capsys.readouterr().err

    site.body = _network("['a', 'b']")
    assert main([*words, "--accept-licence", "AGPL-3.0"]) == 0
    assert store.deployed("detector", tmp_path).card.licence == "AGPL-3.0"


def test_command_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name the catalogue is listed, as a table or as JSON; an unknown name or task is told what there is."""
    assert main(["pull"]) == 0
    assert "--accept-licence AGPL-3.0" in capsys.readouterr().out
    assert main(["pull", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=tuple[Listed, ...]) == command.load().weights
    assert main(["pull", "yolo", "--data-dir", str(tmp_path)]) == 2
    assert "there are: yolox-nano" in capsys.readouterr().err
    assert main(["pull", "yunet", "--as", "nothing", "--data-dir", str(tmp_path)]) == 2
    assert "importing as 'nothing' is not supported" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("yolox-nano", "yolox_nano_coco.onnx"),
        ("cct-xs-global", "plate_ocr_global_cct_xs.onnx"),
        ("scrfd-500m", "face_scrfd_500m.onnx"),
    ],
)
def test_entries_whose_files_are_at_hand(tmp_path: Path, name: str, file: str) -> None:
    """The file has the sum and the length of its entry, and the importer takes it as the entry says."""
    listed, path = command.load().find(name), real(f"models/{file}")
    assert listed

    assert (card.file_sha256(path), path.stat().st_size) == (listed.sha256, listed.size_bytes)
    assert main(["import", *import_words(listed, path), "--data-dir", str(tmp_path)]) == 0
    assert store.deployed(listed.task, tmp_path).card.name == name
