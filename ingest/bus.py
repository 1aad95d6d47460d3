"""The broker, as every process sees it: streams, buckets, durable consumers, request and reply.

Edge (asyncio, nats-py). One `Bus` owns one connection, which is re-made for ever.

Rules
- `publish` returns after JetStream has the message; with the same id it may be called again.
- A consumer acknowledges by hand, after the effect.
- What does not come back in time raises `BusUnavailable`/`BusTimeout`; nothing here retries for ever in silence
  but the connection itself and the wait for a server at start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

import msgspec
import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, KeyValueConfig, RetentionPolicy, StreamConfig

from ingest.contract import STREAMS, mask_url
from ingest.inflow import Inflow
from ingest.settings import NatsSettings, SettingsError
from ingest.watching import Watcher, pending_of

log = logging.getLogger(__name__)

RECONNECT_WAIT_S = 0.25
DEDUPE_WINDOW_S = 120.0
KV_PREFIX = "zool-"
HEADERS_BYTES_MAX = 512
"""Of a message: its id."""
WRONG_LAST_SEQUENCE = 10071
"""JetStream's own number of this refusal."""
OTHER_CONFIGURATION = 10058
"""A stream of that name stands, and is configured otherwise."""
NO_ROOM_YET = frozenset({10005, 10023, 10074})
"""Too few servers of the cluster are there, or it has none: as many as there are to be replicas."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_AWAY = (
    nats.errors.Error,
    nats.js.errors.Error,
    TimeoutError,
    OSError,
)


def _tls(settings: NatsSettings) -> ssl.SSLContext | None:
    """What the broker's certificate is held against, for an address `tls://`; raises `SettingsError`."""
    if not all(server.startswith("tls://") for server in settings.servers):
        if settings.ca_file or settings.cert_file or "tls://" in settings.url:
            allowed = "every address must begin with tls:// where one does, or where ca_file or cert_file is set"
            raise SettingsError(section="nats", key="url", value=mask_url(settings.url), allowed=allowed)
        return None
    key = "ca_file"
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.cert_file or settings.key_file:
            key = "cert_file"
            context.load_cert_chain(settings.cert_file, settings.key_file or None, password="")
    except OSError as error:
        allowed = f"can't be used: {error.strerror or error}"
        raise SettingsError(section="nats", key=key, value=getattr(settings, key), allowed=allowed) from None
    return context


class BusUnavailable(Exception):  # noqa: N818 - a state of the world, named as such
    """The broker did not take or answer a request: try again later, with the same message id."""


class BusTimeout(Exception):  # noqa: N818 - as above
    """Nobody answered a request in time."""


class RevisionConflict(Exception):  # noqa: N818 - as above
    """A bucket's key was changed by somebody else since it was read."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"{key} was changed since it was read: read it again and repeat the change")


class HealthBoard(Protocol):
    """Where the bus says how it is."""

    def set(self, component: str, *, ok: bool, detail: str = "") -> None:
        """Tell the state of a component."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a bucket; `value` None = deleted."""

    key: str
    value: bytes | None
    revision: int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream holds. An empty one has `first_seq` = `last_seq` + 1, or both 0."""

    created_us: int
    """When it was made: a stream that takes its place is another one and counts anew."""
    first_seq: int
    last_seq: int
    first_us: int
    """When its oldest message was written; 0 = it holds none."""
    last_us: int
    messages: int = 0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a durable consumer stands."""

    given_seq: int
    """Sequence of the last message that it was given."""
    waiting: int
    """Messages that it was never given."""
    in_hand: int
    """Messages that it was given and did not acknowledge."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its stream keeps it, without a consumer."""

    subject: str
    payload: bytes
    seq: int
    time_us: int
    """When the stream took it."""
    message_id: str = ""


def told(reply: str) -> tuple[int, int, int, int]:
    """What the address of an acknowledgement says: deliveries, sequence in the stream, in the consumer, time in ns.

    `$JS.ACK.<stream>.<consumer>.<these four>.<pending>`, with domain and account before the stream where there is one
    (NATS ADR-15). nats-py makes the same of it in four times the time, and a float of the time.
    """
    words = reply.split(".")
    if len(words) < 9:
        raise nats.errors.NotJSMessageError
    deliveries, seq, own, time_ns = words[4:8] if len(words) == 9 else words[6:10]
    return int(deliveries), int(seq), int(own), int(time_ns)


