"""Function `faces`: known persons, persons on watch lists, strangers. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from postprocess.contract import Title
from postprocess.functions.persons import Personal, PersonSettings, Seconds, needs_of, policy_of
from postprocess.functions.unit import Context, Defaults, Kind, Needs, us
from postprocess.rules import faces
from postprocess.rules.faces import FacesPolicy
from postprocess.rules.identity import Limit
from postprocess.rules.persons import PersonScene
from postprocess.rules.scene import Input, Output
from postprocess.rules.zones import WHOLE


class FacesSettings(PersonSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where faces are told; without lines and zones, anywhere in the picture."""

    known: Annotated[bool, msgspec.Meta(description="tell of people who stand on no watch list")] = True
    unknown: Annotated[bool, msgspec.Meta(description="tell of strangers whose face was seen well")] = False
    unknown_reads_min: Annotated[int, msgspec.Meta(ge=1, le=16, description="so many good reads of a stranger")] = 2
    watch: Annotated[
        dict[str, Limit], msgspec.Meta(max_length=64, description="watch list → its own limits; all lists are watched")
    ] = {}
    watch_severity: Annotated[
        Literal["info", "warning", "alarm"], msgspec.Meta(description="of events of watched persons")
    ] = "alarm"
    echo_s: Annotated[
        Seconds, msgspec.Meta(description="the same person at the same place again within this is no event")
    ] = 60.0


class Faces(Personal[FacesSettings, FacesPolicy]):
    """One event per person and passage or stay."""

    name = "faces"
    title = Title(en="Faces", ru="Лица")
    settings = FacesSettings
    kinds = (
        Kind(name="face_known", title=Title(en="Known person", ru="Известный человек")),
        Kind(name="face_watch", title=Title(en="Person on a watch list", ru="Человек из списка"), severity="alarm"),
        Kind(name="face_unknown", title=Title(en="Unknown person", ru="Неизвестный человек")),
    )

    def needs(self, settings: FacesSettings, defaults: Defaults) -> Needs:
        """Persons, and crops of them for the face embedder."""
        return needs_of(settings, defaults)

    def policy(self, settings: FacesSettings, context: Context) -> FacesPolicy:
        """How it is decided for one camera."""
        anywhere = () if settings.lines or settings.zones else (WHOLE,)
        return policy_of(
            FacesPolicy,
            settings,
            context,
            zones=settings.zones or anywhere,
            watch_limits=settings.watch,
            known=settings.known,
            unknown=settings.unknown,
            unknown_reads_min=settings.unknown_reads_min,
            watch_severity=settings.watch_severity,
            echo_person_us=us(settings.echo_s),
        )

    def step(self, memory: PersonScene, message: Input, policy: FacesPolicy) -> tuple[PersonScene, list[Output]]:
        """See `rules.faces`."""
        return faces.step(memory, message, policy)


FACES = Faces()
