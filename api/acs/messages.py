"""The live stream and its events as messages of zool.acs.v1.

Pure.
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from api.acs.v1 import acs_pb2 as pb
from api.cursor import read_mark, write_cursor
from api.errors import BadParameter
from api.language import Words
from api.live import Gap, Happened, Hello, Lost, Start, Still, Wanted
from api.query import token
from api.views import photo_url
from ingest.contract import Point
from postprocess.contract import Event, EventPhoto, fold_plate

NAMES_MAX = 256
_DIRECTIONS = {"": pb.DIRECTION_UNSPECIFIED, "entry": pb.DIRECTION_ENTRY, "exit": pb.DIRECTION_EXIT}
_REASONS = {"expired": pb.Gap.REASON_EXPIRED, "renewed": pb.Gap.REASON_RENEWED}
_GAP_WORDS = {
    "expired": "the events behind the cursor are no longer kept in the stream",
    "renewed": "the cursor belongs to a stream that is gone: the broker lost data, or another one took its place",
}


def moment(us: int) -> Timestamp:
    """A time."""
    found = Timestamp()
    found.FromMicroseconds(us)
    return found


def wanted_of(request: pb.StreamEventsRequest) -> Wanted:
    """The filters of a request; raises `BadParameter`."""
    for name, values in (("kinds", request.kinds), ("cameras", request.cameras)):
        if len(values) > NAMES_MAX:
            words = Words(f"allowed are {NAMES_MAX} at most", f"допустимо не более {NAMES_MAX}")
            raise BadParameter(name=name, value=f"{len(values)} names", allowed=words)
    return Wanted(
        kinds=tuple(token("kinds", kind) for kind in request.kinds),
        cameras=tuple(token("cameras", camera) for camera in request.cameras),
    )


def start_of(request: pb.StreamEventsRequest) -> Start:
    """Where a request wants to begin; raises `BadParameter`."""
    return Start(after=read_mark(request.cursor) if request.cursor else None, oldest=request.start == pb.START_OLDEST)


def response(
    item: Hello | Happened | Lost | Still, *, now_us: int, hello: pb.Hello, thumbnails: bool
) -> pb.StreamEventsResponse:
    """A message of the live stream."""
    match item:
        case Hello():
            return pb.StreamEventsResponse(cursor=write_cursor(item.mark), hello=hello)
        case Happened():
            event = event_message(item.event, published_at_us=item.mark.at_us, thumbnails=thumbnails)
            return pb.StreamEventsResponse(cursor=write_cursor(item.mark), event=event)
        case Lost():
            return pb.StreamEventsResponse(cursor=write_cursor(item.mark), gap=gap_message(item.gap, now_us=now_us))
        case Still():
            beat = pb.Heartbeat(server_time=moment(now_us))
            return pb.StreamEventsResponse(cursor=write_cursor(item.mark), heartbeat=beat)


def hello_message(*, site: str, version: str, heartbeat_s: float) -> pb.Hello:
    """What every stream begins with."""
    interval = Duration()
    interval.FromMilliseconds(int(heartbeat_s * 1000))
    return pb.Hello(site=site, server_version=version, heartbeat_interval=interval)


def gap_message(gap: Gap, *, now_us: int) -> pb.Gap:
    """What may be missing; where the stream keeps nothing, nothing is missing from now on."""
    return pb.Gap(
        reason=_REASONS[gap.reason],
        after=moment(gap.after.at_us) if gap.after.at_us else None,
        until=moment(gap.until_us or now_us),
        events_max=gap.last_seq - gap.first_seq + 1 if gap.last_seq else 0,
        text=f"Events may be missing here: {_GAP_WORDS[gap.reason]}. Ask the REST API for the time between.",
    )


def event_message(event: Event, *, published_at_us: int = 0, thumbnails: bool = False) -> pb.Event:
    """An event for other systems."""
    plate = pb.Plate(
        text=event.plate,
        folded=fold_plate(event.plate),
        confidence=event.plate_confidence,
        reads=event.plate_reads,
        region=event.plate_region,
        sure=event.plate_sure,
    )
    return pb.Event(
        id=event.event_id,
        version=event.version,
        final=event.final,
        idempotency_key=event.message_id,
        kind=event.kind,
        camera=event.camera,
        opened_at=moment(event.opened_at_us),
        closed_at=None if event.closed_at_us is None else moment(event.closed_at_us),
        published_at=moment(published_at_us) if published_at_us else None,
        direction=_DIRECTIONS[event.direction],
        label=event.label,
        confidence=event.confidence,
        plate=plate if event.plate else None,
        box=None if event.box is None else pb.Box(**dict(zip(_SIDES, event.box, strict=True))),
        photos=[
            _photo(event.event_id, number, photo, thumbnails=thumbnails) for number, photo in enumerate(event.photos)
        ],
        function=event.function,
        rule=event.rule,
        track=event.track,
        models=[
            pb.Model(name=model.name, version=model.version, sha256=model.sha256, starter=model.starter)
            for model in event.models
        ],
        cause=event.cause,
        text=event.text,
        settings_revision=event.settings_revision,
        epoch=event.epoch,
        frame_seq=event.frame_seq,
        severity=_SEVERITIES[event.severity],
        listed=event.listed,
        person=pb.Person(id=event.person, confidence=event.person_confidence) if event.person else None,
        missing=event.missing,
        value=event.value,
        about=event.about,
        author=event.author,
    )


_SEVERITIES = {
    "info": pb.SEVERITY_INFO,
    "warning": pb.SEVERITY_WARNING,
    "alarm": pb.SEVERITY_ALARM,
}
_SIDES = ("left", "top", "right", "bottom")


def _photo(event_id: str, number: int, photo: EventPhoto, *, thumbnails: bool) -> pb.Photo:
    return pb.Photo(
        url=photo_url(event_id, number),
        role=photo.role,
        captured_at=moment(photo.captured_at_us),
        shot_id=photo.shot_id,
        plate_corners=[_point(corner) for corner in photo.quad],
        thumbnail=photo.thumbnail if thumbnails else b"",
    )


def _point(corner: Point) -> pb.Point:
    return pb.Point(x=corner[0], y=corner[1])
