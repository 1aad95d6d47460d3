"""Function `counting`: who goes over a line, each way, day by day. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from postprocess.contract import Title
from postprocess.functions.unit import Context, Defaults, Kind, Lines, Needs, us
from postprocess.functions.zoned import Seconds, Watching, WatchSettings, needs_of, policy_of
from postprocess.rules import counting
from postprocess.rules.counting import CountingMemory, CountingPolicy
from postprocess.rules.scene import Input, Output


class CountingSettings(WatchSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Directed lines. Without a class list everything of config.ini's counts."""

    lines: Annotated[Lines, msgspec.Meta(description="directed lines; `entry` of each says which way is in")] = ()
    echo_s: Annotated[Seconds, msgspec.Meta(description="the same thing over the same line the same way: once")] = 3.0
    bridge_s: Annotated[Seconds, msgspec.Meta(description="a track broken at a line goes on within this")] = 2.0
    photos: Annotated[bool, msgspec.Meta(description="take pictures for the events")] = False


class Counting(Watching[CountingSettings, CountingPolicy, CountingMemory]):
    """One event per crossing; its value is the count of the day."""

    name = "counting"
    title = Title(en="Counting", ru="Подсчёт проходов")
    settings = CountingSettings
    memory = CountingMemory
    kinds = (Kind(name="count_crossing", title=Title(en="Line crossed", ru="Пересечение линии")),)

    def needs(self, settings: CountingSettings, defaults: Defaults) -> Needs:
        """Boxes of what counts, pictures where they are wanted."""
        return needs_of(settings, settings.class_list or defaults.class_list, defaults)

    def policy(self, settings: CountingSettings, context: Context) -> CountingPolicy:
        """How it is decided for one camera."""
        labels = settings.class_list or context.defaults.class_list
        return policy_of(CountingPolicy, settings, context, labels, lines=settings.lines, echo_us=us(settings.echo_s))

    def step(
        self, memory: CountingMemory, message: Input, policy: CountingPolicy
    ) -> tuple[CountingMemory, list[Output]]:
        """See `rules.counting`."""
        return counting.step(memory, message, policy)


COUNTING = Counting()
