"""The application: routes, guard, errors and the OpenAPI document put together."""

from __future__ import annotations

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from api.http import health, pages
from api.http.access import require_access, services_for
from api.http.allow import name_all_methods
from api.http.answers import HANDLERS, AnyRequest
from api.http.attendance import Attendance
from api.http.audit import Audit
from api.http.cameras import Cameras
from api.http.dead import Dead
from api.http.deliveries import Deliveries
from api.http.doors import Doors, GuestPasses
from api.http.events import Events
from api.http.export import Exports
from api.http.feedback import EventFeedback, PlateReview
from api.http.functions import Functions, Modules
from api.http.handling import EventHandling
from api.http.live import Lives
from api.http.missed import MissedObjects
from api.http.oidc import ProviderSessions
from api.http.outer import Outer
from api.http.parking import Parkings
from api.http.people import People
from api.http.recorded import Recorded
from api.http.regions import RegionTree
from api.http.replay import Replays
from api.http.reports import Reports
from api.http.seals import Seals
from api.http.services import Services
from api.http.session import Sessions
from api.http.setup import Setup, Templates
from api.http.system import System
from api.http.users import Users
from api.http.vehicles import Vehicles

DESCRIPTION = """Cameras in, events out. Every call but health and signing in needs `Authorization: Bearer <token>`.

Errors are problem details (RFC 9457) in English or Russian, by `Accept-Language`. Changes need `If-Match`."""


def litestar_app(services: Services) -> Litestar:
    """The routes over their services."""
    documentation = OpenAPIConfig(
        title="zool",
        version=services.version,
        description=DESCRIPTION,
        path="/schema",
        openapi_router=pages.schema_router(),
        render_plugins=[pages.SwaggerPage(), pages.Document()],
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
        use_handler_docstrings=True,
    )

    def given(request: AnyRequest) -> Services:
        return services_for(services, request)

    return Litestar(
        route_handlers=[
            Router(
                "/api/v1",
                route_handlers=[
                    Cameras,
                    Setup,
                    Templates,
                    RegionTree,
                    Functions,
                    Modules,
                    Replays,
                    Events,
                    Exports,
                    EventFeedback,
                    EventHandling,
                    MissedObjects,
                    Parkings,
                    PlateReview,
                    Vehicles,
                    Dead,
                    Doors,
                    GuestPasses,
                    Deliveries,
                    People,
                    Attendance,
                    Sessions,
                    ProviderSessions,
                    Users,
                    Audit,
                    Reports,
                    Lives,
                    System,
                    Seals,
                ],
            ),
            health.live,
            health.ready,
            health.metrics,
            *pages.routes(),
        ],
        guards=[require_access],
        before_send=[name_all_methods],
        dependencies={"services": Provide(given, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        request_max_body_size=services.settings.body_bytes_max,
        openapi_config=documentation,
        state=State({"services": services}),
        signature_types=[Services],
        logging_config=None,
    )


def application(services: Services) -> ASGIApp:
    """Everything, the outer layer included."""
    recorded = Recorded(litestar_app(services), ledger=services.ledger, now_us=services.now_us)
    settings = services.settings
    tls = bool(settings.tls_cert_file) or settings.behind_tls
    return Outer(recorded, send_timeout_s=settings.send_timeout_s, tls=tls)
