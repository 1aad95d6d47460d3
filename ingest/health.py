"""What is wrong with a camera's pictures, from a few figures a second. Pure: no I/O, no clock.

Rules
- A fault is told when it has lasted `after_s` and ends when it has been away `until_s` (hysteresis), whatever it is.
- What depends on the camera is compared with its own past (`Usual`); a picture that is suspected teaches nothing.
- A fault that makes others look true hides them (`HIDES`): a black picture is not also blurred, frozen and covered.
- Night is no fault: the view by infrared light is learnt apart (`health_picture`), and after each switch detail and
  grain are learnt anew.
- What stays for `accept_s` is the new normal, where a person may have wanted it (`ACCEPTED`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec

from ingest.config import PictureSettings
from ingest.contract import PictureFault
from ingest.health_picture import Sample

FAULTS: tuple[PictureFault, ...] = get_args(PictureFault)
STILL_SHARE = 0.006
"""Share of changed (coarse) pixels up to which two samples are the same picture: stills that were coded anew reach
0.0058, on clips of cameras it was 0.008 and more but in an empty room."""
STILL_FACTOR = 3.0
PATTERN_ALIKE = 0.75
"""Without its edges, a view whose light falls like this is blurred; another one is covered."""
GRAIN_MIN = 4.0
"""Grey levels of noise below which nobody is bothered."""
WARM_SAMPLES = 15
"""Samples after which the usual is known."""
STEP = 0.02
"""Part by which what is usual is moved towards a sample (a running median)."""
SETTLE_SAMPLES = 2
"""Samples of a new connection that say nothing of rates: a camera begins with what it has since its last key frame."""
PEAK_STEP = 0.02
"""Part by which the busiest time may rise with a sample."""
BUSY_SHARE = 0.9
"""A thread that waits less than the rest of its time for packets can't keep up, where pictures break or are fewer."""
KEPT_SHARE = 0.9
"""Pictures a second, beside the usual, below which a thread that does not wait is late."""
AGAIN_S = 2.0
"""Broken pictures are told when more follow the first after so long, within `until_s`."""
STREAM_FAULTS: frozenset[PictureFault] = frozenset({"network_loss", "decoder_overload", "camera_fault"})
HIDES: Mapping[PictureFault, frozenset[PictureFault]] = {
    "network_loss": frozenset({"low_fps", "frozen", "moved", "covered", "blurred", "noise", "bitrate"}),
    "decoder_overload": frozenset({"low_fps", "frozen", "moved", "covered", "blurred", "noise", "bitrate", "clock"}),
    "camera_fault": frozenset({"frozen", "moved", "covered", "blurred", "noise", "bitrate"}),
    "black": frozenset({"covered", "blurred", "moved", "frozen", "noise"}),
    "over_exposed": frozenset({"covered", "blurred", "moved", "frozen", "noise"}),
    "covered": frozenset({"blurred", "moved", "frozen", "noise"}),
    "blurred": frozenset({"moved", "noise"}),
    "moved": frozenset({"noise", "bitrate"}),
    "frozen": frozenset({"bitrate"}),
}
ACCEPTED: frozenset[PictureFault] = frozenset({"moved", "low_fps", "bitrate", "clock", "noise"})


def settings_for(defaults: PictureSettings, own: Mapping[str, float]) -> PictureSettings:
    """A camera's settings over the defaults; keys that are not known or out of range are left out."""
    found = defaults
    for key, value in own.items():
        try:
            found = msgspec.convert(msgspec.structs.asdict(found) | {key: value}, PictureSettings)
        except msgspec.ValidationError:
            continue
    return found


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What came over the wire since the sample before."""

    span_s: float
    pictures: int
    broken: int = 0
    """Pictures that were smeared, or built on something missing."""
    missed: int = 0
    """Packets or pictures that the stream's own counters say are missing."""
    errors: int = 0
    """Pictures that the decoder marked."""
    octets: int = 0
    busy: float = 0.0
    """Share of the time in which the thread was not waiting for packets."""
    skew_s: float | None = None
    """The camera's clock against ours; None where it says no time."""
    sparse: bool = False
    """Pictures were left undecoded on purpose: rates say nothing."""


class Usual(msgspec.Struct, kw_only=True):
    """What is usual for this camera."""

    sharp: float = 0.0
    grain: float = 0.0
    fps: float = 0.0
    octets_s: float = 0.0
    skew_s: float | None = None
    still_s: float = 0.0
    picture_samples: int = 0
    flow_samples: int = 0
    grey: bool = False


