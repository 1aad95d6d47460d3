"""Metrics of cameras."""

from ingest import metrics


def test_a_removed_camera_leaves_no_series() -> None:
    """Series of cameras that are gone are forgotten."""
    metrics.FRAMES_DECODED.labels("gone").inc()
    metrics.FRAMES_DROPPED.labels("gone", "newest").inc()
    metrics.PICTURE_FAULT.labels("gone", "black").set(1)
    metrics.forget("gone")
    samples = [s for m in metrics.PER_CAMERA for family in m.collect() for s in family.samples]
    assert all(s.labels.get("camera") != "gone" for s in samples)


def test_whatever_has_a_camera_is_forgotten() -> None:
    """No metric with that label is left out of the list."""
    named = {metric for metric in metrics.ALL if "camera" in metric._labelnames}
    assert named == set(metrics.PER_CAMERA)
