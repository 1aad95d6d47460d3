"""How a rendered picture is made to look like many cameras.

Pure (numpy and OpenCV only): every function takes a random generator and returns a new picture.

Rules
- Pictures are BGR uint8 [h, w, 3]; boxes float32 [n, 5]: class, x1, y1, x2, y2 in pixels.
- The last step is always what the serving side does: chroma at half size, limited range, a letterbox with grey 114.
- A box of which too little is left after a crop is dropped; what is left of the others is their new box.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Random = np.random.Generator

FILL = 114
VISIBLE_MIN = 0.2
SIDE_PX_MIN = 5.0
WIDE = 16 / 9
FULL_WIDTH = 640
SCALES = (float(np.log(0.75)), float(np.log(1.5)))


def clip(boxes: Floats, area: tuple[float, float, float, float]) -> Floats:
    """Boxes cut to an area x1, y1, x2, y2; those of which too little is left are dropped."""
    if not len(boxes):
        return boxes
    x1, y1, x2, y2 = area
    cut = boxes.copy()
    cut[:, 1::2] = boxes[:, 1::2].clip(x1, x2)
    cut[:, 2::2] = boxes[:, 2::2].clip(y1, y2)
    before = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    sides = cut[:, 3:5] - cut[:, 1:3]
    kept: Floats = cut[(sides.prod(axis=1) >= VISIBLE_MIN * before) & (sides.min(axis=1) >= SIDE_PX_MIN)]
    return kept


def place(picture: Picture, boxes: Floats, size: tuple[int, int], rng: Random) -> tuple[Picture, Floats]:
    """Scale, shift and perhaps mirror a picture into a canvas of (width, height)."""
    width, height = size
    base = width / picture.shape[1]
    # A small canvas shows a part of the picture rather than all of it smaller: things keep about their size in pixels.
    closer = (FULL_WIDTH / width) ** 0.4
    scale = base * closer * float(np.exp(rng.uniform(*SCALES))) if rng.random() < 0.75 else base
    scale_x, scale_y = scale * rng.uniform(0.93, 1.07), scale
    room_x, room_y = width - picture.shape[1] * scale_x, height - picture.shape[0] * scale_y
    shift_x, shift_y = rng.uniform(0, 1) * room_x, rng.uniform(0, 1) * room_y
    moved = boxes.copy()
    moved[:, 1::2] = boxes[:, 1::2] * scale_x + shift_x
    moved[:, 2::2] = boxes[:, 2::2] * scale_y + shift_y
    matrix = np.array([[scale_x, 0, shift_x], [0, scale_y, shift_y]])
    if rng.random() < 0.5:
        matrix[0] = (-scale_x, 0, width - shift_x)
        moved[:, 1], moved[:, 3] = width - moved[:, 3], width - moved[:, 1].copy()
    # warpAffine counts from the middle of a pixel, boxes from its edge.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    border = [FILL] * 3 if rng.random() < 0.7 else [int(each) for each in rng.integers(0, 256, 3)]
    how = cv2.INTER_AREA if scale < base else cv2.INTER_LINEAR
    canvas = cv2.warpAffine(picture, matrix, size, flags=how, borderValue=border)
    return canvas, clip(moved, (0, 0, width, height))


def mosaic(parts: list[tuple[Picture, Floats]], size: tuple[int, int], rng: Random) -> tuple[Picture, Floats]:
    """Four pictures in one canvas around a random middle, each scaled and shifted on its own."""
    width, height = size
    middle = (int(width * rng.uniform(0.35, 0.65)), int(height * rng.uniform(0.35, 0.65)))
    canvas = np.full((height, width, 3), FILL, np.uint8)
    rows = []
    for index, (picture, boxes) in enumerate(parts):
        left, right = (0, middle[0]) if index % 2 == 0 else (middle[0], width)
        top, bottom = (0, middle[1]) if index < 2 else (middle[1], height)
        tile, found = place(picture, boxes, (right - left, bottom - top), rng)
        canvas[top:bottom, left:right] = tile
        found[:, 1:] += np.array([left, top, left, top], np.float32)
        rows.append(found)
    return canvas, np.concatenate(rows)


def colours(picture: Picture, rng: Random) -> Picture:
    """Hue, saturation and white balance in one matrix, gamma and contrast in one table."""
    saturation, hue = rng.uniform(0.5, 1.3), rng.normal(0, 0.15)
    grey = np.full((3, 3), 1 / 3)
    axis = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = grey + np.cos(hue) * (np.eye(3) - grey) + np.sin(hue) * axis
    matrix = np.diag(rng.uniform(0.85, 1.15, 3)) @ (grey + saturation * (turn - grey))
    if rng.random() < 0.06:
        matrix = grey  # a camera at night
    gamma = float(np.exp(rng.normal(0, 0.2)))
    contrast, light = rng.uniform(0.75, 1.15), rng.normal(0, 12)
    ramp = (np.arange(256) / 255) ** gamma * 255
    table = np.clip((ramp - 128) * contrast + 128 + light, 0, 255).astype(np.uint8)
    return cv2.LUT(cv2.transform(picture, matrix), table)


def lighting(picture: Picture, rng: Random) -> Picture:
    """Soft patches of light and shade over the whole picture."""
    coarse = rng.uniform(0.55, 1.25, (int(rng.integers(2, 7)), int(rng.integers(2, 9)))).astype(np.float32)
    field = cv2.resize(coarse, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_CUBIC)
    return cv2.multiply(picture, cv2.merge([field] * 3), dtype=cv2.CV_8U)


def optics(picture: Picture, rng: Random) -> Picture:
    """Out of focus, moved, or scaled up from fewer pixels."""
    choice = rng.random()
    if choice < 0.4:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4))
    if choice < 0.6:
        kernel = np.zeros((7, 7), np.float32)
        long = int(rng.integers(2, 4))
        kernel[3, 3 - long : 4 + long] = 1 / (2 * long + 1)
        return cv2.filter2D(picture, -1, kernel)
    height, width = picture.shape[:2]
    part = rng.uniform(0.45, 0.9)
    small = cv2.resize(picture, (int(width * part), int(height * part)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def sensor_noise(picture: Picture, rng: Random) -> Picture:
    """Noise of a sensor: fine, sometimes in clumps."""
    height, width = picture.shape[:2]
    clump = 2 if rng.random() < 0.3 else 1
    noise = np.zeros((height // clump, width // clump, 3), np.int16)
    cv2.setRNGSeed(int(rng.integers(0, 2**31)))
    cv2.randn(noise, 0, rng.uniform(2, 12))
    if clump > 1:
        noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.add(picture, noise, dtype=cv2.CV_8U)


def rain(picture: Picture, rng: Random) -> Picture:
    """Bright slanted streaks."""
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    slant = rng.uniform(-0.4, 0.4)
    for _ in range(int(rng.integers(80, 400))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        long = int(rng.integers(5, 22))
        cv2.line(layer, (x, y), (int(x + slant * long), y + long), int(rng.integers(40, 130)), 1)
    return cv2.add(picture, cv2.merge([cv2.GaussianBlur(layer, (3, 3), 0)] * 3))


def clutter(picture: Picture, boxes: Floats, rng: Random) -> Picture:
    """Plain shapes that are nothing: signs, posts, panels. They hide no more than a part of an object."""
    height, width = picture.shape[:2]
    drawn = picture.copy()
    for _ in range(int(rng.integers(1, 6))):
        w, h = (float(each) for each in np.exp(rng.uniform(np.log(0.02), np.log(0.22), 2)) * (width, height))
        x, y = rng.uniform(-w / 2, width - w / 2), rng.uniform(-h / 2, height - h / 2)
        area = np.array([x, y, x + w, y + h], np.float32)
        if len(boxes) and _hidden(boxes, area) > 0.3:
            continue
        shade = [int(each) for each in rng.integers(0, 256, 3)]
        if rng.random() < 0.5:
            corners = area[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2) + rng.normal(0, 0.12, (4, 2)) * (w, h)
            cv2.fillConvexPoly(drawn, cv2.convexHull(corners.astype(np.int32)), shade)
        else:
            x1, y1, x2, y2 = (int(each) for each in area)
            cv2.rectangle(drawn, (x1, y1), (x2, y2), shade, int(rng.choice([-1, -1, 1, 2, 3])))
    return drawn


def compressed(picture: Picture, rng: Random) -> Picture:
    """Blocks and rings of a lossy codec."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 85))])
    again: Picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return again


