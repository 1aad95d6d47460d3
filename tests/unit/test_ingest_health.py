"""What a process says of the parts that it needs."""

from ingest.process import Health


def test_a_part_that_is_not_needed_is_shown_and_keeps_nothing_back() -> None:
    """Ready with it away; not ready without one that is needed; forgotten it is not shown."""
    health = Health("ingest")
    health.started()
    health.set("triton", ok=True)
    health.set("object_detector_weapons", ok=False, detail="not ready", needed=False)
    assert health.ready
    assert health.snapshot()["components"] == {
        "object_detector_weapons": {"ok": False, "detail": "not ready"},
        "triton": {"ok": True, "detail": ""},
    }
    health.forget("object_detector_weapons")
    health.forget("object_detector_weapons")
    assert health.snapshot()["components"] == {"triton": {"ok": True, "detail": ""}}
    health.set("triton", ok=False, detail="away")
    assert not health.ready
