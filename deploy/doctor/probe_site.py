"""What lies in a data folder and what its processes say. Edge (files, HTTP, NATS). Judges nothing."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.broker import Broker
from deploy.doctor.site import Model, Part, Private, Reader, Stream
from deploy.up.plan import Component
from deploy.up.supervisor import is_ready
from ingest.contract import CameraState, decode
from ingest.sealed import read_keys
from model_repository import card, registry, store
from model_repository.errors import ModelError

ANSWER_S_MAX = 3.0
STATES_S = 1.5
"""For how long states of cameras are listened to: each is said once a second."""
PRIVATE = (
    "", "lock", "admin.token", "secrets.key", "passwords.json", "nats.conf", "ports.json", "grafana.env", "secrets",
    "logs",
)  # fmt: skip


def private(data_dir: Path, more: tuple[Path, ...]) -> list[Private]:
    """The files of a data folder that only its owner may read, what lies in `secrets`, and `more`."""
    named = [data_dir / name for name in PRIVATE]
    found = []
    for path in (*named, *sorted((data_dir / "secrets").glob("*")), *more):
        try:
            told = path.stat()
        except OSError:
            continue
        mine = os.geteuid() in {0, told.st_uid}
        found.append(Private(path=str(path), mode=stat.S_IMODE(told.st_mode), mine=mine))
    return found


def fault_of_key(path: Path) -> str:
    """Why the key file is none; empty = it is one, or there is none yet."""
    try:
        read_keys(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"is no key file: {error}"
    return ""


def models(data_dir: Path) -> list[Model]:
    """Every set of weights that is in use, and every other one that was imported."""
    found: dict[tuple[str, str], Model] = {}
    for task in registry.TASKS:
        for path in sorted((data_dir / "models" / task.name).glob(f"[!.]*/{task.file}")):
            found[task.name, path.parent.name] = _model(task.name, path.parent.name, path)
        if task.slots:
            continue
        try:
            used = store.deployed(task.name, data_dir)
        except ModelError as error:
            if not any(one.fault for key, one in found.items() if key[0] == task.name):
                found[task.name, "in use"] = Model(task=task.name, name="in use", where="", fault=str(error))
            continue
        if used.card.starter:
            found[task.name, used.card.name] = _model(task.name, used.card.name, used.path, starter=True)
    return list(found.values())


def _model(task: str, name: str, path: Path, *, starter: bool = False) -> Model:
    try:
        card.load(path)
        fault = _fault_of_network(path)
    except ModelError as error:
        fault = str(error)
    return Model(task=task, name=name, where=str(path), starter=starter, fault=fault)


def _fault_of_network(path: Path) -> str:
    if path.suffix != ".onnx":
        return ""
    import onnx  # noqa: PLC0415 - slow

    try:
        onnx.checker.check_model(str(path))
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        return f"{path} is no network that can be loaded: {str(error)[:200]}"
    return ""


def parts(components: tuple[Component, ...], logs: Path) -> list[Part]:
    """Health of every component, by the faces that the supervisor asks."""
    return [_part(one, logs / f"{one.name}.log") for one in components]


def _part(one: Component, log: Path) -> Part:
    if not one.ready_url.endswith("/health/ready"):
        return Part(name=one.name, ready=is_ready(one), log=str(log))
    body, ready = b"", False
    try:
        with urllib.request.urlopen(one.ready_url, timeout=ANSWER_S_MAX) as answer:  # noqa: S310 - our own loopback
            body, ready = answer.read(), True
    except urllib.error.HTTPError as error:
        body = error.read()
    except (OSError, ValueError):
        return Part(name=one.name, ready=False, log=str(log))
    return Part(name=one.name, ready=ready, faults=dict(_faults(body)), log=str(log))


def _faults(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        told = json.loads(body or b"{}").get("components", {})
    except (ValueError, AttributeError):
        return
    for name, state in told.items():
        if isinstance(state, Mapping) and not state.get("ok", True):
            yield name, str(state.get("detail", ""))


async def broker(url: str, user: str, password: str) -> tuple[list[Stream], int, list[str], int]:
    """Streams; by how many µs the broker's clock is ahead; cameras whose clock is off; how many told their state.

    Raises `BrokerAway`.
    """
    async with Broker.open(url, user, password) as one:
        streams, ahead_us = [], 0
        for name in await one.names():
            asked_us = time.time_ns() // 1000
            info = await one.api(f"STREAM.INFO.{name}")
            ahead_us = _ahead_us(info.get("ts", ""), asked_us, time.time_ns() // 1000)
            streams.append(_stream(info, await one.readers(name)))
        faulty, heard = await _states(one)
        return streams, ahead_us, faulty, heard


def _ahead_us(text: str, asked_us: int, answered_us: int) -> int:
    """0 where the stamp lies between question and answer."""
    if not text:
        return 0
    whole, _, rest = text.removesuffix("Z").partition(".")
    told_us = int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 1_000_000 + int(
        (rest or "0")[:6].ljust(6, "0")
    )
    return told_us - asked_us if told_us < asked_us else max(0, told_us - answered_us)


def _stream(info: Mapping[str, Any], readers: Sequence[Mapping[str, Any]]) -> Stream:
    config, state = info["config"], info["state"]
    return Stream(
        name=config["name"],
        subjects=tuple(config.get("subjects") or ()),
        age_s_max=int(config.get("max_age") or 0) // 1_000_000_000,
        bytes_max=int(config.get("max_bytes", -1)),
        append_only=bool(config.get("deny_delete") and config.get("deny_purge")),
        messages=int(state.get("messages", 0)),
        bytes=int(state.get("bytes", 0)),
        readers=tuple(
            Reader(name=one["name"], waiting=int(one.get("num_pending", 0)), in_hand=int(one.get("num_ack_pending", 0)))
            for one in readers
            if one.get("config", {}).get("durable_name")
        ),
    )


async def _states(one: Broker) -> tuple[list[str], int]:
    heard: dict[str, bool] = {}

    async def hear(_: str, payload: bytes) -> None:
        state = decode(payload, CameraState)
        heard[state.camera] = "clock" in state.faults

    await one.listen("zool.state.*", hear)
    await asyncio.sleep(STATES_S)
    return [camera for camera, off in heard.items() if off], len(heard)
