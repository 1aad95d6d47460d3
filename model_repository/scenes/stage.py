"""Draws meshes with Panda3D's software renderer, offscreen. The only module that imports Panda3D.

Two pictures come out of one call: colour at `oversample` times the size (brought down by area averaging, so edges are
smooth) with the share of each pixel that meshes cover, and at single size the number of the mesh seen in each pixel,
from which visible boxes follow exactly. Shading is done before (`shading`): here colours are only interpolated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_repository.scenes.geometry import View
from model_repository.scenes.mesh import Mesh
from model_repository.scenes.shading import Light, shade

ACTORS_MAX = 400
_PRC = "load-display p3tinydisplay\nwindow-type offscreen\naudio-library-name null\nsync-video 0\nnotify-level error\n"


@dataclass(frozen=True, slots=True)
class Shot:
    """colour (H, W, 3) uint8 BGR premultiplied by cover; cover (H, W) float32 0..1; ids (H, W) uint16, 0 = nothing."""

    colour: npt.NDArray[np.uint8]
    cover: npt.NDArray[np.float32]
    ids: npt.NDArray[np.uint16]


class Stage:
    """A software renderer for one picture size. Not thread-safe; keep one per process and size."""

    def __init__(self, size: tuple[int, int], oversample: int = 2) -> None:
        """Open two offscreen buffers of size (width, height) and its multiple."""
        import panda3d.core as p3d  # noqa: PLC0415 - pure modules and their tests do without it

        p3d.loadPrcFileData("", _PRC)
        self._p3d: Any = p3d
        self.size, self.oversample = size, oversample
        self._engine: Any = p3d.GraphicsEngine.getGlobalPtr()
        pipes = p3d.GraphicsPipeSelection.getGlobalPtr()
        self._pipe: Any = pipes.makeModulePipe("p3tinydisplay")
        self._root: Any = p3d.NodePath("stage")
        self._actors: Any = self._root.attachNewNode("actors")
        self._statics: Any = self._root.attachNewNode("statics")
        big = (size[0] * oversample, size[1] * oversample)
        self._colour, self._ids = self._buffer(big, 0), self._buffer(size, 1)
        for n in range(1, ACTORS_MAX + 1):
            flat = p3d.ColorAttrib.makeFlat(((n % 25) * 10 / 255, (n // 25) * 10 / 255, 1, 1))
            state = p3d.RenderState.make(flat, p3d.TextureAttrib.makeOff(), 1000)
            self._ids[2].setTagState(str(n), state)
        self._count = 0

    def _buffer(self, size: tuple[int, int], sort: int) -> tuple[Any, Any, Any, Any]:
        p3d = self._p3d
        want = p3d.FrameBufferProperties()
        want.setRgbaBits(8, 8, 8, 8)
        want.setDepthBits(24)
        props = p3d.WindowProperties.size(*size)
        out = self._engine.makeOutput(self._pipe, f"b{sort}", sort, want, props, p3d.GraphicsPipe.BFRefuseWindow)
        texture = p3d.Texture()
        out.addRenderTexture(texture, p3d.GraphicsOutput.RTMCopyRam)
        camera = p3d.Camera("camera", p3d.PerspectiveLens())
        camera.setTagStateKey("actor")
        node = self._root.attachNewNode(camera)
        out.setClearColor((0, 0, 0, 0))
        out.setClearColorActive(True)
        region = out.makeDisplayRegion()
        region.setCamera(node)
        region.setClearDepthActive(True)
        return out, texture, camera, node

    def look(self, view: View) -> None:
        """Put the camera."""
        p3d, deg = self._p3d, 180 / np.pi
        for _, _, camera, node in (self._colour, self._ids):
            lens = camera.getLens()
            lens.setFilmSize(view.width, view.height)
            lens.setFocalLength(view.focal_px)
            lens.setNearFar(0.4, 600)
            node.setPos(p3d.LPoint3(*view.at))
            node.setHpr(view.yaw_rad * deg, view.pitch_rad * deg, view.roll_rad * deg)

    def clear(self, *, statics: bool = False) -> None:
        """Forget the actors, and with `statics` the standing things too."""
        self._count = 0
        self._actors.getChildren().detach()
        if statics:
            self._statics.getChildren().detach()

    def stand(self, mesh: Mesh, colours: npt.NDArray[np.uint8]) -> None:
        """Add a thing that stays until `clear(statics=True)`; it has number 0."""
        self._attach(self._statics, mesh, colours).setTag("actor", "0")

    def put(self, mesh: Mesh, colours: npt.NDArray[np.uint8]) -> int:
        """Add an actor for the next picture; returns its number in `Shot.ids`."""
        self._count += 1
        if self._count > ACTORS_MAX:
            raise ValueError(f"more than {ACTORS_MAX} actors in one picture")
        self._attach(self._actors, mesh, colours).setTag("actor", str(self._count))
        return self._count

    def _attach(self, parent: Any, mesh: Mesh, colours: npt.NDArray[np.uint8]) -> Any:
        p3d = self._p3d
        n = len(mesh.points)
        raw = np.zeros(n, dtype=[("p", "<f4", 3), ("c", "u1", 4)])
        raw["p"], raw["c"] = mesh.points, colours
        data = p3d.GeomVertexData("m", p3d.GeomVertexFormat.getV3c4(), p3d.Geom.UHStatic)
        data.uncleanSetNumRows(n)
        data.modifyArrayHandle(0).copyDataFrom(raw.tobytes())
        faces = p3d.GeomTriangles(p3d.Geom.UHStatic)
        faces.setIndexType(p3d.Geom.NTUint32)
        array = faces.modifyVertices()
        array.uncleanSetNumRows(mesh.faces.size)
        array.modifyHandle().copyDataFrom(mesh.faces.astype("<u4").tobytes())
        geom = p3d.Geom(data)
        geom.addPrimitive(faces)
        node = p3d.GeomNode("m")
        node.addGeom(geom)
        path = parent.attachNewNode(node)
        path.setTwoSided(True)
        return path

    def close(self) -> None:
        """Give the buffers back; every open stage of a process is drawn whenever one is."""
        for output, *_ in (self._colour, self._ids):
            self._engine.removeWindow(output)

    def render(self) -> Shot:
        """Draw everything that is there."""
        self._engine.renderFrame()
        w, h = self.size
        big = _pixels(self._colour[1], w * self.oversample, h * self.oversample)
        ids = _pixels(self._ids[1], w, h)
        small = cv2.resize(big, (w, h), interpolation=cv2.INTER_AREA) if self.oversample > 1 else big
        number = np.round(ids[..., 2] / 10) + 25 * np.round(ids[..., 1] / 10)
        number = np.where(ids[..., 0] > 200, number, 0)
        return Shot(small[..., :3].copy(), np.asarray(small[..., 3] / 255, np.float32), number.astype(np.uint16))


def _pixels(texture: Any, width: int, height: int) -> npt.NDArray[np.uint8]:
    raw = np.frombuffer(texture.getRamImage(), np.uint8).reshape(height, width, 4)
    return raw[::-1]


Shader = Callable[[Mesh], npt.NDArray[np.uint8]]


def shader(view: View, light: Light) -> Shader:
    """`shade` with camera and light filled in."""
    return lambda mesh: shade(mesh, view.at, light)
