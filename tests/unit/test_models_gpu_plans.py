"""Plans: built where they are served, whole or not at all, and refused anywhere else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec
import pytest

from model_repository import builder, registry
from model_repository.__main__ import main
from model_repository.gpu import devices, engines, plans
from model_repository.gpu.devices import Device
from model_repository.gpu.errors import GpuCountWrong, GpuMemoryShort, NoGpu, PlanFailed, PlanForeign
from model_repository.gpu.plans import Engine, Profile
from model_repository.target import Target
from tests.support.plans import CARD, FakeTensorRt

DETECTOR = registry.ENSEMBLES[0]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter detector for two cards."""
    out = tmp_path_factory.mktemp("gpu") / "models"
    builder.build(out, out.parent / "data", (DETECTOR,), Target(name="gpu", gpus=2))
    return out


@pytest.fixture
def repository(rendered: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    import shutil  # noqa: PLC0415

    return Path(shutil.copytree(rendered, tmp_path / "models"))


def _real() -> Engine:
    if importlib.util.find_spec("tensorrt") is None or not devices.found():
        pytest.skip("the real TensorRT needs its package (extra `gpu`) and a card")
    return engines.located()


@pytest.fixture(params=["fake", "real"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The fake everywhere, the real one where there is a card: one suite for both."""
    return FakeTensorRt() if request.param == "fake" else _real()


def _cards(engine: Engine) -> tuple[Device, ...]:
    return (CARD, CARD) if isinstance(engine, FakeTensorRt) else devices.found() * 2


def test_plans_are_built_once(repository: Path, engine: Engine) -> None:
    """The network of the detector gets its plan and stamp; a second time there is nothing to do; the check agrees."""
    assert plans.build(repository, engine, _cards(engine)) == ("detector_network",)
    folder = repository / "detector_network" / "1"
    assert (folder / "model.plan").stat().st_size > 1000
    assert plans.build(repository, engine, _cards(engine)) == ()
    plans.verify(repository, engine, _cards(engine))
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


def test_a_broken_graph_leaves_the_old_plan(repository: Path, engine: Engine) -> None:
    """What can't be built is refused with the model's name; the plan that was there is still there."""
    plans.build(repository, engine, _cards(engine))
    folder = repository / "detector_network" / "1"
    before = (folder / "model.plan").read_bytes()
    (folder / "model.onnx").write_bytes(b"garbage")
    with pytest.raises(PlanFailed, match="detector_network"):
        plans.build(repository, engine, _cards(engine))
    assert (folder / "model.plan").read_bytes() == before


@pytest.mark.parametrize(
    ("version", "card", "fp16", "message"),
    [
        ("10.9.0", CARD, True, "tensorrt 10.16.1, here it is 10.9.0"),
        ("10.16.1", msgspec.structs.replace(CARD, name="Fake L4"), True, "card Fake A2, here it is Fake L4"),
        ("10.16.1", msgspec.structs.replace(CARD, compute="9.0"), True, "compute 8.6, here it is 9.0"),
        ("10.16.1", CARD, False, "profile"),
    ],
)
def test_a_foreign_plan_is_refused_and_built_again(
    repository: Path, version: str, card: Device, *, fp16: bool, message: str
) -> None:
    """Another TensorRT, card, compute capability or precision: named, with what to run; `plan` then builds anew."""
    plans.build(repository, FakeTensorRt(), (CARD, CARD))
    here = FakeTensorRt(version)
    with pytest.raises(PlanForeign, match=message):
        plans.verify(repository, here, (card, card), fp16=fp16)
    assert plans.build(repository, here, (card, card), fp16=fp16) == ("detector_network",)


def test_a_plan_without_a_stamp_is_foreign(repository: Path) -> None:
    """Nobody knows what a plan without a stamp was built for."""
    plans.build(repository, FakeTensorRt(), (CARD, CARD))
    (repository / "detector_network" / "1" / "plan.json").unlink()
    with pytest.raises(PlanForeign, match="built for tensorrt nothing"):
        plans.verify(repository, FakeTensorRt(), (CARD, CARD))


def test_machines_that_do_not_fit_are_refused(repository: Path) -> None:
    """No card, too few cards, a card that is full: each says so with its numbers, before anything is built."""
    engine = FakeTensorRt()
    full = msgspec.structs.replace(CARD, free_mib=100)
    for cards, error, message in (
        ((), NoGpu, "nvidia-smi"),
        ((CARD,), GpuCountWrong, "for 2 GPUs, this machine has 1"),
        ((CARD, full), GpuMemoryShort, "100 MiB free.*600 MiB"),
    ):
        with pytest.raises(error, match=message):
            plans.build(repository, engine, cards)
    assert engine.built == []


def test_the_command_line_refuses_without_a_card(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`plan` and `build --gpus auto` on a machine without a card: exit code 2 and one sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["plan", "--repository", str(repository)]) == 2
    build = ["build", "--target", "gpu", "--out", str(tmp_path / "out"), "--data-dir", str(tmp_path)]
    assert main(build) == 2
    assert capsys.readouterr().err.count("no NVIDIA GPU was found") == 2
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit):
        main([*build, "--gpus", "two"])


def test_cards_are_read_from_nvidia_smi() -> None:
    """One line per card; what is no card is left out."""
    text = "NVIDIA A2, 15356, 15000, 8.6, 570.86\nNVIDIA L4, 23034, [N/A], 8.9, 570.86\n\nNo devices were found\n"
    assert devices.parsed(text) == (
        Device(name="NVIDIA A2", memory_mib=15356, free_mib=15000, compute="8.6", driver="570.86"),
    )


def test_nvidia_smi_is_asked_or_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tool: no cards; a tool that fails: no cards; a tool that answers: its cards."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.found() == ()
    tool = tmp_path / "nvidia-smi"
    for script, count in (("exit 9", 0), ("echo 'NVIDIA A2, 15356, 15000, 8.6, 570.86'", 1)):
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        assert len(devices.found()) == count


def test_trtexec_is_asked_for_the_profile(repository: Path, tmp_path: Path) -> None:
    """Smallest, best and largest batch of the frame, half precision, no run for timing."""
    graph = repository / "detector_network" / "1" / "model.onnx"
    words = engines.arguments(graph, tmp_path / "p", Profile(batch_best=4, batch_max=8))
    assert "--minShapes=FRAME:1x576x640" in words
    assert "--optShapes=FRAME:4x576x640" in words
    assert "--maxShapes=FRAME:8x576x640" in words
    assert "--fp16" in words
    assert "--fp16" not in engines.arguments(graph, tmp_path / "p", Profile(fp16=False))


def test_trtexec_builds_or_says_why_not(repository: Path, tmp_path: Path) -> None:
    """A stand-in for the tool: its file is read, its version too; where it fails its last words are in the error."""
    tool = tmp_path / "trtexec"
    tool.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case "$word" in --saveEngine=*) echo made > "${word#--saveEngine=}" ;; esac; done\n'
        "echo '&&&& RUNNING TensorRT.trtexec [TensorRT v101601]'\n"
    )
    tool.chmod(0o755)
    engine = engines.TrtexecEngine(str(tool))
    assert engine.version == "10.16.1"
    graph = repository / "detector_network" / "1" / "model.onnx"
    assert engine.plan(graph, Profile()) == b"made\n"
    tool.write_text("#!/bin/sh\necho 'no kernel image'\nexit 1\n")
    with pytest.raises(PlanFailed, match="no kernel image"):
        engine.plan(graph, Profile())
    assert engines.version_in("nothing") == "unknown"
