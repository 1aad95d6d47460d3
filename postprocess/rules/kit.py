"""From reads of one person's equipment to what is worn, what is missing, and since when. Pure: no I/O, no clock.

`weigh(course, note, policy) -> course`, a causal fold (see `ledger`) over the reads of one stay in one zone.

Rules
- Each read that can tell is one vote per item: worn (+1) or missing (-1). A read that can't tell is no vote. The votes
  are summed, older ones count less (`half_us`), and the sum is held within ±`votes`: it takes about twice as many votes
  to change a mind as to make it up.
- An item is missing (worn) when its sum is beyond `votes` - 1 on that side and has been on that side for `hold_us`
  (`clear_us`). So the odd wrong read changes nothing, and neither do many that can't tell.
- Since when is told from the votes, too: from the first one of the run that changed the mind, not from the decision.
- A *spell* is one violation: from the first vote against the item that opened it to the first vote for the last one
  put on. Items that turn out to be missing meanwhile belong to it. Missing again within `again_us` it goes on; later it
  is another one.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ingest.contract import Box
from model_repository.contract import ModelRef

PHOTOS_MAX = 8
RUN_NOTES_MAX = 8
SPELLS_MAX = 16
"""Of one stay; the last one then goes on."""


class VotePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When an item counts as worn or missing."""

    worn_min: float = 0.6
    missing_max: float = 0.4
    votes: int = 4
    half_us: int = 40_000_000
    hold_us: int = 3_000_000
    clear_us: int = 3_000_000
    again_us: int = 60_000_000


class KitNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a read."""

    shot_id: str
    at_us: int
    track: str
    """Its key, see `scene.track_key`."""
    worn: dict[str, float] = {}
    """Item → probability, of those that can be told."""
    exempt: bool = False
    """The person stood where nothing has to be worn."""
    quality: float = 0.0
    box: Box | None = None
    model: ModelRef
    thumbnail: bytes = b""

    @property
    def key(self) -> tuple[int, str]:
        """Its place in the fold."""
        return (self.at_us, self.shot_id)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """The votes on one item."""

    balance: float = 0.0
    """> 0: worn; < 0: missing."""
    at_us: int = 0
    since_us: int = 0
    """First vote of the run that brought the balance to its side."""
    turn_us: int | None = None
    """First vote the other way since the balance was last sure; None = none."""
    state: Literal["unknown", "worn", "missing"] = "unknown"
    ever: Literal["", "worn"] = ""
    told: int = 0
    """Votes so far, and those for it."""
    for_it: int = 0


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A read that shows what is missing."""

    shot_id: str
    at_us: int
    lacks: int
    """Required items that it says are missing."""
    quality: float
    box: Box | None
    model: ModelRef
    thumbnail: bytes = b""

    @property
    def rank(self) -> tuple[int, float, str]:
        """Which one shows it best."""
        return (self.lacks, self.quality, self.shot_id)


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """One violation."""

    opened_us: int
    missing: tuple[str, ...]
    """All that were missing at some time of it, by name."""
    closed_us: int | None = None
    sealed: bool = False
    """It can't go on any more."""
    reads: int = 0
    """Of the stay, up to what was last decided about it."""
    sums: dict[str, tuple[float, int]] = {}
    """Item → sum of the probabilities that it is worn, and of how many reads."""
    photos: tuple[Photo, ...] = ()
    """The best ones, the best first."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """All that the reads of a stay say so far."""

    reads: int = 0
    exempted: int = 0
    items: dict[str, Item] = {}
    run: tuple[KitNote, ...] = ()
    """The latest reads that speak against an item: those that a spell begins with."""
    spells: tuple[Spell, ...] = ()
    """In their order; the last one may be open."""


def weigh(course: Course, note: KitNote, required: tuple[str, ...], policy: VotePolicy) -> Course:
    """Take the next read."""
    course = msgspec.structs.replace(course, reads=course.reads + 1, spells=_sealed(course.spells, note.at_us, policy))
    if note.exempt:
        return msgspec.structs.replace(course, exempted=course.exempted + 1)
    votes = {item: vote for item in required if (vote := _vote(note, item, policy)) != 0}
    if not votes:
        return course
    items = dict(course.items)
    for item, vote in votes.items():
        items[item] = _voted(items.get(item, Item()), vote, note.at_us, policy)
    course = msgspec.structs.replace(course, items=items, run=_run(course.run, note, items, votes))
    return msgspec.structs.replace(course, spells=_spelled(course, note, required, policy))


def _run(run: tuple[KitNote, ...], note: KitNote, items: dict[str, Item], votes: dict[str, int]) -> tuple[KitNote, ...]:
    """The reads that a spell would begin with: those against an item since the run against it began."""
    against = [each.since_us for each in items.values() if each.balance < 0]
    against += [each.turn_us for each in items.values() if each.balance > 0 and each.turn_us is not None]
    if not against:
        return ()
    run = (*run, note) if min(votes.values()) < 0 else run
    kept = [each for each in run if each.at_us >= min(against)][-RUN_NOTES_MAX:]
    best = max(kept, key=lambda each: (each.quality, each.shot_id), default=None)
    return tuple(each if each is best else msgspec.structs.replace(each, thumbnail=b"") for each in kept)


def _vote(note: KitNote, item: str, policy: VotePolicy) -> int:
    worn = note.worn.get(item)
    if worn is None:
        return 0
    return 1 if worn >= policy.worn_min else -1 if worn <= policy.missing_max else 0


def _voted(item: Item, vote: int, at_us: int, policy: VotePolicy) -> Item:
    faded = item.balance * 0.5 ** (max(0, at_us - item.at_us) / policy.half_us)
    balance = min(float(policy.votes), max(-float(policy.votes), faded + vote))
    turned = item.balance * balance <= 0
    turn_us = item.turn_us
    if vote * balance > 0 and abs(balance) > policy.votes - 1:
        turn_us = None
    elif vote * item.balance < 0 and turn_us is None:
        turn_us = at_us
    since_us = item.since_us
    if turned:
        since_us, turn_us = at_us if turn_us is None else turn_us, None
    state = item.state
    if abs(balance) > policy.votes - 1:
        if balance < 0 and at_us - since_us >= policy.hold_us:
            state = "missing"
        elif balance > 0 and at_us - since_us >= policy.clear_us:
            state = "worn"
    return Item(
        balance=balance,
        at_us=at_us,
        since_us=since_us,
        turn_us=turn_us,
        state=state,
        ever="worn" if state == "worn" else item.ever,
        told=item.told + 1,
        for_it=item.for_it + (vote > 0),
    )


def _sealed(spells: tuple[Spell, ...], at_us: int, policy: VotePolicy) -> tuple[Spell, ...]:
    if not spells or spells[-1].sealed or len(spells) >= SPELLS_MAX:
        return spells
    closed_us = spells[-1].closed_us
    if closed_us is None or at_us - closed_us <= policy.again_us:
        return spells
    return (*spells[:-1], msgspec.structs.replace(spells[-1], sealed=True))


def _spelled(course: Course, note: KitNote, required: tuple[str, ...], policy: VotePolicy) -> tuple[Spell, ...]:
    """The spells after a read that voted."""
    lacking = tuple(sorted(item for item, each in course.items.items() if each.state == "missing" and item in required))
    spell = course.spells[-1] if course.spells and not course.spells[-1].sealed else None
    if not lacking:
        if spell is None or spell.closed_us is not None:
            return course.spells
        worn_us = max(course.items[item].since_us for item in spell.missing)
        return _changed(course, _added(spell, note, required, policy), closed_us=worn_us)
    since_us = min(course.items[item].since_us for item in lacking)
    if spell is None:
        begun = Spell(opened_us=since_us, missing=lacking)
        for earlier in course.run:
            if since_us <= earlier.at_us < note.at_us:
                begun = _added(begun, earlier, required, policy)
        course = msgspec.structs.replace(course, spells=(*course.spells, begun))
        spell = begun
    missing = tuple(sorted({*spell.missing, *lacking}))
    return _changed(course, _added(spell, note, required, policy), missing=missing, closed_us=None)


def _changed(course: Course, spell: Spell, **fields: object) -> tuple[Spell, ...]:
    return (*course.spells[:-1], msgspec.structs.replace(spell, reads=course.reads, **fields))


def _added(spell: Spell, note: KitNote, required: tuple[str, ...], policy: VotePolicy) -> Spell:
    """A read of the spell: what it says of each item, and a photo if it shows what is missing."""
    sums = dict(spell.sums)
    votes = {item: _vote(note, item, policy) for item in required}
    for item in (item for item, vote in votes.items() if vote):
        total, count = sums.get(item, (0.0, 0))
        sums[item] = (total + note.worn[item], count + 1)
    photos, lacks = spell.photos, sum(vote < 0 for vote in votes.values())
    if lacks:
        photo = Photo(
            shot_id=note.shot_id, at_us=note.at_us, lacks=lacks, quality=note.quality, box=note.box, model=note.model,
            thumbnail=note.thumbnail,
        )  # fmt: skip
        ranked = sorted((*photos, photo), key=lambda each: each.rank, reverse=True)[:PHOTOS_MAX]
        photos = tuple(
            each if place == 0 or not each.thumbnail else msgspec.structs.replace(each, thumbnail=b"")
            for place, each in enumerate(ranked)
        )
    return msgspec.structs.replace(spell, sums=sums, photos=photos)


def outcome(course: Course, required: tuple[str, ...]) -> Literal["missing", "worn", "exempt", "unknown"]:
    """What a stay comes to: anything was missing; else all was worn; else nobody could tell."""
    if course.spells:
        return "missing"
    if required and all(course.items.get(item, Item()).ever == "worn" for item in required):
        return "worn"
    return "exempt" if course.exempted and not any(each.told for each in course.items.values()) else "unknown"


def bare(course: Course) -> Course:
    """A course without pictures."""
    spells = tuple(
        msgspec.structs.replace(
            spell, photos=tuple(msgspec.structs.replace(photo, thumbnail=b"") for photo in spell.photos)
        )
        for spell in course.spells
    )
    run = tuple(msgspec.structs.replace(note, thumbnail=b"") for note in course.run)
    return msgspec.structs.replace(course, run=run, spells=spells)
