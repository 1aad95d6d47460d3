"""What is judged of the machine. Pure: facts come in, checks go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from deploy.doctor.checks import Check, Said, fail, ok, skipped, warn

PYTHONS = ((3, 11), (3, 12), (3, 13))
MEMORY_BYTES_MIN = 4 * 1024**3
DISK_FREE_BYTES_MIN = 1024**3
DISK_FREE_BYTES_LOW = 5 * 1024**3
INODES_FREE_RATIO_LOW = 0.02
CLOCK_US_MAX = 1_000_000
"""An error of the clock that NTP itself reports; events of several machines are put in order by it."""
NEEDED_FLAGS = ("sse4_2", "popcnt", "ssse3")
"""x86-64-v2: the wheels of numpy and OpenVINO are built for it."""
DECODERS = ("h264", "hevc")
_GIB = 1024**3


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Processor and memory, as a process here may use them."""

    flags: frozenset[str]
    cores: float
    """Cores that are allowed: affinity, and the quota of the control group."""
    memory_bytes: int
    available_bytes: int


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """NVIDIA cards."""

    named: tuple[str, ...] = ()
    driver: bool = False
    """Whether the kernel has the driver."""
    fault: str = ""
    """Why nvidia-smi does not answer."""


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The file system of the data folder, and what lies there."""

    path: str
    writable: bool
    free_bytes: int
    total_bytes: int
    inodes_free: int
    inodes: int
    held_bytes: Mapping[str, int]
    """By folder: nats, clickhouse, logs, spool …"""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel says of its clock (adjtimex)."""

    synchronised: bool
    error_us_max: int


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """Who listens on a port; pid 0 = it can't be told (another user's)."""

    pid: int
    command: str
    ours: bool


def python(version: tuple[int, int], missing: Sequence[str]) -> list[Check]:
    """The interpreter, and the distributions that `zool[onebox]` asks for."""
    text = f"{version[0]}.{version[1]}"
    allowed = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    if version in PYTHONS:
        first = ok("python", Said(f"Python {text}", f"Python {text}"))
    else:
        first = fail(
            "python",
            Said(
                f"Python {text}: Triton's stubs are there for {allowed}", f"Python {text}: Triton работает с {allowed}"
            ),
            "",
            Said(
                "make .venv again with one of them: make install PYTHON=…", "пересоздайте .venv: make install PYTHON=…"
            ),
        )
    if not missing:
        return [first, ok("packages", Said("every package is installed", "все пакеты установлены"))]
    listed = ", ".join(missing)
    again = Said("install them: make install", "установите их: make install")
    return [first, fail("packages", Said(f"not installed: {listed}", f"не установлены: {listed}"), "", again)]


def programs(nats: str, triton: str) -> list[Check]:
    """The servers that come as wheels; each text is empty or says what is missing, as the server's part says it."""
    checks = []
    for name, fault in (("nats-server", nats), ("triton", triton)):
        if fault:
            todo = Said("do what it says, then look again", "выполните указанное и повторите проверку")
            checks.append(fail(name, Said(fault, fault), "", todo))
        else:
            checks.append(ok(name, Said("is there", "на месте")))
    return checks


def processor(machine: Machine) -> list[Check]:
    """Instructions, cores and memory."""
    lacking = [flag for flag in NEEDED_FLAGS if flag not in machine.flags]
    cores = f"{machine.cores:g}"
    if lacking:
        listed = ", ".join(lacking)
        cpu = fail(
            "cpu",
            Said(f"the processor lacks {listed}", f"процессор не умеет {listed}"),
            "/proc/cpuinfo",
            Said(
                "use a machine with x86-64-v2, or let the hypervisor pass the processor's flags on",
                "нужен процессор x86-64-v2, либо передайте его возможности в виртуальную машину",
            ),
        )
    elif "avx2" not in machine.flags:
        cpu = warn(
            "cpu",
            Said(
                f"{cores} cores, no AVX2: models are several times slower", f"ядер: {cores}, нет AVX2: модели медленнее"
            ),
            "/proc/cpuinfo",
            Said(
                "take the processor's flags through the hypervisor",
                "передайте возможности процессора в виртуальную машину",
            ),
        )
    else:
        cpu = ok("cpu", Said(f"{cores} cores, AVX2", f"ядер: {cores}, AVX2"))
    whole, free = f"{machine.memory_bytes / _GIB:.1f}", f"{machine.available_bytes / _GIB:.1f}"
    said = Said(f"{whole} GiB, {free} GiB available", f"{whole} ГиБ, свободно {free} ГиБ")
    if machine.memory_bytes >= MEMORY_BYTES_MIN:
        return [cpu, ok("memory", said)]
    least = MEMORY_BYTES_MIN // _GIB
    return [cpu, warn("memory", said, "", Said(f"give it {least} GiB or more", f"нужно не меньше {least} ГиБ"))]


def cards(found: Cards) -> Check:
    """NVIDIA cards by name; none is fine."""
    if found.named:
        listed = "; ".join(found.named)
        return ok("gpu", Said(listed, listed))
    if found.driver or found.fault:
        why = found.fault or "no card is listed"
        return warn(
            "gpu",
            Said(f"a driver is there, but nvidia-smi does not answer: {why}", f"драйвер есть, но nvidia-smi: {why}"),
            "nvidia-smi",
            Said(
                "mend the driver; models run on the processor until then",
                "исправьте драйвер; пока модели на процессоре",
            ),
        )
    return ok("gpu", Said("no NVIDIA card: models run on the processor", "карт NVIDIA нет: модели на процессоре"))