class Spell(msgspec.Struct, kw_only=True):
    """How long a fault has been suspected, or has been away."""

    open_since_us: int | None = None
    """Since when it was there, once it counts as true."""
    suspected_us: int | None = None
    well_us: int | None = None


class Health:
    """State of one camera."""

    def __init__(self) -> None:
        self.usual = Usual()
        self._spells: dict[PictureFault, Spell] = {}
        self._still_since_us: int | None = None
        self._rate = _Mean()
        self._octets = _Mean()
        self._settling = 0

    @property
    def faults(self) -> dict[PictureFault, int]:
        """What is wrong now, the first to be told first, and since when (µs)."""
        return {
            fault: spell.open_since_us
            for fault in FAULTS
            if (spell := self._spells.get(fault)) is not None and spell.open_since_us is not None
        }

    def lost(self) -> None:
        """The stream was cut: rates begin anew, and what it did not show is not held against it."""
        self._rate, self._octets, self._still_since_us = _Mean(), _Mean(), None
        self._settling = SETTLE_SAMPLES

    def step(
        self, sample: Sample | None, flow: Flow, settings: PictureSettings, now_us: int
    ) -> frozenset[PictureFault]:
        """Take one sample; `sample` None = no whole picture came. Returns faults that became the new normal."""
        found = self._flow_faults(flow, settings)
        if sample is not None:
            found |= self._picture_faults(sample, settings, now_us)
        hidden = frozenset[PictureFault]().union(*(HIDES.get(fault, ()) for fault in found | self.faults.keys()))
        found -= hidden
        self._learn_flow(flow, found)
        if sample is not None:
            self._learn_picture(sample, found)
        for fault in FAULTS:
            judged = sample is not None or fault in STREAM_FAULTS | {"low_fps", "clock", "bitrate"}
            if judged and not (fault in hidden and fault not in self.faults):
                self._spell(fault, settings, now_us, there=fault in found)
        return self._accept(settings, now_us)

    # -- what is suspected

    def _flow_faults(self, flow: Flow, settings: PictureSettings) -> set[PictureFault]:
        found, usual = set[PictureFault](), self.usual
        settling, self._settling = self._settling > 0, max(0, self._settling - 1)
        if not settling:
            self._rate.add(flow.pictures, flow.span_s)
            self._octets.add(flow.octets, flow.span_s)
        bad = flow.broken + flow.missed + flow.errors
        if bad and bad >= settings.broken_share * max(1, flow.pictures + flow.missed):
            found.add(_to_blame(flow))
        if not (flow.sparse or settling) and usual.flow_samples >= WARM_SAMPLES:
            if flow.busy >= BUSY_SHARE and self._rate.value < KEPT_SHARE * usual.fps:
                found.add("decoder_overload")  # over TCP nothing breaks: what is late piles up at the camera's end
            if self._rate.value < settings.fps_ratio * usual.fps:
                found.add("low_fps")
            if self._octets.value > settings.bitrate_factor * usual.octets_s > 0:
                found.add("bitrate")
        if flow.skew_s is not None and usual.skew_s is not None and abs(flow.skew_s - usual.skew_s) > settings.clock_s:
            found.add("clock")
        return found

    def _picture_faults(self, sample: Sample, settings: PictureSettings, now_us: int) -> set[PictureFault]:
        found, usual = set[PictureFault](), self.usual
        if sample.bright < settings.black_level:
            found.add("black")
        if sample.blown >= settings.over_share:
            found.add("over_exposed")
        if sample.gone is not None and sample.other is not None:
            soft = (sample.alike or 0.0) >= PATTERN_ALIKE
            if sample.gone >= settings.covered_share:
                found.add("blurred" if soft else "covered")
            elif sample.gone + sample.other >= settings.moved_share:
                found.add("moved")
        if usual.picture_samples >= WARM_SAMPLES and sample.grey == usual.grey:
            if sample.sharp < settings.blur_ratio * usual.sharp:
                found.add("blurred")
            if sample.grain > max(GRAIN_MIN, settings.noise_factor * usual.grain):
                found.add("noise")
        if self._still_s(sample, now_us) >= max(settings.frozen_s, STILL_FACTOR * usual.still_s):
            found.add("frozen")
        return found

    def _still_s(self, sample: Sample, now_us: int) -> float:
        """How long nothing has changed."""
        if sample.changed is None or sample.changed > STILL_SHARE:
            if self._still_since_us is not None:
                self.usual.still_s = max(0.995 * self.usual.still_s, (now_us - self._still_since_us) / 1e6)
            self._still_since_us = None
            return 0.0
        self._still_since_us = self._still_since_us or now_us
        return (now_us - self._still_since_us) / 1e6

    # -- what is usual

    def _learn_flow(self, flow: Flow, found: set[PictureFault]) -> None:
        usual = self.usual
        if usual.skew_s is None and flow.skew_s is not None and usual.flow_samples >= WARM_SAMPLES:
            usual.skew_s = flow.skew_s
        if flow.sparse or found & (STREAM_FAULTS | {"low_fps", "bitrate"}) or not self._rate.value:
            return
        usual.flow_samples += 1
        usual.fps = _towards(usual.fps, self._rate.value, usual.flow_samples)
        busiest = self._octets.value
        if usual.flow_samples > WARM_SAMPLES:  # a jump is to be seen before it is learnt
            busiest = min(busiest, (1 + PEAK_STEP) * usual.octets_s)
        usual.octets_s = max(busiest, 0.999 * usual.octets_s)

    def _learn_picture(self, sample: Sample, found: set[PictureFault]) -> None:
        usual = self.usual
        if sample.grey != usual.grey:
            usual.grey, usual.picture_samples = sample.grey, 0
        if found - {"low_fps", "bitrate", "clock", "frozen"}:
            return
        usual.picture_samples += 1
        usual.sharp = _towards(usual.sharp, sample.sharp, usual.picture_samples)
        usual.grain = _towards(usual.grain, sample.grain, usual.picture_samples)

    # -- how long

    def _spell(self, fault: PictureFault, settings: PictureSettings, now_us: int, *, there: bool) -> None:
        spell = self._spells.get(fault)
        if spell is None:
            if not there:
                return
            spell = self._spells[fault] = Spell()
        if there:
            spell.suspected_us, spell.well_us = spell.suspected_us or now_us, None
            if spell.open_since_us is None and now_us - spell.suspected_us >= _after_s(fault, settings) * 1e6:
                spell.open_since_us = spell.suspected_us
            return
        spell.well_us = spell.well_us or now_us
        patient = spell.open_since_us is not None or fault in STREAM_FAULTS
        if not patient or now_us - spell.well_us >= settings.until_s * 1e6:
            del self._spells[fault]

    def _accept(self, settings: PictureSettings, now_us: int) -> frozenset[PictureFault]:
        old = {f for f, since_us in self.faults.items() if now_us - since_us >= settings.accept_s * 1e6} & ACCEPTED
        for fault in old:
            del self._spells[fault]
        if old & {"low_fps", "bitrate"}:
            self.usual.fps, self.usual.octets_s, self.usual.flow_samples = 0.0, 0.0, 0
        if "clock" in old:
            self.usual.skew_s = None
        if old & {"moved", "noise"}:
            self.usual.picture_samples = 0
        return frozenset(old)


