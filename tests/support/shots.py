"""Shots as ingest sends them."""

from __future__ import annotations

import time

import cv2
import numpy as np

from ingest.contract import FrameStamp, Shot


def jpeg(width: int = 208, height: int = 104, value: int = 80) -> bytes:
    """A plain picture."""
    return bytes(cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))[1])


def shot(number: int, picture: bytes, *, age_s: int = 0, camera: str = "cam-1") -> Shot:
    """A crop of the left half of the frame."""
    captured_us = int((time.time() - age_s) * 1e6)
    return Shot(
        shot_id=f"s{number}", stamp=FrameStamp(camera=camera, epoch=2, seq=number, captured_at_us=captured_us),
        recogniser="plate_reader", track="2-1", label="car", box=(0.1, 0.1, 0.4, 0.9), crop=(0.0, 0.0, 0.5, 1.0),
        jpeg=picture, width=208, height=104, quality=0.7, ordinal=0,
    )  # fmt: skip