class Message:
    """A message of a stream, to be acknowledged after its effect."""

    def __init__(self, raw: Msg) -> None:
        self._raw = raw
        deliveries, seq, _, time_ns = told(raw.reply)
        self.subject: str = raw.subject
        self.payload: bytes = raw.data
        self.seq, self.deliveries, self.time_us = seq, deliveries or 1, time_ns // 1000
        self.message_id: str = (raw.headers or {}).get("Nats-Msg-Id", "")
        self.settled = False
        """Whether it was acknowledged or given back."""
        self.failed = False
        """Set by who found that it can't be processed."""

    async def ack(self) -> None:
        """Done. A lost acknowledgement means one more delivery, never a loss."""
        self.settled = True
        with contextlib.suppress(*_AWAY):
            await self._raw.ack()

    async def nak(self, delay_s: float) -> None:
        """Not now: deliver again after `delay_s`."""
        self.settled = True
        with contextlib.suppress(*_AWAY):
            await self._raw.nak(delay=delay_s)

    async def progress(self) -> None:
        """Still working on it: restart the acknowledgement's clock."""
        with contextlib.suppress(*_AWAY):
            await self._raw.in_progress()


class Consumer:
    """A pull consumer, durable or not."""

    def __init__(self, bus: Bus, subscribe: Callable[[], Awaitable[object]]) -> None:
        self._bus, self._subscribe = bus, subscribe
        self._sub: object | None = None

    async def fetch(self, count: int, *, timeout_s: float) -> list[Message]:
        """Up to `count` messages; empty when none came in `timeout_s` or the broker is away."""
        messages = await self._fetch(count, timeout_s)
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # `wait_for` of Python 3.11 loses it when a message comes just then
            raise asyncio.CancelledError
        return messages

    async def _fetch(self, count: int, timeout_s: float) -> list[Message]:
        try:
            if self._sub is None:
                self._sub = await self._subscribe()
            raws: list[Msg] = await self._sub.fetch(count, timeout=timeout_s)  # type: ignore[attr-defined]
        except (TimeoutError, nats.errors.TimeoutError):
            return []
        except _AWAY as error:
            self._sub = None
            self._bus.report(error)
            await asyncio.sleep(RECONNECT_WAIT_S)
            return []
        return [Message(raw) for raw in raws]

    async def pending(self) -> int:
        """How many messages wait behind this consumer."""
        if self._sub is None:
            self._sub = await self._subscribe()
        info = await self._sub.consumer_info()  # type: ignore[attr-defined]
        return int(info.num_pending or 0)

    async def position(self) -> tuple[int, int]:
        """Sequence of the last message handed out by the server, and how many wait; raises `BusUnavailable`."""
        try:
            if self._sub is None:
                self._sub = await self._subscribe()
            info = await self._sub.consumer_info()  # type: ignore[attr-defined]
        except _AWAY as error:
            raise BusUnavailable(f"consumer: {error or type(error).__name__}") from error
        return int(info.delivered.stream_seq), int(info.num_pending or 0)

    async def close(self) -> None:
        """Stop listening; a durable consumer stays on the server. The next fetch would begin again."""
        subscription, self._sub = self._sub, None
        if subscription is not None:
            with contextlib.suppress(*_AWAY):
                await subscription.unsubscribe()  # type: ignore[attr-defined]


