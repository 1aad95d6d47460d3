"""What processes use, out of the text of /proc."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from deploy.bench import procfs
from deploy.bench.usage import Stat, Units, Usage, members, parse_stat, total

LINE = (
    "4594 (python) (x) S 4567 4295 9527 0 -1 4194560 9000 11 0 0 250 50 7 3 20 0 12 0 61000 900000000 25600 "
    "18446744073709551615 1 1 0 0 0 0 0 16781312 16386 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
)


def process(pid: int, ppid: int, session: int) -> Stat:
    """A process with one thread, a page and a tick for each of its number."""
    return Stat(pid=pid, ppid=ppid, session=session, cpu_ticks=pid, threads=1, rss_pages=pid)


def test_a_line_of_stat_is_read_behind_the_name() -> None:
    """Blanks and brackets in a process's name do not move the fields; CPU holds the children waited for."""
    assert parse_stat(LINE) == Stat(pid=4594, ppid=4567, session=9527, cpu_ticks=310, threads=12, rss_pages=25600)


@pytest.mark.parametrize("text", ["", "1 (init", "1 (init) S 0 1 1", LINE.replace("250", "many")])
def test_other_text_is_refused(text: str) -> None:
    """What is no line of /proc/PID/stat is a ValueError, never a wrong figure."""
    with pytest.raises(ValueError, match=r"no line of|invalid literal"):
        parse_stat(text)


def test_a_component_is_its_session_and_what_descends_from_it() -> None:
    """Session 10 holds 10 and the orphan 12; 11 left the session but descends; 20 is a neighbour."""
    stats = (process(12, 1, 10), process(11, 10, 11), process(13, 11, 11), process(10, 2, 10), process(20, 2, 20))
    table = {stat.pid: stat for stat in stats}
    assert [stat.pid for stat in members(10, table)] == [10, 11, 12, 13]
    assert members(99, table) == []


def test_sums_in_human_units() -> None:
    """Pages become bytes, ticks become seconds; files that could not be counted are none."""
    stats = [process(10, 1, 10), process(30, 10, 10)]
    found = total(stats, {10: 5}, Units(page_bytes=4096, ticks_per_s=100))
    assert found == Usage(rss_bytes=40 * 4096, threads=2, files=5, cpu_s=0.4, processes=2)
    assert total([], {}, Units()) == Usage()


def test_this_process_is_found_in_proc() -> None:
    """The edge reads the real /proc: this process lives, is resident, has open files; a dead one is left out."""
    me = os.getpid()
    found = procfs.readings({"gone": 2**22 + 1}, {"me": me})
    assert list(found) == ["me"]
    assert found["me"].head == me
    assert found["me"].usage.processes == 1
    assert found["me"].usage.rss_bytes > 1_000_000
    assert found["me"].usage.files > 2
    assert found["me"].usage.cpu_s > 0


def test_the_machine_is_described() -> None:
    """Conditions name what the figures were taken on."""
    machine = procfs.machine()
    assert machine["cpus"] >= 1
    assert machine["cpu"]
    assert machine["memory_gb"] > 0


def test_regions_are_ours_while_we_have_them_mapped_and_orphans_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that nobody has mapped was left behind by somebody who was killed."""
    monkeypatch.setattr(procfs, "SHM", tmp_path)
    region = tmp_path / f"{procfs.REGION_PREFIX}x"
    region.write_bytes(bytes(4096))
    (tmp_path / "other").write_bytes(b"")
    with region.open("r+b") as file, mmap.mmap(file.fileno(), 4096):
        assert procfs.regions({"me": os.getpid()}) == procfs.Regions(mapped=1, orphans=())
    assert procfs.regions({"me": os.getpid()}) == procfs.Regions(mapped=0, orphans=(region.name,))
