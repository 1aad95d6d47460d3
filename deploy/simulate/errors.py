"""What can go wrong in the simulator, each error with its fields and its own sentence.

SimulateError
├── SourceError                what was given to be served cannot be served
│   ├── FileMissingError
│   ├── NotAVideoError
│   ├── NoVideoTrackError
│   ├── CodecNotServedError
│   ├── NoKeyframeError
│   └── NameTakenError
├── PortInUseError
├── PasswordMissingError
├── FaultError
└── RequestError               what an RTSP client sent cannot be understood; holds the status of the answer
"""

from __future__ import annotations


class SimulateError(Exception):
    """Root of every error of the simulator."""


class SourceError(SimulateError):
    """A file that cannot be served as a camera."""


class FileMissingError(SourceError):
    """The file is not there or is a folder."""

    def __init__(self, path: str) -> None:
        """Keep `path` as it was given."""
        self.path = path
        super().__init__(f"{path}: no such file. Give the path of a video file.")


class NotAVideoError(SourceError):
    """The file is there but libav cannot read it."""

    def __init__(self, path: str, cause: str) -> None:
        """Keep `path` and libav's own words in `cause`."""
        self.path = path
        self.cause = cause
        super().__init__(
            f"{path}: not a readable video file ({cause}). Give an MP4, MKV or TS file with H.264 or H.265."
        )


class NoVideoTrackError(SourceError):
    """The file holds sound or subtitles only."""

    def __init__(self, path: str) -> None:
        """Keep `path` as it was given."""
        self.path = path
        super().__init__(f"{path}: holds no video track. Give a file with H.264 or H.265 video.")


class CodecNotServedError(SourceError):
    """The video track is coded in something that the simulator does not packetise."""

    def __init__(self, path: str, codec: str) -> None:
        """Keep `path` and the `codec` that was found."""
        self.path = path
        self.codec = codec
        super().__init__(
            f"{path}: the video is {codec}; only H.264 and H.265 are served, for nothing is re-encoded. "
            f"Convert it once: ffmpeg -i {path} -c:v libx264 out.mp4"
        )


class NoKeyframeError(SourceError):
    """Nobody could ever start to decode the file."""

    def __init__(self, path: str) -> None:
        """Keep `path` as it was given."""
        self.path = path
        super().__init__(
            f"{path}: no keyframe with its parameter sets was found. The file is cut or damaged; encode it again."
        )


class NameTakenError(SourceError):
    """Two cameras would have the same address."""

    def __init__(self, name: str) -> None:
        """Keep the doubled `name`."""
        self.name = name
        super().__init__(
            f"Two cameras would be served as /{name}. Rename one of the files, or give it once with --copies."
        )


class PortInUseError(SimulateError):
    """The address to listen on cannot be had."""

    def __init__(self, host: str, port: int, cause: str) -> None:
        """Keep `host`, `port` and the system's `cause`."""
        self.host = host
        self.port = port
        self.cause = cause
        super().__init__(
            f"Cannot listen on {host}:{port} ({cause}). Choose another --port (0 takes any free one) or --host."
        )


class PasswordMissingError(SimulateError):
    """A user was named, but no password was found where it should be."""

    def __init__(self, variable: str) -> None:
        """Keep the name of the environment `variable` (empty when --password-env was not given)."""
        self.variable = variable
        where = (
            f"the environment variable {variable} is empty or not set" if variable else "--password-env was not given"
        )
        super().__init__(
            f"--user needs a password, but {where}. Example: CAMERA_PASSWORD=… with --password-env CAMERA_PASSWORD"
        )


class RequestError(SimulateError):
    """Bytes from a client that are no RTSP request; the connection is answered with `status` and closed."""

    def __init__(self, status: int, reason: str) -> None:
        """Keep the RTSP `status` to answer with and the `reason` for the log."""
        self.status = status
        self.reason = reason
        super().__init__(f"RTSP request refused with {status}: {reason}")


class FaultError(SimulateError):
    """A fault was written that cannot be understood."""

    def __init__(self, text: str, reason: str) -> None:
        """Keep the `text` as it was written and the `reason`."""
        self.text = text
        self.reason = reason
        super().__init__(f"--fault {text}: {reason}")