class Bucket:
    """A key-value bucket; keys are ASCII tokens joined by dots."""

    def __init__(self, bus: Bus, name: str) -> None:
        self._bus, self.name = bus, name

    async def get(self, key: str) -> Entry | None:
        """The key's value and revision, or None."""
        try:
            kv = await self._bus.kv(self.name)
            found = await kv.get(key)
        except (nats.js.errors.KeyNotFoundError, nats.js.errors.InvalidKeyError):  # what can be no key is not there
            return None
        except _AWAY as error:
            raise BusUnavailable(f"bucket {self.name}: {error}") from error
        return Entry(key=key, value=found.value or b"", revision=found.revision or 0)

    async def put(self, key: str, value: bytes, *, expect: int | None = None) -> int:
        """Write; `expect` is the revision that must stand there (0 = the key must be new). Returns the new revision."""
        try:
            kv = await self._bus.kv(self.name)
            if expect is None:
                revision = await kv.put(key, value)
            elif expect == 0:
                revision = await kv.create(key, value)
            else:
                revision = await kv.update(key, value, last=expect)
        except nats.js.errors.KeyWrongLastSequenceError as error:
            raise RevisionConflict(key) from error
        except _AWAY as error:
            raise BusUnavailable(f"bucket {self.name}: {error}") from error
        _notice_cancel()
        return int(revision)

    async def delete(self, key: str, *, expect: int | None = None) -> None:
        """Delete; with `expect` only if that revision stands there."""
        try:
            kv = await self._bus.kv(self.name)
            await kv.delete(key, last=expect)
        except nats.js.errors.KeyWrongLastSequenceError as error:
            raise RevisionConflict(key) from error
        except _AWAY as error:
            raise BusUnavailable(f"bucket {self.name}: {error}") from error
        _notice_cancel()

    async def all(self) -> dict[str, Entry]:
        """Every present key."""
        return await self.under("")

    async def under(self, prefix: str) -> dict[str, Entry]:
        """Every present key that begins with a token and a dot (`<prefix>.`); all of them where it is empty."""
        found: dict[str, Entry] = {}
        async for entry in self.watch(f"{prefix}.>" if prefix else ">"):
            if entry is None:
                break
            if entry.value is not None:
                found[entry.key] = entry
        return found

    async def watch(self, keys: str = ">") -> AsyncIterator[Entry | None]:
        """The present keys, then one None, then every change for ever. After an outage all present keys come again.

        `keys` is a pattern of the broker: all of them by default.
        """
        while True:
            try:
                watcher = await self._bus.watcher(self.name, keys)
            except _AWAY as error:
                self._bus.report(error)
                await asyncio.sleep(RECONNECT_WAIT_S)
                continue
            try:
                async for entry in self._entries(watcher):
                    yield entry
            except _AWAY as error:
                self._bus.report(error)
            finally:
                with contextlib.suppress(*_AWAY):
                    await watcher.stop()

    async def _entries(self, watcher: Watcher) -> AsyncIterator[Entry | None]:
        """Changes from one watcher, until the broker was away (the watcher's consumer may be gone with it)."""
        outage, before = self._bus.outages, len(f"$KV.{KV_PREFIX}{self.name}.")
        initial = watcher.pending > 0
        if not initial:
            yield None
        async for raw in watcher.messages():
            if outage != self._bus.outages:
                return
            if raw is None:
                continue
            gone = (raw.headers or {}).get("KV-Operation") in {"DEL", "PURGE"}
            revision = told(raw.reply)[1]
            yield Entry(key=raw.subject[before:], value=None if gone else raw.data, revision=revision)
            if initial and pending_of(raw) == 0:
                initial = False
                yield None


class _StreamState(msgspec.Struct, frozen=True):
    messages: int
    first_seq: int
    last_seq: int
    first_ts: datetime
    last_ts: datetime


class _StreamInfo(msgspec.Struct, frozen=True):
    """The part of JetStream's own answer that nats-py leaves out: when things were."""

    created: datetime
    state: _StreamState


