"""The faces of all people, in memory, and whom a face looks like. Pure: no I/O, no clock (numpy).

Rules
- Embeddings of one network only: rows of unit length, float32, in blocks that are never copied. A new row goes to the
  end; where one is taken out, the last one moves there.
- A search is one product of each block with the face: exact, every row is looked at. A person is as near as the
  nearest of its rows.
- Negatives ("this was not her") are no rows. A person is left out where the face is at least as near to one of the
  person's negatives as to the nearest of the person's own rows: a threshold that rises near to a known mistake.
- Not thread-safe: the caller holds changes and searches apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from postprocess.contract import FaceMatch

Floats = npt.NDArray[np.float32]

Each = Callable[[Callable[[int], None], Iterable[int]], Iterable[None]]

BLOCK_ROWS = 8192
WIDE_BYTES_MIN = 100_000_000
"""A smaller gallery is searched faster than threads are woken."""
SAMPLES_MAX = 16
"""Of one person: more rows of the same person only push others out of the candidates."""
NEGATIVES_MAX = 64


class Gallery:
    """Samples by key; a person is a name."""

    def __init__(self, size: int, each: Each = map) -> None:
        """`each` applies a function to the numbers of blocks, as `map` does: several at once where it can."""
        self.size, self._each = size, each
        self._blocks: list[Floats] = []
        self._owners: list[npt.NDArray[np.int32]] = []
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}
        self._negatives: dict[str, dict[str, Floats]] = {}
        self._negative_of: dict[str, str] = {}
        self._people: dict[str, int] = {}
        self._names: list[str] = []
        self._counts: list[int] = []
        self._free: list[int] = []
        self._cosines = np.zeros(0, np.float32)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def people(self) -> int:
        """How many persons have a sample."""
        return len(self._people)

    @property
    def bytes_held(self) -> int:
        """Of the blocks."""
        return sum(block.nbytes for block in self._blocks)

    @property
    def blocks(self) -> tuple[Floats, ...]:
        """The rows as they lie, float32 [BLOCK_ROWS, size] each; those behind the last one are zero."""
        return tuple(self._blocks)

    def put(self, key: str, person: str, vector: Floats, *, negative: bool = False) -> bool:
        """Take in a sample, in place of the one of the same key; False = the person has all that it may have."""
        if vector.shape != (self.size,):
            raise ValueError(f"an embedding of {vector.size} numbers in a gallery of {self.size}")
        self.remove(key)
        if negative:
            theirs = self._negatives.setdefault(person, {})
            if len(theirs) >= NEGATIVES_MAX:
                return False
            theirs[key], self._negative_of[key] = vector.copy(), person
            return True
        index = self._index(person)
        if self._counts[index] >= SAMPLES_MAX:
            return False
        self._counts[index] += 1
        row = len(self._keys)
        if row == len(self._blocks) * BLOCK_ROWS:
            self._blocks.append(np.zeros((BLOCK_ROWS, self.size), np.float32))
            self._owners.append(np.zeros(BLOCK_ROWS, np.int32))
        self._place(row, key, vector, index)
        return True

    def remove(self, key: str) -> None:
        """Let go of a sample; one that is not there changes nothing."""
        if (person := self._negative_of.pop(key, None)) is not None:
            del self._negatives[person][key]
            if not self._negatives[person]:
                del self._negatives[person]
            return
        row = self._rows.pop(key, None)
        if row is None:
            return
        index = self._owner(row)
        last = len(self._keys) - 1
        if row != last:
            self._place(row, self._keys[last], self._vector(last), self._owner(last))
        self._keys.pop()
        self._vector(last)[:] = 0.0
        if len(self._blocks) * BLOCK_ROWS - last > 2 * BLOCK_ROWS:
            self._blocks.pop()
            self._owners.pop()
        self._counts[index] -= 1
        if not self._counts[index]:
            del self._people[self._names[index]]
            self._names[index] = ""
            self._free.append(index)

    def nearest(self, vector: Floats, count: int, *, apart_from: str = "") -> tuple[FaceMatch, ...]:
        """The `count` persons nearest to a face of unit length, nearest first; `apart_from` names one left out."""
        rows = self._best_rows(vector, (count + 1) * SAMPLES_MAX)
        found: dict[str, float] = {}
        for row in rows:
            person = self._names[self._owner(int(row))]
            if person != apart_from and person not in found:
                found[person] = float(self._cosines[row])
        near = [(cosine, person) for person, cosine in found.items() if cosine > self._mistaken(person, vector)]
        near.sort(key=lambda pair: (-pair[0], pair[1]))
        return tuple(FaceMatch(person=person, similarity=round(cosine, 6)) for cosine, person in near[:count])

    def own(self, person: str, vector: Floats) -> float | None:
        """Cosine of a face to the nearest sample of a person; None where there is none."""
        index = self._people.get(person)
        if index is None:
            return None
        owners = np.concatenate(self._owners)[: len(self._keys)]
        return max(float(self._vector(int(row)) @ vector) for row in np.flatnonzero(owners == index))

    def _best_rows(self, vector: Floats, count: int) -> npt.NDArray[np.intp]:
        """Rows by falling cosine; equal ones by place."""
        total = len(self._keys)
        if len(self._cosines) != len(self._blocks) * BLOCK_ROWS:
            self._cosines = np.zeros(len(self._blocks) * BLOCK_ROWS, np.float32)
        cosines, blocks = self._cosines, self._blocks

        def product(number: int) -> None:
            np.dot(blocks[number], vector, out=cosines[number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS])

        each = self._each if self.bytes_held >= WIDE_BYTES_MIN else map
        deque(each(product, range(len(blocks))), maxlen=0)
        cosines = cosines[:total]
        kept = np.argpartition(cosines, total - count)[total - count :] if total > count else np.arange(total)
        return kept[np.lexsort((kept, -cosines[kept]))]

    def _mistaken(self, person: str, vector: Floats) -> float:
        """How near a face is to the nearest negative of a person."""
        theirs = self._negatives.get(person)
        return max((float(each @ vector) for each in theirs.values()), default=-2.0) if theirs else -2.0

    def _index(self, person: str) -> int:
        if person not in self._people:
            if self._free:
                index = self._free.pop()
                self._names[index] = person
            else:
                index = len(self._names)
                self._names.append(person)
                self._counts.append(0)
            self._people[person] = index
        return self._people[person]

    def _place(self, row: int, key: str, vector: Floats, index: int) -> None:
        self._vector(row)[:] = vector
        self._owners[row // BLOCK_ROWS][row % BLOCK_ROWS] = index
        self._rows[key] = row
        if row == len(self._keys):
            self._keys.append(key)
        else:
            self._keys[row] = key

    def _vector(self, row: int) -> Floats:
        found: Floats = self._blocks[row // BLOCK_ROWS][row % BLOCK_ROWS]
        return found

    def _owner(self, row: int) -> int:
        return int(self._owners[row // BLOCK_ROWS][row % BLOCK_ROWS])


def rate_at(false_accepts: tuple[tuple[float, float], ...], similarity: float) -> float:
    """The lowest measured share of different people who look at least this alike; -1 where none was measured.

    `false_accepts` as in `ModelCard`: (share, cosine). Nothing is extrapolated: above the highest cosine that was
    measured the share is at most the lowest one; below the lowest it may be anything, which is 1.
    """
    if not false_accepts:
        return -1.0
    return min((rate for rate, cosine in false_accepts if similarity >= cosine), default=1.0)
