"""Faces over a real broker: enrolled by photo, followed by the gallery, named in reads.

The network is scripted, and real where public weights and photographs are at hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from ingest.bus import Bus
from ingest.contract import BUCKETS, STREAMS, Shot, decode, encode, shots_subject
from ingest.process import Health
from ingest.settings import TritonSettings
from model_repository.__main__ import main
from model_repository.contract import FACE_EMBEDDER, ModelRef
from postprocess.config import RecogniseSettings
from postprocess.contract import FACE_SUBJECT, FaceRead, FaceReply, FaceRequest, FaceSample, Read
from postprocess.enroller import Enroller
from postprocess.ensemble import Ensemble
from postprocess.face_watch import FaceWatch
from postprocess.recognise import Recognise
from postprocess.recognisers.face import FACE
from tests.support.faces import MODEL, ScriptedFaces, photo, scripted_faces, vector
from tests.support.nats import NatsServer, running_nats
from tests.support.postprocess import everything, grave_of, program, until
from tests.support.realdata import real
from tests.support.shots import shot
from tests.support.triton import triton_server


class Bench:
    """What a test holds in hand."""

    def __init__(self, bus: Bus, faces: FaceWatch, recognise: Recognise, nats: NatsServer) -> None:
        self.bus, self.faces, self.recognise, self.nats = bus, faces, recognise, nats

    async def ask(self, picture: bytes, **fields: object) -> FaceReply:
        """As the api does."""
        request = FaceRequest(jpeg=picture, **fields)  # type: ignore[arg-type]
        return decode(await self.bus.ask(FACE_SUBJECT, encode(request), timeout_s=30), FaceReply)

    async def keep(self, person: str, name: str, embedding: bytes, model: ModelRef = MODEL, **fields: object) -> None:
        """As the api does with an accepted photo."""
        sample = FaceSample(id=name, person=person, embedding=embedding, model=model, **fields)  # type: ignore[arg-type]
        await self.bus.bucket("faces").put(f"{person}.{name}", msgspec.json.encode(sample))

    async def known(self, count: int) -> None:
        """Wait until the gallery holds so many faces."""

        async def there() -> bool:
            return sum(len(gallery) for gallery in self.faces.galleries.values()) == count

        await until(there, f"{count} faces in the gallery")

    async def seen(self, number: int, picture: bytes) -> FaceRead:
        """A shot as ingest sends it, and what is read of it."""
        message: Shot = msgspec.structs.replace(shot(number, picture), recogniser=FACE_EMBEDDER, label="person")
        await self.bus.publish(shots_subject(FACE_EMBEDDER, "cam-1"), encode(message), message_id=message.shot_id)
        found: dict[str, Read] = {}

        async def there() -> bool:
            for one in await everything(self.bus, "READS", "zool.reads.*"):
                read = decode(one.payload, Read)
                found[read.shot_id] = read
            return message.shot_id in found

        await until(there, f"a read of {message.shot_id}")
        said = found[message.shot_id].read
        assert isinstance(said, FaceRead)
        return said


@contextlib.asynccontextmanager
async def bench(folder: Path, triton: TritonSettings) -> AsyncIterator[Bench]:
    """Broker, and the program's parts wired as `__main__` does."""
    health = Health("recognise")
    async with (
        running_nats(folder) as nats,
        Ensemble(FACE.name, FACE.outputs, triton, deadline_s=20.0, health=health) as ensemble,
        Bus.open(nats.settings, name="test", health=health) as bus,
    ):
        await bus.ensure_streams(*STREAMS)
        await bus.ensure_buckets(*BUCKETS)
        faces = FaceWatch(bus, health)
        following = asyncio.create_task(faces.run())
        await Enroller(bus, ensemble, faces).run()
        recognise = Recognise(
            bus, ensemble, FACE, RecogniseSettings(), grave_of(bus, "recognise"), complete=faces.matched
        )
        try:
            async with program(recognise.run):
                yield Bench(bus, faces, recognise, nats)
        finally:
            following.cancel()


@contextlib.asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[tuple[Bench, ScriptedFaces]]:
    """The bench over the scripted network."""
    async with scripted_faces() as triton, bench(folder, triton.settings) as b:
        yield b, triton