def half_chroma(picture: Picture) -> Picture:
    """What is left of a picture after I420 in limited range."""
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), cv2.COLOR_YUV2BGR_I420)


def letterboxed(picture: Picture, boxes: Floats) -> tuple[Picture, Floats]:
    """Grey bars above and below, as a 16:9 camera leaves them."""
    height, width = picture.shape[:2]
    inner = min(height, round(width / WIDE / 2) * 2)
    top = (height - inner) // 4 * 2
    barred = picture.copy()
    barred[:top] = FILL
    barred[top + inner :] = FILL
    return barred, clip(boxes, (0, top, width, top + inner))


CHANGES = ((0.6, colours), (0.1, lighting), (0.03, rain), (0.2, optics), (0.15, sensor_noise), (0.3, compressed))
"""How often each change is made: mostly mild, since a training of minutes cannot learn every look there is."""


def vary(parts: list[tuple[Picture, Floats]], size: tuple[int, int], rng: Random) -> tuple[Picture, Floats]:
    """One training picture from one source (or from four, as a mosaic), of (width, height)."""
    if len(parts) >= 4:
        picture, boxes = mosaic(parts[:4], size, rng)
    else:
        picture, boxes = place(*parts[0], size, rng)
    if rng.random() < 0.1:
        picture = clutter(picture, boxes, rng)
    for chance, change in CHANGES:
        if rng.random() < chance:
            picture = change(picture, rng)
    picture = half_chroma(picture)
    if rng.random() < 0.6:
        picture, boxes = letterboxed(picture, boxes)
    return picture, boxes


def _hidden(boxes: Floats, area: Floats) -> float:
    """The greatest part of any box that an area hides."""
    low = np.maximum(boxes[:, 1:3], area[:2])
    high = np.minimum(boxes[:, 3:5], area[2:])
    both = (high - low).clip(0).prod(axis=1)
    return float((both / ((boxes[:, 3:5] - boxes[:, 1:3]).prod(axis=1) + 1e-6)).max())
