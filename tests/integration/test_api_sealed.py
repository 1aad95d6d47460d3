"""Credentials of cameras at rest: over the running api and broker, and a rotation of their key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from deploy.__main__ import main
from ingest.bus import Bus
from ingest.contract import Camera
from ingest.sealed import Ring, is_current, new_key, read_keys
from tests.support.api import TOKEN, Site, running_site

WORD = "a-word-that-nobody-else-uses"


async def kept(site: Site, name: str) -> bytes:
    """What lies in the bucket."""
    async with Bus.open(site.broker.settings, name="look") as bus:
        entry = await bus.bucket("cameras").get(name)
    assert entry is not None
    assert entry.value is not None
    return entry.value


async def put(site: Site, camera: Camera) -> None:
    """As a version before wrote it."""
    async with Bus.open(site.broker.settings, name="before") as bus:
        await bus.bucket("cameras").put(camera.id, msgspec.json.encode(camera))


def test_credentials_are_sealed_and_their_key_is_changed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing at rest holds them: neither bucket, broker's files nor log; whoever has the key has the whole address."""
    key_file, token = tmp_path / "secrets.key", tmp_path / "token"
    key_file.write_text(new_key() + "\n")
    token.write_text(TOKEN)
    folder = tmp_path_factory.mktemp("api-sealed")
    url = f"rtsp://viewer:{WORD}@10.0.0.8:554/s"
    with running_site(folder, {"ZOOL_SECRETS_KEY_FILE": str(key_file)}) as site, site.client() as client:
        made = client.post("/api/v1/cameras", json={"id": "gate", "name": "Gate", "url": url})
        assert made.json()["url"] == "rtsp://***@10.0.0.8:554/s"
        renamed = client.patch("/api/v1/cameras/gate", json={"name": "Main"}, headers={"If-Match": "*"})
        assert renamed.status_code == 200
        assert WORD.encode() not in asyncio.run(kept(site, "gate"))
        assert not [path for path in folder.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]

        asyncio.run(put(site, Camera(id="old", name="Old", url=url)))
        before = key_file.read_text()
        words = ["secrets", "rotate", "--key-file", str(key_file), "--url", site.api.url, "--token-file", str(token)]
        assert main(words) == 0
        keys = read_keys(key_file.read_text())
        assert (len(key_file.read_text().split()), before in key_file.read_text()) == (1, False)
        assert key_file.stat().st_mode & 0o777 == 0o600
        for name in ("gate", "old"):
            camera = msgspec.json.decode(asyncio.run(kept(site, name)), type=Camera)
            assert is_current(camera, keys)
            assert Ring(lambda: keys).opened(camera).url == url
