"""What can go wrong with a plate.

ValueError
└── PlateTextError      the text cannot stand on a plate of that kind
"""


class PlateTextError(ValueError):
    """The text does not fit the plate kind it was asked for."""

    def __init__(self, text: str, kind: str, pattern: str) -> None:
        """Hold the text, the kind and the pattern that the kind demands."""
        super().__init__(text, kind, pattern)
        self.text = text
        self.kind = kind
        self.pattern = pattern

    def __str__(self) -> str:
        """Say what was asked, and what would be right."""
        return (
            f"plate text {self.text!r} does not fit kind {self.kind!r}: "
            f"write {self.pattern} (L a letter of ABEKMHOPCTYX, D a digit, A any letter, U a letter of ABCEHIKMOPTX; "
            "small letters stand for themselves), on Russian plates with a real region code after it"
        )
