"""Where links lead: into the console and to the API's photos. Pure.

Rules
- The console's address is the variable `zool_url`; what a link needs of its row is the row's field.
- Chosen regions and cameras go along only where the console takes exactly one: it has no lists in its address.
"""

from __future__ import annotations

from dashboards.parts import links
from dashboards.text import Say

_EVENT = "${__data.fields.event_id}"
Links = list[dict[str, object]]


def event_links(say: Say) -> Links:
    """To the event of a row and its picture."""
    return links(
        [
            (say("Open in the console", "Открыть в консоли"), f"${{zool_url}}/#event={_EVENT}"),
            (
                say("Photo (API, asks for a token)", "Фото (API, нужен токен)"),
                f"${{zool_url}}/api/v1/events/{_EVENT}/photos/0.jpg",
            ),
        ]
    )


def kind_links(say: Say) -> Links:
    """To all events of the kind of a row within the chosen time."""
    span = "since=${__from:date:iso}&until=${__to:date:iso}"
    return links(
        [
            (
                say("These events in the console", "Эти события в консоли"),
                f"${{zool_url}}/#/events?kind=${{__data.fields.kind}}&{span}",
            )
        ]
    )


def page_links(say: Say, page: str) -> Links:
    """To a page of the console."""
    return links([(say("Open in the console", "Открыть в консоли"), f"${{zool_url}}/#/{page}")])