def small(path: Path) -> bytes:
    """A photograph as it is, or as a JPEG that fits into a message of a broker with its default limit."""
    data = path.read_bytes()
    if len(data) < 900_000:
        return data
    return bytes(cv2.imencode(".jpg", cv2.imread(str(path)), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


async def test_photos_are_judged(tmp_path: Path) -> None:
    """Each fault by name; a good photo gives its embedding, taken around the face in full resolution."""
    async with scripted(tmp_path) as (b, triton):
        good = await b.ask(photo(("anna", 100, 100, 120)))
        assert (good.cause, good.model) == ("none", MODEL)
        assert np.frombuffer(good.embedding, "<f4") == pytest.approx(vector("anna"), abs=1e-3)
        assert (await b.ask(b"no picture")).cause == "no_picture"
        assert (await b.ask(b"")).model == MODEL
        assert (await b.ask(photo())).cause == "no_face"
        assert (await b.ask(photo(("anna", 10, 10, 100), ("boris", 200, 200, 80)))).cause == "several_faces"
        assert (await b.ask(photo(("anna", 10, 10, 100), ("boris", 250, 250, 30)))).cause == "none"
        assert (await b.ask(photo(("anna", 2, 2, 12), size=(48, 48)))).cause == "too_small"
        large = await b.ask(photo(("anna", 900, 900, 120), size=(1280, 1280)))
        assert (large.cause, large.size) == ("none", pytest.approx(0.95, abs=0.01))
        triton.pose = 0.1
        assert (await b.ask(photo(("anna", 100, 100, 120)))).cause == "turned_away"
        triton.pose, triton.sharpness = 1.0, 0.1
        assert (await b.ask(photo(("anna", 100, 100, 120)))).cause == "blurred"
        assert (await b.ask(photo(("anna", 100, 100, 120)), strict=False)).cause == "none"
        garbage = decode(await b.bus.ask(FACE_SUBJECT, b"garbage", timeout_s=20), FaceReply)
        assert garbage.cause == "refused"


async def test_reads_name_who_is_enrolled(tmp_path: Path) -> None:
    """Whoever is enrolled is named with similarity and rate; who is taken out is not; foreign weights are not used."""
    async with scripted(tmp_path) as (b, _):
        anna = photo(("anna", 100, 100, 100))
        assert (await b.seen(1, anna)).matches == ()
        await b.keep("anna", "s1", vector("anna").tobytes())
        await b.keep("boris", "s1", vector("boris").tobytes())
        await b.keep("vera", "s1", vector("anna").tobytes(), ModelRef(name="other", sha256="00"))
        await b.bus.bucket("faces").put("gleb.s1", b"garbage")
        await b.known(3)
        read = await b.seen(2, anna)
        assert read.matches[0].person == "anna"
        assert read.matches[0].similarity > 0.99
        assert read.matches[0].false_accept_rate == 0.001
        assert read.gallery_revision > 0
        assert "vera" not in [match.person for match in read.matches]
        reply = await b.ask(anna, person="anna")
        assert reply.nearest is not None
        assert reply.nearest.person == "boris"
        assert reply.own == pytest.approx(1.0, abs=1e-3)
        await b.bus.bucket("faces").delete("anna.s1")
        await b.known(2)
        assert [match.person for match in (await b.seen(3, anna)).matches] == ["boris"]


async def test_a_mistake_is_not_made_again(tmp_path: Path) -> None:
    """A negative of the person: that face is no longer theirs."""
    async with scripted(tmp_path) as (b, _):
        await b.keep("anna", "s1", vector("vera").tobytes())
        await b.known(1)
        anna = photo(("anna", 100, 100, 100))
        assert [match.person for match in (await b.seen(1, anna)).matches] == ["anna"]
        await b.keep("anna", "n1", vector("anna").tobytes(), negative=True)
        await b.keep("boris", "s1", vector("boris").tobytes())
        await b.known(2)
        assert "anna" not in [match.person for match in (await b.seen(2, anna)).matches]


async def test_the_gallery_survives_the_broker(tmp_path: Path) -> None:
    """Killed and started again: who was there still is, and what changes afterwards is seen."""
    async with scripted(tmp_path) as (b, _):
        await b.keep("anna", "s1", vector("anna").tobytes())
        await b.known(1)
        await b.nats.kill()
        await b.nats.start()

        async def back() -> bool:
            with contextlib.suppress(Exception):
                await b.keep("boris", "s1", vector("boris").tobytes())
                return True
            return False

        await until(back, "the broker is back")
        await b.known(2)


async def test_real_faces_are_known(tmp_path: Path) -> None:
    """Public weights (SCRFD, MobileFaceNet) and photographs: one of each person enrolled, the others find their own."""
    for file, task in (("face_scrfd_500m", "face_detector"), ("face_embed_mobilefacenet_128", "face_embedding")):
        path = real(f"models/{file}.onnx")
        assert main(["import", str(path), "--as", task, "--data-dir", str(tmp_path / "data")]) == 0
    folder = real("images/faces")
    people: dict[str, list[Path]] = {}
    for row in csv.DictReader((folder / "faces.csv").open()):
        people.setdefault(row["person"], []).append(folder / row["file"])
    with triton_server(tmp_path / "served", tmp_path / "data", (FACE_EMBEDDER,)) as server:
        async with bench(tmp_path, TritonSettings(url=server.url)) as b:
            refused = 0
            for person, files in people.items():
                reply = await b.ask(small(files[0]), strict=False)
                assert reply.model is not None
                await b.keep(person, "s1", reply.embedding, reply.model)
                refused += (await b.ask(small(files[0]))).cause != "none"
            await b.known(len(people))
            wrong, asked = [], 0
            for person, files in people.items():
                for file in files[1:3]:
                    reply = await b.ask(small(file), strict=False)
                    asked += 1
                    near = reply.nearest
                    if near is None or near.person != person or near.similarity < 0.4:
                        wrong.append((file.name, near))
            assert asked >= 15
            assert wrong == []
            assert refused <= len(people) // 4
            group = await b.ask((folder / "group_two.jpg").read_bytes())
            assert group.cause == "several_faces"
