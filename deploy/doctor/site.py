"""What is judged of a data folder and of the site that runs on it. Pure: facts come in, checks go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from deploy.doctor.checks import Check, Said, fail, ok, skipped, warn
from ingest.contract import BUCKETS, STREAMS, StreamSpec

BEHIND = 500
"""With more messages waiting a reader is behind (the console says the same)."""
BUCKET_PREFIX = "KV_zool-"
UNMADE = frozenset({"packages"})
"""Buckets that no stage makes yet."""
SKIPPED = Said("nothing runs on this folder", "на этой папке ничего не запущено")
_NS = 1_000_000_000


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A set of weights, or why it is of no use."""

    task: str
    name: str
    where: str
    starter: bool = False
    fault: str = ""
    """In the words of the models' own part: what, where, what to do."""


class Private(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder with a secret."""

    path: str
    mode: int
    """Permission bits."""
    mine: bool
    """Whether it belongs to this user (or this user is root)."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A durable consumer."""

    name: str
    waiting: int
    in_hand: int = 0


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as the broker has it."""

    name: str
    subjects: tuple[str, ...] = ()
    age_s_max: int = 0
    bytes_max: int = -1
    append_only: bool = False
    messages: int = 0
    bytes: int = 0
    readers: tuple[Reader, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A component of the running site."""

    name: str
    ready: bool
    faults: Mapping[str, str] = {}
    """What it lacks, in its own words, by part."""
    log: str = ""


def configuration(path: str, fault: str) -> Check:
    """config.ini as a whole; `fault` is the refusal of the program itself."""
    if not path:
        return ok("config", Said("none given: defaults", "не задан: значения по умолчанию"))
    if fault:
        todo = Said("mend that line", "исправьте эту строку")
        return fail("config", Said(fault, fault), path, todo)
    return ok("config", Said("every key is known and allowed", "все ключи известны и допустимы"), path)


def privacy(found: Sequence[Private]) -> list[Check]:
    """Nobody but the owner reads a secret."""
    checks = []
    for one in found:
        if one.mode & 0o077:
            want = f"{one.mode & 0o700:o}"
            checks.append(
                fail(
                    "secrets",
                    Said(f"others may read it (mode {one.mode:04o})", f"доступен другим (режим {one.mode:04o})"),
                    one.path,
                    Said(
                        f"chmod {want} {one.path}; whoever may have read it makes it worth changing",
                        f"chmod {want} {one.path}; если его могли прочесть, смените секрет",
                    ),
                )
            )
        elif not one.mine:
            checks.append(
                fail(
                    "secrets",
                    Said("belongs to another user", "принадлежит другому пользователю"),
                    one.path,
                    Said("run zool as the user who owns it", "запускайте zool от имени владельца"),
                )
            )
    if checks or not found:
        return checks
    return [ok("secrets", Said(f"{len(found)} files, for their owner only", f"файлов: {len(found)}, только владельцу"))]


def key(path: str, fault: str) -> list[Check]:
    """The key that credentials of cameras are sealed with."""
    if not fault:
        return []
    todo = Said("put the kept copy of the key there", "верните сохранённую копию ключа")
    return [fail("secrets-key", Said(fault, fault), path, todo)]


def models(found: Sequence[Model]) -> list[Check]:
    """Each set that is in use or may be: its hash, that it loads, and starters by name."""
    checks = [_model_broken(one) for one in found if one.fault]
    starters = [one.task for one in found if one.starter and not one.fault]
    good = sum(1 for one in found if not one.fault)
    if not checks:
        said = Said(f"{good} sets of weights: hashes fit, all load", f"наборов весов: {good}, хеши верны, загружаются")
        checks.append(ok("models", said))
    if starters:
        listed = ", ".join(sorted(starters))
        checks.append(
            warn(
                "starters",
                Said(f"starter models are in use: {listed}", f"используются стартовые модели: {listed}"),
                "",
                Said(
                    "put your own in: zool models import (MODELS.md)", "поставьте свои: zool models import (MODELS.md)"
                ),
            )
        )
    return checks


def _model_broken(one: Model) -> Check:
    todo = Said(
        f"import it again (zool models import), or use another: zool models use {one.task} NAME",
        f"импортируйте снова (zool models import) или выберите другую: zool models use {one.task} NAME",
    )
    return fail("models", Said(one.fault, one.fault), f"{one.task}/{one.name}", todo)


def running(pid: int | None) -> Check:
    """Whether a supervisor holds the folder."""
    if pid is None:
        return skipped("site", SKIPPED)
    return ok("site", Said(f"runs (process {pid})", f"работает (процесс {pid})"))


def parts(found: Sequence[Part]) -> list[Check]:
    """Health of the components; what is not needed to be ready is told as well."""
    checks = []
    for one in found:
        faults = "; ".join(f"{name}: {detail}" if detail else name for name, detail in sorted(one.faults.items()))
        look = Said(f"see {one.log}", f"смотрите {one.log}")
        if not one.ready:
            said = Said(f"is not ready: {faults or 'no answer'}", f"не готов: {faults or 'нет ответа'}")
            checks.append(fail("health", said, one.name, look))
        elif faults:
            checks.append(warn("health", Said(faults, faults), one.name, look))
    if not checks:
        checks.append(ok("health", Said(f"{len(found)} components are ready", f"компонентов готово: {len(found)}")))
    return checks


def streams(found: Sequence[Stream]) -> list[Check]:
    """Streams and buckets: there, with the right limits, read in time, no dead letters."""
    by_name = {one.name: one for one in found}
    checks = [check for spec in STREAMS.values() for check in _stream(spec, by_name.get(spec.name))]
    lost = [name for name in BUCKETS if name not in UNMADE and BUCKET_PREFIX + name not in by_name]
    if lost:
        listed = ", ".join(lost)
        checks.append(
            warn(
                "buckets",
                Said(f"not there yet: {listed}", f"ещё не созданы: {listed}"),
                "nats",
                Said("the stage that writes them makes them at its start", "их создаёт пишущая стадия при запуске"),
            )
        )
    if not checks:
        said = Said(
            f"{len(STREAMS)} streams and {len(BUCKETS)} buckets, limits as they should be, nobody is behind",
            f"потоков: {len(STREAMS)}, хранилищ: {len(BUCKETS)}; пределы верны, отставаний нет",
        )
        checks.append(ok("streams", said))
    return checks


def _stream(spec: StreamSpec, found: Stream | None) -> list[Check]:
    if found is None:
        todo = Said("the stage that uses it makes it: see `health`", "его создаёт использующая стадия: см. `health`")
        return [fail("streams", Said("is not there", "отсутствует"), spec.name, todo)]
    checks = []
    if wrong := _differs(spec, found):
        checks.append(
            fail(
                "streams",
                Said(f"has other limits: {wrong}", f"пределы не те: {wrong}"),
                spec.name,
                Said(
                    "somebody changed it at the broker: set them back with the nats command line",
                    "кто-то изменил его у брокера: верните их командой nats",
                ),
            )
        )
    checks += [_behind(spec.name, one) for one in found.readers if one.waiting > BEHIND]
    if spec.name == "DEAD" and found.messages:
        checks.append(
            warn(
                "dead-letters",
                Said(f"{found.messages} messages could not be processed", f"не обработано сообщений: {found.messages}"),
                "DEAD",
                Said("zool dead list; mend the cause, then zool dead replay", "zool dead list; затем zool dead replay"),
            )
        )
    return checks


def _behind(stream: str, one: Reader) -> Check:
    return warn(
        "lag",
        Said(f"{one.name} is behind: {one.waiting} messages wait", f"{one.name} отстаёт: ждут {one.waiting}"),
        stream,
        Said("see its health and the machine's load", "смотрите его состояние и нагрузку машины"),
    )


def _differs(spec: StreamSpec, found: Stream) -> str:
    pairs = {
        "subjects": (tuple(sorted(spec.subjects)), tuple(sorted(found.subjects))),
        "max_age, s": (spec.age_s_max, found.age_s_max),
        "max_bytes": (spec.bytes_max, found.bytes_max),
        "deny_delete": (spec.append_only, found.append_only),
    }
    return "; ".join(f"{name} {there}, not {want}" for name, (want, there) in pairs.items() if want != there)


def growth_bytes(found: Sequence[Stream]) -> int:
    """What streams may still grow by within their limits."""
    return sum(max(0, one.bytes_max - one.bytes) for one in found if one.bytes_max > 0)


def camera_clocks(faulty: Sequence[str], heard: int) -> Check:
    """Cameras whose own clock is off, as ingest says in their state."""
    if not heard:
        return skipped("camera-clocks", Said("no camera told its state", "ни одна камера не сообщила состояние"))
    if faulty:
        listed = ", ".join(sorted(faulty))
        return warn(
            "camera-clocks",
            Said("their clocks are off", "часы расходятся"),
            listed,
            Said("set NTP in the cameras", "настройте NTP в камерах"),
        )
    return ok("camera-clocks", Said(f"{heard} cameras, none is off", f"камер: {heard}, расхождений нет"))
