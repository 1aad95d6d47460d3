"""Events that ingest writes by itself: a camera lost, restored, or not looked at. Pure: no I/O, no clock.

Rules
- Ids follow the rule of all events (`postprocess.contract.event_id`, invariant 3): the same happening, the same id.
- "Nothing seen" and "not looked" are different: every span longer than `gap_us_max` between two looks becomes
  `camera_blind` with its cause, and so does every pause of a restart or takeover that cost a look. A span that lasts
  is told when `OPEN_AFTER_US` old and again, closed, when it ends.
- After a restart the span goes on from the last look that was published, whoever made it.
"""

from __future__ import annotations

import uuid
from typing import Literal

import msgspec

from ingest.contract import CameraNotice, NoticePhoto, PictureFault
from ingest.faults import BlindCause

NAMESPACE = uuid.UUID("6f0a8f52-7c1e-5d8b-9a55-2d6c3f1b7e10")
OPEN_AFTER_US = 5_000_000
GAP_US_MIN = 1_000_000

Kind = Literal["camera_lost", "camera_restored", "camera_blind", "camera_degraded"]

_WORDS: dict[BlindCause, str] = {
    "camera": "the camera gave no usable picture",
    "network": "no stream came from the camera",
    "restart": "the watching process was restarted",
    "takeover": "another process took the camera over",
    "inference": "the inference server did not answer",
    "broker": "messages could not be kept while the broker was away",
}


def gap_us_max(fps: float) -> int:
    """Longest pause between two looks that is still "looking"; a second, or more at very low rates."""
    return max(GAP_US_MIN, round(2.5e6 / fps))


_DEGRADED: dict[PictureFault, str] = {
    "network_loss": "packets are lost on the way: pictures are broken",
    "decoder_overload": "this machine can't keep up with decoding: pictures are broken",
    "camera_fault": "the camera sends pictures that are coded wrongly",
    "black": "the picture is black",
    "over_exposed": "the picture is over-exposed",
    "covered": "the camera is covered: nothing of its usual view is to be seen",
    "blurred": "the picture is blurred: the lens is dirty or out of focus",
    "moved": "the camera was moved: it shows another view than usual",
    "frozen": "the picture is frozen: nothing in it changes though pictures come",
    "noise": "the picture is much noisier than usual",
    "low_fps": "far fewer pictures come than usual",
    "bitrate": "far more data come than usual",
    "clock": "the camera's clock has moved against ours",
}


