"""What an address that is tried out must not show."""

from api.cameras import masks_at
from ingest.contract import Camera

MASK = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0))
CAMERA = Camera(
    id="gate",
    name="Gate",
    url="rtsp://***@10.0.0.7:554/main?channel=1",
    analysis_url="rtsp://***@10.0.0.7:554/sub",
    privacy_masks=(MASK,),
)


def test_masks_go_with_the_address() -> None:
    """Either stream of a camera, with other credentials or none; not another path of the same host."""
    for url in ("rtsp://a:b@10.0.0.7:554/main?channel=1", "rtsp://10.0.0.7:554/sub"):
        assert masks_at(url, [CAMERA]) == (MASK,)
    for url in ("rtsp://10.0.0.7:554/main?channel=2", "rtsp://10.0.0.8:554/sub"):
        assert masks_at(url, [CAMERA]) == ()