class _Mean:
    """A rate over the last five seconds or so."""

    def __init__(self) -> None:
        self._count = self._span_s = 0.0

    def add(self, count: float, span_s: float) -> None:
        keep = max(0.0, 1.0 - span_s / 5.0) if self._span_s >= 5.0 else 1.0
        self._count, self._span_s = keep * self._count + count, keep * self._span_s + span_s

    @property
    def value(self) -> float:
        """Per second."""
        return self._count / self._span_s if self._span_s else 0.0


def _towards(usual: float, now: float, count: int) -> float:
    """A mean at first, then a running median in steps of `STEP`."""
    if count <= WARM_SAMPLES:
        return usual + (now - usual) / count
    return usual + max(-STEP * usual, min(STEP * usual, now - usual))


def _to_blame(flow: Flow) -> PictureFault:
    """Who breaks pictures: a thread that can't keep up, packets that did not come, or the camera's own coding."""
    if flow.busy >= BUSY_SHARE:
        return "decoder_overload"
    return "network_loss" if flow.missed else "camera_fault"


def _after_s(fault: PictureFault, settings: PictureSettings) -> float:
    """Frozen has waited long enough by then; broken pictures come and go, but one of them is no news."""
    if fault in STREAM_FAULTS:
        return AGAIN_S
    return 0.0 if fault == "frozen" else settings.after_s