def notice_id(camera: str, kind: Kind, opened_at_us: int, rule: str = "") -> str:
    """The event id of a happening of a camera."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join((camera, "", rule, kind, camera, str(opened_at_us)))))


def lost(camera: str, since_us: int, cause: str, text: str) -> CameraNotice:
    """The camera gives no pictures; not final until it is restored."""
    return _notice(camera, "camera_lost", since_us, cause=cause, text=text, final=False)


def found(camera: str, lost_since_us: int, now_us: int, cause: str) -> tuple[CameraNotice, CameraNotice]:
    """The camera is back: the closed `camera_lost` and a `camera_restored`."""
    closed = _notice(camera, "camera_lost", lost_since_us, cause=cause, version=2, closed_at_us=now_us)
    away_s = (now_us - lost_since_us) / 1e6
    return closed, _notice(camera, "camera_restored", now_us, closed_at_us=now_us, text=f"back after {away_s:.1f} s")


def blind(camera: str, since_us: int, until_us: int | None, cause: BlindCause, version: int = 1) -> CameraNotice:
    """The camera was not looked at from–to; `until_us` None while it lasts."""
    final = until_us is not None
    return _notice(
        camera,
        "camera_blind",
        since_us,
        cause=cause,
        text=_WORDS[cause],
        version=version,
        closed_at_us=until_us,
        final=final,
    )


def degraded(camera: str, fault: PictureFault, since_us: int, photo: NoticePhoto | None) -> CameraNotice:
    """Pictures come, but something is wrong with them; not final until that ends."""
    return CameraNotice(
        event_id=notice_id(camera, "camera_degraded", since_us, fault),
        version=1,
        kind="camera_degraded",
        camera=camera,
        opened_at_us=since_us,
        final=False,
        cause=fault,
        text=_DEGRADED[fault],
        rule=fault,
        photos=(photo,) if photo is not None else (),
        severity="warning",
    )


def mended(notice: CameraNotice, now_us: int) -> CameraNotice:
    """The same, at its end."""
    return msgspec.structs.replace(notice, version=2, closed_at_us=max(now_us, notice.opened_at_us), final=True)


def _notice(
    camera: str,
    kind: Kind,
    opened_at_us: int,
    *,
    cause: str = "",
    text: str = "",
    version: int = 1,
    closed_at_us: int | None = None,
    final: bool = True,
) -> CameraNotice:
    return CameraNotice(
        event_id=notice_id(camera, kind, opened_at_us),
        version=version,
        kind=kind,
        camera=camera,
        opened_at_us=opened_at_us,
        closed_at_us=closed_at_us,
        final=final,
        cause=cause,
        text=text,
    )


class Watch(msgspec.Struct, kw_only=True):
    """State of one camera: since when it is not looked at, and why."""

    camera: str
    looked_us: int
    """The last look; at first, the last one published before, or the time the camera was switched on."""
    cause: BlindCause | None = None
    open_since_us: int | None = None
    """Set once the present span was told as open."""
    lost_since_us: int | None = None
    lost_cause: str = ""
    degraded: CameraNotice | None = None
    """What was told of its pictures and has not ended."""

    def trouble(self, cause: BlindCause) -> None:
        """Note why the camera is not looked at; the first reason of a span names it, but for how it began."""
        if self.cause in {None, "restart", "takeover"}:
            self.cause = cause

    def quiet(self, captured_us: int) -> None:
        """A frame was like the last one looked at: that is looking, too, but it ends no span."""
        if self.open_since_us is None and self.cause is None:
            self.looked_us = max(self.looked_us, captured_us)

    def look(self, captured_us: int, fps: float, *, caught_up: bool = True, waited: bool = False) -> list[CameraNotice]:
        """A frame was looked at: report the span before it, if it was one.

        A camera that is joined sends what it has since its last key frame; until looks have caught up with the present,
        a span still has the cause of the one before. A frame that `waited` for a detector that was away is from before
        the span: one that was told as open goes on.
        """
        if waited and self.open_since_us is not None:
            return []
        since_us, cause = self.looked_us, self.cause or "camera"
        was_open = self.open_since_us is not None
        self.looked_us, self.open_since_us = max(since_us, captured_us), None
        self.cause = None if caught_up else self.cause
        cut = caught_up and cause in {"restart", "takeover"}
        longest_us = round(1.5e6 / fps) if cut else gap_us_max(fps)
        if captured_us - since_us <= longest_us and not was_open:
            return []
        return [blind(self.camera, since_us, max(since_us, captured_us), cause, version=2 if was_open else 1)]

    def tick(self, now_us: int, fps: float) -> list[CameraNotice]:
        """Time passes: tell a span that lasts."""
        if self.open_since_us is not None or now_us - self.looked_us < max(OPEN_AFTER_US, 2 * gap_us_max(fps)):
            return []
        self.open_since_us = self.looked_us
        return [blind(self.camera, self.looked_us, None, self.cause or "camera")]

    def close(self, now_us: int, fps: float) -> list[CameraNotice]:
        """The camera is switched off: what is open ends here, and nothing is "not looked at" from now on."""
        told = (
            [] if self.lost_since_us is None else [found(self.camera, self.lost_since_us, now_us, self.lost_cause)[0]]
        )
        self.lost_since_us = None
        return told + self.mend(now_us) + self.look(now_us, fps)

    def unheard(self, since_us: int, now_us: int) -> list[CameraNotice]:
        """Ends of what was told as open since then.

        Whoever took the camera meanwhile can't have heard of it, and would not close it.
        """
        told = list[CameraNotice]()
        if self.open_since_us is not None and self.open_since_us >= since_us:
            told.append(blind(self.camera, self.open_since_us, now_us, self.cause or "camera", version=2))
        if self.lost_since_us is not None and self.lost_since_us >= since_us:
            told.append(found(self.camera, self.lost_since_us, now_us, self.lost_cause)[0])
        if self.degraded is not None and self.degraded.opened_at_us >= since_us:
            told.append(mended(self.degraded, now_us))
        return told

    def lose(self, now_us: int, cause: str, text: str) -> list[CameraNotice]:
        """The camera has been without pictures long enough to say so; once per loss."""
        if self.lost_since_us is not None:
            return []
        self.lost_since_us, self.lost_cause = now_us, cause
        return [lost(self.camera, now_us, cause, text)]

    def restore(self, now_us: int) -> list[CameraNotice]:
        """Pictures come again."""
        if self.lost_since_us is None:
            return []
        since_us, self.lost_since_us = self.lost_since_us, None
        return list(found(self.camera, since_us, now_us, self.lost_cause))

    def spoil(self, fault: PictureFault, since_us: int, now_us: int, photo: NoticePhoto | None) -> list[CameraNotice]:
        """Its pictures are bad: told once; what was told before and is not the same ends here."""
        ended = self.mend(now_us)
        self.degraded = degraded(self.camera, fault, since_us, photo)
        return [*ended, self.degraded]

    def mend(self, now_us: int) -> list[CameraNotice]:
        """Its pictures are good again."""
        told, self.degraded = self.degraded, None
        return [] if told is None else [mended(told, now_us)]
