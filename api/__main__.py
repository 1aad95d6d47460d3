"""`python -m api`: what people and other systems touch."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

from api.accounts import OWNER
from api.acs.server import acs_server
from api.admission import Admission, Limits
from api.archive import Archive
from api.boxes import Boxes
from api.catalog import Catalog
from api.config import ApiSettings, LookDefaults, acs_port, check_oidc
from api.contract import User
from api.dispatch import Dispatch
from api.doorman import Doorman
from api.eraser import Eraser
from api.errors import ApiError
from api.feed import Feed
from api.graves import Graves
from api.http.app import application
from api.http.services import Services
from api.hub import Hub
from api.ledger import Ledger
from api.link import Link
from api.oidc import Client
from api.provider import Provider
from api.server import listen, serve
from api.states import StateBoard
from api.tls import check_pair
from api.tokens import hash_token
from api.watch import Watch
from ingest.process import Process, run
from ingest.sealed import Ring
from ingest.settings import NatsSettings, SettingsError, load, parse
from postprocess.config import DecideSettings
from postprocess.contract import ClickHouseSettings
from postprocess.functions import registry

log = logging.getLogger("api")


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def owner(token_file: str) -> User | None:
    """The administrator of a token file; raises `SettingsError` when it can't be read or is empty."""
    if not token_file:
        return None
    try:
        token = Path(token_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(section="api", key="token_file", value=token_file, allowed=str(error.strerror)) from None
    if len(token) < 16:
        allowed = "its file must hold a token of 16 characters or more"
        raise SettingsError(section="api", key="token_file", value=token_file, allowed=allowed)
    return User(name=OWNER, role="administrator", token_sha256=hash_token(token))


def provider(settings: ApiSettings) -> Provider | None:
    """The identity provider, where one is set; raises `SettingsError`."""
    roles = check_oidc(settings)
    if not settings.oidc_issuer:
        return None
    secret, name = "", settings.oidc_client_secret_file
    if name:
        try:
            secret = Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            allowed = f"can't be read: {error}"
            raise SettingsError(section="api", key="oidc_client_secret_file", value=name, allowed=allowed) from None
    client = Client(
        issuer=settings.oidc_issuer,
        id=settings.oidc_client_id,
        secret=secret,
        title=settings.oidc_title,
        role_claim=settings.oidc_role_claim,
        roles=roles,
    )
    return Provider(client, steady_s=time.monotonic)


def look_defaults(process: Process) -> tuple[LookDefaults, frozenset[str]]:
    """What `[ingest]` says of settings that functions may override, and which keys were set there."""
    names = set(LookDefaults.__struct_fields__)
    configured = {key: value for key, value in parse(process.ini).get("ingest", {}).items() if key in names}
    section = "\n".join(["[ingest]", *(f"{key} = {value}" for key, value in configured.items())])
    from_environ = {name for name in names if f"ZOOL_INGEST_{name.upper()}" in process.environ}
    return load(LookDefaults, "ingest", ini=section, environ=process.environ), frozenset(configured) | from_environ


def site_zone(process: Process) -> ZoneInfo:
    """The site's time zone, `[decide] timezone`; raises `SettingsError`."""
    name = process.environ.get("ZOOL_DECIDE_TIMEZONE") or str(
        parse(process.ini).get("decide", {}).get("timezone", "UTC")
    )
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        allowed = "an IANA name such as Europe/Moscow"
        raise SettingsError(section="decide", key="timezone", value=name, allowed=allowed) from None


def archive_of(process: Process) -> Archive:
    """The event store."""
    timeout_s = process.settings(ApiSettings, "api").store_timeout_s
    return Archive(process.settings(ClickHouseSettings, "clickhouse"), timeout_s=timeout_s)


def services(process: Process, link: Link, hub: Hub, archive: Archive) -> Services:
    """Everything that a request may need."""
    settings = process.settings(ApiSettings, "api")
    look, configured = look_defaults(process)
    catalog = Catalog(link, Ring(process.keys))
    return Services(
        settings=settings,
        version=importlib.metadata.version("zool"),
        link=link,
        catalog=catalog,
        states=StateBoard(link, now_us),
        archive=archive,
        feed=Feed(
            link,
            hub,
            process.stop,
            face="sse",
            limit_key="stream_clients_max",
            clients_max=settings.stream_clients_max,
            buffer_events=settings.stream_buffer_events,
        ),
        doors=doorman(process, link, hub, catalog),
        boxes=Boxes(link, process.stop, clients_max=settings.stream_clients_max),
        functions=registry.load(),
        graves=Graves(link),
        ledger=Ledger(link),
        eraser=Eraser(link),
        dispatch=Dispatch(link),
        admission=Admission(
            catalog,
            owner=owner(settings.token_file),
            limits=Limits(
                requests_per_minute=settings.requests_per_minute,
                failures_per_minute=settings.failed_logins_per_minute,
                login_failures_max=settings.login_failures_max,
                login_lock_min=settings.login_lock_min,
                session_idle_min=settings.session_idle_min,
                session_max_h=settings.session_max_h,
            ),
            now_us=now_us,
            steady_s=time.monotonic,
        ),
        provider=provider(settings),
        look=look,
        decide=process.settings(DecideSettings, "decide"),
        configured=configured,
        zone=site_zone(process),
        now_us=now_us,
        new_id=lambda prefix: f"{prefix}-{secrets.token_hex(5)}",
    )


def doorman(process: Process, link: Link, hub: Hub, catalog: Catalog) -> Doorman:
    """Who decides at the doors, with a reader of its own."""
    feed = Feed(link, hub, process.stop, face="doors", limit_key="", clients_max=2, buffer_events=1024)
    return Doorman(link, catalog, feed, timezone=str(site_zone(process)), now_us=now_us)


def watch(process: Process, link: Link, archive: Archive) -> Watch:
    """What looks after queues, disks and the certificate."""
    return Watch(link, archive, now_us, certificate=process.settings(ApiSettings, "api").acs_tls_cert_file)


async def seal_what_is_open(parts: Services) -> None:
    """Once, at the start: addresses of a time before there was a key."""
    await parts.link.opened()
    try:
        done, left = await parts.catalog.reseal()
    except ApiError as error:
        log.warning("addresses of cameras were not looked through: %s", error)
        return
    if done or left:
        log.info("credentials of %d cameras sealed, of %d not", done, left)


@contextlib.asynccontextmanager
async def access_control(process: Process, parts: Services, hub: Hub, port: int) -> AsyncIterator[str]:
    """The gRPC server beside an api on `port`, where it is switched on; gives its address."""
    settings = parts.settings
    if not settings.acs_enabled:
        yield ""
        return
    feed = Feed(
        parts.link,
        hub,
        process.stop,
        face="grpc",
        limit_key="acs_clients_max",
        clients_max=settings.acs_clients_max,
        buffer_events=settings.acs_buffer_events,
    )
    free = 0 if settings.port == 0 else port
    async with acs_server(parts, feed, port=acs_port(settings, free), stop=process.stop) as address:
        yield address


def _end_with(process: Process, done: asyncio.Task[None]) -> None:
    """What runs beside the requests must not fail in silence: the process ends, and is started again."""
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("the api stops: %s failed", done.get_coro(), exc_info=error)
        process.stop.set()


async def main(process: Process) -> None:
    """Serve at once; the broker and the store are waited for beside it."""
    link, archive = Link(), archive_of(process)
    hub = Hub(link)
    parts = services(process, link, hub, archive)
    nats = process.settings(NatsSettings, "nats")
    cert, key = parts.settings.tls_cert_file, parts.settings.tls_key_file
    tls = (cert, key) if check_pair(cert, key, prefix="") else None
    taken = listen(parts.settings.host, parts.settings.port)
    process.health.started()
    beside = [
        asyncio.create_task(link.keep(nats, process.health, process.stop)),
        asyncio.create_task(hub.follow()),
        asyncio.create_task(parts.catalog.follow()),
        asyncio.create_task(parts.states.follow()),
        asyncio.create_task(parts.doors.follow()),
        asyncio.create_task(watch(process, link, archive).follow()),
        asyncio.create_task(seal_what_is_open(parts)),
    ]
    for task in beside:
        task.add_done_callback(lambda done: _end_with(process, done))
    port = taken.getsockname()[1]
    try:
        async with access_control(process, parts, hub, port) as acs:
            said = f"{'https' if tls else 'http'}://{parts.settings.host}:{port}/\n{acs}".strip()
            await serve(
                application(parts), taken, tls=tls, stop=process.stop, listening=lambda: print(said, flush=True)
            )
    finally:
        for task in beside[1:] if link.connected else beside:
            task.cancel()
        archive.close()
        process.stop.set()
        await asyncio.wait(beside, timeout=4.0)


if __name__ == "__main__":
    sys.exit(run("api", main))
