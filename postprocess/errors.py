"""What can go wrong in postprocess. Errors hold fields and write their own sentence.

    PostprocessError
    ├── FunctionError       a function from another package can't be used
    ├── SchemaError         the database can't be used by this program; no repetition helps
    │   ├── SchemaNameError    its name in [clickhouse] is no plain identifier
    │   ├── SchemaNewer        a newer program has written there
    │   ├── MigrationChanged   a file is not what was applied
    │   └── MigrationSkipped   a later one was applied without it
    ├── PoisonError         a message can never be processed: goes to zool.dead.<stage> with this sentence
    ├── ReaderLostError     a message was delivered again and again, and no reader acknowledged it
    ├── RecogniserError     Triton did not read a shot; `away` tells whether waiting helps
    ├── DeliveryError       a message did not reach its target; `away` tells whether waiting helps
    ├── SecretError         a secret that a target names can't be had
    ├── StoreAway           ClickHouse did not take rows or statements: the same again later
    └── RowsError           a value does not fit its column: no repetition helps

Pure: no I/O, no clock.
"""

from __future__ import annotations


class PostprocessError(Exception):
    """Anything that postprocess raises by itself."""


class SchemaError(PostprocessError):
    """A database that this program must not write into."""


class SchemaNameError(SchemaError):
    """A database name that can't be put into SQL."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"[clickhouse] database = {self.name!r}: allowed are letters, digits and '_', not starting with a digit"


class FunctionError(PostprocessError):
    """A function of the entry point group `zool.functions` can't be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"function {self.name}: {self.reason}; mend or uninstall the package that brings it"


class SchemaNewer(SchemaError):  # noqa: N818 - named by what was found
    """The database is ahead of the program."""

    def __init__(self, *, newest: int, known: int) -> None:
        super().__init__(newest, known)
        self.newest, self.known = newest, known

    def __str__(self) -> str:
        return (
            f"the schema of the store is at {self.newest:04d}, this program knows {self.known:04d}: "
            "run the version that wrote it or a newer one, or choose another database"
        )


class MigrationChanged(SchemaError):  # noqa: N818 - as above
    """A migration is not the one that was applied under its number."""

    def __init__(self, *, number: int, name: str) -> None:
        super().__init__(number, name)
        self.number, self.name = number, name

    def __str__(self) -> str:
        return (
            f"migration {self.number:04d} {self.name} is not the one that was applied to the store: "
            "run an unchanged release; a change belongs into a migration with a new number"
        )


class MigrationSkipped(SchemaError):  # noqa: N818 - as above
    """A migration is missing below one that was applied."""

    def __init__(self, *, number: int, name: str, newest: int) -> None:
        super().__init__(number, name, newest)
        self.number, self.name, self.newest = number, name, newest

    def __str__(self) -> str:
        return (
            f"the store has migration {self.newest:04d} but not {self.number:04d} {self.name}: "
            "it was written by a program of another line; run that one, or choose another database"
        )


class PoisonError(PostprocessError):
    """A message that no repetition will make processable."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


class ReaderLostError(PostprocessError):
    """A message kills its reader, outlasts its time, or was given back too often."""

    def __init__(self, deliveries: int) -> None:
        super().__init__(deliveries)
        self.deliveries = deliveries

    def __str__(self) -> str:
        return (
            f"delivered {self.deliveries} times and never acknowledged: it kills its reader or takes too long; "
            "see the log of the stage for what happened"
        )


class RecogniserError(PostprocessError):
    """A recogniser gave no answer for a shot."""

    def __init__(self, recogniser: str, reason: str, *, away: bool) -> None:
        super().__init__(recogniser, reason, away)
        self.recogniser, self.reason, self.away = recogniser, reason, away

    def __str__(self) -> str:
        hint = "waiting for it" if self.away else "check that the ensemble is loaded and fits this version"
        return f"{self.recogniser}: {self.reason}; {hint}"


class DeliveryError(PostprocessError):
    """A target did not take a message."""

    def __init__(self, target: str, reason: str, *, away: bool = True, retry_after_s: float = 0.0) -> None:
        super().__init__(target, reason, away)
        self.target, self.reason, self.away, self.retry_after_s = target, reason, away, retry_after_s

    def __str__(self) -> str:
        return f"target {self.target}: {self.reason}"


class SecretError(PostprocessError):
    """A secret that a target names can't be had."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"secret {self.name}: {self.reason}"


class StoreAway(PostprocessError):  # noqa: N818 - a state of the world, named as such
    """ClickHouse can't be reached, or refused for a reason that may pass."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.where, self.reason = where, reason

    def __str__(self) -> str:
        return f"clickhouse at {self.where}: {self.reason}; trying again"


class RowsError(PostprocessError):
    """Rows that can't be written as their columns ask."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"rows that don't fit their table: {self.reason}"
