"""The metrics that README.md names are those that exist, with their labels."""

import re
from pathlib import Path

from ingest import metrics

README = Path(__file__).parents[2] / "ingest" / "README.md"


def test_the_readme_names_every_metric_with_its_labels() -> None:
    """Both ways: nothing is missing there and nothing is made up."""
    told = {
        name: {label.strip() for label in labels.split(",")} - {"–"}
        for name, labels in re.findall(r"^\| `(zool_ingest_\w+)` \| ([^|]+) \|", README.read_text(), re.MULTILINE)
    }
    exists = {
        metric._name + ("_total" if metric._type == "counter" else ""): set(metric._labelnames)
        for metric in metrics.ALL
    }
    assert told == exists


def test_a_removed_camera_leaves_no_series() -> None:
    """Series of cameras that are gone are forgotten."""
    metrics.FRAMES_DECODED.labels("gone").inc()
    metrics.FRAMES_DROPPED.labels("gone", "newest").inc()
    metrics.forget("gone")
    samples = [s for m in metrics.PER_CAMERA for family in m.collect() for s in family.samples]
    assert all(s.labels.get("camera") != "gone" for s in samples)
