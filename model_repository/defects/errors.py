"""What can go wrong with a model of a surface.

ModelError
└── SurfaceRefused          no model can be fitted, loaded or measured
    ├── PicturesMissing     the folder is not there or holds no pictures
    ├── PictureUnreadable   a file is no picture
    ├── PictureTooSmall     its tiles would hold too little
    ├── SizesDiffer         pictures of one surface are not of one size
    ├── PicturesCount       too few good pictures, or more than are any use
    ├── NameRefused         a model cannot be called so
    ├── SurfaceFileInvalid  the file of a fitted model is broken
    └── ReportToolsMissing  the group of packages that draws reports is not installed
"""

from __future__ import annotations

from pathlib import Path

from model_repository.errors import ModelError

Size = tuple[int, int]


class SurfaceRefused(ModelError):  # noqa: N818 - says what is the case
    """No model of a surface can be made, loaded or measured."""


class PicturesMissing(SurfaceRefused):
    """There are no pictures in a folder."""

    def __init__(self, folder: Path, suffixes: tuple[str, ...]) -> None:
        """Hold the folder and what counts as a picture."""
        super().__init__(folder, suffixes)
        self.folder, self.suffixes = folder, suffixes

    def __str__(self) -> str:
        """Say what was looked for."""
        found = "holds no pictures" if self.folder.is_dir() else "is not a folder"
        return f"{self.folder} {found}: give a folder with pictures ({', '.join(self.suffixes)})"


class PictureUnreadable(SurfaceRefused):
    """A file has the suffix of a picture and is none."""

    def __init__(self, path: Path) -> None:
        """Hold the file."""
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        """Say what to do with it."""
        return f"{self.path} cannot be read as a picture: remove it or export it again"


class PictureTooSmall(SurfaceRefused):
    """A picture is too small to be cut into tiles."""

    def __init__(self, path: Path, size: Size, side_min_px: int) -> None:
        """Hold the picture, its width and height, and the least side."""
        super().__init__(path, size, side_min_px)
        self.path, self.size, self.side_min_px = path, size, side_min_px

    def __str__(self) -> str:
        """Name both sizes."""
        return (
            f"{self.path} is {self.size[0]}x{self.size[1]}: at the size that is served both sides must have "
            f"{self.side_min_px} pixels at least, or a tile holds too few of them"
        )


class SizesDiffer(SurfaceRefused):
    """Pictures of one surface must show it at one scale."""

    def __init__(self, path: Path, size: Size, first: Path, expected: Size) -> None:
        """Hold the odd one, and the first one with its width and height."""
        super().__init__(path, size, first, expected)
        self.path, self.size, self.first, self.expected = path, size, first, expected

    def __str__(self) -> str:
        """Name both pictures."""
        return (
            f"{self.path} is {self.size[0]}x{self.size[1]}, {self.first} is {self.expected[0]}x{self.expected[1]}: "
            "texture is measured in pixels, so all pictures must be cut alike, of one size and scale"
        )


class PicturesCount(SurfaceRefused):
    """Too few good pictures to set a limit, or too many."""

    def __init__(self, folder: Path, found: int, least: int, most: int) -> None:
        """Hold the folder, how many there are and how many there may be."""
        super().__init__(folder, found, least, most)
        self.folder, self.found, self.least, self.most = folder, found, least, most

    def __str__(self) -> str:
        """Say how many would be good."""
        noun = "picture" if self.found == 1 else "pictures"
        return (
            f"{self.folder} holds {self.found} {noun}; the limit is set by leaving one out, which takes "
            f"{self.least} to {self.most} good pictures (10 to 30 do well)"
        )


class NameRefused(SurfaceRefused):
    """A name that cannot be a folder's."""

    def __init__(self, name: str) -> None:
        """Hold the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what a name may be."""
        return f"{self.name!r} cannot be the name of a model: use 1 to 40 of a-z, 0-9, '-' and '_', as in --name part-7"


class SurfaceFileInvalid(SurfaceRefused):
    """The file of a fitted model is not one."""

    def __init__(self, path: Path, reason: str) -> None:
        """Hold the file and what is wrong with it."""
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        """Name the file, the fault and the way out."""
        return f"{self.path} is no fitted model of a surface: {self.reason}; fit it again"


class ReportToolsMissing(SurfaceRefused):
    """Plots need packages that no running process has."""

    def __init__(self, package: str) -> None:
        """Hold the package that could not be imported."""
        super().__init__(package)
        self.package = package

    def __str__(self) -> str:
        """Say how to get it."""
        return f"a report with plots needs {self.package}, which is not installed: uv sync --group report"