def decoders(there: Sequence[str], hardware: Sequence[str], wanted: str) -> list[Check]:
    """What libav decodes, and whether the hardware that `[ingest] hardware_decode` names is known to it."""
    lacking = [name for name in DECODERS if name not in there]
    if lacking:
        listed = ", ".join(lacking)
        first = fail(
            "decoders",
            Said(f"libav can't decode {listed}", f"libav не декодирует {listed}"),
            "PyAV",
            Said("install the wheel of PyAV: make install", "установите PyAV из колеса: make install"),
        )
    else:
        first = ok("decoders", Said(", ".join(DECODERS), ", ".join(DECODERS)))
    if wanted in {"", "off"} or wanted in hardware:
        return [first]
    return [
        first,
        warn(
            "hwaccel",
            Said(f"libav knows no {wanted}; the processor decodes", f"libav не знает {wanted}; декодирует процессор"),
            "[ingest] hardware_decode",
            Said(
                "set it to off, or to one of: " + ", ".join(hardware),
                "поставьте off или одно из: " + ", ".join(hardware),
            ),
        ),
    ]


def port(name: str, address: str, listener: Listener | None) -> Check:
    """A port that `zool up` wants: free, ours, or another program's."""
    if listener is None:
        return ok(name, Said("free", "свободен"), address)
    if listener.ours:
        return ok(name, Said(f"ours (process {listener.pid})", f"наш (процесс {listener.pid})"), address)
    who = f"{listener.pid} ({listener.command})" if listener.pid else "?"
    return fail(
        name,
        Said(f"taken by process {who}", f"занят процессом {who}"),
        address,
        Said(
            "stop that program, or choose another port in config.ini",
            "остановите программу или смените порт в config.ini",
        ),
    )


def disk(there: Disk, growth_bytes: int) -> list[Check]:
    """Room, inodes and the right to write; `growth_bytes` is what streams may still grow by within their limits."""
    if not there.writable:
        return [
            fail(
                "disk",
                Said("can't be written", "нет записи"),
                there.path,
                Said(
                    "give this user the folder, or mount it writable", "дайте права на папку или смонтируйте на запись"
                ),
            )
        ]
    held = ", ".join(f"{name} {size / _GIB:.2f}" for name, size in sorted(there.held_bytes.items()))
    free, total = there.free_bytes / _GIB, there.total_bytes / _GIB
    said = Said(
        f"{free:.1f} of {total:.1f} GiB free; held, GiB: {held or 'nothing'}",
        f"свободно {free:.1f} из {total:.1f} ГиБ; занято, ГиБ: {held or 'нет'}",
    )
    return [_room(there, said, growth_bytes), *_inodes(there)]


def _room(there: Disk, said: Said, growth_bytes: int) -> Check:
    room = Said(
        "make room, or keep less: [store] events_days, looks_days, photos_days",
        "освободите место или храните меньше: [store] events_days, looks_days, photos_days",
    )
    if there.free_bytes < DISK_FREE_BYTES_MIN:
        return fail("disk", said, there.path, room)
    if there.free_bytes < DISK_FREE_BYTES_LOW or there.free_bytes < growth_bytes:
        grow = growth_bytes / _GIB
        more = Said(
            f"{said.en}; streams may grow by {grow:.1f} GiB", f"{said.ru}; потоки могут вырасти на {grow:.1f} ГиБ"
        )
        return warn("disk", more, there.path, room)
    return ok("disk", said, there.path)


def _inodes(there: Disk) -> list[Check]:
    if not there.inodes or there.inodes_free >= there.inodes * INODES_FREE_RATIO_LOW:
        return []
    return [
        fail(
            "inodes",
            Said(f"{there.inodes_free} of {there.inodes} free", f"свободно {there.inodes_free} из {there.inodes}"),
            there.path,
            Said("remove small files from this file system", "удалите мелкие файлы с этой файловой системы"),
        )
    ]


def clock(found: Clock | None, others: Mapping[str, int]) -> list[Check]:
    """The kernel's clock, and by how many microseconds those of servers differ from it (theirs minus ours)."""
    if found is None:
        first = skipped("clock", Said("the kernel does not tell (adjtimex)", "ядро не сообщает (adjtimex)"))
    elif found.synchronised and found.error_us_max <= CLOCK_US_MAX:
        first = ok(
            "clock", Said(f"kept by NTP, within {found.error_us_max} µs", f"NTP, точность {found.error_us_max} мкс")
        )
    else:
        first = warn(
            "clock",
            Said("is not kept by NTP", "не синхронизированы по NTP"),
            "adjtimex",
            Said("switch on chrony or systemd-timesyncd", "включите chrony или systemd-timesyncd"),
        )
    return [first, *(_apart(name, us) for name, us in sorted(others.items()))]


def _apart(name: str, us: int) -> Check:
    apart = f"{abs(us) / 1e6:.3f}"
    said = Said(f"{apart} s from this machine's", f"расхождение {apart} с")
    if abs(us) <= CLOCK_US_MAX:
        return ok(f"clock-{name}", said)
    return fail(
        f"clock-{name}",
        said,
        name,
        Said("set both clocks by the same NTP server", "синхронизируйте часы с одним сервером NTP"),
    )
