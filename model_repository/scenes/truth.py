"""What happens in a scene, known exactly: line crossings with plates, boxes per frame. Pure."""

from collections.abc import Iterator
from typing import Any

from model_repository.plates.grammar import to_cyrillic
from model_repository.scenes.geometry import Box, crossing, visible_box
from model_repository.scenes.site import FPS, Driver, Scene, Walker
from model_repository.scenes.vehicles import BUS, TRUCK

CLASS_NAMES = {2: "car", BUS: "bus", TRUCK: "truck"}
NOTE = (
    "Coordinates are relative to the picture (x right, y down). A subject that moves from the left of the directed "
    "line from->to (cross product (to-from) x (p-from) negative) to its right crosses it forward. The point that "
    "crosses is the middle of the lower edge of the visible box."
)


def boxes_at(scene: Scene, t: float) -> list[tuple[Driver | Walker, int, Box]]:
    """Projected boxes (pixels) of everybody in the picture at time t; occlusion is not looked at."""
    found = []
    for actor, at, class_id in scene.actors(t):
        box = visible_box(scene.view, actor.mesh(at))
        if box is not None:
            found.append((actor, class_id, box))
    return found


def box_rows(scene: Scene) -> Iterator[dict[str, Any]]:
    """Frame by frame the boxes (pixels, one decimal) of everybody in the picture, without regard to occlusion."""
    for n in range(scene.frame_count):
        rows = [
            {"subject": actor.subject, "class_id": class_id, "box": [round(v, 1) for v in box]}
            for actor, class_id, box in boxes_at(scene, n / FPS)
        ]
        yield {"frame": n, "boxes": rows}


def foot(scene: Scene, box: Box) -> tuple[float, float]:
    """The point that crosses lines, in relative coordinates."""
    return (box[0] + box[2]) / 2 / scene.view.width, box[3] / scene.view.height


def events(scene: Scene) -> list[dict[str, Any]]:
    """All crossings in order of time."""
    if scene.line is None:
        return []
    found = []
    for driver in scene.drivers:
        before: tuple[float, float] | None = None
        first = max(0, int(driver.ride.start_s * FPS))
        for n in range(first, min(scene.frame_count, int(driver.ride.end_s * FPS) + 2)):
            at = driver.where(n / FPS)
            box = visible_box(scene.view, driver.mesh(at)) if at is not None else None
            point = foot(scene, box) if box is not None else None
            if before is not None and point is not None:
                hit = crossing(scene.line, before, point)
                if hit is not None:
                    found.append(_event(scene, driver, (n - 1 + hit[0]) / FPS, hit[1]))
            before = point
    return sorted(found, key=lambda e: e["at_s"])


def _event(scene: Scene, driver: Driver, at_s: float, direction: str) -> dict[str, Any]:
    entry = direction == scene.entry
    return {
        "kind": "vehicle_entry" if entry else "vehicle_exit",
        "at_s": round(at_s, 3),
        "direction": direction,
        "plate": to_cyrillic(driver.plate_latin),
        "plate_type": driver.plate_kind,
        "vehicle_class": CLASS_NAMES[driver.vehicle.class_id],
        "look": driver.vehicle.look,
        "subject": driver.subject,
    }


def document(scene: Scene) -> dict[str, Any]:
    """The truth of a clip as it is written beside it."""
    lines = []
    if scene.line is not None:
        a, b = scene.line
        other = "backward" if scene.entry == "forward" else "forward"
        directions = {scene.entry: "vehicle_entry", other: "vehicle_exit"}
        lines = [{"id": "gate", "from": list(a), "to": list(b), "directions": directions}]
    subjects = [
        {
            "subject": w.subject,
            "helmet": w.who.helmet is not None,
            "vest": w.who.vest is not None,
            **({"identity": w.identity} if w.identity else {}),
        }
        for w in scene.walkers
    ]
    return {
        "camera": scene.name,
        "fps": FPS,
        "frames": scene.frame_count,
        "duration_s": scene.duration_s,
        "seed": scene.seed,
        "size": [scene.view.width, scene.view.height],
        "note": NOTE,
        "lines": lines,
        "events": events(scene),
        "people": subjects,
    }