def _notice_cancel() -> None:
    """Raise a cancellation that `asyncio.wait_for` of Python 3.11 swallowed because the answer came at that moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _us(at: datetime) -> int:
    return max(0, (at - _EPOCH) // timedelta(microseconds=1))


class Bus:
    """One connection to the broker."""

    def __init__(self, settings: NatsSettings, *, name: str, health: HealthBoard | None = None) -> None:
        self._settings, self._name, self._health = settings, name, health
        self._client = Client()
        self._js = self._client.jetstream(timeout=5.0)
        self._kvs: dict[str, Any] = {}
        self._waits = False
        self.outages = 0
        """Grows with every lost connection: what lives on the server without being durable must be made again."""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: NatsSettings, *, name: str, health: HealthBoard | None = None) -> AsyncIterator[Self]:
        """A connected bus; waits for the broker for as long as it takes."""
        bus = cls(settings, name=name, health=health)
        await bus._connect()
        try:
            yield bus
        finally:
            with contextlib.suppress(*_AWAY):  # not drain: it waits for pull subscriptions, which nobody reads any more
                await asyncio.wait_for(bus._client.flush(), 1.0)
            await bus._client.close()

    @property
    def connected(self) -> bool:
        """Whether the broker is there now."""
        return bool(self._client.is_connected)

    def fits(self, payload: bytes, subject: str) -> bool:
        """Whether the broker takes a message of this size: trying again does not help where it does not."""
        return len(payload) + len(subject) + HEADERS_BYTES_MAX <= int(self._client.max_payload)

    def report(self, error: BaseException) -> None:
        """Say that the broker is not as it should be."""
        if self._health is not None and not self.connected:
            self._health.set("nats", ok=False, detail=str(error) or type(error).__name__)

    async def _connect(self) -> None:
        options: dict[str, object] = {}
        if self._settings.user:
            # Answers come to an inbox of the account: nobody else may listen there.
            inbox = f"_INBOX_{self._settings.user}".encode()
            options = {"user": self._settings.user, "password": self._settings.password, "inbox_prefix": inbox}
        if (tls := _tls(self._settings)) is not None:
            options["tls"] = tls
        self._say(ok=False, detail="connecting")
        while True:
            try:
                await self._client.connect(
                    self._settings.servers,
                    name=self._name,
                    dont_randomize=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_WAIT_S,
                    connect_timeout=2,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_lost,
                    reconnected_cb=self._on_back,
                    **options,
                )
            except (TimeoutError, nats.errors.NoServersError, OSError) as error:
                self._say(ok=False, detail=f"{self._settings.url}: {error or 'no answer'}")
                _notice_cancel()
                await asyncio.sleep(RECONNECT_WAIT_S)
                continue
            self._say(ok=True)
            return

    def _say(self, *, ok: bool, detail: str = "") -> None:
        if self._health is not None:
            self._health.set("nats", ok=ok, detail=detail)

    async def _on_error(self, error: Exception) -> None:
        log.debug("nats: %s", error)
        self.report(error)

    async def _on_lost(self) -> None:
        self.outages += 1
        self._kvs.clear()
        self._say(ok=False, detail="connection lost")

    async def _on_back(self) -> None:
        self._say(ok=True)

    async def ensure_streams(self, *names: str) -> None:
        """Make the named streams if they are not there (or differ); waits for the broker."""
        for name in names:
            spec = STREAMS[name]
            config = StreamConfig(
                name=spec.name,
                subjects=list(spec.subjects),
                retention=RetentionPolicy.LIMITS,
                max_age=float(spec.age_s_max),
                max_bytes=spec.bytes_max,
                duplicate_window=DEDUPE_WINDOW_S,
                allow_direct=True,
                deny_delete=spec.append_only,
                deny_purge=spec.append_only,
                num_replicas=self._settings.replicas,
            )
            await self._until_done(lambda config=config: self._js.add_stream(config))  # type: ignore[misc]

    async def ensure_buckets(self, *names: str) -> None:
        """Make the named buckets if they are not there; waits for the broker."""
        for name in names:
            await self._until_done(lambda name=name: self._ensure_bucket(name))  # type: ignore[misc]

    async def _ensure_bucket(self, name: str) -> None:
        try:
            await self._js.key_value(KV_PREFIX + name)
        except nats.js.errors.NotFoundError:
            config = KeyValueConfig(bucket=KV_PREFIX + name, history=1, replicas=self._settings.replicas)
            await self._js.create_key_value(config)

    async def _until_done(self, call: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await call()
            except nats.js.errors.BadRequestError as error:
                if error.err_code == OTHER_CONFIGURATION:  # leave it to its owner
                    break
                if error.err_code not in NO_ROOM_YET:
                    raise
                await self._not_yet(error)
            except _AWAY as error:
                self.report(error)
                await self._not_yet(error)
            else:
                break
        if self._health is not None and self._waits:
            self._health.set("streams", ok=True)
            self._waits = False

    async def _not_yet(self, error: Exception) -> None:
        """The broker is there, but its JetStream makes no stream now: a cluster that gathers, or too few servers."""
        if self._health is not None and self.connected:
            self._waits = True
            self._health.set("streams", ok=False, detail=str(error) or type(error).__name__)
        await asyncio.sleep(RECONNECT_WAIT_S)

    async def publish(self, subject: str, payload: bytes, *, message_id: str, timeout_s: float = 5.0) -> None:
        """Hand a message to its stream; raises `BusUnavailable` when no acknowledgement came."""
        if not self.connected:
            raise BusUnavailable(f"{subject}: the broker is away")
        try:
            await self._js.publish(subject, payload, timeout=timeout_s, headers={"Nats-Msg-Id": message_id})
        except _AWAY as error:
            raise BusUnavailable(f"{subject}: {error or type(error).__name__}") from error
        _notice_cancel()

    async def append(self, subject: str, payload: bytes, *, expect_last: int, timeout_s: float = 5.0) -> int:
        """Publish as the next message of its stream behind sequence `expect_last`; returns the new sequence.

        Raises `RevisionConflict` where the stream has gone on meanwhile, `BusUnavailable` when no acknowledgement came.
        """
        if not self.connected:
            raise BusUnavailable(f"{subject}: the broker is away")
        try:
            headers = {"Nats-Expected-Last-Sequence": str(expect_last)}
            done = await self._js.publish(subject, payload, timeout=timeout_s, headers=headers)
        except nats.js.errors.BadRequestError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                raise RevisionConflict(subject) from error
            raise BusUnavailable(f"{subject}: {error}") from error
        except _AWAY as error:
            raise BusUnavailable(f"{subject}: {error or type(error).__name__}") from error
        return int(done.seq)

    async def tell(self, subject: str, payload: bytes) -> None:
        """Say it to whoever listens now; lost while the broker is away."""
        if not self.connected:
            return
        with contextlib.suppress(*_AWAY):
            await self._client.publish(subject, payload)

    async def ask(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        """Request and reply; raises `BusTimeout` (also when nobody serves the subject) or `BusUnavailable`."""
        if not self.connected:
            raise BusUnavailable(f"{subject}: the broker is away")
        try:
            reply = await self._client.request(subject, payload, timeout=timeout_s)
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError, TimeoutError) as error:
            raise BusTimeout(f"{subject}: no answer in {timeout_s:g} s") from error
        except _AWAY as error:
            raise BusUnavailable(f"{subject}: {error}") from error
        return bytes(reply.data)

    async def serve(self, subject: str, handler: Callable[[str, bytes], Awaitable[bytes | None]]) -> None:
        """Answer requests on a subject; each runs in a task of its own. None = another process answers."""
        running: set[asyncio.Task[None]] = set()

        async def answer(raw: Msg) -> None:
            reply = await handler(raw.subject, raw.data)
            with contextlib.suppress(*_AWAY):
                if reply is not None:
                    await raw.respond(reply)

        async def start(raw: Msg) -> None:
            task = asyncio.create_task(answer(raw))
            running.add(task)
            task.add_done_callback(running.discard)

        await self._client.subscribe(subject, cb=start)

    async def listen(self, subject: str, handler: Callable[[str, bytes], Awaitable[None]]) -> None:
        """Hear what is said on a subject (not stored)."""

        async def hear(raw: Msg) -> None:
            await handler(raw.subject, raw.data)

        await self._client.subscribe(subject, cb=hear)

    def bucket(self, name: str) -> Bucket:
        """A key-value bucket by its short name."""
        return Bucket(self, name)

    async def kv(self, name: str) -> Any:
        """nats-py's handle of a bucket."""
        if name not in self._kvs:
            self._kvs[name] = await self._js.key_value(KV_PREFIX + name)
            _notice_cancel()
        return self._kvs[name]

    async def watcher(self, bucket: str, keys: str) -> Watcher:
        """What changes in a bucket; `keys` is a pattern. Raises what nats-py raises."""
        stream = KV_PREFIX + bucket
        watcher = await Watcher.open(self._client, self._js, f"KV_{stream}", f"$KV.{stream}.{keys}")
        _notice_cancel()
        return watcher

    async def consumer(
        self,
        stream: str,
        durable: str,
        *,
        subjects: tuple[str, ...] = (),
        ack_wait_s: float = 30.0,
        deliver_max: int = -1,
        start_seq: int | None = None,
        pending_max: int = 1000,
    ) -> Consumer:
        """A durable pull consumer, made or brought up to date at the first fetch; `start_seq` is for the making."""
        config = ConsumerConfig(
            durable_name=durable,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait_s,
            max_deliver=deliver_max,
            max_ack_pending=pending_max,
            deliver_policy=DeliverPolicy.ALL if start_seq is None else DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start_seq,
            filter_subjects=list(subjects) or None,
        )
        return Consumer(self, lambda: self._subscribe(stream, durable, config))

    def inflow(
        self,
        stream: str,
        durable: str,
        *,
        subjects: tuple[str, ...],
        ack_wait_s: float,
        pending_max: int,
        deliver_max: int = -1,
        start_seq: int | None = None,
    ) -> Inflow[Message]:
        """A durable consumer for thousands of messages a second; made at the first taking (from `start_seq` on)."""
        config = ConsumerConfig(
            durable_name=durable,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait_s,
            max_deliver=deliver_max,
            max_ack_pending=pending_max,
            deliver_policy=DeliverPolicy.ALL if start_seq is None else DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start_seq,
            filter_subjects=list(subjects),
        )
        return Inflow(
            self._client,
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
            prepare=lambda: self._make_sure(stream, durable, config),
            message=Message,
            outages=lambda: self.outages,
        )

    async def consumers(self, stream: str) -> list[str]:
        """Names of the durable consumers of a stream; raises `BusUnavailable`."""
        found: list[str] = []
        try:
            while page := await self._js.consumers_info(stream, offset=len(found)):
                found += [str(one.name) for one in page]
        except nats.js.errors.NotFoundError:
            return []
        except _AWAY as error:
            raise BusUnavailable(f"consumers of {stream}: {error or type(error).__name__}") from error
        return found

    async def forget_consumer(self, stream: str, durable: str) -> None:
        """Delete a durable consumer, if it is there; raises `BusUnavailable`."""
        try:
            await self._js.delete_consumer(stream, durable)
        except nats.js.errors.NotFoundError:
            return
        except _AWAY as error:
            raise BusUnavailable(f"consumer {durable}: {error or type(error).__name__}") from error

    async def consumer_place(self, stream: str, durable: str) -> Place | None:
        """Where a durable consumer stands, or None where there is none yet; raises `BusUnavailable`."""
        try:
            info = await self._js.consumer_info(stream, durable)
        except nats.js.errors.NotFoundError:
            return None
        except _AWAY as error:
            raise BusUnavailable(f"consumer {durable}: {error or type(error).__name__}") from error
        return Place(
            given_seq=int(info.delivered.stream_seq),
            waiting=int(info.num_pending or 0),
            in_hand=int(info.num_ack_pending or 0),
        )

    async def _make_sure(self, stream: str, durable: str, config: ConsumerConfig) -> None:
        try:
            there = (await self._js.consumer_info(stream, durable)).config
        except nats.js.errors.NotFoundError:
            await self._js.add_consumer(stream, config)
        else:
            filters = there.filter_subjects or ([there.filter_subject] if there.filter_subject else None)
            if (there.max_deliver, filters) != (config.max_deliver, config.filter_subjects):  # of a version before
                await self._js.add_consumer(stream, config)

    async def _subscribe(self, stream: str, durable: str, config: ConsumerConfig) -> object:
        await self._make_sure(stream, durable, config)
        return await self._js.pull_subscribe_bind(durable=durable, stream=stream)

    async def reader(self, stream: str, *, subject: str | tuple[str, ...], start_seq: int | None = None) -> Consumer:
        """Read a stream from `start_seq` (None = only what is new) with no acknowledgements; gone 60 s after last use.

        After an outage reading goes on from the next sequence, nothing is skipped. Several subjects must not overlap.
        """
        subjects = (subject,) if isinstance(subject, str) else subject
        state = {"next": start_seq}

        async def subscribe() -> object:
            start = state["next"]
            config = ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.NEW if start is None else DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=start,
                filter_subject=subjects[0] if len(subjects) == 1 else None,
                filter_subjects=list(subjects) if len(subjects) > 1 else None,
                inactive_threshold=60.0,
                mem_storage=True,
            )
            info = await self._js.add_consumer(stream, config)
            return await self._js.pull_subscribe_bind(consumer=info.name, stream=stream)

        return _Reader(self, subscribe, state)

    async def last_seq(self, stream: str) -> int:
        """Sequence of the newest message of a stream, 0 when it is empty."""
        try:
            info = await self._js.stream_info(stream)
        except _AWAY as error:
            raise BusUnavailable(f"stream {stream}: {error}") from error
        return int(info.state.last_seq)

    async def span(self, stream: str, *, timeout_s: float = 5.0) -> Span:
        """What a stream holds now; raises `BusUnavailable`, `BusTimeout`."""
        reply = await self.ask(f"$JS.API.STREAM.INFO.{stream}", b"", timeout_s=timeout_s)
        try:
            info = msgspec.json.decode(reply, type=_StreamInfo)
        except msgspec.DecodeError as error:
            raise BusUnavailable(f"stream {stream}: {error}") from error
        state = info.state
        return Span(
            created_us=_us(info.created),
            first_seq=state.first_seq,
            last_seq=state.last_seq,
            first_us=_us(state.first_ts) if state.messages else 0,
            last_us=_us(state.last_ts),
            messages=state.messages,
        )

    async def message(self, stream: str, seq: int) -> Stored | None:
        """A message by its sequence, or None; raises `BusUnavailable`."""
        return await self._stored(stream, seq=seq)

    async def next_message(self, stream: str, subject: str, seq: int) -> Stored | None:
        """The first message of a subject (wildcards allowed) from `seq` on, or None; raises `BusUnavailable`."""
        return await self._stored(stream, seq=max(1, seq), subject=subject, next=True)

    async def _stored(self, stream: str, **wanted: Any) -> Stored | None:
        try:
            raw = await self._js.get_msg(stream, **wanted)
        except nats.js.errors.NotFoundError:
            return None
        except _AWAY as error:
            raise BusUnavailable(f"stream {stream}: {error or type(error).__name__}") from error
        return Stored(
            subject=raw.subject,
            payload=bytes(raw.data or b""),
            seq=int(raw.seq),
            time_us=_us(raw.time),
            message_id=(raw.headers or {}).get("Nats-Msg-Id", ""),
        )

    async def remove_message(self, stream: str, seq: int) -> bool:
        """Take one message out of a stream; False = it was gone already. Raises `BusUnavailable`."""
        try:
            return bool(await self._js.delete_msg(stream, seq))
        except nats.js.errors.APIError as error:  # JetStream has no code of its own for "it is not there"
            if await self.message(stream, seq) is None:
                return False
            raise BusUnavailable(f"stream {stream}: {error}") from error
        except _AWAY as error:
            raise BusUnavailable(f"stream {stream}: {error or type(error).__name__}") from error

    async def last_message(self, stream: str, subject: str) -> bytes | None:
        """The newest message of a subject, or None."""
        try:
            raw = await self._js.get_last_msg(stream, subject)
        except nats.js.errors.NotFoundError:
            return None
        except _AWAY as error:
            raise BusUnavailable(f"{subject}: {error}") from error
        return bytes(raw.data)

    async def first_seq(self, stream: str) -> int:
        """Sequence of the oldest message that a stream still keeps."""
        try:
            info = await self._js.stream_info(stream)
        except _AWAY as error:
            raise BusUnavailable(f"stream {stream}: {error}") from error
        return int(info.state.first_seq)


class _Reader(Consumer):
    def __init__(self, bus: Bus, subscribe: Callable[[], Awaitable[object]], state: dict[str, int | None]) -> None:
        super().__init__(bus, subscribe)
        self._state, self._outages = state, bus.outages

    async def fetch(self, count: int, *, timeout_s: float) -> list[Message]:
        """As `Consumer.fetch`; what was on its way when the connection was lost is read again, in its place."""
        if self._outages != self._bus.outages:
            self._outages = self._bus.outages
            await self.close()
        messages = await super().fetch(count, timeout_s=timeout_s)
        if self._outages != self._bus.outages:
            return []
        if messages:
            self._state["next"] = messages[-1].seq + 1
        return messages
